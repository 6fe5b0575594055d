"""A provider that speaks HTTP/2 over TLS and nothing else: one thread, a few connections, streams
that the test ends when it wants."""

import asyncio
import json
import ssl
import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

CHUNK = {
    "id": "chatcmpl-h2",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "over-h2",
    "choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}],
}


def _event(document: dict) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


class Connection(asyncio.Protocol):
    """Answers each request with one content chunk at once; the rest comes with finish()."""

    def __init__(self, provider: "H2Provider"):
        self.provider = provider
        self.http = H2Connection(H2Configuration(client_side=False))

    def connection_made(self, transport) -> None:
        self.transport = transport
        tls = transport.get_extra_info("ssl_object")
        self.provider.connections.append((tls.selected_alpn_protocol(), tls.version()))
        self.http.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.transport.write(self.http.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.http.receive_data(data):
            self.take(event)
        self.flush()

    def take(self, event) -> None:
        if isinstance(event, RequestReceived):
            self.body = bytearray()
            self.provider.requests.append((dict(event.headers), self.body))
        elif isinstance(event, DataReceived):
            self.body.extend(event.data)
            self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.begin(event.stream_id)

    def begin(self, stream: int) -> None:
        head = [(":status", "200"), ("content-type", "text/event-stream")]
        self.http.send_headers(stream, head)
        self.http.send_data(stream, _event(CHUNK))
        self.provider.open.append((self, stream))

    def connection_lost(self, _error) -> None:
        self.provider.lost += 1

    def finish(self, stream: int) -> None:
        if self.transport.is_closing():
            return
        last = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        self.http.send_data(stream, _event(last))
        self.http.send_data(stream, _event({**CHUNK, "choices": [], "usage": usage}))
        self.http.send_data(stream, b"data: [DONE]\n\n", end_stream=True)
        self.flush()


class H2Provider:
    def __init__(self, certificate, key):
        self.connections: list[tuple[str, str]] = []
        self.requests: list[tuple[dict, bytearray]] = []
        self.open: list[tuple[Connection, int]] = []
        self.lost = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2"])
        self._loop = asyncio.new_event_loop()
        start = self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=context)
        self._server = self._loop.run_until_complete(start)
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def finish_all(self) -> None:
        for connection, stream in self.open:
            self._loop.call_soon_threadsafe(connection.finish, stream)
        self.open = []

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
