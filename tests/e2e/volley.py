"""Many chat completions that the gateway finds waiting at the same moment."""

import selectors
import signal
import socket
import time
from collections.abc import Callable
from decimal import Decimal

from prices import usd
from rawhttp import Reply, chat_bytes, reply_of
from sse import chunks, is_done

CLOSE = {"Connection": "close"}  # so that the end of a reply is the end of its connection
COLLECT_TIMEOUT_S = 30


def cost_of(reply) -> Decimal:
    """What a whole answer says that it cost."""
    if "x-llm-cost" in reply.headers:
        assert usd(reply.headers["x-llm-cost"]) == usd(reply.json["usage"]["cost"])
        return usd(reply.headers["x-llm-cost"])
    assert is_done(reply.body)
    return usd(chunks(reply.body)[-1]["usage"]["cost"])


class Volley:
    """Each request on a connection of its own, sent but for its last byte. fire() sends these
    while the gateway is stopped: when it goes on, all requests are complete, and its workers race
    for what they want."""

    def __init__(self, gateway, asks: list[tuple[str, bytes]], stop: bool = True):
        """Asks are keys and bodies."""
        self._gateway = gateway
        self._stop = stop
        self.count = len(asks)
        self.replies: dict[int, Reply] = {}  # by the number of the ask
        self._received = [bytearray() for _ in asks]
        self._selector = selectors.DefaultSelector()
        self._ends = []
        for number, (key, body) in enumerate(asks):
            data = chat_bytes(key, body, CLOSE)
            connection = socket.create_connection(gateway.address)
            connection.sendall(data[:-1])
            self._ends.append((connection, data[-1:]))
            self._selector.register(connection, selectors.EVENT_READ, number)

    def fire(self) -> "Volley":
        if self._stop:
            self._gateway.signal(signal.SIGSTOP)
        try:
            for connection, end in self._ends:
                connection.sendall(end)
        finally:
            self._gateway.signal(signal.SIGCONT)
        return self

    def collect(self, enough: Callable[[], bool] | None = None) -> dict[int, Reply]:
        """Reads replies until there are enough, or all."""
        deadline = time.monotonic() + COLLECT_TIMEOUT_S
        while len(self.replies) < self.count and not (enough and enough()):
            assert time.monotonic() < deadline, f"{len(self.replies)} of {self.count} answered"
            for ready, _ in self._selector.select(0.02):
                self._read(ready.fileobj, ready.data)
        return self.replies

    def _read(self, connection: socket.socket, number: int) -> None:
        data = connection.recv(65536)
        self._received[number] += data
        if data:
            return
        self._selector.unregister(connection)
        connection.close()
        self.replies[number] = reply_of(bytes(self._received[number]))
