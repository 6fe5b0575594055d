"""Answers of the account API with gzip: the same bytes, to who takes it, and none with a secret."""

import gzip

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
