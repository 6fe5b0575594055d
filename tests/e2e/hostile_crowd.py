"""Clients that mean no good, each for ever: `HOSTILE[name]` makes one call, again and again."""

import contextlib
import json
import random
import time

import httpx2 as httpx
from rawhttp import Closed, RawConnection, chat_bytes, request_bytes

ADDRESS = "127.0.0.66"  # customers come from elsewhere
IDLE = 300
LONG_NUMBER = "1" * 60_000
MISCOUNTED = "gpt-4"  # the model whose provider claims what it likes
ENDS = (Closed, OSError, TimeoutError)  # refused, or closed: what they deserve


class Attacker:
    """Has an account and a key, like anybody who signs up."""

    def __init__(self, gateway, number: int):
        self.gateway = gateway
        self.rng = random.Random(number)
        self.customer = gateway.customer(credit="5")
        self.web = httpx.Client(
            base_url=gateway.origin, timeout=30, trust_env=False,
            transport=httpx.HTTPTransport(local_address=ADDRESS),
            cookies=self.customer.web.cookies,
        )  # fmt: skip
        self.idle: list[RawConnection] = []

    def connect(self) -> RawConnection:
        return self.gateway.connect(timeout=10, source=ADDRESS)

    def send(self, data: bytes) -> RawConnection:
        connection = self.connect()
        connection.send(data)
        return connection

    # ---- what they do; each returns after a moment ----

    def long_numbers(self) -> None:
        key = {"name": "x", "budget": LONG_NUMBER}
        path, body = self.rng.choice(
            [
                ("/api/keys", json.dumps(key)),
                ("/api/keys", json.dumps(key).replace(f'"{LONG_NUMBER}"', LONG_NUMBER)),
                ("/api/balance/charge", json.dumps({"amount": LONG_NUMBER})),
                ("/api/balance/charge", json.dumps({"amount": "0." + LONG_NUMBER})),
            ]
        )
        headers = {"Content-Type": "application/json", "Origin": self.gateway.origin}
        answer = self.web.post(path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500 or answer.status_code == 503, answer.text
        number = (
            b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}],"max_tokens":%s}'
        )
        with self.send(chat_bytes(self.customer.key, number % LONG_NUMBER.encode())) as connection:
            assert 400 <= connection.read_reply().status < 600

    def idle_connections(self) -> None:
        with contextlib.suppress(*ENDS):
            self.idle.append(self.connect())
            if len(self.idle) % 3 == 0:  # one in three has begun a head
                self.idle[-1].send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        if len(self.idle) > IDLE:
            for connection in self.idle[: IDLE // 2]:
                connection.close()
            del self.idle[: IDLE // 2]

    def held_back_bodies(self) -> None:
        size = self.rng.choice((2_000, 1_000_000))
        path = self.rng.choice(("/api/auth/signin", "/api/v1/chat/completions", "/api/keys"))
        fields = {
            **self.customer.authorization,
            "Content-Type": "application/json",
            "Content-Length": str(size),
        }
        with contextlib.suppress(*ENDS), self.send(request_bytes("POST", path, fields)) as held:
            held.send(b" " * (size - 1))
            held.socket.settimeout(2)
            held.read_reply()

    def password_guessing(self) -> None:
        email = self.rng.choice([self.customer.email, "nobody@example.com", "admin@example.com"])
        body = {"email": email, "password": f"guess {self.rng.random()}"}
        with contextlib.suppress(httpx.HTTPError):
            answer = self.web.post("/api/auth/signin", json=body)
            assert answer.status_code in (401, 429, 503), answer.text

    def leaving(self) -> None:
        body = {
            "model": "gpt-4o-mini",
            "stream": self.rng.random() < 0.5,
            "max_tokens": 20,
            "messages": [{"role": "user", "content": "x" * self.rng.randint(1, 5000)}],
        }
        with contextlib.suppress(*ENDS):
            connection = self.send(chat_bytes(self.customer.key, json.dumps(body).encode()))
            time.sleep(self.rng.uniform(0, 0.05))
            if self.rng.random() < 0.5:
                connection.reset()
            else:
                connection.close()

    def miscounted(self) -> None:
        body = {
            "model": MISCOUNTED,
            "stream": self.rng.random() < 0.5,
            "max_tokens": 5,
            "messages": [{"role": "user", "content": "hi"}],
        }
        with self.send(chat_bytes(self.customer.key, json.dumps(body).encode())) as connection:
            connection.read_reply()

    def close(self) -> None:
        for connection in self.idle:
            connection.close()
        self.idle.clear()
        self.web.close()


# What they do, and how many seconds they leave between two calls.
HOSTILE = {
    "long_numbers": 0.05,
    "idle_connections": 0.01,
    "held_back_bodies": 0.05,
    "password_guessing": 0.02,
    "leaving": 0.02,
    "miscounted": 0.1,
}
EACH = 2
