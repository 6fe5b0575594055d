"""HTTP/2 in front of the fake provider: each stream is a connection of its own to it, which reads
and writes HTTP/1.1 as ever. What a test does to its connection (cut, reset) happens to all of
HTTP/2's."""

import asyncio
import functools

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated

HIGH_BYTES = 64 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class StreamTransport:
    """What asyncio's transport is for a connection of HTTP/1.1: takes an answer as bytes."""

    def __init__(self, front: "Front", stream: int):
        self.front = front
        self.stream = stream
        self.raw = bytearray()  # not understood yet
        self.pending = bytearray()  # not sent yet
        self.left: int | None = None  # bytes of the body; None: until the end
        self.in_body = self.chunked = self.ended = self.closed = False

    # ---- asyncio's names ----

    def write(self, data: bytes) -> None:
        self.raw += data
        if not self.in_body and not b"HTTP/1.1 ".startswith(self.raw[:9]):
            self._garble()  # no HTTP at all
        while not self.in_body and b"\r\n\r\n" in self.raw:
            self._send_head()
        if self.in_body:
            self._take_body()
            self.pump()

    def close(self) -> None:
        """Ends what only the end of the connection ends; else it is a cut."""
        if self.in_body and self.left is None and not self.chunked:
            self.ended = True
            self.pump()
        elif not self.closed and not self.ended:
            self.front.transport.close()

    def abort(self) -> None:
        self.front.transport.abort()

    def is_closing(self) -> bool:
        return self.closed or self.front.transport.is_closing()

    def get_extra_info(self, name: str):
        return self.front.transport.get_extra_info(name)

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    # ---- HTTP/1.1 becomes frames ----

    def _garble(self) -> None:
        """What breaks HTTP/1.1's framing breaks HTTP/2's."""
        self.front.transport.write(bytes(self.raw) + b" is no frame")
        self.raw.clear()

    def _send_head(self) -> None:
        head, _, rest = bytes(self.raw).partition(b"\r\n\r\n")
        self.raw = bytearray(rest)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = first.split(" ")[1]
        pairs = [line.split(":", 1) for line in lines]
        fields = {name.lower().strip(): value.strip() for name, value in pairs}
        self.chunked = fields.get("transfer-encoding") == "chunked"
        self.left = int(fields["content-length"]) if "content-length" in fields else None
        kept = [(name, value) for name, value in fields.items() if name not in HOP_BY_HOP]
        self.front.http.send_headers(self.stream, [(":status", status), *kept])
        self.in_body = not status.startswith("1")
        self.front.flush()

    def _take_body(self) -> None:
        if self.chunked:
            self._take_chunks()
            return
        self.pending += self.raw
        if self.left is not None:
            self.left -= len(self.raw)
            self.ended = self.left <= 0
        self.raw.clear()

    def _take_chunks(self) -> None:
        while b"\r\n" in self.raw:
            line = bytes(self.raw).split(b"\r\n", 1)[0]
            digits = line.split(b";")[0]
            if digits.strip(b"0123456789abcdefABCDEF"):
                self._garble()
                return
            size = int(digits, 16)
            whole = len(line) + 2 + size + 2
            if len(self.raw) < whole:
                return
            self.pending += self.raw[len(line) + 2 : len(line) + 2 + size]
            del self.raw[:whole]
            self.ended = self.ended or size == 0

    def pump(self) -> None:
        """Sends what the windows allow."""
        http = self.front.http
        while self.pending and not self.closed and not self.front.blocked:
            room = min(http.local_flow_control_window(self.stream), http.max_outbound_frame_size)
            if room <= 0:
                break
            http.send_data(self.stream, bytes(self.pending[:room]))
            del self.pending[:room]
            self.front.flush()
        if self.ended and not self.pending and not self.closed:
            self.closed = True
            http.end_stream(self.stream)
            self.front.flush()
        if len(self.pending) > HIGH_BYTES:
            self.connection.pause_writing()
        else:
            self.connection.resume_writing()


class Front(asyncio.Protocol):
    """One connection of HTTP/2. `make` makes the provider's connection for a stream."""

    def __init__(self, make):
        self.make = make
        self.http = H2Connection(H2Configuration(client_side=False))
        # Huffman's code takes half a minute for a large head.
        self.http.encoder.encode = functools.partial(self.http.encoder.encode, huffman=False)
        self.streams: dict[int, StreamTransport] = {}
        self.heads: dict[int, list] = {}
        self.bodies: dict[int, bytearray] = {}
        self.number: int | None = None
        self.blocked = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=HIGH_BYTES)
        assert transport.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self.http.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.transport.write(self.http.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.http.receive_data(data):
            self._take(event)
        self.flush()

    def connection_lost(self, exc) -> None:
        for stream in self.streams.values():
            stream.connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        self._pump_all()

    def _pump_all(self) -> None:
        for stream in list(self.streams.values()):
            stream.pump()

    def _take(self, event) -> None:
        if isinstance(event, RequestReceived):
            self.heads[event.stream_id] = event.headers
            self.bodies[event.stream_id] = bytearray()
        elif isinstance(event, DataReceived):
            self.bodies[event.stream_id] += event.data
            self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self._begin(event.stream_id)
        elif isinstance(event, WindowUpdated):
            self._pump_all()
        elif isinstance(event, StreamReset) and event.stream_id in self.streams:
            stream = self.streams.pop(event.stream_id)
            stream.closed = True
            stream.connection.connection_lost(None)

    def _begin(self, stream: int) -> None:
        """The request as HTTP/1.1 has it."""
        fields = {name.decode(): value.decode() for name, value in self.heads.pop(stream)}
        body = bytes(self.bodies.pop(stream))
        lines = [f"{fields.pop(':method')} {fields.pop(':path')} HTTP/1.1"]
        lines.append(f"host: {fields.pop(':authority')}")
        fields.pop(":scheme")
        fields["content-length"] = str(len(body))
        lines += [f"{name}: {value}" for name, value in fields.items()]
        transport = StreamTransport(self, stream)
        transport.connection = self.make()
        self.number = transport.connection.number if self.number is None else self.number
        transport.connection.number = self.number
        self.streams[stream] = transport
        transport.connection.connection_made(transport)
        transport.connection.data_received(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
