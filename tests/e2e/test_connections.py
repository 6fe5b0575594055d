"""More connections than connections_max: refused politely, and never kept."""

import socket
from pathlib import Path

from certificate import make_certificate
from wait import wait_until


def descriptors(gateway) -> int:
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def test_too_many(make_gateway):
    gateway = make_gateway(workers=1, connections_max=5)
    before = descriptors(gateway)
    idle = [gateway.connect() for _ in range(5)]
    wait_until(lambda: descriptors(gateway) >= before + 4, 5, "five connections")
    refused = gateway.connect()
    reply = refused.read_head()
    assert reply.status == 503
    assert reply.headers["retry-after"]
    for connection in idle:
        connection.close()
    wait_until(lambda: gateway.http.get("/readyz").status_code == 200, 5, "room again")


def test_too_many_that_never_shake_hands(make_gateway, tmp_path):
    certificate, key = make_certificate(tmp_path)
    gateway = make_gateway(
        workers=1, connections_max=5, tls_certificate=certificate, tls_key=key, idle_timeout_ms=1000
    )
    silent = [socket.create_connection(gateway.address) for _ in range(40)]
    before = descriptors(gateway)
    assert before < 100
    wait_until(lambda: descriptors(gateway) < 40, 10, "the silent ones are let go")
    for connection in silent:
        connection.close()
