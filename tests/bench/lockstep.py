"""Streams in lockstep: a provider and a client in one program, the gateway between them.

The provider sends the next events only when the client has those before. So the gateway reads
exactly as many events at a time as were meant, however busy the machine is, and what they cost can
be counted. Events are what bench_provider sends (provider.c).
"""

import json
import select
import socket

from books import PROMPT_TOKENS

TIMEOUT_S = 60
RECEIVE_BYTES = 65536
PADDING = "oB5fUsc4tIoN7pAdz"
REPLY_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\nx-request-id: req-bench\r\n\r\n"
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
EVENT_HEAD = (
    '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1764000000,'
    '"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_bench","choices":'
)


def chunk(data):
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


def choice(number, delta, finish_reason):
    padding = PADDING[number * 7 % len(PADDING) :]
    return chunk(
        f'{EVENT_HEAD}[{{"index":0,"delta":{delta},"logprobs":null,'
        f'"finish_reason":{finish_reason}}}],"usage":null,"obfuscation":"{padding}"}}'
    )


def word(number):
    role = '"role":"assistant",' if number == 0 else ""
    return choice(number, f'{{{role}"content":" w{number:05d}"}}', "null")


def ending(words):
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": words,
        "total_tokens": PROMPT_TOKENS + words,
    }
    last = f'{EVENT_HEAD}[],"usage":{json.dumps(usage)},"obfuscation":""}}'
    return choice(words, "{}", '"stop"') + chunk(last) + chunk("[DONE]") + b"0\r\n\r\n"


class Provider:
    """Of one gateway. It answers between streams only, and only what begins one."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        return self

    def __exit__(self, *_):
        for open_socket in [self.listener, *self.connections]:
            open_socket.close()

    def await_stream(self):
        """The connection on which a stream was asked for."""
        while True:
            ready, _, _ = select.select([self.listener, *self.connections], [], [], TIMEOUT_S)
            if not ready:
                raise RuntimeError("the gateway asked the provider for nothing")
            for source in ready:
                if source is self.listener:
                    self.connections.append(self._accept())
                elif request := read_request(source):
                    if b'"stream":true' in request:
                        return source
                    source.sendall(NOT_FOUND)
                else:
                    self.connections.remove(source)
                    source.close()

    def _accept(self):
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(TIMEOUT_S)
        return connection


def read_request(connection):
    """Empty when the connection has ended."""
    data = b""
    while got := connection.recv(RECEIVE_BYTES):
        data += got
        head, ended, body = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if ended and len(body) >= int(length or 0):
            return data
    return b""


def ask(gateway, key):
    body = json.dumps(
        {
            "model": "gpt-4o-mini",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": "Go on. " * 100}],
        },
        separators=(",", ":"),
    )
    connection = socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT_S)
    connection.sendall(
        f"POST {gateway.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return connection


class Stream:
    """One stream, both ends of it."""

    def __init__(self, gateway, provider, key):
        self.client = ask(gateway, key)
        self.source = provider.await_stream()
        self.source.sendall(REPLY_HEAD)
        self.words = 0
        self.unread = b""  # the end of what the client received: an event that has begun

    def pass_on(self, count):
        """The provider sends so many events at once; returns when the client has them all."""
        numbers = range(self.words, self.words + count)
        self.source.sendall(b"".join(word(number) for number in numbers))
        while self.words < numbers.stop:
            *events, self.unread = (self.unread + self._receive()).split(b"\n\n")
            self.words += sum(b'"content":" w' in event for event in events)

    def end(self):
        self.source.sendall(ending(self.words))
        while not self.unread.endswith(b"\r\n0\r\n\r\n"):
            self.unread += self._receive()
        self.client.close()
        if b"data: [DONE]\n\n" not in self.unread or b'"error"' in self.unread:
            raise RuntimeError(f"the stream did not end well: {self.unread!r}")

    def _receive(self):
        if not (got := self.client.recv(RECEIVE_BYTES)):
            raise RuntimeError(f"the gateway has closed the stream: {self.unread!r}")
        return got
