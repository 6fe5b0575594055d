"""Idempotency-Key: a request is done and paid once, and a retry gets the first answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

import answers
import httpx2 as httpx
import pytest
from answers import Usage
from certificate import make_certificate
from errors import check_error
from idempotent import HEADER, MODEL, ask, check_same, is_replay, kept
from prices import charge, usd
from rawhttp import chat_bytes
from wait import wait_until

USAGE = Usage(40, 20)
PRICE = charge(MODEL, USAGE)
FORMS = {
    "whole": {},
    "streamed": {"stream": True},
    "streamed with usage": {"stream": True, "stream_options": {"include_usage": True}},
}
numbers = count(1)


@pytest.fixture
def key() -> str:
    return f'order {next(numbers)}/"{"~" * 20}"'


@pytest.fixture(autouse=True)
def usual_answer(provider):
    provider.answer = answers.chat(usage=USAGE)


def paid(customer) -> Decimal:
    customer.wait_for_no_hold()
    return 10 - customer.balance


# ---- the same answer ----


@pytest.mark.quick
@pytest.mark.parametrize("form", FORMS)
def test_answered_again(gateway, customer, provider, key, form):
    fields = FORMS[form]
    first = ask(customer, key, **fields)
    assert first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    for _ in range(2):
        check_same(first, ask(customer, key, **fields))
    assert len(provider.requests) == 1
    assert paid(customer) == PRICE
    assert len(customer.records()) == 1
    if form != "streamed":
        body = first.content if form == "whole" else first.content.split(b"data: ")[-2]
        assert b'"cost":' in body


def test_another_mount_is_the_same_endpoint(gateway, customer, provider, key):
    first = ask(customer, key)
    headers = {**customer.authorization, HEADER: key, "Content-Type": "application/json"}
    again = gateway.http.post(
        "/v1/chat/completions", headers=headers, content=first.request.content
    )
    check_same(first, again)
    assert len(provider.requests) == 1


def test_without_the_header_each_is_new(gateway, customer, provider):
    before = kept(gateway)
    first, second = ask(customer, None), ask(customer, None)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert paid(customer) == 2 * PRICE
    assert kept(gateway) == before


def test_keys_belong_to_their_account(gateway, provider, key):
    one, other = gateway.customer(), gateway.customer()
    first = ask(one, key)
    assert not is_replay(ask(other, key))
    one.create_key()  # another API key, the same account
    check_same(first, ask(one, key))
    assert len(provider.requests) == 2
    assert paid(one) == paid(other) == PRICE


def test_a_key_that_works_no_more_gets_nothing(gateway, customer, key):
    assert ask(customer, key).status_code == 200
    customer.delete_key()
    check_error(ask(customer, key), 401, "invalid_api_key")


def test_what_has_changed_since_does_not_matter(make_gateway, provider, key):
    """The balance is empty, the model is gone."""
    gateway = make_gateway()
    customer = gateway.customer(credit="0.0001")
    first = ask(customer, key, max_tokens=20)
    assert first.status_code == 200
    provider.answer = answers.chat(usage=Usage(1, 100_000))
    assert ask(customer, None).status_code == 200
    check_error(ask(customer, None), 402)
    gateway.policies.replace("models", f'["{MODEL}"] =', '["renamed"] =')
    gateway.policies.write("examples", "return {}\n")
    gateway.reload()
    check_error(ask(customer, None), 404, "model_not_found")
    check_same(first, ask(customer, key, max_tokens=20))
    assert len(provider.requests) == 2


def test_after_a_restart(make_gateway, provider, key):
    gateway = make_gateway()
    customer = gateway.customer()
    first = [ask(customer, key + form, **FORMS[form]) for form in FORMS]
    gateway.customers.clear()
    gateway.kill()
    gateway.start()
    for form, answer in zip(FORMS, first, strict=True):
        check_same(answer, ask(customer, key + form, **FORMS[form]))
    assert len(provider.requests) == len(FORMS)


def test_over_tls(make_gateway, provider, tmp_path, key):
    certificate, private = make_certificate(tmp_path)
    gateway = make_gateway(tls_certificate=certificate, tls_key=private)
    customer = gateway.customer()
    first = ask(customer, key, stream=True)
    check_same(first, ask(customer, key, stream=True))
    assert paid(customer) == PRICE


# ---- not the same ----


def test_other_body(gateway, customer, provider, key):
    first = ask(customer, key)
    error = check_error(ask(customer, key, n=2), 422, "idempotency_key_reused", retry=False)
    assert error["param"] == HEADER
    spaced = first.request.content + b" "
    response = customer.post(spaced, headers={HEADER: key})
    check_error(response, 422, "idempotency_key_reused")
    check_same(first, ask(customer, key))
    assert len(provider.requests) == 1
    assert paid(customer) == PRICE


def test_other_endpoint(customer, key):
    """The same body, byte for byte, means something else there."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "amount": "1"}
    first = customer.post(body, headers={HEADER: key})
    assert first.status_code == 200
    headers = {HEADER: key, "Content-Type": "application/json"}
    body_sent = first.request.content
    response = customer.web.post("/balance/charge", content=body_sent, headers=headers)
    check_error(response, 422, "idempotency_key_reused")
    check_same(first, customer.post(body, headers={HEADER: key}))


@pytest.mark.quick
@pytest.mark.parametrize("form", FORMS)
def test_while_the_first_runs(customer, provider, key, form):
    gate = threading.Event()
    answer = provider.answer

    async def later(connection, request):
        await connection.until(gate)
        await answer(connection, request)

    provider.answer = later
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, customer, key, **FORMS[form])
        provider.wait_for_requests(1)
        again = ask(customer, key, **FORMS[form])
        check_error(again, 409, "idempotency_in_progress", retry=True, param=HEADER)
        seconds, ms = again.headers["retry-after"], again.headers["retry-after-ms"]
        assert 0 < int(ms) <= int(seconds) * 1000
        other = ask(customer, key, n=2)
        check_error(other, 422, "idempotency_key_reused", retry=False)
        gate.set()
        check_same(first.result(30), ask(customer, key, **FORMS[form]))
    assert len(provider.requests) == 1
    assert paid(customer) == PRICE


@pytest.mark.parametrize("form", FORMS)
def test_32_at_once(customer, provider, key, form):
    """Over both workers, each on a connection of its own."""
    clients = [
        httpx.Client(base_url=customer.gateway.api, timeout=30, verify=False) for _ in range(32)
    ]
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], **FORMS[form]}
    headers = {**customer.authorization, HEADER: key}
    start = threading.Barrier(32)

    def one(client):
        start.wait(30)
        return client.post("/chat/completions", json=body, headers=headers)

    with ThreadPoolExecutor(32) as pool:
        responses = list(pool.map(one, clients))
    answered = [response for response in responses if response.status_code == 200]
    first = [response for response in answered if not is_replay(response)]
    assert len(first) == 1
    for response in responses:
        if response.status_code != 200:
            check_error(response, 409, "idempotency_in_progress")
    with ThreadPoolExecutor(32) as pool:
        for response in pool.map(one, clients):
            check_same(first[0], response)
    for client in clients:
        client.close()
    assert len(provider.requests) == 1
    assert paid(customer) == PRICE


def with_header(customer, line: bytes) -> bytes:
    """A chat request with one more line in its head."""
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'
    return chat_bytes(customer.key, body).replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)


@pytest.mark.parametrize("value", [b"", b"  ", b"x" * 256, "ä".encode(), b"a\tb"])
def test_bad_keys(gateway, customer, provider, value):
    with gateway.connect() as connection:
        connection.send(with_header(customer, HEADER.encode() + b": " + value))
        check_error(connection.read_reply(), 400, "invalid_value", param=HEADER, retry=False)
    assert not provider.requests


def test_two_keys(gateway, customer, provider):
    with gateway.connect() as connection:
        connection.send(with_header(customer, b"Idempotency-Key: a\r\nidempotency-key: a"))
        check_error(connection.read_reply(), 400, "invalid_value", param=HEADER)
    assert not provider.requests


@pytest.mark.parametrize("value", ["1", "x" * 255, "~ !\"'%;--"])
def test_good_keys(customer, provider, value):
    first = ask(customer, value)
    check_same(first, ask(customer, value))
    assert len(provider.requests) == 1


@pytest.mark.parametrize("path", ["/models", "/credits", "/key"])
def test_get_does_not_look_at_it(gateway, customer, path, key):
    before = kept(gateway)
    for _ in range(2):
        response = customer.gateway.http.get(
            "/api/v1" + path, headers={**customer.authorization, HEADER: key}
        )
        assert response.status_code == 200
        assert "idempotent-replayed" not in response.headers
    assert kept(gateway) == before


# ---- failures ----


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_of_the_provider_is_kept(customer, provider, key, streamed):
    provider.then(answers.error(400, "max_tokens is too large", "bad", "invalid_request_error"))
    first = ask(customer, key, stream=streamed)
    check_error(first, 400, retry=False)
    again = wait_until(lambda: decided(ask(customer, key, stream=streamed)), 10, "the void")
    check_same(first, again)
    assert again.headers["x-should-retry"] == "false"
    assert len(provider.requests) == 1
    assert paid(customer) == 0


def decided(response):
    """The reply comes before the hold is voided: for a moment the first still runs."""
    return None if response.status_code == 409 else response


FAILURES = {
    "cut": answers.close_before_head(),
    "reset": answers.reset_before_head(),
    "5xx": answers.error(500, "oops", None, "server_error"),
    "429": answers.error(429, "slow down", None, "rate_limit_error"),
    "html": answers.html(200),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_that_is_worth_a_retry_is_not_kept(customer, provider, key, failure, streamed):
    usual, provider.answer = provider.answer, FAILURES[failure]
    assert ask(customer, key, stream=streamed).headers["x-should-retry"] == "true"
    seen, provider.answer = len(provider.requests), usual  # libcurl may have sent it twice
    second = ask(customer, key, stream=streamed)
    assert second.status_code == 200, "at once: the key is free"
    assert not is_replay(second)
    check_same(second, ask(customer, key, stream=streamed))
    assert len(provider.requests) == seen + 1
    assert paid(customer) == PRICE


def test_a_problem_with_our_account_is_kept(customer, provider, key):
    """503, but not worth a retry."""
    provider.then(answers.error(401, "bad key", "invalid_api_key", "authentication_error"))
    first = ask(customer, key)
    check_error(first, 503, "provider_unavailable", retry=False)
    check_same(first, wait_until(lambda: decided(ask(customer, key)), 10, "the void"))


@pytest.mark.parametrize("usage_asked", [False, True])
def test_an_error_in_the_stream_is_kept(customer, provider, key, usage_asked):
    fields = {"stream": True, "stream_options": {"include_usage": usage_asked}}
    provider.then(answers.stream([answers.content_event("a" * 400), answers.error_event()]))
    first = ask(customer, key, **fields)
    assert b'data:{"error":{' in first.content.replace(b" ", b"")
    check_same(first, ask(customer, key, **fields))
    assert len(provider.requests) == 1
    record = customer.wait_for_record()
    assert record["usage_source"] == "partial"
    assert paid(customer) == usd(record["cost"]) > 0


def test_an_error_right_behind_an_event_is_kept(customer, provider, key):
    """Both in one read: the event has not gone out when the stream fails."""
    gate = threading.Event()
    events = [answers.content_event("a"), answers.content_event("b") + answers.error_event()]
    provider.then(answers.stream(events, gates={1: gate}))
    with customer.gateway.connect() as connection:
        body = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
        data = chat_bytes(customer.key, body, {HEADER: key})
        connection.send(data)
        connection.read_head()
        got = connection.read_chunk()
        gate.set()
        while chunk := connection.read_chunk():
            got += chunk
        connection.send(data)
        assert connection.read_reply().body == got
    assert got.count(b"data: ") == 4
    assert len(provider.requests) == 1


def test_what_is_refused_before_it_begins_is_not_kept(gateway, provider, key):
    customer = gateway.customer(credit=None)
    for _ in range(2):
        check_error(ask(customer, key, model="nothing"), 404, "model_not_found")
        check_error(ask(customer, key, n="two"), 400)
        check_error(ask(customer, key), 402, "insufficient_credits")
    customer.charge("10")
    first = ask(customer, key)
    assert first.status_code == 200
    check_same(first, ask(customer, key))
    assert paid(customer) == PRICE


def test_limits(make_gateway, provider, key):
    """A retry is a request like others, and no call to the provider."""
    rule = '{ scope = "key", requests_per_minute = 3, concurrency = 1 }'
    gateway = make_gateway(
        prepare=lambda policies: policies.write("limits", f"return {{ {rule} }}\n")
    )
    customer = gateway.customer()
    first = ask(customer, key)
    for left in ("1", "0"):
        again = ask(customer, key)
        check_same(first, again)
        assert again.headers["x-ratelimit-remaining-requests"] == left
    check_error(ask(customer, key), 429, "rate_limit_exceeded", retry=True)
    check_error(ask(customer, key + "other"), 429, "rate_limit_exceeded", retry=True)
    customer.create_key()
    check_same(first, ask(customer, key))
    other = ask(customer, key + "other")
    assert other.status_code == 200, "what was refused with 429 is not kept"
    assert len(provider.requests) == 2


# ---- time and size ----


@pytest.mark.parametrize("form", FORMS)
def test_after_a_day_it_is_new(gateway, customer, provider, key, form):
    first = ask(customer, key, **FORMS[form])
    exchange = first.headers["x-request-id"]
    lasts = f"SELECT expires_ms - created_ms FROM kept_answers WHERE exchange_id = '{exchange}'"
    assert kept(gateway, lasts) == 24 * 3600 * 1000
    kept(gateway, f"UPDATE kept_answers SET expires_ms = created_ms"
                  f" WHERE exchange_id = '{exchange}'")  # fmt: skip
    second = ask(customer, key, **FORMS[form])
    assert second.status_code == 200
    assert not is_replay(second)
    check_same(second, ask(customer, key, **FORMS[form]))
    assert len(provider.requests) == 2
    assert paid(customer) == 2 * PRICE


def test_old_answers_are_forgotten(gateway, customer, key):
    ids = [ask(customer, f"{key} {n}").headers["x-request-id"] for n in range(5)]
    names = ",".join(f"'{name}'" for name in ids)
    kept(gateway, f"UPDATE kept_answers SET expires_ms = 1 WHERE exchange_id IN ({names})")
    count = f"SELECT count(*) FROM kept_answers WHERE exchange_id IN ({names})"
    wait_until(lambda: kept(gateway, count) == 0, 20, "the rows to go")
    gateway.verify_ledger()


@pytest.mark.parametrize("streamed", [False, True])
def test_too_large_to_be_kept(customer, provider, key, streamed):
    pieces = ("y" * 1_000_000,) * 9
    provider.answer = answers.chat(pieces=pieces, usage=USAGE)
    first = ask(customer, key, stream=streamed)
    assert first.status_code == 200
    assert len(first.content) > 9_000_000
    again = ask(customer, key, stream=streamed)
    error = check_error(again, 409, "idempotency_answer_not_kept", retry=False, param=HEADER)
    exchange = first.headers["x-request-id"]
    assert error["metadata"] == {"request_id": exchange}
    assert f"generation?id={exchange}" in error["message"]
    assert "retry-after" not in again.headers
    assert customer.get(f"/generation?id={exchange}").status_code == 200
    assert len(provider.requests) == 1
    longest = Usage(USAGE.prompt, 16384)  # that many bytes are no 20 tokens
    assert paid(customer) == charge(MODEL, longest)


@pytest.mark.parametrize("streamed", [False, True])
def test_large_answers_are_kept(customer, provider, key, streamed):
    pieces = ("y" * 1_000_000,) * 7
    provider.answer = answers.chat(pieces=pieces, usage=USAGE)
    first = ask(customer, key, stream=streamed)
    assert len(first.content) > 7_000_000
    check_same(first, ask(customer, key, stream=streamed))


# ---- what is written about it ----


def test_log(gateway, customer, key):
    first = ask(customer, key)
    exchange = first.headers["x-request-id"]
    check_same(first, ask(customer, key))
    ask(customer, key, n=2)
    (line,) = wait_until(lambda: gateway.logged("exchange", replay_of=exchange), 10, "its line")
    assert line["request_id"] != exchange
    assert line["status"] == 200
    assert line["charge_nusd"] == line["attempts"] == 0
    assert key not in gateway.stderr()
    assert "order " not in gateway.stderr()


def test_upstream_never_sees_the_key(customer, provider, key):
    ask(customer, key)
    assert "idempotency" not in str(provider.last.headers).lower()


def test_backup_has_them(gateway, customer, key, tmp_path):
    first = ask(customer, key)
    copy = tmp_path / "copy.db"
    assert gateway.command("backup", str(copy)).returncode == 0
    count = (
        f"SELECT count(*) FROM kept_answers WHERE exchange_id = '{first.headers['x-request-id']}'"
    )

    class Copy:
        database = copy

    assert kept(Copy, count) == 1


# ---- charging credits ----


def charge_credits(customer, key: str | None, body: dict | None = None, **how):
    headers = {HEADER: key} if key is not None else {}
    body = {"amount": "2.50"} if body is None else body
    return customer.web.post("/balance/charge", json=body, headers=headers, **how)


@pytest.mark.quick
def test_charge_once(customer, key):
    first = charge_credits(customer, key)
    assert first.status_code == 201
    for _ in range(2):
        check_same(first, charge_credits(customer, key))
    assert customer.balance == Decimal("12.50")
    reused = charge_credits(customer, key, {"amount": "2.51"})
    check_error(reused, 422, "idempotency_key_reused", retry=False)
    assert charge_credits(customer, key + "b").status_code == 201
    assert charge_credits(customer, None).status_code == 201
    assert customer.balance == Decimal("17.50")


def test_charge_32_at_once(customer, key):
    with ThreadPoolExecutor(32) as pool:
        responses = list(pool.map(lambda _: charge_credits(customer, key), range(32)))
    first = [r for r in responses if r.status_code == 201 and not is_replay(r)]
    assert len(first) == 1
    for response in responses:
        assert response.status_code in (201, 409)
    check_same(first[0], charge_credits(customer, key))
    assert customer.balance == Decimal("12.50")


def test_charge_after_kill_9(make_gateway, key):
    gateway = make_gateway()
    customer = gateway.customer()
    first = charge_credits(customer, key)
    gateway.customers.clear()
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    check_same(first, charge_credits(customer, key))
    assert customer.balance == Decimal("12.50")


def test_a_refused_charge_is_not_kept(gateway, customer, key):
    before = kept(gateway)
    for _ in range(2):
        check_error(charge_credits(customer, key, {"amount": "-1"}), 400, "invalid_amount")
        check_error(charge_credits(customer, key, {}), 400, "missing_field")
    assert kept(gateway) == before
    assert charge_credits(customer, key).status_code == 201


def test_charge_needs_a_session_first(gateway, customer, key):
    assert charge_credits(customer, key).status_code == 201
    customer.call("POST", "/auth/signout", 204)
    check_error(charge_credits(customer, key), 401, "not_signed_in")
    customer.sign_in()
    bad = charge_credits(customer, "", {"amount": "1"})
    check_error(bad, 400, "invalid_value", param=HEADER)
