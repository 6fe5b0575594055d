"""Clients that do not read: the provider is slowed down, memory stays bounded."""

import json
import time
from decimal import Decimal

import answers
import pytest
from gateway import is_sanitized
from prices import Price, usd
from rawhttp import chat_bytes
from wait import wait_until

CLIENTS = 200
EACH_BYTES = 256 * 1024
# Without a limit of the client's: a stream that goes on beyond it is ended.
STREAMED = b'{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'


def sent_in_all(provider) -> int:
    return sum(request.sent_bytes for request in provider.requests)


def stalled(provider) -> bool:
    """The provider could not write anything for a while."""
    before = sent_in_all(provider)
    time.sleep(0.5)
    return sent_in_all(provider) == before


@pytest.mark.timeout(180)
def test_200_clients_stop_reading(make_gateway, provider):
    gateway = make_gateway(write_timeout_ms=600_000)  # they stop reading for long on a busy machine
    customer = gateway.customer(credit="10000")  # what is ended for want of money waits for nobody
    provider.answer = answers.chat()
    for _ in range(20):  # what is made once is not counted
        assert customer.ask(stream=True).status_code == 200
    provider.reset()
    before = gateway.rss_bytes()
    provider.answer = answers.endless(padding_bytes=8000)
    connections = []
    for _ in range(CLIENTS):
        connection = gateway.connect()
        connection.send(chat_bytes(customer.key, STREAMED))
        connections.append(connection)
    for connection in connections:
        assert connection.read_head().status == 200
    wait_until(lambda: stalled(provider), 90, "a stop of the provider's writing")
    growth = gateway.rss_bytes() - before
    each = growth // CLIENTS
    bound = EACH_BYTES * (3 if is_sanitized() else 1)  # red zones and shadow memory
    assert each < bound, f"{each} bytes for each client"
    assert gateway.is_alive()

    # Whoever reads again gets the stream on, in order.
    got = sum(len(connections[0].read_chunk()) for _ in range(100))
    assert got > 500_000
    for connection in connections:
        connection.close()
    wait_until(lambda: all(r.gone_at for r in provider.requests), 20, "the end of all calls")
    customer.wait_for_no_hold()


def test_slow_reader_gets_everything(gateway, customer, provider):
    """Pausing and going on loses nothing and doubles nothing. The kernel's buffers on both sides
    take up to 10 MB each."""
    events = [answers.padded_event(f"{index} ", 10_000) for index in range(4000)]
    provider.answer = answers.stream([*events, answers.DONE])
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        wait_until(lambda: stalled(provider), 30, "a stop of the provider's writing")
        assert provider.last.ended_at is None, "it all fitted somewhere: the test shows nothing"
        chunks = []
        while chunk := connection.read_chunk():
            chunks.append(chunk)
    got = b"".join(chunks)
    assert got.replace(b": keep-alive\n", b"") == b"".join(events) + answers.DONE


def test_one_slow_reader_stops_nobody_else(gateway, customer, provider):
    provider.then(answers.endless(padding_bytes=8000))
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        wait_until(lambda: stalled(provider), 30, "a stop of the provider's writing")
        for _ in range(10):
            assert customer.ask().status_code == 200
    slow = provider.requests[0]
    wait_until(lambda: slow.gone_at, 2, "the end of a call that was left while it was held up")


def test_large_body_to_a_slow_provider(gateway, customer, provider):
    """A request of 5 MB while the provider does not answer yet: others go on."""
    provider.then(answers.silence())
    body = STREAMED.replace(b"Hi", b"x" * 5_000_000)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        provider.wait_for_requests(1, 20)
        assert len(provider.last.body) > 5_000_000
        assert customer.ask().status_code == 200


# ---- the money ends while a client does not read ----

TOKEN_USD = Decimal("0.000012")  # of output, with margin


def long_answers(policies) -> None:
    """So long that one can be stopped by its reader before it is stopped by its money. No timer of
    libcurl's may come to the help of a call that hangs."""
    policies.write("limits", "return {}\n")
    policies.provider("patient", connect_timeout_ms=60_000)
    policies.model("long", Price("0", "10"), ("patient",), context=8_000_000, max_output=7_000_000)


def ask_long(gateway, customer, **fields):
    """The connection of a stream that has begun."""
    body = json.loads(STREAMED) | {"model": "long", "max_tokens": None} | fields
    connection = gateway.connect()
    connection.send(chat_bytes(customer.key, json.dumps(body).encode()))
    assert connection.read_head().status == 200
    return connection


def test_money_ends_in_what_had_been_kept_back(make_gateway, provider):
    """libcurl hands out what came after the pause when the client reads again; an answer that ends
    there is ended for the provider, too. (Where depends on how packets fall: hence a few.)"""
    gateway = make_gateway(prepare=long_answers)
    customer = gateway.customer(credit="100")
    connections = []
    for piece_bytes in (1500, 2000, 2500, 3000, 3500, 4000):
        provider.then(answers.endless(piece_bytes=piece_bytes))
        connections.append(ask_long(gateway, customer))
    wait_until(lambda: stalled(provider), 60, "a stop of the provider's writing")
    rest = int(usd(customer.wallet()["available"]) / TOKEN_USD)
    provider.then(answers.stream([answers.content_event("x")], ending="hang"))
    with ask_long(gateway, customer, max_tokens=rest):
        for connection in connections:
            while chunk := connection.read_chunk():
                last = chunk
            assert b'"code":"insufficient_credits"' in last
            assert last.endswith(answers.DONE)
        first = provider.requests[: len(connections)]
        wait_until(lambda: all(request.gone_at for request in first), 10, "the end of all calls")
    for connection in connections:
        connection.close()
