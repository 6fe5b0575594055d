"""Under a service manager: readiness, reloads, the watchdog, and a socket that outlives us."""

import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import httpx2 as httpx
import pytest
from managed import ManagedGateway, Manager, listening_socket
from rawhttp import chat_bytes
from wait import wait_until


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.close()


@pytest.fixture
def make_managed(provider, tmp_path):
    made: list[ManagedGateway] = []

    def make(manager=None, listener=None, env=None, start=True, **settings) -> ManagedGateway:
        folder = tmp_path / f"managed{len(made)}"
        folder.mkdir()
        gateway = ManagedGateway(folder, provider, settings, env)
        gateway.manager, gateway.listener = manager, listener
        made.append(gateway)
        return gateway.start() if start else gateway

    yield make
    for gateway in made:
        gateway.abandon()


@pytest.fixture
def listener():
    listener = listening_socket()
    yield listener
    listener.close()


def test_it_is_ready_when_it_serves(make_managed, manager):
    gateway = make_managed(manager, start=False)
    gateway.spawn()
    (ready,) = manager.wait_for("READY")
    assert ready == {"READY": "1", "STATUS": "Serving."}
    address = gateway.logs("listening")[-1]
    with socket.create_connection((address["address"], int(address["port"]))):
        pass
    gateway.signal(signal.SIGTERM)
    gateway.process.wait(20)
    (stopping,) = manager.wait_for("STOPPING")
    assert stopping["STATUS"]


@pytest.mark.parametrize("bad", [False, True])
def test_a_reload(make_managed, manager, bad):
    """Refused or not, it has ended: the log says which."""
    gateway = make_managed(manager)
    manager.wait_for("READY")
    if bad:
        gateway.policies.path("models").write_text("models {")
    before_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    gateway.reload(refused=bad)
    manager.wait_for("READY", 2)
    first, reloading, ready = manager.messages
    assert "READY" in first
    assert reloading["RELOADING"] == "1"
    assert before_us <= int(reloading["MONOTONIC_USEC"])
    assert int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert ready["READY"] == "1"
    gateway.stop()


def test_reloads_that_overlap_end_once_each_time_all_are_done(make_managed, manager):
    gateway = make_managed(manager)
    for _ in range(5):
        gateway.signal(signal.SIGHUP)
    manager.wait_for("RELOADING")
    wait_until(lambda: "READY" in manager.heard()[-1], 20, "the end of the last")
    gateway.stop()


def test_the_watchdog(make_managed, manager):
    gateway = make_managed(manager, env={"WATCHDOG_USEC": "400000"})
    signs = manager.wait_for("WATCHDOG", 3)
    assert signs[0] == {"WATCHDOG": "1"}
    gateway.stop()


@pytest.mark.parametrize("pid", ["1", "x"])
def test_a_watchdog_of_another_process(make_managed, manager, pid):
    env = {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": pid}
    gateway = make_managed(manager, env=env)
    gateway.reload()
    gateway.stop()
    assert not [message for message in manager.heard() if "WATCHDOG" in message]


def test_a_manager_that_has_gone(make_managed, manager):
    manager.close()
    gateway = make_managed(manager)
    gateway.logs("the service manager cannot be told")
    gateway.stop()


# ---- the socket ----


def test_the_socket_takes_the_place_of_listen(make_managed, listener):
    gateway = make_managed(listener=listener, listen="127.0.0.1:1")
    assert gateway.address == listener.getsockname()
    assert gateway.http.get("/healthz").status_code == 200
    site = gateway.http.get("/api/site").json()
    assert site["public_url"] == f"http://127.0.0.1:{gateway.address[1]}"
    gateway.stop()


def test_a_socket_of_another_process_is_not_ours(make_managed):
    """sd_listen_fds(3): LISTEN_PID says whose it is."""
    gateway = make_managed(env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert gateway.is_alive()
    gateway.stop()


def test_a_reload_keeps_the_socket(make_managed, listener):
    """What the file says of `listen` is of no account, so it has not changed either."""
    gateway = make_managed(listener=listener, listen="0.0.0.0:1", payments="off")
    gateway.reload()
    assert gateway.never_logged("changed settings need a restart")
    assert gateway.never_logged("reload refused, the old settings stay in force")
    gateway.stop()


def test_a_socket_of_ipv6(make_managed):
    listener = listening_socket(socket.AF_INET6, "::1")
    gateway = make_managed(listener=listener, start=False)
    gateway.spawn()
    wait_until(lambda: gateway.logged("listening"), 10, "listening")
    port = listener.getsockname()[1]
    assert httpx.get(f"http://[::1]:{port}/healthz", trust_env=False).status_code == 200
    gateway.signal(signal.SIGTERM)
    gateway.process.wait(20)
    listener.close()


def test_settings_are_checked_with_the_sockets_address(make_managed):
    """test payments are for loopback only, whoever has opened the door."""
    listener = listening_socket(address="0.0.0.0")
    gateway = make_managed(listener=listener, start=False)
    gateway.spawn()
    assert gateway.process.wait(20) == 1
    assert "payments_test_public" in gateway.stderr()
    listener.close()


def test_what_is_no_listening_socket(make_managed):
    pair = socket.socketpair()
    gateway = make_managed(listener=pair[0], start=False)
    gateway.spawn()
    assert gateway.process.wait(20) == 1
    assert "no listening socket" in gateway.stderr()
    for end in pair:
        end.close()


def test_a_restart_refuses_nobody(make_managed, listener, provider):
    """Under load; a stream that runs ends on the old process, those who come meanwhile wait."""
    gateway = make_managed(listener=listener, drain_timeout_ms=20000)
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(answers.Chat(), gates={2: gate})
    stream = gateway.connect()
    body = {"model": "gpt-4", "messages": [{"role": "user", "content": "x"}], "stream": True}
    stream.send(chat_bytes(customer.key, json.dumps(body).encode()))
    assert stream.read_head().status == 200
    stream.read_chunk()
    provider.answer = answers.chat()
    statuses: list[int] = []
    over = threading.Event()

    def call_again_and_again() -> None:
        url = gateway.origin + "/healthz"
        while not over.is_set():
            statuses.append(httpx.get(url, timeout=30, trust_env=False).status_code)

    callers = ThreadPoolExecutor(8)
    calls = [callers.submit(call_again_and_again) for _ in range(8)]
    wait_until(lambda: len(statuses) > 50, 10, "some calls")
    gateway.signal(signal.SIGTERM)
    gateway.logs("stopping: no new connections, what runs may finish")
    gate.set()
    rest = b"".join(iter(stream.read_chunk, b""))
    assert rest.endswith(answers.DONE)
    assert b'"finish_reason":"stop"' in rest.replace(b" ", b"")
    gateway.process.wait(20)
    gateway.spawn()
    before = len(statuses)
    wait_until(lambda: len(statuses) > before + 100, 20, "calls of the new process")
    over.set()
    for call in calls:
        call.result(20)
    assert set(statuses) == {200}
    gateway.stop()
