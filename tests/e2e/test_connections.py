"""More connections than there is room for: refused politely, never kept, and never the end of
accepting."""

import contextlib
import resource
import select
import signal
import socket
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from certificate import make_certificate
from proxy import proxy_v2
from rawhttp import request_bytes
from wait import wait_until

HEALTH = request_bytes("GET", "/healthz")


def descriptors(gateway) -> set[int]:
    return {int(entry.name) for entry in Path(f"/proc/{gateway.process.pid}/fd").iterdir()}


def limit_descriptors(gateway, count: int) -> None:
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (count, 20000))


def starve(gateway) -> None:
    """No descriptor below the limit is free."""
    used = descriptors(gateway)
    limit_descriptors(gateway, next(n for n in range(len(used) + 1) if n not in used))


def wait_until_starved(gateway, before: int = 0) -> None:
    """It says so more than `before` times: each listener does, the administration's too."""
    wait_until(lambda: len(gateway.logged("no descriptor is left")) > before, 5, "a line about it")


def wait_until_all_accept(gateway) -> int:
    """As many lines about the end as about the beginning; returns how many."""

    def told() -> int:
        begun = len(gateway.logged("no descriptor is left"))
        return begun if len(gateway.logged("descriptors are free again")) == begun else 0

    return wait_until(told, 5, "descriptors for all listeners")


def close_all(connections) -> None:
    for connection in connections:
        connection.close()


def test_too_many(make_gateway):
    gateway = make_gateway(workers=1, connections_max=5)
    before = len(descriptors(gateway))
    idle = [gateway.connect() for _ in range(5)]
    wait_until(lambda: len(descriptors(gateway)) >= before + 4, 5, "five connections")
    refused = gateway.connect()
    reply = refused.read_head()
    assert reply.status == 503
    assert reply.headers["retry-after"]
    close_all(idle)
    wait_until(lambda: gateway.http.get("/readyz").status_code == 200, 5, "room again")


def test_too_many_that_never_shake_hands(make_gateway, tmp_path):
    certificate, key = make_certificate(tmp_path)
    gateway = make_gateway(
        workers=1, connections_max=5, tls_certificate=certificate, tls_key=key, idle_timeout_ms=1000
    )
    alone = len(descriptors(gateway))
    silent = [socket.create_connection(gateway.address) for _ in range(40)]
    assert len(descriptors(gateway)) < alone + 60
    # It may have opened a file of its own meanwhile.
    wait_until(lambda: len(descriptors(gateway)) < alone + 5, 10, "the silent ones are let go")
    close_all(silent)


def test_idle_ones_give_way(make_gateway):
    """Whoever holds connections and asks nothing keeps nobody out."""
    gateway = make_gateway(workers=1, connections_max=5)
    gateway.http.close()
    idle = [gateway.connect() for _ in range(5)]

    def answered() -> bool:
        with gateway.connect() as connection:
            connection.send(HEALTH)
            return connection.read_head().status == 200

    wait_until(answered, 10, "a place that idled for two seconds")
    assert sum(connection.is_closed(0.1) for connection in idle) >= 1
    close_all(idle)


# ---- descriptors ----


def test_no_descriptor_is_left(make_gateway):
    """Accepting goes on when there is one, be it by a higher limit or by a connection's end."""
    gateway = make_gateway(workers=1)
    starve(gateway)
    waiting = gateway.connect()
    waiting.send(HEALTH)
    wait_until_starved(gateway)
    limit_descriptors(gateway, 20000)
    assert waiting.read_reply("GET").status == 200
    told = wait_until_all_accept(gateway)
    starve(gateway)
    second = gateway.connect()
    second.send(HEALTH)
    wait_until_starved(gateway, before=told)
    waiting.close()
    assert second.read_reply("GET").status == 200
    limit_descriptors(gateway, 20000)
    close_all([second])


def is_served(customer) -> bool:
    """Not yet: a new connection is refused, or closed when too many are being refused."""
    with contextlib.suppress(httpx.TransportError):
        return customer.ask().status_code == 200
    return False


@pytest.fixture
def many_files():
    """As many descriptors as this process may have; yields the number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def hold_idle(gateway, count: int) -> list:
    """That many connections, or as many as the gateway keeps."""
    held = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            held.append(gateway.connect())
    return held


def test_few_descriptors(make_gateway, provider):
    """ulimit -n 64: connections are bounded, so that providers and files have theirs."""
    gateway = make_gateway(start=False, connections_max=10000)
    gateway.open_files = 64
    gateway.start()
    assert gateway.logs("connections_max is lowered")
    customer = gateway.customer()
    idle = hold_idle(gateway, 80)
    wait_until(lambda: len(descriptors(gateway)) <= 60, 5, "room for others")
    assert not gateway.logged("no descriptor is left")
    close_all(idle)
    provider.answer = answers.chat()
    wait_until(lambda: is_served(customer), 10, "an answer")


def descriptor_table_size(gateway) -> int:
    """A power of two above the highest descriptor that the process ever had (proc(5))."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("FDSize:")]
    return int(line.split()[1])


def test_many_connections_in_one_turn(make_gateway, many_files):
    """What has come while the worker was busy is refused little by little: descriptors are left."""
    gateway = make_gateway(start=False, workers=1, connections_max=10000)
    gateway.open_files = 900
    gateway.start()
    gateway.signal(signal.SIGSTOP)
    waiting = hold_idle(gateway, 1000)
    gateway.signal(signal.SIGCONT)
    wait_until(lambda: sum(client.is_closed(0.001) for client in waiting) > 400, 10, "refusals")
    assert descriptor_table_size(gateway) <= 512
    close_all(waiting)


def test_too_few_descriptors(make_gateway):
    gateway = make_gateway(start=False)
    gateway.open_files = 40
    gateway.spawn()
    gateway.wait_for_exit(code=1)
    assert "ulimit -n" in gateway.stderr()


@pytest.mark.parametrize(
    "open_files", [pytest.param(1000), pytest.param(20000, marks=pytest.mark.long)]
)
def test_idle_connections(make_gateway, provider, many_files, open_files):
    """As many idle connections without a key as there are descriptors: others are served."""
    gateway = make_gateway(start=False, workers=1)
    gateway.open_files = open_files
    gateway.start()
    customer = gateway.customer()
    idle = []
    try:
        for _ in range(min(many_files, open_files) - 300):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(gateway.address)
            idle.append(connection)
        wait_until(lambda: is_served(customer), 20, "an answer")
        assert not gateway.logged("no descriptor is left")
    finally:
        close_all(idle)


# ---- by address ----


@pytest.fixture
def balanced(make_gateway):
    """Three connections for an address, over two workers; 127.0.0.1 is a load balancer."""
    return make_gateway(
        connections_per_address_max=3, trusted_proxies="127.0.0.1", proxy_protocol="yes"
    )


def arrive(gateway, client: str):
    connection = gateway.connect()
    connection.send(proxy_v2(client) + HEALTH)
    return connection


def test_connections_of_an_address(balanced):
    mine = [arrive(balanced, "203.0.113.9") for _ in range(3)]
    assert [connection.read_reply("GET").status for connection in mine] == [200] * 3
    refused = arrive(balanced, "203.0.113.9").read_head()
    assert refused.status == 429
    assert refused.headers["retry-after"]
    other = arrive(balanced, "203.0.113.10")
    assert other.read_reply("GET").status == 200
    mine.pop().close()

    def served() -> bool:
        with arrive(balanced, "203.0.113.9") as connection:
            return connection.read_head().status == 200

    wait_until(served, 5, "room again")
    close_all([*mine, other])


def test_connections_of_an_ipv6_network(balanced):
    """Who has one address of a /64 has all."""
    mine = [arrive(balanced, f"2001:db8::{n}") for n in (1, 2, 3)]
    assert [connection.read_reply("GET").status for connection in mine] == [200] * 3
    with arrive(balanced, "2001:db8::4") as connection:
        assert connection.read_head().status == 429
    with arrive(balanced, "2001:db8:0:1::4") as connection:
        assert connection.read_head().status == 200
    close_all(mine)


def test_connections_of_a_trusted_proxy(make_gateway):
    """It brings everybody's."""
    gateway = make_gateway(connections_per_address_max=2, trusted_proxies="127.0.0.1")
    many = [gateway.connect() for _ in range(8)]
    for connection in many:
        connection.send(HEALTH)
        assert connection.read_reply("GET").status == 200
    close_all(many)


def test_connections_of_an_address_over_tls(make_gateway, tmp_path):
    certificate, key = make_certificate(tmp_path)
    gateway = make_gateway(connections_per_address_max=3, tls_certificate=certificate, tls_key=key)
    # One worker may accept a later connection before another one accepts an earlier one: so any of
    # them may be the one too many.
    many = [socket.create_connection(gateway.address, 5) for _ in range(4)]

    def is_one_refused() -> bool:
        readable, _, _ = select.select(many, [], [], 0)
        return readable != []  # nobody has sent anything, so it is closed

    wait_until(is_one_refused, 5, "the end of one of them")
    close_all(many)
    wait_until(lambda: gateway.http.get("/healthz").status_code == 200, 5, "room again")
