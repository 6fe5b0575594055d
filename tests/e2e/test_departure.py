"""Who pays when a client leaves before its answer is whole: a call that is not streamed runs on and
is charged, a stream is cancelled and pays, unless providers.lua says otherwise; abandoned calls are
counted and can be limited. No way to leave is a way to get calls for nothing."""

import threading
from decimal import Decimal

import answers
import pytest
from answers import Usage
from prices import Price, charge, usd
from rawhttp import chat_bytes
from test_gone import BODY, LEAVE, STREAMED
from wait import wait_until

PRICE = Price("1", "2")


def ask_and_leave(gateway, customer, provider, body: bytes, how: str = "close") -> None:
    """Leaves when the provider has the request."""
    seen = len(provider.requests)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        provider.wait_for_requests(seen + 1)
        LEAVE[how](connection)


def gated(**chat):
    """An answer that begins when the test opens the gate."""
    gate = threading.Event()
    return gate, answers.behind(gate, answers.chat(**chat))


@pytest.mark.parametrize("how", LEAVE)
def test_a_whole_answer_is_waited_for_and_charged(gateway, customer, provider, how):
    gate, provider.answer = gated(usage=Usage(1000, 500))
    ask_and_leave(gateway, customer, provider, BODY, how)
    assert usd(customer.wallet()["held"]) > 0
    gate.set()
    record = customer.wait_for_record()
    assert (record["status"], record["error_code"]) == (499, "client_gone")
    assert record["usage_source"] == "reported"
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(1000, 500))
    assert provider.last.gone_at is None, "it was not cancelled"


def test_forty_calls_left_behind_are_forty_calls_paid(gateway, customer, provider):
    gate, provider.answer = gated(usage=Usage(1000, 500))
    body = BODY.replace(b"5000", b"500")
    connections = [gateway.connect() for _ in range(40)]
    for connection in connections:
        connection.send(chat_bytes(customer.key, body))
    provider.wait_for_requests(40)
    for connection in connections:
        connection.close()
    gate.set()
    customer.wait_for_record(40)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == 40 * charge("gpt-4o-mini", Usage(1000, 500))


@pytest.mark.parametrize("body", [BODY, STREAMED], ids=["whole", "streamed"])
def test_a_provider_that_fails_after_the_client_has_left_costs_nothing(
    gateway, customer, provider, body
):
    """And no other candidate is asked: no client waits. (A stream has been cancelled by then.)"""
    gate = threading.Event()

    provider.answer = answers.behind(gate, answers.error(500, "no", None, "server_error"))
    ask_and_leave(gateway, customer, provider, body)
    if body == STREAMED:
        wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    gate.set()
    customer.wait_for_no_hold()
    assert len(provider.requests) == 1
    assert (customer.balance == 10) == (body == BODY)


def test_what_providers_lua_says_of_a_cancelled_call(make_gateway, provider):
    def prepare(policies):
        for name, on_cancel in (("paid", "charge"), ("free", "free"), ("read", "read")):
            policies.provider(name, on_cancel=on_cancel)
            policies.model(name, PRICE, providers=(name,))

    gateway = make_gateway(prepare=prepare)

    def left(model: str, body: bytes) -> tuple[dict, Decimal]:
        customer = gateway.customer()
        gate, provider.answer = gated(usage=Usage(1000, 500))
        ask_and_leave(gateway, customer, provider, body.replace(b"gpt-4o-mini", model.encode()))
        if model == "free" or (model == "paid" and body == STREAMED):
            wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
        gate.set()
        record = customer.wait_for_record()
        customer.wait_for_no_hold()
        return record, 10 - customer.balance

    whole = charge(PRICE, Usage(1000, 500))
    record, paid = left("paid", STREAMED)
    assert 0 < paid == charge(PRICE, Usage(record["input_tokens"], 0)) < whole
    assert left("paid", BODY)[1] == whole
    assert left("free", STREAMED)[1] == left("free", BODY)[1] == 0
    record, paid = left("read", STREAMED)
    assert paid == whole
    assert (record["status"], record["usage_source"]) == (499, "reported")
    assert left("read", BODY)[1] == whole


def test_a_free_cancel_still_pays_for_what_came(make_gateway, provider):
    gateway = make_gateway(
        prepare=lambda policies: (
            policies.provider("free", on_cancel="free"),
            policies.model("free", PRICE, providers=("free",)),
        )
    )
    customer = gateway.customer()
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED.replace(b"gpt-4o-mini", b"free")))
        connection.read_head()
        for _ in range(5):
            connection.read_chunk()
    record = customer.wait_for_record()
    assert record["output_tokens"] > 0
    assert 10 - customer.balance == usd(record["cost"]) > 0


def test_a_detached_call_counts_as_concurrent_until_it_ends(make_gateway, provider):
    gateway = make_gateway(
        prepare=lambda policies: policies.write(
            "limits", 'return { { scope = "key", concurrency = 2 } }'
        )
    )
    customer = gateway.customer()
    gate, provider.answer = gated()
    for _ in range(2):
        ask_and_leave(gateway, customer, provider, BODY)
    refused = customer.ask()
    assert refused.status_code == 429
    assert refused.json()["error"]["metadata"]["limit"] == "concurrent requests"
    gate.set()
    customer.wait_for_record(2)
    provider.answer = answers.chat()
    assert customer.ask().status_code == 200


def test_abandoned_calls_can_be_limited_and_are_counted(make_gateway, provider):
    gateway = make_gateway(
        prepare=lambda policies: policies.write(
            "limits", 'return { { scope = "key", abandoned_per_minute = 2 } }'
        )
    )
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    provider.answer = answers.silence()
    for number in range(2):
        ask_and_leave(gateway, customer, provider, STREAMED)
        customer.wait_for_record(number + 2)
    refused = customer.ask()
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["metadata"]["limit"] == "abandoned requests"
    assert "2 abandoned requests" in error["message"]
    key = customer.call("GET", "/keys", 200)["data"][0]
    assert (key["requests"], key["abandoned"]) == (3, 2)


def test_the_bound_on_detached_calls_is_no_free_call(make_gateway, provider):
    """Two requests of 31 MB and their like fill the bound; the next is cancelled, and pays its
    input."""
    gateway = make_gateway(workers=1, body_bytes_max=33554432)
    customer = gateway.customer(credit="100")
    large = b'{"model":"gpt-4o-mini","max_tokens":5,"metadata":{"x":"%s"},' % (b"x" * (31 << 20))
    large += BODY[1:].split(b",", 2)[2]
    gate, provider.answer = gated(usage=Usage(1000, 5))
    for _ in range(2):
        ask_and_leave(gateway, customer, provider, large)
        wait_until(lambda: gateway.logged("runs on and is charged"), 10, "the line of it")
    wait_until(lambda: len(gateway.logged("runs on and is charged")) == 2, 10, "two detached")
    ask_and_leave(gateway, customer, provider, large)
    record = customer.wait_for_record()
    assert (record["status"], record["usage_source"]) == (499, "partial")
    assert usd(record["cost"]) > 0
    gate.set()
    customer.wait_for_record(3)
    customer.wait_for_no_hold()
    assert all(usd(record["cost"]) > 0 for record in customer.records())


def test_a_detached_call_is_charged_when_the_gateway_stops(make_gateway, provider):
    """The drain waits for it; what is then cancelled has been asked of the provider."""
    gateway = make_gateway(drain_timeout_ms=300)
    customer = gateway.customer()
    provider.answer = answers.silence()
    ask_and_leave(gateway, customer, provider, BODY)
    wait_until(lambda: gateway.logged("runs on and is charged"), 10, "the line of it")
    gateway.stop()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    record = customer.records()[0]
    assert (record["status"], record["usage_source"]) == (499, "partial")
    assert 10 - customer.balance == usd(record["cost"]) > 0


def test_leaving_with_the_answer_in_flight(gateway, customer, provider):
    """The provider has begun to send a whole answer."""
    body = answers.Chat(usage=Usage(100, 50)).body("gpt-4o-mini")
    gate = threading.Event()

    async def answer(connection, request):
        fields = {**answers.JSON_TYPE, "Content-Length": str(len(body))}
        await connection.send(answers.head(200, fields) + body[:100])
        await connection.until(gate)
        await connection.send(body[100:])

    provider.answer = answer
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY))
        provider.wait_for_requests(1)
        wait_until(lambda: provider.last.sent_bytes, 5, "the first bytes")
    gate.set()
    customer.wait_for_record()
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(100, 50))


def test_a_wrong_word_is_refused(make_gateway):
    gateway = make_gateway(start=False)
    gateway.policies.provider("odd", on_cancel="gratis")
    result = gateway.command("check")
    assert result.returncode == 1
    assert "on_cancel" in result.stderr
    assert "charge" in result.stderr
