"""Instructions of a request of 100 KB at chat completions and at embeddings, and their ratio within
one gateway and one run (instructions.py).

The requests go one after the other, in turns, through one connection each way. Their texts are the
same. The answers have the same size, and the embedding comes in the encoding that was asked for.
"""

import json
import re
import socket
import threading

from lockstep import read_request

TEXT_BYTES = 100_000
TEXT = ("The quick brown fox jumps over the lazy dog; 42 of them do. " * 2000)[:TEXT_BYTES]
TOKENS = 24_000
VECTOR = "AACAPwAAAD8" * 80 + "AAA="
SHORT = "AACAPwAAAD8="  # of many
MANY = " of 100 texts"
TURNS, REQUESTS = 6, 12  # and a turn before, that does not count
# Of one text, and of many: these have a vector each in the answer, and each is looked at.
RATIO_MAX = {"": 1.1, MANY: 1.6}
ENTRY = """
    ["bench-embedding"] = {
        input = "0.02", context = 32000, endpoints = { "embeddings" },
        candidates = { { provider = "openai" } },
    },
"""
CALLS = {
    "/chat/completions": {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": TEXT}],
    },
    "/embeddings": {"model": "bench-embedding", "input": TEXT, "encoding_format": "base64"},
    "/chat/completions" + MANY: {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": text} for text in re.findall(".{1000}", TEXT)],
    },
    "/embeddings" + MANY: {
        "model": "bench-embedding",
        "input": re.findall(".{1000}", TEXT),
        "encoding_format": "base64",
    },
}


def answer_of(path, count):
    """With `count` vectors, or a text of as many bytes."""
    vector = VECTOR if count == 1 else SHORT
    data = [{"object": "embedding", "index": at, "embedding": vector} for at in range(count)]
    said = (SHORT[:11] * 100 * count)[: len(json.dumps(data))]
    usage = {"prompt_tokens": TOKENS, "completion_tokens": 0, "total_tokens": TOKENS}
    if path.endswith(b"/embeddings"):
        body = {"object": "list", "data": data, "model": "bench-embedding", "usage": usage}
    else:
        message = {"role": "assistant", "content": said}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
                "choices": choices, "usage": usage}  # fmt: skip
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return head.encode() + b"\r\n" + text


class Provider:
    """Answers one request after the other."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection:
            while request := read_request(connection):
                body = json.loads(request.split(b"\r\n\r\n", 1)[1])
                texts = body.get("input") or body["messages"]
                count = len(texts) if isinstance(texts, list) else 1
                connection.sendall(answer_of(request.split(b" ", 2)[1], count))


def sell_embeddings(gateway):
    """Adds the model to the gateway's policies, before it starts."""
    gateway.add_to_policy("models.lua", ENTRY)


class Client:
    def __init__(self, gateway):
        self.key = gateway.books.keys_path.read_text().split()[0]
        self.connection = socket.create_connection(("127.0.0.1", gateway.port), 60)

    def ask(self, name):
        body = json.dumps(CALLS[name], separators=(",", ":"))
        path = "/v1" + name.split()[0]
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.connection.sendall(head.encode() + body.encode())
        reply = read_request(self.connection)
        if not reply.startswith(b"HTTP/1.1 200") or SHORT[:11].encode() not in reply:
            raise RuntimeError(f"no good answer: {reply[:1000]!r}")


def count(counter):
    """Instructions a request, by call: all turns together, because the ledger writes batches of
    several turns' requests."""
    client = Client(counter.gateway)
    found = dict.fromkeys(CALLS, 0)
    counter.take()
    for turn in range(TURNS + 1):
        for name in CALLS:
            for _ in range(REQUESTS):
                client.ask(name)
            instructions = counter.take()
            found[name] += instructions if turn > 0 else 0
    return {name: total / TURNS / REQUESTS for name, total in found.items()}


def ratios(counts):
    """Embeddings to chat completions, by form: one text, and many."""
    return {form: counts["/embeddings" + form] / counts["/chat/completions" + form]
            for form in ("", MANY)}  # fmt: skip
