"""A provider of which every byte is chosen by the test.

One asyncio loop in a thread, HTTP/1.1 spoken by hand. A test sets `provider.answer` (or one for a
model with `provider.script`) to an async function `answer(connection, request)`; answers.py has the
usual ones. Everything that arrives is in `provider.requests`, but for GETs: these are in
`provider.gets`, and are answered by `provider.pages`, a function for each path.
"""

import asyncio
import contextlib
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from h2_front import Front
from wait import wait_until

OUTPUT_HIGH_BYTES = 64 * 1024


@dataclass
class Received:
    """One request as it came, and what became of its reply. Read from any thread."""

    head: bytes
    body: bytes
    at: float
    connection: int
    sent_bytes: int = 0
    gone_at: float | None = None  # the gateway closed before the answer function had returned
    ended_at: float | None = None
    marks: dict = field(default_factory=dict)  # for answers to tell tests something

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(":", 1) for line in lines if line)
        return {name.lower(): value.strip() for name, value in pairs}

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def model(self) -> str | None:
        if named := re.search(r"/models/([^:/?]+):", self.path):  # Gemini's
            return named[1]
        if named := re.search(rb'; name="model"\r\n\r\n([^\r]+)\r\n', self.body):  # a form's
            return named[1].decode()
        try:
            return self.json.get("model")
        except (ValueError, AttributeError):
            return None


class Gone(Exception):
    """The gateway has closed the connection."""


class Gate:
    """Opened by the test; hundreds of answers may wait for it. (Each that waits for a
    threading.Event asks it again and again.)"""

    def __init__(self, provider: "Provider"):
        self._provider = provider
        self._opened = asyncio.Event()

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_) -> None:
        """Nobody is left waiting, though the test has failed."""
        self.set()

    def set(self) -> None:
        self._provider.loop.call_soon_threadsafe(self._opened.set)

    async def wait(self) -> None:
        await self._opened.wait()


class Connection(asyncio.Protocol):
    """The provider's side of one connection; answers write through it."""

    count = 0

    def __init__(self, provider: "Provider"):
        Connection.count += 1
        self.number = Connection.count
        self.provider = provider
        self.buffer = bytearray()
        self.more = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.gone = asyncio.Event()
        self.gone_at: float | None = None
        self.close_after = False
        self.current: Received | None = None

    # ---- asyncio.Protocol ----

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(high=OUTPUT_HIGH_BYTES)
        self.provider.connections.add(self)
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data):
        self.buffer += data
        self.more.set()

    def eof_received(self):
        self._note_gone()
        return False

    def connection_lost(self, exc):
        self._note_gone()
        self.provider.connections.discard(self)

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    def _note_gone(self):
        if self.gone_at is None:
            self.gone_at = time.monotonic()
        if self.current is not None and self.current.gone_at is None:
            self.current.gone_at = self.gone_at
        self.gone.set()
        self.more.set()
        self.writable.set()

    # ---- what answers use ----

    async def send(self, data: bytes) -> None:
        """Writes and waits until the output is below its high mark. Raises Gone."""
        if self.gone.is_set():
            raise Gone
        self.transport.write(data)
        if self.current is not None:
            self.current.sent_bytes += len(data)
        await self.writable.wait()
        await asyncio.sleep(0)  # or the loop would never learn that the gateway has left

    async def pause(self, seconds: float) -> None:
        """Lets time pass, or raises Gone as soon as the gateway leaves."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.gone.wait(), seconds)
        if self.gone.is_set():
            raise Gone

    async def until(self, gate: "threading.Event | Gate") -> None:
        """Waits until the test opens the gate."""
        if isinstance(gate, Gate):
            await gate.wait()
            return
        while not gate.is_set():
            await self.pause(0.003)

    def reset(self) -> None:
        """Closes with a RST."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_after = True
        self.transport.abort()

    def close(self) -> None:
        """Closes with a FIN after what was written."""
        self.close_after = True
        self.transport.close()

    # ---- requests ----

    async def _serve(self):
        try:
            while not self.close_after:
                request = await self._read_request()
                if request is None:
                    break
                await self._answer(request)
        except Gone:
            pass
        finally:
            if not self.transport.is_closing():
                self.transport.close()

    async def _answer(self, request: Received) -> None:
        self.current = request
        self.provider.note(request)
        try:
            await self.provider.answer_for(request)(self, request)
        except Exception as error:
            if not isinstance(error, Gone):
                self.provider.failures.append(error)
            raise
        finally:
            request.ended_at = time.monotonic()
            self.current = None

    async def _take(self, found: Callable[[], int]) -> bytes | None:
        while (size := found()) < 0:
            if self.gone.is_set():
                return None
            self.more.clear()
            await self.more.wait()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    async def _read_request(self) -> Received | None:
        def head_size():
            at = self.buffer.find(b"\r\n\r\n")
            return at + 4 if at >= 0 else -1

        head = await self._take(head_size)
        if head is None:
            return None
        request = Received(head[:-4], b"", time.monotonic(), self.number)
        wanted = int(request.headers.get("content-length", 0))
        if "100-continue" in request.headers.get("expect", ""):
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self._take(lambda: wanted if len(self.buffer) >= wanted else -1)
        if body is None:
            return None
        request.body = body
        return request


Answer = Callable[[Connection, Received], Awaitable[None]]


async def not_found(connection: Connection, request: Received) -> None:
    await connection.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found")


class Provider:
    """Start, stop, script and journal."""

    def __init__(
        self,
        default: Answer,
        certificate: Path | None = None,
        key: Path | None = None,
        http2: bool = False,
        address: str = "127.0.0.1",
    ):
        self.default = default
        self.address = address
        self.http2 = http2
        self.certificate = certificate  # with it: over TLS
        self.tls = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate, key)
        if http2:
            self.tls.set_alpn_protocols(["h2"])
        self.requests: list[Received] = []
        self.gets: list[Received] = []
        self.pages: dict[str, Answer] = {}
        self.failures: list[Exception] = []  # of answer functions: faults of the test itself
        self.connections: set[Connection] = set()
        self._queue: list[Answer] = []
        self._models: dict[str, Answer] = {}
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._socket = socket.create_server((address, 0), backlog=1024)
        self.port = self._socket.getsockname()[1]
        self._run(self._listen())

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.address}:{self.port}/v1"

    # ---- scripting ----

    def reset(self) -> None:
        """Back to the default answer, an empty journal and no connections."""
        self._queue.clear()
        self._models.clear()
        self.answer = self.default
        self.requests.clear()
        self.gets.clear()
        self.pages.clear()
        self.failures.clear()

    answer: Answer

    def script(self, model: str, answer: Answer) -> None:
        self._models[model] = answer

    def then(self, *answers: Answer) -> None:
        """The next requests get these, in order; then `answer` again."""
        self._queue.extend(answers)

    def answer_for(self, request: Received) -> Answer:
        if request.line.startswith("GET "):
            return self.pages.get(request.path, not_found)
        if self._queue:
            return self._queue.pop(0)
        return self._models.get(request.model) or self.answer

    def note(self, request: Received) -> None:
        (self.gets if request.line.startswith("GET ") else self.requests).append(request)

    # ---- waiting ----

    def wait_for_requests(self, count: int, timeout: float = 10) -> list[Received]:
        wait_until(lambda: len(self.requests) >= count, timeout, f"{count} upstream requests")
        return self.requests[:count]

    @property
    def last(self) -> Received:
        return self.requests[-1]

    # ---- the listener ----

    @contextlib.contextmanager
    def refusing(self):
        """Nobody listens on the port meanwhile; idle connections are closed."""
        self._run(self._close_listener())
        try:
            yield
        finally:
            self._socket = socket.create_server(("127.0.0.1", self.port), backlog=1024)
            self._run(self._listen())

    def close_connections(self) -> None:
        self._run(self._close_connections())

    def stop(self) -> None:
        self._run(self._close_listener())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)

    async def _listen(self):
        def make():
            return Front(lambda: Connection(self)) if self.http2 else Connection(self)

        self._server = await self.loop.create_server(
            make, sock=self._socket, ssl=self.tls, backlog=1024
        )
        if not hasattr(self, "answer"):
            self.answer = self.default

    async def _close_listener(self):
        self._server.close()
        await self._close_connections()

    async def _close_connections(self):
        for connection in list(self.connections):
            connection.transport.abort()
        while self.connections:
            await asyncio.sleep(0.001)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)
