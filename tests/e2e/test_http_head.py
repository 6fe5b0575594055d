"""HTTP/1.1 as bytes. What RFC 9112 does not allow in a request line (3), in fields (5), in what
frames a body (6) and in chunks (7) is refused with 400 and a closed connection; what is legal
works."""

import socket
import threading
import time

import answers
import pytest
from errors import check_error
from gateway import is_sanitized
from rawhttp import Closed, RawConnection, chat_bytes, request_bytes
from wait import wait_until

BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/v1/chat/completions HTTP/1.1\r\n"
HOST = b"Host: gateway.test\r\n"
CHUNKED = POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def post(*headers: bytes, body: bytes = b"hello", host: bytes = HOST) -> bytes:
    return POST + host + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def get(*headers: bytes, target: bytes = b"/healthz", host: bytes = HOST) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"GET " + target + b" HTTP/1.1\r\n" + host + lines + b"\r\n"


REFUSED = {
    # framing
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 41", body=b"hello" + NEXT),
    "two equal lengths": post(b"Content-Length: 5", b"Content-Length: 5"),
    "length list": post(b"Content-Length: 5, 5"),
    "length +5": post(b"Content-Length: +5"),
    "length 05": post(b"Content-Length: 05"),
    "length 5 and a space": post(b"Content-Length: 5 "),
    "length 0x5": post(b"Content-Length: 0x5"),
    "length -1": post(b"Content-Length: -1", body=b""),
    "length empty": post(b"Content-Length:", body=b""),
    "length too many digits": post(b"Content-Length: 99999999999999999999", body=b""),
    "length 2^64 + 5": post(b"Content-Length: 18446744073709551621"),
    "length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked",
                               body=b"0\r\n\r\n" + NEXT),
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "identity": post(b"Transfer-Encoding: identity", body=b""),
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "chunked twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                          body=b"0\r\n\r\n"),
    "quoted chunked": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "space before colon of length": post(b"Content-Length : 5"),
    "tab before colon of length": post(b"Content-Length\t: 5"),
    "space before colon of encoding": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "GET with a body": get(b"Content-Length: 36") + NEXT,
    "GET with a chunked body": get(b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "HEAD with a body": get(b"Content-Length: 36").replace(b"GET", b"HEAD") + NEXT,
    "1.0 with Transfer-Encoding": post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    .replace(b"HTTP/1.1", b"HTTP/1.0"),
    "chunk size 0x5": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk size +5": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "chunk size -5": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk size after a space": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "chunk size and junk": CHUNKED + b"5 junk\r\nhello\r\n0\r\n\r\n",
    "chunk size empty": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "chunk size too large": CHUNKED + b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "chunk data without CRLF": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "chunk data too long": CHUNKED + b"5\r\nhelloworld\r\n0\r\n\r\n",
    "chunk size with bare LF": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "chunk extension with NUL": CHUNKED + b"5;a=\x00\r\nhello\r\n0\r\n\r\n",
    "trailer with bare LF": CHUNKED + b"0\r\nA: b\n\r\n",
    # head
    "bare LF after the line": b"GET /healthz HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF after a header": b"GET /healthz HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "bare LF everywhere": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "bare CR in a value": get(b"A: b\rc"),
    "NUL in a value": get(b"A: b\x00c"),
    "NUL in the target": get(target=b"/healthz\x00x"),
    "control character in a value": get(b"A: b\x01c"),
    "DEL in a value": get(b"A: b\x7fc"),
    "empty name": get(b": value"),
    "name with a space": get(b"A b: c"),
    "name with a slash": get(b"A/b: c"),
    "name outside ASCII": get(b"\xc3\xa4: c"),
    "line without colon": get(b"nonsense"),
    "folded header": get(b"A: b", b" c"),
    "folded first header": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
    "control character in the target": get(target=b"/health\x01z"),
    "space in the target": get(target=b"/health z"),
    "tab in the target": get(target=b"/health\tz"),
    "byte outside ASCII in the target": get(target=b"/health\xc3\xa4"),
    "target without slash": get(target=b"healthz"),
    "half an escape": get(target=b"/healthz%4"),
    "HTTP/1.9": get().replace(b"HTTP/1.1", b"HTTP/1.9"),
    "HTTP/2.0": get().replace(b"HTTP/1.1", b"HTTP/2.0"),
    "HTTP/0.9": b"GET /healthz\r\n",
    "HTTP/0.9 with a version": get().replace(b"HTTP/1.1", b"HTTP/0.9"),
    "http/1.1 in small letters": get().replace(b"HTTP/1.1", b"http/1.1"),
    "method that is no token": get().replace(b"GET", b"G(T"),
    "no Host": get(host=b""),
    "two Hosts": get(b"Host: other"),
    "Host with a space": get(host=b"Host: a b\r\n"),
    "two Authorizations": get(b"Authorization: Bearer a", b"Authorization: Bearer b"),
    "target of another host": get(target=b"http://other.test/healthz"),
}  # fmt: skip


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused(gateway, name, place):
    with gateway.connect() as connection:
        if place == "second":  # behind a request that is good
            connection.send(get(target=b"/readyz?a=b"))
            assert connection.read_reply().status == 200
        connection.send(REFUSED[name])
        if REFUSED[name].startswith(b"HEAD"):  # with or without a body, as the gateway likes
            assert connection.read_head().status == 400
            assert b"HTTP/1." not in connection.read_to_end()
        else:
            check_error(connection.read_reply(), 400, on_api=False)
            assert connection.is_closed(), (
                "after a framing error the connection ends (RFC 9112, 6.3)"
            )
    assert gateway.is_alive()


# ---- what is legal works ----

LEGAL = {
    "plain": get(),
    "absolute target": get(target=b"http://gateway.test/healthz"),
    "query": get(target=b"/healthz?a=b&c=%20d"),
    "value with tabs and spaces": get(b"A: \t b\tc \t"),
    "value outside ASCII": get(b"A: \xc3\xa4"),
    "empty value": get(b"A:"),
    "other name case": get(host=b"hOsT: gateway.test\r\n"),
    "length 0": get(b"Content-Length: 0"),
    "host with port": get(host=b"Host: [::1]:3000\r\n"),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal(gateway, name):
    with gateway.connect() as connection:
        for _ in range(2):  # and the connection stays
            connection.send(LEGAL[name])
            assert connection.read_reply("GET").status == 200


def chunked_chat(key: str, body: bytes) -> bytes:
    head = POST + HOST + b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
    return head + b"Authorization: Bearer " + key.encode() + b"\r\n\r\n" + body


CHUNKED_BODIES = {
    "extension": b"%x;ext=1\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "capital digits": b"%X\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "zeros in front": b"000%x\r\n%s\r\n000\r\n\r\n" % (len(BODY), BODY),
    "trailers": b"%x\r\n%s\r\n0\r\nX-Sum: abc\r\nX-Other: d\r\n\r\n" % (len(BODY), BODY),
}
CHUNKED_BODIES["extensions"] = b'5;ext;name="a b"\r\n%s\r\n%x;x=1\r\n%s\r\n0;last\r\n\r\n' % (
    BODY[:5], len(BODY) - 5, BODY[5:])  # fmt: skip


@pytest.mark.parametrize("name", CHUNKED_BODIES)
def test_chunked_body(gateway, customer, provider, name):
    with gateway.connect() as connection:
        connection.send(chunked_chat(customer.key, CHUNKED_BODIES[name]))
        assert connection.read_reply().status == 200
        assert provider.last.body == BODY
        connection.send(get())
        assert connection.read_reply("GET").status == 200, "the next request is read from its start"


# ---- connections ----


@pytest.mark.quick
def test_keep_alive_and_pipelining(gateway, customer, provider):
    """Three requests in one packet are answered in order, on one connection."""

    def own_answer(connection, request):
        text = request.json["messages"][0]["content"]
        return answers.chat(pieces=(text,))(connection, request)

    provider.answer = own_answer
    bodies = [BODY.replace(b"Hi", word) for word in (b"one", b"two", b"three")]
    data = b"".join(chat_bytes(customer.key, body) for body in bodies)
    with gateway.connect() as connection:
        connection.send(data + NEXT)
        for word in ("one", "two", "three"):
            reply = connection.read_reply()
            assert reply.json["choices"][0]["message"]["content"] == word
        assert connection.read_reply("GET").status == 200


def test_pipelined_in_pieces(gateway):
    """A piece that comes when the request before it was just taken up belongs to the next one."""
    count = 300
    data = get() * count
    with gateway.connect() as connection:
        for at in range(0, len(data), 50):
            connection.send(data[at : at + 50])
        for _ in range(count):
            assert connection.read_reply("GET").status == 200


def test_pipelined_behind_a_stream(gateway, customer):
    streamed = BODY.replace(b"{", b'{"stream":true,', 1)
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, streamed) + chat_bytes(customer.key, BODY))
        assert connection.read_reply().body.endswith(answers.DONE)
        assert connection.read_reply().json["choices"][0]["message"]["role"] == "assistant"


def test_connection_close(gateway):
    with gateway.connect() as connection:
        connection.send(get(b"Connection: close"))
        reply = connection.read_reply("GET")
        assert reply.headers["connection"].lower() == "close"
        assert connection.is_closed()


@pytest.mark.parametrize("keep", [b"", b"Connection: keep-alive\r\n"])
def test_http_1_0(gateway, customer, provider, keep):
    """A streamed reply to HTTP/1.0 has no chunks, and ends with the connection."""
    events = [answers.content_event(f"{index}") for index in range(4)]
    gates = {index: threading.Event() for index in range(1, 5)}
    provider.answer = answers.stream([*events, answers.DONE], gates=gates)
    body = BODY.replace(b"{", b'{"stream":true,', 1)
    data = chat_bytes(customer.key, body).replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\n" + keep)
    with gateway.connect() as connection:
        connection.send(data)
        reply = connection.read_head()
        assert reply.status == 200
        assert "transfer-encoding" not in reply.headers
        assert reply.headers.get("content-length") is None
        for event, gate in zip(events, gates.values(), strict=True):
            assert connection.read_exactly(len(event)) == event
            gate.set()
        assert connection.read_to_end() == answers.DONE


def test_expect_continue(gateway, customer, provider):
    data = chat_bytes(customer.key, BODY, {"Expect": "100-continue"})
    head, body = data[: -len(BODY)], data[-len(BODY) :]
    with gateway.connect() as connection:
        connection.send(head)
        assert connection.read_head().status == 100
        connection.send(body)
        assert connection.read_reply().status == 200
    assert provider.last.body == BODY


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/models"])
def test_head_request(gateway, customer, path):
    with gateway.connect() as connection:
        connection.send(request_bytes("HEAD", path, customer.authorization))
        assert connection.read_reply("HEAD").status in (200, 405)
        connection.send(NEXT)
        assert connection.read_reply("GET").status == 200, "the HEAD reply had a body"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("POST", "/api/v1/models", "GET"),
        ("PUT", "/api/v1/credits", "GET"),
        ("PATCH", "/api/keys", "GET"),
        ("GET", "/api/auth/signin", "POST"),
        ("BREW", "/api/v1/models", "GET"),
    ],
)
def test_405(gateway, customer, method, path, allowed):
    response = gateway.http.request(method, path, headers=customer.authorization)
    check_error(response, 405, "method_not_allowed", on_api=False)
    assert allowed in [item.strip() for item in response.headers["allow"].split(",")]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/chat/completionsx", "/v1/completion",
                                  "/api/nothing", "/api/v1", "/v1/chat/completions/x",
                                  "/api/v1/../v1/models"])  # fmt: skip
def test_404(gateway, customer, path):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", path, customer.authorization))
        check_error(connection.read_reply("GET"), 404, "not_found", on_api=False)


# ---- bounds ----


@pytest.fixture
def tight(make_gateway):
    """A gateway with small bounds and short deadlines."""
    return make_gateway(body_bytes_max=100_000, head_timeout_ms=700, body_timeout_ms=700,
                        idle_timeout_ms=700)  # fmt: skip


def drip(connection: RawConnection, data: bytes, until_closed_s: float) -> bool:
    """Sends a byte every 50 ms; true when the gateway has ended it by then."""
    deadline = time.monotonic() + until_closed_s
    connection.socket.settimeout(0.05)
    for at in range(len(data)):
        try:
            connection.send(data[at : at + 1])
            connection._more()
            return True
        except TimeoutError:
            pass
        except (Closed, ConnectionError):
            return True
        if time.monotonic() > deadline:
            return False
    return False


def test_slow_head(tight):
    """The deadline is absolute: a byte now and then does not move it."""
    with tight.connect() as connection:
        began = time.monotonic()
        assert drip(connection, get(b"A: " + b"x" * 400), 8)
        assert time.monotonic() - began >= 0.6
        connection.socket.settimeout(5)
        check_error(connection.read_reply(), 408, on_api=False)
        assert connection.is_closed()


def test_slow_body(tight):
    customer = tight.customer()
    data = chat_bytes(customer.key, BODY + b" " * 400)
    cut = data.index(b"\r\n\r\n") + 4
    with tight.connect() as connection:
        connection.send(data[:cut])
        assert drip(connection, data[cut:], 8)
        connection.socket.settimeout(5)
        check_error(connection.read_reply(), 408, on_api=False)
        assert connection.is_closed()


def test_idle_connection_is_closed(tight):
    with tight.connect() as connection:
        connection.send(get())
        assert connection.read_reply("GET").status == 200
        assert connection.is_closed(10)


def test_deadlines_do_not_end_a_slow_answer(tight, provider):
    """Head, body and idle time-outs are of the client's bytes, not of its waiting."""
    customer = tight.customer()
    gates = {2: threading.Event()}  # behind the first text: a head alone does not go out
    provider.answer = answers.stream_of(answers.Chat(), gates=gates)
    with tight.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY.replace(b"{", b'{"stream":true,', 1)))
        assert connection.read_head().status == 200
        with pytest.raises(TimeoutError):
            connection.socket.settimeout(2.5)
            while True:
                assert connection.read_chunk()
        gates[2].set()
        connection.socket.settimeout(5)
        while chunk := connection.read_chunk():
            last = chunk
        assert last.endswith(answers.DONE)


@pytest.mark.parametrize("count", [1, 90])
def test_large_head(gateway, count):
    head = get(*[b"A%d: " % index + b"x" * (40_000 // count) for index in range(count)])
    with gateway.connect() as connection:
        connection.send(head)
        check_error(connection.read_reply("GET"), 431, on_api=False)


def test_many_headers(gateway):
    with gateway.connect() as connection:
        connection.send(get(*[b"A%d: x" % index for index in range(500)]))
        check_error(connection.read_reply("GET"), 431, on_api=False)


def test_endless_head(gateway):
    """Without an end, the head is refused when it has become too long."""
    with gateway.connect() as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 200_000)
        check_error(connection.read_reply("GET"), 431, on_api=False)


@pytest.mark.parametrize("how", ["length", "chunked", "expect"])
def test_large_body(tight, provider, how):
    customer = tight.customer()
    body = b" " * 100_001
    data = {
        "length": chat_bytes(customer.key, body),
        "chunked": chunked_chat(customer.key, b"%x\r\n%s" % (len(body), body)),
        "expect": chat_bytes(customer.key, body, {"Expect": "100-continue"})[: -len(body)],
    }[how]
    with tight.connect() as connection:
        try:
            connection.send(data)
        except ConnectionError:
            pass  # refused before all of it was sent
        reply = connection.read_head()
        assert reply.status == 413, "no 100 Continue for a body that is too large"
        reply.body = connection.read_exactly(int(reply.headers["content-length"]))
        check_error(reply, 413, "request_too_large", on_api=False)
    assert provider.requests == []


def test_large_body_without_a_key(gateway):
    """Nobody fills our memory without a key: refused before the body is read."""
    body_bytes = 20_000_000
    data = chat_bytes("llm_sk_wrong", b"").replace(b"h: 0", b"h: %d" % body_bytes)
    with gateway.connect() as connection:
        connection.send(data)
        reply = connection.read_reply()
        check_error(reply, 401, "invalid_api_key", on_api=False)
        assert connection.is_closed()


# ---- what clients do while we reply ----


@pytest.fixture
def replying(gateway, customer, provider):
    """A connection whose stream waits for the provider: its end ends the call."""
    provider.answer = answers.silence()
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY.replace(b"{", b'{"stream":true,', 1)))
        provider.wait_for_requests(1)
        yield connection


def test_one_pipelined_byte_while_replying(gateway, replying, provider):
    """A client may pipeline (RFC 9112, 9.3.2); what it sends while we reply waits, and its leaving
    is noticed."""
    replying.send(b"G")
    assert provider.last.gone_at is None
    assert gateway.is_alive()
    replying.close()
    wait_until(lambda: provider.last.gone_at, 5, "the upstream call's end")
    assert gateway.is_alive()


@pytest.mark.parametrize("data", [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 1000])
def test_flood_while_replying(gateway, replying, data):
    """What is sent meanwhile is not gathered in memory without bound."""
    before = gateway.rss_bytes()
    replying.socket.setblocking(False)
    sent, deadline = 0, time.monotonic() + 2
    block = data * (1_000_000 // len(data))
    while time.monotonic() < deadline and sent < 300_000_000:
        try:
            sent += replying.socket.send(block)
        except (BlockingIOError, ConnectionError):
            time.sleep(0.002)
    growth = gateway.rss_bytes() - before
    bound = 50_000_000 if is_sanitized() else 20_000_000  # with what was freed and kept aside
    assert growth < bound, f"{growth} bytes more after {sent} bytes"
    assert gateway.is_alive()


def test_descriptor_stays_ours(gateway, customer, provider):
    """A connection that was reset before it was accepted, or at any moment later, costs nothing."""
    provider.answer = answers.chat()
    data = chat_bytes(customer.key, BODY)
    for cut in (0, 1, 20, len(data) - 10, len(data)):
        connection = RawConnection(gateway.address)
        connection.send(data[:cut])
        connection.reset()
    assert customer.post(BODY).status_code == 200


def test_garbage(gateway):
    """Whatever arrives: an answer or the end, never a crash."""
    pieces = [
        b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100, b"\xff" * 40000, b"\r\n" * 10 + get(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-x\r\n", b"{}",
    ]  # fmt: skip
    for data in pieces:
        with gateway.connect() as connection:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            connection.read_to_end()
    assert gateway.is_alive()
