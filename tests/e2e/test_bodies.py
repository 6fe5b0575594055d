"""Memory for bodies: shared fairly, only for who can pay, never for long, and given back."""

import json

import answers
import pytest
from errors import check_error
from gateway import REAL_PASSWORDS, is_sanitized
from rawhttp import Closed, RawConnection, chat_bytes, request_bytes
from wait import wait_until

MB = 1024 * 1024
CLIENT = "203.0.113.9"


def body_of(size: int) -> bytes:
    """A request of about that many bytes."""
    message = {"role": "user", "content": "x" * size}
    return json.dumps({"model": "gpt-4o-mini", "messages": [message], "max_tokens": 5}).encode()


def send_all_but_last(gateway, customer, size: int, headers=None) -> RawConnection:
    """An upload whose last byte is held back."""
    connection = gateway.connect()
    body = body_of(size)
    connection.send(chat_bytes(customer.key, body, headers)[:-1])
    return connection


def status_of(connection: RawConnection) -> int | None:
    """The answer that is there already, within a moment; None: none."""
    connection.socket.settimeout(0.3)
    try:
        return connection.read_head().status
    except TimeoutError:
        return None
    except (Closed, ConnectionError):
        return 0


def close_all(connections) -> None:
    for connection in connections:
        connection.close()


def upload_until_refused(gateway, customer, size: int, headers=None) -> tuple[list, int]:
    """Uploads whose last bytes are held back, one after the other; the status that ends it."""
    held = []
    while len(held) < 12:
        connection = send_all_but_last(gateway, customer, size, headers)
        if status := status_of(connection):
            connection.close()
            return held, status
        held.append(connection)
    close_all(held)
    return held, 0


def test_who_cannot_pay(gateway, shared_poor, provider):
    """Nothing above 64 KB is read for an account without money; what is small finds out later."""
    with gateway.connect() as connection:
        length = {"Content-Length": str(32 * MB), "Authorization": f"Bearer {shared_poor.key}"}
        connection.send(request_bytes("POST", "/v1/chat/completions", length))
        reply = connection.read_reply()
        assert reply.status == 402
        assert reply.json["error"]["code"] == "insufficient_credits"
        assert reply.headers["x-should-retry"] == "false"
    with gateway.connect() as connection:  # and when it turns out to be large only on the way
        head = {"Transfer-Encoding": "chunked", "Authorization": length["Authorization"]}
        connection.send(request_bytes("POST", "/v1/chat/completions", head))
        for _ in range(3):
            connection.send(b"%x\r\n%s\r\n" % (30000, b"x" * 30000))
        assert connection.read_head().status == 402
    small = shared_poor.post(body_of(60_000))
    check_error(small, 402, "insufficient_credits")
    assert not provider.requests


def test_share_of_an_account(make_gateway, provider):
    """One account's uploads that never end refuse no one else's, and none that is small."""
    gateway = make_gateway(bodies_bytes_per_account_max=2 * MB)
    greedy, other = gateway.customer(), gateway.customer()
    held, status = upload_until_refused(gateway, greedy, 600_000)
    assert status == 429
    assert 2 <= len(held) <= 3, "over both workers together"
    assert other.post(body_of(600_000)).status_code == 200
    assert greedy.post(body_of(60_000)).status_code == 200
    refused = greedy.post(body_of(900_000))
    check_error(refused, 429, "rate_limit_exceeded", retry=True)
    close_all(held)
    wait_until(lambda: greedy.post(body_of(900_000)).status_code == 200, 5, "room again")


def test_side_by_side(make_gateway, provider):
    """Of bodies that come at once, as many as the share has room for come whole."""
    gateway = make_gateway(bodies_bytes_per_account_max=2 * MB)
    customer = gateway.customer()
    data = chat_bytes(customer.key, body_of(900_000))
    uploads = [gateway.connect() for _ in range(6)]
    for connection in uploads:
        connection.send(data[:100_000])
    statuses = [status_of(connection) for connection in uploads]
    assert statuses.count(None) == 2
    assert statuses.count(429) == 4
    for connection, status in zip(uploads, statuses, strict=True):
        if status is None:
            connection.socket.settimeout(15)
            connection.send(data[100_000:])
            assert connection.read_head().status == 200
    close_all(uploads)


def test_share_of_an_address(make_gateway, provider):
    """The client's, behind trusted proxies."""
    gateway = make_gateway(bodies_bytes_per_address_max=2 * MB, trusted_proxies="127.0.0.1")
    customers = [gateway.customer() for _ in range(2)]
    here, there = {"X-Forwarded-For": CLIENT}, {"X-Forwarded-For": "203.0.113.10"}
    held, status = upload_until_refused(gateway, customers[0], 600_000, here)
    assert status == 429
    refused = customers[1].post(body_of(900_000), headers=here)
    check_error(refused, 429, "rate_limit_exceeded", retry=True)
    assert customers[1].post(body_of(60_000), headers=here).status_code == 200
    assert customers[1].post(body_of(900_000), headers=there).status_code == 200
    close_all(held)


def test_small_ones_are_never_in_the_way_of_large_ones(make_gateway, provider):
    """All memory for large bodies is taken: signing in and small calls go on."""
    gateway = make_gateway(workers=1, bodies_bytes_max=2 * MB, body_bytes_max=MB)
    customers = [gateway.customer() for _ in range(3)]
    held = []
    for customer in customers:
        held += upload_until_refused(gateway, customer, 450_000)[0]
    refused = customers[0].post(body_of(450_000))
    assert refused.status_code in (429, 503)
    for customer in customers:
        customer.sign_in()
        assert customer.post(body_of(60_000)).status_code == 200
    close_all(held)
    wait_until(lambda: customers[0].post(body_of(450_000)).status_code == 200, 5, "room again")


@pytest.mark.parametrize("size", [200, 500_000])
def test_last_byte_held_back(make_gateway, provider, size):
    """What came fast is no credit for what does not come."""
    gateway = make_gateway(body_window_ms=300, body_bytes_per_s_min=50_000)
    customer = gateway.customer()
    with send_all_but_last(gateway, customer, size) as connection:
        reply = connection.read_reply()
        assert reply.status == 408
        assert "body_bytes_per_s_min" in reply.json["error"]["message"]


def test_slow_but_steady(make_gateway, provider):
    """A body may take many windows, as long as each brings enough."""
    gateway = make_gateway(body_window_ms=300, body_bytes_per_s_min=1)
    customer = gateway.customer()
    data = chat_bytes(customer.key, body_of(100_000))
    with gateway.connect() as connection:
        for at in range(0, len(data), 5000):
            connection.send(data[at : at + 5000])
            connection.socket.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.read_head()
            connection.socket.settimeout(15)
            if at > 90_000:
                break
        connection.send(data[at + 5000 :])
        assert connection.read_head().status == 200


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps memory on purpose")
def test_memory_is_given_back(make_gateway, provider):
    gateway = make_gateway(env=REAL_PASSWORDS, workers=1)
    customer = gateway.customer()
    provider.answer = answers.chat()
    assert customer.post(body_of(900_000)).status_code == 200
    before = gateway.rss_bytes()
    held = [send_all_but_last(gateway, customer, size) for size in [3 * MB] * 16 + [700_000] * 40]
    wait_until(lambda: gateway.rss_bytes() > before + 60 * MB, 20, "the memory of the uploads")
    wait_until(lambda: not any(status_of(upload) for upload in held[:4]), 5, "a second of quiet")
    close_all(held)
    wait_until(lambda: gateway.rss_bytes() < before + 12 * MB, 20, "memory given back")
