"""Answers of the account API with gzip: the same bytes, to who takes it, and none with a secret."""

import gzip
import re
import zlib
from datetime import UTC, datetime

import pytest
from test_admin_api import make_admin

LISTS = ["/api/usage", "/api/usage/summary?by=day,model,key", "/api/models"]


def ask(person, path: str, encoding: str):
    request = person.web.build_request(
        "GET", f"{person.gateway.origin}{path}", headers={"Accept-Encoding": encoding}
    )
    answer = person.web.send(request, stream=True)
    body = b"".join(answer.iter_raw())
    answer.close()
    assert answer.status_code == 200
    return answer.headers, body


@pytest.mark.parametrize("path", LISTS)
def test_long_answers(gateway, path):
    customer = gateway.customer()
    for _ in range(8):
        customer.ask("demo")
    plain_head, plain = ask(customer, path, "identity")
    head, packed = ask(customer, path, "gzip, deflate, br")
    assert "content-encoding" not in plain_head
    if len(plain) < 1024:
        assert "content-encoding" not in head
        return
    assert head["content-encoding"] == "gzip"
    assert head["vary"] == plain_head["vary"] == "Accept-Encoding"
    assert head["content-type"] == plain_head["content-type"] == "application/json"
    assert int(head["content-length"]) == len(packed) < len(plain)
    assert gzip.decompress(packed) == plain


def test_a_list_is_long_enough_to_be_packed(gateway):
    customer = gateway.customer()
    for _ in range(8):
        customer.ask("demo")
    assert "content-encoding" in ask(customer, LISTS[0], "gzip")[0]


FILES = ["/api/usage.csv", "/api/admin/usage.csv?user_id={user}", "/api/admin/audit.csv",
         "/api/admin/sales.csv?by=day,model", "/api/admin/statement.csv?month={month}",
         "/api/account/data"]  # fmt: skip
MADE_AT = re.compile(rb'"(made|seen)_at":"[^"]*"')  # of a customer's data
ROWS = 600  # three pages of usage.csv, the longest


def test_files(gateway):
    """The same bytes, in one member: browsers read no second one. Half of them are not sent."""
    operator = make_admin(gateway)
    credit = {"user_id": operator.user_id, "amount": "20", "reason": "a test"}
    operator.call("POST", "/admin/credits", 201, json=credit)
    operator.create_key()
    for _ in range(ROWS):
        operator.ask("demo")
    operator.wait_for_no_hold()
    for path in FILES:
        path = path.format(user=operator.user_id, month=f"{datetime.now(UTC):%Y-%m}")
        plain_head, plain = ask(operator, path, "identity")
        head, packed = ask(operator, path, "gzip, deflate, br")
        assert "content-encoding" not in plain_head
        assert head["content-encoding"] == "gzip", path
        assert head["vary"] == plain_head["vary"] == "Accept-Encoding"
        for name in ("content-type", "content-disposition"):
            assert head[name] == plain_head[name]
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed)
        assert unpacker.eof
        assert unpacker.unused_data == b""
        assert MADE_AT.sub(b"", text) == MADE_AT.sub(b"", plain)
        if "usage.csv" in path:
            assert text.count(b"\n") > ROWS
            assert len(packed) < len(plain) / 2


def test_codes_are_not(gateway):
    """Nor is anything that was answered to another method: keys, links."""
    operator = make_admin(gateway)
    wanted = {"name": "x", "amount": "5", "count": 100, "kind": "manual"}
    batch = operator.call("POST", "/admin/vouchers", 201, json=wanted)
    head, body = ask(operator, f"/api/admin/voucher-codes/{batch['id']}", "gzip")
    assert "content-encoding" not in head
    assert len(body) > 1024


def test_what_passes_through_is_not(gateway):
    """Clients with a key get what is sent as it is."""
    answer = gateway.http.get("/api/v1/models", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
