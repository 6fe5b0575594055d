"""Stopping: what runs is finished, what crashes is put right at the next start."""

import os
import re
import signal
import threading
import time
from pathlib import Path
from select import select

import answers
import pytest
from answers import Chat, Usage
from hung import paused, threads
from prices import Price, charge
from rawhttp import chat_bytes, request_bytes
from wait import wait_until

BODY = (
    b'{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}],'
    b'"max_tokens":100}'
)


def refuses(gateway) -> bool:
    try:
        gateway.connect(timeout=1).close()
        return False
    except OSError:
        return True


@pytest.fixture
def under_way(make_gateway, provider):
    """A gateway with a stream under way that ends when the gate opens."""
    gateway = make_gateway(drain_timeout_ms=20_000)
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=Usage(30, 20)), gates={2: gate})
    connection = gateway.connect()
    connection.send(chat_bytes(customer.key, BODY))
    assert connection.read_head().status == 200
    connection.read_chunk()
    gateway.customers.clear()
    yield gateway, customer, connection, gate
    gate.set()
    connection.close()


@pytest.mark.quick
def test_sigterm_finishes_what_runs(under_way):
    gateway, customer, connection, gate = under_way
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: refuses(gateway), 10, "the end of accepting")
    assert gateway.process.poll() is None
    gate.set()
    got = b""
    while chunk := connection.read_chunk():
        got += chunk
    assert got.endswith(answers.DONE)
    gateway.wait_for_exit(10)
    gateway.verify_ledger()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert 10 - customer.balance == charge("gpt-4o-mini", Usage(30, 20))


def test_idle_connections_do_not_delay_the_end(make_gateway):
    gateway = make_gateway()
    with gateway.connect() as idle, gateway.connect() as used:
        used.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert used.read_reply("GET").status == 200
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert idle.is_closed(10)
        assert used.is_closed(10)
        gateway.wait_for_exit(10)
        assert time.monotonic() - began < 4.5, "it waited for the drain's end"


def test_draining_is_said_on_open_connections(under_way):
    """A connection that streams may not be used for another request."""
    gateway, customer, connection, gate = under_way
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: refuses(gateway), 10, "the end of accepting")
    connection.send(chat_bytes(customer.key, BODY))
    gate.set()
    while connection.read_chunk():
        pass
    rest = connection.read_to_end()
    assert rest == b"" or b" 503 " in rest.split(b"\r\n")[0]
    gateway.wait_for_exit(10)


def test_drain_is_bounded(make_gateway, provider):
    gateway = make_gateway(drain_timeout_ms=700)
    customer = gateway.customer()
    provider.answer = answers.endless(piece_bytes=20, gap_s=0.05)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY))
        connection.read_head()
        gateway.customers.clear()
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_exit(15)
        assert 0.5 < time.monotonic() - began < 10
        rest = connection.read_to_end()
    assert b'"code":"shutting_down"' in rest.replace(b" ", b""), "never cut silently"
    check_after_restart(gateway, customer)


def check_after_restart(gateway, customer) -> None:
    """No hold is left, the ledger adds up, the wallet can be used whole."""
    gateway.verify_ledger()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    customer.wait_for_no_hold()
    wallet = customer.wallet()
    assert wallet["available"] == wallet["balance"]
    gateway.verify_ledger()


def test_second_sigterm_ends_at_once(under_way):
    gateway, customer, _, _ = under_way
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: refuses(gateway), 10, "the end of accepting")
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit(10, code=None)
    assert time.monotonic() - began < 5
    check_after_restart(gateway, customer)


def test_kill_9(under_way, provider):
    """A crash in mid-stream: the hold is given back at the next start."""
    gateway, customer, _, gate = under_way
    gateway.kill()
    gate.set()
    check_after_restart(gateway, customer)
    assert customer.balance == 10
    provider.answer = answers.chat()
    assert customer.ask().status_code == 200


@pytest.mark.parametrize("durability", ["process", "power"])
def test_what_was_answered_is_charged_after_kill_9(make_gateway, provider, durability):
    """The settlement is on disk before the last byte is out."""
    gateway = make_gateway(durability=durability)
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(30, 20))
    for _ in range(20):
        assert customer.ask().status_code == 200
    gateway.customers.clear()
    gateway.kill()
    check_after_restart(gateway, customer)
    assert 10 - customer.balance == 20 * charge("gpt-4o-mini", Usage(30, 20))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_others_that_are_like_sigterm(make_gateway, number):
    gateway = make_gateway()
    gateway.signal(number)
    gateway.wait_for_exit(10)


def test_the_log_is_rotated_while_it_drains(make_gateway, provider):
    gateway = make_gateway(log_file="gateway.log")
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(), gates={2: gate})
    with gateway.connect() as connection:
        connection.send(chat_bytes(gateway.customer().key, BODY))
        assert connection.read_head().status == 200
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses(gateway), 10, "the end of accepting")
        for number in (signal.SIGUSR1, signal.SIGHUP):
            moved = gateway.log_path.rename(gateway.folder / f"log.{number}")
            gateway.signal(number)
            wait_until(gateway.log_path.exists, 10, f"a log after {moved}")
        gate.set()
        while connection.read_chunk():
            pass
    gateway.customers.clear()
    gateway.wait_for_exit()


def test_sigpipe_and_others_do_not_end_it(make_gateway):
    gateway = make_gateway()
    gateway.signal(signal.SIGPIPE)
    gateway.signal(signal.SIGHUP)
    gateway.signal(signal.SIGWINCH)
    assert gateway.is_alive()


def test_descriptors_are_given_back(make_gateway, provider):
    """After hundreds of calls of every kind as many descriptors are open as before."""
    gateway = make_gateway()
    customer = gateway.customer()

    def count() -> int:
        return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))

    def round_of_calls() -> None:
        for answer in (answers.chat(), answers.reset_before_head(), answers.truncated_body()):
            provider.answer = answer
            customer.ask()
            customer.ask(stream=True)
        provider.answer = answers.silence()
        with gateway.connect() as connection:
            seen = len(provider.requests)
            connection.send(chat_bytes(customer.key, BODY))
            provider.wait_for_requests(seen + 1)

    for _ in range(3):
        round_of_calls()
    customer.wait_for_no_hold()
    before = count()
    for _ in range(20):
        round_of_calls()
    customer.wait_for_no_hold()
    wait_until(lambda: count() <= before + 4, 10, f"{before} descriptors, not {count()}")


def test_drain_that_is_over_while_helpers_work(make_gateway):
    """Sign-ins wait for their password's hash when the time is up: far more than can be computed
    before the gateway gives up waiting, and for nobody any more."""
    gateway = make_gateway(drain_timeout_ms=0)
    connections = [gateway.connect(timeout=60) for _ in range(450)]
    for i, connection in enumerate(connections):
        body = b'{"email":"%d@example.com","password":"%s"}' % (i, b"x" * 20)
        connection.send(request_bytes("POST", "/api/auth/signin", body=body))
    (first, *_), _, _ = select([connection.socket for connection in connections], [], [], 60)
    assert first, "one of them has its answer"
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit()
    assert not gateway.logged("stopping with requests")
    for connection in connections:
        connection.close()


def turns(pid: int) -> list[int]:
    """How often each worker has gone to sleep so far: once a tick at least."""
    pattern = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)", re.MULTILINE)
    statuses = [Path(f"/proc/{pid}/task/{one}/status") for one in threads(pid, "worker")]
    return [int(pattern.search(status.read_text())[1]) for status in statuses]


def test_workers_forget_a_drain_that_is_over(make_gateway):
    """Its jobs stand in a frame that the main thread has left, though the workers go on: here until
    the admin thread has ended. AddressSanitizer would see one that looks at them."""
    gateway = make_gateway(workers=2)
    pid = gateway.process.pid
    with paused(pid, "admin"):
        gateway.signal(signal.SIGTERM)
        gateway.logs("stopping: no new connections")
        before = turns(pid)
        enough = [count + 6 for count in before]
        wait_until(lambda: all(map(int.__gt__, turns(pid), enough)), 10, "some ticks of each")
    gateway.wait_for_exit()
    gateway.verify_ledger()


def test_provider_by_name(make_gateway, provider):
    """A host name goes through libcurl's resolver, which has sockets of its own."""

    def prepare(policies):
        url = provider.url.replace("127.0.0.1", "localhost")
        policies.provider("named", base_url=url, api_key="sk-named")
        policies.model("named", Price("1", "2"), providers=("named",))

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    assert customer.ask("named").status_code == 200
    assert customer.ask("named", stream=True).status_code == 200
    customer.wait_for_no_hold()
    gateway.stop()
