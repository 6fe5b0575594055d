"""What the dashboard's pages call, as a customer: /api/..., through the outside."""

import codecs
import contextlib
import csv
import io
import itertools
import signal
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import answers
import httpx2 as httpx
import pytest
import sse
from answers import Usage
from csv_files import check_name_of_today, name_of
from customer import PASSWORD, QUESTION
from errors import check_error
from gateway import is_sanitized
from hoard import hoard
from prices import charge, usd
from rawhttp import Closed, request_bytes
from wait import wait_until

NANO = Decimal("0.000000001")


def api_error(response: httpx.Response, status: int, code: str | None, **how) -> dict:
    return check_error(response, status, code, on_api=False, **how)


# ---- the site ----


def test_site(gateway):
    """What pages must know before anybody has signed in."""
    site = gateway.http.get("/api/site").json()
    assert site["payments"] == "test"
    assert site["payments_are_fake"] is True
    assert site["currency"] == "USD"
    assert site["version"] in gateway.value_of("version").split()
    assert gateway.http.get(site["base_url"].removeprefix(site["public_url"]) + "/models"
                            ).status_code == 401  # fmt: skip
    shortest = "x1" * (site["password"]["chars_min"] // 2)
    for password, status in ((shortest[1:], 400), (shortest, 201)):
        body = {"email": f"site{status}@example.com", "password": password}
        assert gateway.http.post("/api/auth/signup", json=body).status_code == status
    gateway.http.cookies.clear()


def test_site_behind_a_proxy(make_gateway):
    gateway = make_gateway(public_url="https://llm.example.com/", payments="off")
    site = gateway.http.get("/api/site").json()
    assert site["public_url"] == "https://llm.example.com"
    assert site["base_url"] == "https://llm.example.com/api/v1"
    assert site["payments"] == "off"
    assert site["payments_are_fake"] is False


# ---- live ----


@pytest.mark.quick
def test_pulse(customer):
    """Nothing happens: 304. A call has been written: another version, and the new balance."""
    first = customer.web.get("/pulse")
    assert first.status_code == 200
    assert first.json() == {**customer.wallet(), "version": first.json()["version"]}
    same = {"If-None-Match": first.headers["etag"]}
    quiet = customer.web.get("/pulse", headers=same)
    assert quiet.status_code == 304
    assert quiet.content == b""
    customer.ask()
    customer.wait_for_no_hold()
    after = customer.web.get("/pulse", headers=same)
    assert after.status_code == 200
    assert after.json()["version"] != first.json()["version"]
    assert usd(after.json()["balance"]) == customer.balance < 10
    assert after.headers["etag"] != first.headers["etag"]
    api_error(httpx.get(f"{customer.gateway.origin}/api/pulse", trust_env=False), 401,
              "not_signed_in")  # fmt: skip


def test_quiet_pulses_fill_no_log(customer):
    """A page that is open asks once a second: 86,400 lines a day."""
    same = {"If-None-Match": customer.web.get("/pulse").headers["etag"]}
    quiet = customer.web.get("/pulse", headers=same)
    assert quiet.status_code == 304
    loud = customer.web.get("/pulse")

    def logged(response) -> list:
        return customer.gateway.logged("exchange", request_id=response.headers["x-request-id"])

    wait_until(lambda: logged(loud), 5, "the line of a pulse with news")
    assert not logged(quiet)


def test_pulse_of_a_call_that_failed(customer, provider):
    """It costs nothing and is listed all the same: the page must learn of it."""
    before = customer.call("GET", "/pulse", 200)
    provider.answer = answers.error(500, "no", "server_error", "server_error")
    assert customer.ask().status_code == 502
    customer.wait_for_record()
    after = customer.call("GET", "/pulse", 200)
    assert after["balance"] == before["balance"]
    assert after["version"] != before["version"]


# ---- keys ----


def keys_of(customer) -> dict:
    return {key["id"]: key for key in customer.call("GET", "/keys", 200)["data"]}


def test_key_off_and_on(customer):
    path = f"/keys/{customer.key_id}"
    shown = customer.call("PATCH", path, 200, json={"disabled": True})
    assert shown["disabled"] is True
    assert shown["disabled_by"] == "owner"
    check_error(customer.ask(), 401, "key_disabled", retry=False)
    assert keys_of(customer)[customer.key_id]["disabled_by"] == "owner"
    assert customer.call("PATCH", path, 200, json={"disabled": False})["disabled_by"] is None
    assert customer.ask().status_code == 200


def test_key_renamed(customer):
    path = f"/keys/{customer.key_id}"
    name = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> \u00e9\ud55c"
    assert customer.call("PATCH", path, 200, json={"name": name})["name"] == name
    assert keys_of(customer)[customer.key_id]["name"] == name
    assert customer.call("PATCH", path, 200, json={})["name"] == name
    assert customer.ask().status_code == 200


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": 5}, {"name": "x" * 101}, {"name": "a\nb"}, {"disabled": 1},
     {"disabled": "true"}, {"disabled": []}],
)  # fmt: skip
def test_key_changed_to_nonsense(customer, fields):
    before = keys_of(customer)
    response = customer.web.patch(f"/keys/{customer.key_id}", json=fields)
    api_error(response, 400, "invalid_value", param=next(iter(fields)))
    assert keys_of(customer) == before


@pytest.mark.parametrize("key_id", ["key_0", "x" * 500, "%2e%2e", "%00", "key_\u00e9", "a/b"])
def test_key_of_nobody(shared_customer, gateway, key_id):
    response = shared_customer.web.patch(f"/keys/{key_id}", json={"disabled": True})
    api_error(response, 404, "not_found")


# ---- usage ----


@pytest.fixture
def busy(gateway, provider):
    """A customer with six calls: models, sizes, one failed."""
    customer = gateway.customer()
    for tokens, model in ((300, "gpt-4o"), (100, "gpt-4o-mini"), (500, "gpt-4o-mini"),
                          (200, "gpt-4o"), (400, "gpt-4o-mini")):  # fmt: skip
        provider.answer = answers.chat(usage=Usage(10, tokens))
        assert customer.ask(model, max_tokens=1000).status_code == 200
    provider.answer = answers.error(500, "no", "server_error", "server_error")
    customer.ask()
    customer.wait_for_record(6)
    return customer


def listed(customer, **params) -> list[dict]:
    """All pages of two."""
    found, params = [], {"limit": 2, **params}
    while True:
        page = customer.call("GET", "/usage", 200, params=params)
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_sorts(busy):
    newest = listed(busy)
    assert [record["output_tokens"] for record in newest] == [0, 400, 200, 500, 100, 300]
    assert listed(busy, sort="newest") == newest
    assert listed(busy, sort="oldest") == newest[::-1]
    by_cost = [usd(record["cost"]) for record in listed(busy, sort="cost")]
    assert by_cost == sorted(by_cost, reverse=True)
    assert len(by_cost) == 6
    tokens = [record["output_tokens"] for record in listed(busy, sort="tokens")]
    assert tokens == [500, 400, 300, 200, 100, 0]
    times = [record["total_ms"] for record in listed(busy, sort="duration")]
    assert times == sorted(times, reverse=True)
    assert [r["output_tokens"] for r in listed(busy, model="gpt-4o")] == [200, 300]
    assert [r["output_tokens"] for r in listed(busy, model="gpt-4o", sort="oldest")] == [300, 200]
    assert len(listed(busy, key=busy.key_id)) == 6
    assert listed(busy, key="key_0") == []


def test_totals(busy):
    page = busy.call("GET", "/usage", 200, params={"limit": 1})
    assert page["totals"]["requests"] == 6
    assert page["totals"]["errors"] == 1
    assert usd(page["totals"]["cost"]) == 10 - busy.balance
    assert busy.call("GET", "/usage", 200, params={"totals": "no"})["totals"] is None
    groups = busy.call("GET", "/usage/summary", 200, params={"by": "model"})["data"]
    assert {group["model"]: group["errors"] for group in groups} == {"gpt-4o": 0, "gpt-4o-mini": 1}
    only = busy.call("GET", "/usage/summary", 200, params={"by": "model", "model": "gpt-4o"})
    assert [group["requests"] for group in only["data"]] == [2]
    assert only["totals"]["requests"] == 2


def test_days_where_the_viewer_lives(busy):
    """Of all the zones there are, each says the day that it is there."""
    now = datetime.now(UTC)
    for minutes in range(-720, 841, 60):
        params = {"by": "day", "tz": minutes}
        days = busy.call("GET", "/usage/summary", 200, params=params)["data"]
        wanted = {
            (at + timedelta(minutes=minutes)).date().isoformat()
            for at in (now - timedelta(minutes=2), datetime.now(UTC))
        }
        assert {group["day"] for group in days} <= wanted
        assert sum(group["requests"] for group in days) == 6


@pytest.mark.parametrize(
    ("path", "param", "value"),
    [("/usage", "sort", "price"), ("/usage", "sort", ""), ("/usage", "totals", "maybe"),
     ("/usage", "cursor", "x"), ("/usage", "limit", "0"), ("/usage/summary", "tz", "31"),
     ("/usage/summary", "tz", "900"), ("/usage/summary", "tz", "-780"),
     ("/usage/summary", "tz", "x"), ("/transfers", "kind", "some"),
     ("/transfers", "limit", "5000")],
)  # fmt: skip
def test_questions_of_nonsense(shared_customer, gateway, path, param, value):
    response = shared_customer.web.get(path, params={param: value})
    api_error(response, 400, "invalid_value", param=None if param == "cursor" else param)


def test_one_request(customer, provider):
    """Every number of a charge, as the customer may see it; they add up to the nano-dollar."""
    usage = Usage(1234, 567, cached=890)
    provider.answer = answers.chat(usage=usage)
    request_id = customer.ask("gpt-4o").headers["x-request-id"]
    customer.wait_for_record()
    shown = customer.call("GET", f"/usage/{request_id}", 200)
    (record,) = customer.records()
    assert record.items() <= shown.items()
    lines = {line["kind"]: line for line in shown["charge"]["lines"]}
    assert [lines[kind]["tokens"] for kind in ("input", "cached_input", "output")] == [
        344,
        890,
        567,
    ]
    assert [lines[kind]["price"] for kind in ("input", "cached_input", "output")] == [
        "3", "1.5", "12"]  # fmt: skip
    for line in lines.values():
        assert Decimal(line["amount"]) == Decimal(line["price"]) * line["tokens"] / 1_000_000
    exact = sum(Decimal(line["amount"]) for line in lines.values())
    assert Decimal(shown["charge"]["exact"]) == exact
    price = usd(shown["charge"]["price"])
    assert Decimal(shown["charge"]["rounding"]) == price - exact
    assert 0 <= price - exact < NANO
    assert price == charge("gpt-4o", usage) == usd(shown["cost"]) == usd(shown["charge"]["charged"])
    assert usd(shown["charge"]["covered"]) == usd(shown["refunded"]) == 0
    assert usd(shown["hold"]) >= price
    assert shown["created_at"] <= shown["ended_at"]
    # The prices in quotes: 2.5 may be a part of a time.
    for secret in ("margin", "buy", "provider_cost", "profit", "revision", "'2.5'", "'1.25'"):
        assert secret not in str(shown), "what the house pays is nobody's business"


@pytest.mark.parametrize("request_id", ["req_0", "x", "%00", "x" * 300, "a/b", "req_\u00e9"])
def test_no_such_request(shared_customer, gateway, request_id):
    api_error(shared_customer.web.get(f"/usage/{request_id}"), 404, "not_found")


# ---- credits ----


def history(customer, **params) -> list[dict]:
    found, params = [], {"limit": 3, **params}
    while True:
        page = customer.call("GET", "/transfers", 200, params=params)
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_history(busy):
    """Every transfer once, and the balance after each, down to nothing."""
    request_id = busy.records()[1]["id"]
    busy.charge("0.000000001")
    busy.gateway.value_of("refund", request_id, "0.00001", "--reason", "a bad answer")
    lines = history(busy)
    wait_until(lambda: busy.balance == usd(lines[0]["balance"]), 10, "the refund, here too")
    assert [line["kind"] for line in lines] == ["refund", "test", *["charge"] * 5, "test"]
    for line, below in itertools.pairwise(lines):
        assert usd(below["balance"]) + usd(line["amount"]) == usd(line["balance"])
    assert usd(lines[-1]["balance"]) == usd(lines[-1]["amount"]) == 10
    costs = {record["id"]: usd(record["cost"]) for record in busy.records()}
    for line in lines[2:7]:
        assert usd(line["amount"]) == -costs[line["exchange_id"]]
        assert line["id"] is None
    assert lines[0]["exchange_id"] == request_id
    assert lines[0]["reason"] == "a bad answer"
    only = history(busy, kind="credits")
    assert [line["id"] for line in only] == [line["id"] for line in lines if line["id"]]
    assert {line["balance"] for line in only} == {None}
    shown = busy.call("GET", f"/usage/{request_id}", 200)
    assert usd(shown["refunded"]) == Decimal("0.00001")


# ---- models ----


def test_price_list(customer):
    """The sell prices in force, those by which calls are charged."""
    data = customer.call("GET", "/models", 200)["data"]
    assert [model["id"] for model in data] == sorted(model["id"] for model in data)
    models = {model["id"]: model for model in data}
    mini = models["gpt-4o-mini"]
    assert mini["pricing"] == {"input": "0.18", "cached_input": "0.09", "output": "0.72"}
    assert mini["context_length"] == 128000
    assert mini["max_output_tokens"] == 16384
    assert {"vision", "tools"} <= set(mini["capabilities"])
    assert mini["input_modalities"] == ["text", "image", "file"]
    assert mini["available"] is True
    assert models.keys() == {model["id"] for model in customer.get("/models").json()["data"]}
    for model in models.values():
        assert set(model) == {"id", "name", "owned_by", "created", "context_length",
                              "max_output_tokens", "available", "capabilities", "pricing",
                              "input_modalities", "output_modalities",
                              "supported_endpoints"}  # fmt: skip


def test_price_list_after_a_reload(make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    gateway.policies.write("margins", 'return { default = "100%" }')
    gateway.policies.write("examples", "return {}")
    gateway.reload()
    models = {model["id"]: model for model in customer.call("GET", "/models", 200)["data"]}
    assert models["gpt-4o"]["pricing"]["output"] == "20"


# ---- the playground ----


def play(customer, key_id: str | None = None, **fields) -> httpx.Response:
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION), **fields}
    params = {"key_id": key_id or customer.key_id}
    return customer.web.post("/playground/chat/completions", params=params, json=body)


@pytest.mark.quick
def test_playground(customer, provider):
    """A call with the session alone: answered, charged and listed on the key that was named."""
    usage = Usage(100, 50)
    provider.answer = answers.chat(usage=usage)
    customer.create_key(budget="1")
    response = play(customer)
    assert response.status_code == 200, response.text
    wanted = charge("gpt-4o-mini", usage)
    assert usd(response.json()["usage"]["cost"]) == wanted
    record = customer.wait_for_record()
    assert record["id"] == response.headers["x-request-id"]
    assert record["key_id"] == customer.key_id
    assert customer.balance == 10 - wanted
    assert usd(keys_of(customer)[customer.key_id]["spent"]) == wanted


def test_playground_streams(customer, provider):
    response = play(customer, stream=True, stream_options={"include_usage": True})
    assert response.status_code == 200
    assert sse.is_done(response.content)
    assert sse.chunks(response.content)[-1]["usage"]["cost"] > 0
    assert customer.wait_for_record()["stream"] is True


def test_playground_keeps_the_rules_of_the_key(customer, provider):
    customer.create_key(budget="0.000000001")
    check_error(play(customer, max_tokens=100), 402, "key_budget_exceeded")
    customer.create_key(models=["gpt-4o"])
    check_error(play(customer), 403, "model_not_allowed")
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    check_error(play(customer), 401, "key_disabled")
    customer.delete_key()
    check_error(play(customer), 404, "not_found", param="key_id")
    assert provider.requests == []
    assert customer.balance == 10


def test_playground_of_others(gateway, customer, provider):
    """Neither with another's key, nor without a session, nor from another site."""
    other = gateway.customer(credit="5")
    check_error(play(customer, other.key_id), 404, "not_found", param="key_id")
    for key_id in ("key_0", "x" * 500, "' OR 1=1 --"):
        check_error(play(customer, key_id), 404, "not_found", param="key_id")
    url = "/api/playground/chat/completions"
    params = {"key_id": customer.key_id}
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
    response = gateway.http.post(url, params=params, json=body, headers=customer.authorization)
    check_error(response, 401, "not_signed_in")
    response = customer.web.post(url.removeprefix("/api"), params=params, json=body,
                                 headers={"Origin": "https://evil.test"})  # fmt: skip
    check_error(response, 403, "origin_not_allowed")
    response = customer.web.post(url.removeprefix("/api"), params=params, content=b"{}",
                                 headers={"Content-Type": "text/plain"})  # fmt: skip
    check_error(response, 400, "invalid_value")
    response = customer.web.post(url.removeprefix("/api"), json=body)
    check_error(response, 400, "missing_field", param="key_id")
    assert provider.requests == []
    assert other.balance == 5


def test_playground_of_a_poor_customer(gateway, provider):
    customer = gateway.customer(credit=None)
    error = check_error(play(customer, max_tokens=10), 402, "insufficient_credits")
    assert error["metadata"]["topup_url"]
    assert customer.password == PASSWORD


# ---- usage as a file ----


def rows_of(response: httpx.Response) -> list[dict]:
    assert response.status_code == 200, response.text
    assert response.content.startswith(codecs.BOM_UTF8)
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv(busy):
    response = busy.web.get("/usage.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    check_name_of_today(name_of(response), "usage-{}.csv")
    rows = rows_of(response)
    records = busy.records()
    assert len(rows) == len(records) == 6
    for row, record in zip(rows, records, strict=True):
        at = record.pop("created_at")
        assert row.pop("time") == at
        assert row.pop("local_time") == at[:19].replace("T", " "), "no zone is asked for"
        assert row.pop("stream") == str(int(record.pop("stream")))
        units = [name for name in row if name not in record]
        assert {row.pop(name) for name in units} == {"0"}, "test_unit_sums.py has more"
        wanted = {name: "" if value is None else str(value) for name, value in record.items()}
        assert row == wanted
    only = rows_of(busy.web.get("/usage.csv", params={"model": "gpt-4o"}))
    assert {row["model"] for row in only} == {"gpt-4o"}
    assert rows_of(busy.web.get("/usage.csv", params={"to": "2001-01-01"})) == []
    api_error(busy.web.get("/usage.csv", params={"from": "soon"}), 400, "invalid_value")
    head = busy.web.head("/usage.csv")
    assert head.status_code == 200
    assert head.headers["content-type"] == response.headers["content-type"]
    assert busy.web.post("/usage.csv", json={}).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        '"; DROP',
        " =1+1",
        "\ud55c\uae00",
        "\uff1d1+1",
        "\uff201",
        "\u3000=1",
        "\u00a0\uff0b1",
    ],
)
def test_csv_is_harmless_to_spreadsheets(customer, name):
    customer.create_key(name=name)
    customer.ask()
    customer.wait_for_no_hold()
    (row,) = rows_of(customer.web.get("/usage.csv"))
    shown = row["key_name"]
    assert shown in (name, "'" + name)
    assert shown.lstrip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.fixture
def hoarder(make_gateway):
    """A customer with 100,000 records, of which the ledger knows nothing."""
    gateway = make_gateway(workers=1, drain_timeout_ms=300)
    customer = gateway.customer()
    hoard(customer, 100_000)
    yield customer
    gateway.abandon()  # its ledger does not add up


def test_large_csv(hoarder):
    """All of it, once, in order."""
    seen, rest = 0, b""
    with hoarder.web.stream("GET", "/usage.csv") as response:
        assert response.status_code == 200
        assert response.headers["transfer-encoding"] == "chunked"
        for piece in response.iter_bytes():
            *lines, rest = (rest + piece).split(b"\r\n")
            for line in lines:
                if seen:
                    assert line.startswith(b'"req_%d",' % (100_001 - seen))
                seen += 1
    assert seen == 100_001
    assert rest == b""


def ask_for_csv(customer, connection) -> None:
    """The request is sent, and the reply has begun."""
    cookie = "; ".join(f"{name}={value}" for name, value in customer.web.cookies.items())
    connection.send(request_bytes("GET", "/api/usage.csv", {"Cookie": cookie}))
    wait_until(lambda: connection.socket.recv(1, socket.MSG_PEEK), 10, "the first byte")


def wait_for_quiet(gateway) -> None:
    """It has nothing to do any more, as far as its processor time tells."""
    seen = []

    def is_quiet() -> bool:
        seen.append(gateway.cpu_s())
        return len(seen) > 10 and seen[-10] == seen[-1]

    wait_until(is_quiet, 20, "a gateway that waits")


def test_slow_reader_of_csv(hoarder):
    """Who does not read makes the gateway wait, and not buffer."""
    gateway = hoarder.gateway
    before = gateway.rss_bytes()
    with gateway.connect() as connection:
        ask_for_csv(hoarder, connection)
        wait_for_quiet(gateway)
        assert hoarder.wallet(), "others are served meanwhile"
        if not is_sanitized():
            assert gateway.rss_bytes() - before < 20 << 20, "the file is 19 MB"
        reply = connection.read_reply()
    assert reply.status == 200
    assert reply.body.count(b"\r\n") == 100_001


def test_many_slow_readers_of_csv(hoarder):
    """Nobody keeps more than a few open, so that they are no burden for others."""
    with contextlib.ExitStack() as open_ones:
        for _ in range(4):
            ask_for_csv(hoarder, open_ones.enter_context(hoarder.gateway.connect()))
        error = api_error(hoarder.web.get("/usage.csv"), 429, "rate_limit_exceeded", retry=True)
        assert "4 concurrent" in error["message"]
        assert hoarder.gateway.customer(credit=None).web.get("/usage.csv").status_code == 200
        hoarder.gateway.customers.clear()
    wait_until(lambda: hoarder.web.get("/usage.csv").status_code == 200, 10, "room again")


def test_client_leaves_during_csv(hoarder):
    gateway = hoarder.gateway
    for _ in range(3):
        with hoarder.web.stream("GET", "/usage.csv") as response:
            next(response.iter_bytes())
    wait_until(lambda: len(gateway.logged("exchange", path="/api/usage.csv")) == 3, 10, "the ends")
    assert {line["status"] for line in gateway.logs("exchange", path="/api/usage.csv")} == {499}
    assert gateway.is_alive()


def test_csv_that_fails_in_the_middle(hoarder):
    """Half of it must not look whole."""
    gateway = hoarder.gateway
    with gateway.connect() as connection:
        ask_for_csv(hoarder, connection)
        wait_for_quiet(gateway)
        with contextlib.closing(sqlite3.connect(gateway.database, timeout=10)) as database:
            database.execute("ALTER TABLE usage RENAME TO elsewhere")
        with pytest.raises(Closed):
            connection.read_reply()
    wait_until(lambda: gateway.logged("exchange", path="/api/usage.csv"), 10, "its end")
    (line,) = gateway.logs("exchange", path="/api/usage.csv")
    assert line["error"] == "unavailable"
    assert gateway.is_alive()


def test_stop_during_csv(hoarder):
    """Nobody waits for ever for a client that does not read."""
    gateway = hoarder.gateway
    with gateway.connect() as connection:
        ask_for_csv(hoarder, connection)
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_exit()
    assert gateway.logs("exchange", path="/api/usage.csv", error="shutting_down")
