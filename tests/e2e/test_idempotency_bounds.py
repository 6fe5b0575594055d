"""What Idempotency-Key lets a client leave in the gateway's memory is bounded: calls that run on
without him, answers that he asks for again and does not read."""

import itertools
import json
import threading

import answers
import pytest
from answers import Chat, Usage
from errors import check_error
from idempotent import HEADER, MODEL, check_same, is_replay
from prices import usd
from rawhttp import chat_bytes
from wait import wait_until

USAGE = Usage(10, 3)
LARGE = 7_000_000
DETACHED_BYTES = 64 * 1024 * 1024  # LIMIT_DETACHED_BYTES of core/base/limits.h
numbers = itertools.count(1)


@pytest.fixture
def key() -> str:
    return f"bound {next(numbers)}"


@pytest.fixture
def gate():
    opened = threading.Event()
    yield opened
    opened.set()


@pytest.fixture
def one_worker(make_gateway):
    """Whose bounds are easily met."""
    return make_gateway(
        prepare=lambda policies: policies.write("limits", "return {}\n"),
        workers=1,
        bodies_bytes_max=20_000_000,
    )


def large_body(**fields) -> bytes:
    message = {"role": "user", "content": "x" * LARGE}
    return json.dumps({"model": MODEL, "messages": [message], "max_tokens": 10} | fields).encode()


def leave(gateway, customer, provider, key, body: bytes, begun: bool):
    """Asks and goes away; the request as the provider has it."""
    before = len(provider.requests)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body, {HEADER: key}))
        if begun:
            assert connection.read_head().status == 200
            connection.read_chunk()
        provider.wait_for_requests(before + 1)
    return provider.requests[before]


def run_on(gateway, count: int) -> None:
    wait_until(lambda: len(gateway.logged("runs on for its retry")) >= count, 10, "them to run on")
    assert len(gateway.logs("runs on for its retry", count)) == count


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_calls_without_a_client(one_worker, provider, key, gate, streamed):
    """When they are too many, the next one is cancelled: what was asked and generated is paid, and
    what there is of it, or why there is nothing, is what the retry gets. It pays once."""
    customer = one_worker.customer()
    body = large_body(stream=True) if streamed else large_body()
    if streamed:
        provider.answer = answers.stream_of(Chat(usage=USAGE), gates={2: gate})
    else:
        provider.answer = answers.behind(gate, answers.chat(usage=USAGE))
    most = DETACHED_BYTES // len(body)
    for number in range(most):
        leave(one_worker, customer, provider, f"{key} {number}", body, streamed)
    run_on(one_worker, most)
    last = leave(one_worker, customer, provider, key, body, streamed)
    wait_until(lambda: last.gone_at, 10, "the end of the one that is too many")
    record = customer.wait_for_record()
    assert (record["error_code"], usd(record["cost"]) > 0) == ("client_gone", True)
    run_on(one_worker, most)
    gate.set()
    customer.wait_for_no_hold()

    again = customer.post(body, headers={HEADER: key})
    assert again.status_code == (200 if streamed else 502)
    assert is_replay(again)
    assert b'"code":"client_gone"' in again.content
    assert again.content.endswith(answers.DONE) == streamed
    assert len(provider.requests) == most + 1

    gate.clear()
    leave(one_worker, customer, provider, f"{key} again", body, streamed)
    run_on(one_worker, most + 1)
    gate.set()
    customer.wait_for_no_hold()


def test_answers_that_nobody_reads(one_worker, provider, key):
    """Who asks for a large answer again and again is told to wait, until he has read some."""
    customer = one_worker.customer()
    provider.answer = answers.chat(pieces=("y" * LARGE,), usage=USAGE)
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "x"}]}).encode()
    first = customer.post(body, headers={HEADER: key})
    request = chat_bytes(customer.key, body, {HEADER: key})
    connections = [one_worker.connect() for _ in range(2)]
    for connection in connections:
        connection.send(request)
        assert connection.read_head().status == 200
    refused = customer.post(body, headers={HEADER: key})
    assert refused.status_code == 503
    check_error(refused, 503, "overloaded", retry=True)
    for connection in connections:
        connection.close()
    again = wait_until(
        lambda: (r := customer.post(body, headers={HEADER: key})).status_code == 200 and r,
        10,
        "room for an answer",
    )
    check_same(first, again)
    assert len(provider.requests) == 1
