"""A provider that takes uploads as the test wants it to: it reads in pieces, waits where it is
told, and keeps a digest and a length of a body, not its bytes. One thread a connection."""

import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from wait import wait_until

PIECE_BYTES = 64 * 1024
TEXT = b'{"text":"Hello."}'


def ok(body: bytes = TEXT, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


@dataclass
class Upload:
    """What has come of one request. Read from any thread."""

    head: bytes = b""
    connection: socket.socket | None = None
    bytes: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    begin: bytes = b""
    whole: bool = False
    ended: bool = False  # the gateway has closed, or has its answer

    @property
    def length(self) -> int | None:
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", self.head)
        return int(found[1]) if found else None

    @property
    def chunked(self) -> bool:
        return b"transfer-encoding: chunked" in self.head.lower()

    def take(self, data: bytes) -> None:
        self.bytes += len(data)
        self.digest.update(data)
        self.begin += data[: 4096 - len(self.begin)] if len(self.begin) < 4096 else b""


class UploadProvider:
    """`plan(upload, read)` reads with read(), which gives pieces and b"" at the end. It returns the
    answer's bytes; None: it just closes."""

    def __init__(self, tls: ssl.SSLContext | None = None):
        self.tls = tls
        self.plan: Callable = read_all
        self.uploads: list[Upload] = []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE_BYTES)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    def wait_for(self, count: int) -> Upload:
        wait_until(lambda: len(self.uploads) >= count, 10, f"{count} uploads")
        return self.uploads[count - 1]

    def close(self) -> None:
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        upload = Upload()
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rb", buffering=0)
            while not upload.head.endswith(b"\r\n\r\n"):
                byte = stream.read(1)
                if not byte:
                    return
                upload.head += byte
            upload.connection = connection
            self.uploads.append(upload)
            answer = self.plan(upload, reader(upload, stream))
            if answer:
                connection.sendall(answer)
                drain(connection)
        except OSError:
            pass
        finally:
            upload.ended = True
            connection.close()


def drain(connection: socket.socket) -> None:
    """To close with unread bytes would be a reset, which can overtake the answer."""
    connection.settimeout(10)
    while connection.recv(PIECE_BYTES):
        pass


def reader(upload: Upload, stream) -> Callable[[], bytes]:
    chunk_left = 0

    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count and (more := stream.read(count - len(data))):
            data += more
        return data

    def piece() -> bytes:
        nonlocal chunk_left
        if not upload.chunked:
            return stream.read(min(PIECE_BYTES, upload.length - upload.bytes))
        if chunk_left == 0:
            line = b""
            while not line.endswith(b"\r\n"):
                byte = stream.read(1)
                if not byte:
                    return b""
                line += byte
            chunk_left = int(line, 16)
            if chunk_left == 0:
                upload.whole = exactly(2) == b"\r\n"
                return b""
        data = stream.read(min(PIECE_BYTES, chunk_left))
        chunk_left -= len(data)
        if data and chunk_left == 0 and exactly(2) != b"\r\n":
            raise ConnectionResetError  # cut
        return data

    def read() -> bytes:
        if upload.whole or (not upload.chunked and upload.bytes == upload.length):
            upload.whole = True
            return b""
        data = piece()
        upload.take(data)
        if not upload.chunked and upload.bytes == upload.length:
            upload.whole = True
        return data

    return read


def read_all(upload: Upload, read: Callable) -> bytes | None:
    while read():
        pass
    return ok() if upload.whole else None
