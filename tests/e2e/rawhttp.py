"""HTTP/1.1 by hand: exactly these bytes to the gateway, and what exactly came back."""

import json
import socket
import ssl
import struct
from dataclasses import dataclass, field

TLS = ssl.SSLContext | None


class Closed(Exception):
    """The connection ended before the answer did."""


@dataclass
class Reply:
    status: int
    version: str
    headers: dict[str, str]
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)  # HTTP chunks, where it was chunked

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class RawConnection:
    """One socket to the gateway."""

    def __init__(
        self, address: tuple[str, int], timeout: float = 15, tls: TLS = None, source: str = ""
    ):
        """`source`: the address of this machine that it comes from."""
        self.socket = socket.create_connection(address, timeout, (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        self.buffer = b""

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    # ---- writing ----

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    # ---- reading ----

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to and with the mark."""
        while mark not in self.buffer:
            self._more()
        data, _, self.buffer = self.buffer.partition(mark)
        return data + mark

    def read_exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_head(self) -> Reply:
        lines = self.read_until(b"\r\n\r\n")[:-4].decode("latin-1").split("\r\n")
        version, status, _ = (lines[0] + " ").split(" ", 2)
        pairs = (line.split(":", 1) for line in lines[1:])
        headers = {name.lower(): value.strip() for name, value in pairs}
        return Reply(int(status), version, headers)

    def read_chunk(self) -> bytes:
        """One HTTP chunk; empty: the last."""
        size = int(self.read_until(b"\r\n").split(b";")[0], 16)
        data = self.read_exactly(size)
        assert self.read_exactly(2) == b"\r\n"
        return data

    def read_reply(self, method: str = "POST") -> Reply:
        reply = self.read_head()
        while reply.status == 100:
            reply = self.read_head()
        if method == "HEAD" or reply.status in (204, 304):
            return reply
        if reply.headers.get("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                reply.chunks.append(chunk)
            reply.body = b"".join(reply.chunks)
        elif "content-length" in reply.headers:
            reply.body = self.read_exactly(int(reply.headers["content-length"]))
        else:
            reply.body = self.read_to_end()
        return reply

    def read_to_end(self) -> bytes:
        try:
            while True:
                self._more()
        except (Closed, ConnectionResetError):
            data, self.buffer = self.buffer, b""
            return data

    def is_closed(self, timeout: float = 5) -> bool:
        """True when the gateway closes the connection without another byte."""
        self.socket.settimeout(timeout)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


class Recorded(RawConnection):
    """What a connection has brought from beginning to end, to be read as if it still came."""

    def __init__(self, data: bytes):
        self.buffer = data

    def _more(self) -> None:
        raise Closed(self.buffer)


def reply_of(data: bytes) -> Reply:
    """The one reply that these bytes are. Closed: it is not whole."""
    recorded = Recorded(data)
    reply = recorded.read_reply()
    assert recorded.buffer == b"", "bytes behind the reply"
    return reply


def request_bytes(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    fields = {"Host": "gateway.test", **(headers or {})}
    if body is not None:
        fields.setdefault("Content-Type", "application/json")
        fields.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def chat_bytes(key: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {"Authorization": f"Bearer {key}", **(headers or {})}
    return request_bytes("POST", "/api/v1/chat/completions", fields, body)
