"""Clients that leave a stream: the provider is cancelled within a second, and what was asked and
generated is paid. (Calls that run on instead: test_departure.py.)"""

import contextlib
import os
import socket
import threading
import time
from decimal import Decimal

import answers
import pytest
from answers import Usage
from prices import Price, charge, usd
from rawhttp import chat_bytes
from wait import wait_until

BODY = b'{"model":"gpt-4o-mini","max_tokens":5000,"messages":[{"role":"user","content":"Hi"}]}'
STREAMED = BODY.replace(b"{", b'{"stream":true,', 1)
LEAVE = {
    "close": lambda connection: connection.close(),
    "reset": lambda connection: connection.reset(),
    "half-close": lambda connection: connection.half_close(),
}
CANCELLED_S = 1.0  # the promise
SLACK_S = 1.0  # for two busy cores


def leave(connection, provider, how: str) -> None:
    """Leaves; the upstream call must end soon after."""
    left = time.monotonic()
    LEAVE[how](connection)
    request = provider.last
    wait_until(lambda: request.gone_at, 10, "the end of the upstream call")
    assert request.gone_at - left < CANCELLED_S + SLACK_S


@pytest.mark.parametrize("how", LEAVE)
def test_gone_before_the_first_byte(gateway, customer, provider, how):
    """The provider bills its input, and so do we."""
    provider.answer = answers.silence()
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        provider.wait_for_requests(1)
        assert Decimal(customer.wallet()["held"]) > 0
        leave(connection, provider, how)
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert (record["status"], record["error_code"]) == (499, "client_gone")
    assert (record["usage_source"], record["output_tokens"]) == ("partial", 0)
    assert record["input_tokens"] > 0
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(record["input_tokens"], 0))
    assert len(provider.requests) == 1, "nobody waits: no second attempt"


@pytest.mark.parametrize("how", LEAVE)
def test_gone_in_mid_stream(gateway, customer, provider, how):
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.02)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        assert connection.read_head().status == 200
        for _ in range(10):
            connection.read_chunk()
        leave(connection, provider, how)
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert record["usage_source"] == "partial"
    usage = Usage(record["input_tokens"], record["output_tokens"])
    assert 0 < usage.completion <= provider.last.marks["sent"] // 4
    assert 0 < usage.prompt < 100
    paid = 10 - customer.balance
    assert paid == charge("gpt-4o-mini", usage) == usd(record["cost"])


def test_gone_while_the_provider_pauses(gateway, customer, provider):
    """Noticed though no byte comes that could not be written."""
    provider.answer = answers.stream_of(answers.Chat(), gates={3: threading.Event()})
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAMED))
        connection.read_head()
        connection.read_chunk()
        leave(connection, provider, "close")
    customer.wait_for_no_hold()
    assert customer.wait_for_record()["usage_source"] == "partial"
    assert 0 < 10 - customer.balance < Decimal("0.001")


def test_gone_with_the_request_unfinished(gateway, customer, provider):
    """Half a request is none."""
    data = chat_bytes(customer.key, BODY)
    for cut in (10, data.index(b"\r\n\r\n") + 4, len(data) - 1):
        with gateway.connect() as connection:
            connection.send(data[:cut])
            connection.half_close()
            connection.read_to_end()
    assert customer.ask().status_code == 200
    assert len(provider.requests) == 1
    assert len(customer.records()) == 1


def test_many_leave_at_once(gateway, customer, provider):
    provider.answer = answers.endless(piece_bytes=40, gap_s=0.05)
    connections = [gateway.connect() for _ in range(50)]
    for connection in connections:
        connection.send(chat_bytes(customer.key, STREAMED.replace(b"5000", b"100")))
    for connection in connections:
        connection.read_head()
        connection.read_chunk()
    for connection in connections:
        connection.reset()
    wait_until(lambda: all(r.gone_at for r in provider.requests), 10, "the end of all calls")
    customer.wait_for_no_hold()
    total = sum(usd(record["cost"]) for record in customer.records())
    assert 10 - customer.balance == total > 0
    assert gateway.is_alive()


@contextlib.contextmanager
def unreachable():
    """A port that answers no SYN: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("who_gives_up", ["client", "gateway"])
def test_gone_while_the_provider_is_being_connected(make_gateway, who_gives_up, scheme):
    """libcurl (https) then closes the socket without asking us; its number is soon somebody
    else's."""
    timeout_ms = 60_000 if who_gives_up == "client" else 50
    with unreachable() as port:

        def prepare(policies):
            url = f"{scheme}://127.0.0.1:{port}/v1"
            policies.provider("far", base_url=url, connect_timeout_ms=timeout_ms)
            policies.model("far", Price("1", "2"), providers=("far",))

        gateway = make_gateway(prepare=prepare, workers=1)
        customer = gateway.customer()
        body = BODY.replace(b"gpt-4o-mini", b"far")
        before = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
        for _ in range(20):
            with gateway.connect() as connection:
                connection.send(chat_bytes(customer.key, body))
                if who_gives_up == "client":
                    wait_until(lambda: usd(customer.wallet()["held"]) > 0, 10, "the hold")
                else:
                    assert connection.read_reply().status in (502, 504)
            customer.wait_for_no_hold()
        open_now = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
        assert open_now < before + 10
        gateway.check_holds()
        gateway.stop()
