"""What the fake provider can answer: OpenAI's chat completions as OpenAI writes them, and every way
to misbehave. Each factory returns an async function for `provider.answer` or `provider.then`."""

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from fake_provider import Connection, Gate, Received

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
           404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable"}  # fmt: skip
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Usage:
    prompt: int = 19
    completion: int = 10
    cached: int = 0
    reasoning: int = 0

    def as_json(self) -> dict:
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


@dataclass(frozen=True)
class Chat:
    """One chat completion; asked with `stream` it is the same answer in chunks."""

    pieces: tuple[str, ...] = ("Hello", " there", ", how", " may I", " help?")
    usage: Usage | None = field(default_factory=Usage)
    tool_calls: tuple[dict, ...] = ()
    logprobs: bool = False
    finish_reason: str = "stop"
    usage_in_chunks: str = "as asked"  # | "always" | "never" | "twice"
    null_usage: bool = True  # "usage":null in the chunks before, as OpenAI does when asked
    done: bool = True

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def _logprobs(self, piece: str) -> dict:
        entry = {"token": piece, "logprob": -1e-7, "bytes": list(piece.encode())}
        return {"content": [{**entry, "top_logprobs": [entry]}], "refusal": None}

    def _message(self) -> dict:
        message: dict = {"role": "assistant", "content": self.text, "refusal": None}
        if self.tool_calls:
            message |= {"content": None, "tool_calls": list(self.tool_calls)}
        return message | {"annotations": []}

    def body(self, model: str, n: int = 1) -> bytes:
        """As OpenAI writes it: indented, the usage in the middle."""
        choice = {
            "message": self._message(),
            "logprobs": self._logprobs(self.text) if self.logprobs else None,
            "finish_reason": "tool_calls" if self.tool_calls else self.finish_reason,
        }
        answer = {
            "id": "chatcmpl-123",
            "object": "chat.completion",
            "created": 1741569952,
            "model": model,
            "choices": [{"index": index, **choice} for index in range(n)],
        }
        if self.usage is not None:
            answer["usage"] = self.usage.as_json()
        answer |= {"service_tier": "default", "system_fingerprint": None}
        return json.dumps(answer, indent=2).encode() + b"\n"

    def _deltas(self) -> Iterable[tuple[dict, str | None]]:
        yield {"role": "assistant", "content": None if self.tool_calls else "", "refusal": None}, ""
        for index, call in enumerate(self.tool_calls):
            arguments = call["function"]["arguments"]
            head = {**call, "function": {**call["function"], "arguments": ""}}
            yield {"tool_calls": [{"index": index, **head}]}, ""
            for at in range(0, len(arguments), 7):
                part = {"index": index, "function": {"arguments": arguments[at : at + 7]}}
                yield {"tool_calls": [part]}, ""
        if not self.tool_calls:
            for piece in self.pieces:
                yield {"content": piece}, piece

    def events(self, request: dict) -> list[bytes]:
        """The SSE events for a request that asked for a stream."""
        model = request.get("model", "?")
        asked = bool((request.get("stream_options") or {}).get("include_usage"))
        wanted = self.usage is not None and (
            self.usage_in_chunks in ("always", "twice")
            or (self.usage_in_chunks == "as asked" and asked)
        )
        base = {"id": "chatcmpl-123", "object": "chat.completion.chunk", "created": 1741569952,
                "model": model, "service_tier": "default", "system_fingerprint": None}  # fmt: skip
        null = {"usage": None} if wanted and self.null_usage else {}

        def chunk(choices: list, last: dict) -> bytes:
            text = json.dumps({**base, "choices": choices, **last}, separators=(",", ":"))
            return b"data: " + text.encode() + b"\n\n"

        def choice(index: int, delta: dict, piece: str | None, reason: str | None) -> dict:
            probs = self._logprobs(piece) if self.logprobs and piece else None
            return {"index": index, "delta": delta, "logprobs": probs, "finish_reason": reason}

        reason = "tool_calls" if self.tool_calls else self.finish_reason
        count = request.get("n") or 1
        events = [
            chunk([choice(index, delta, piece, None)], null)
            for delta, piece in self._deltas()
            for index in range(count)
        ]
        events += [chunk([choice(index, {}, None, reason)], null) for index in range(count)]
        if wanted:
            events.append(chunk([], {"usage": self.usage.as_json()}))
        if wanted and self.usage_in_chunks == "twice":
            events.insert(-1, chunk([], {"usage": Usage(1, 1).as_json()}))
        return events + ([DONE] if self.done else [])


# ---- writing replies ----


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


JSON_TYPE = {"Content-Type": "application/json"}
SSE_TYPE = {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"}


def reply(status: int, body: bytes, headers: dict[str, str] | None = None, close: bool = False):
    """A whole reply, Content-Length and all."""

    async def answer(connection: Connection, request: Received) -> None:
        fields = {**JSON_TYPE, "Content-Length": str(len(body)), **(headers or {})}
        if close:
            fields["Connection"] = "close"
            connection.close_after = True
        await connection.send(head(status, fields) + body)

    return answer


def for_each_input(answer_of: Callable[[int], Callable]):
    """An answer by how many texts, or lists of tokens, are asked about."""

    async def answer(connection: Connection, request: Received) -> None:
        asked = request.json
        inputs = asked.get("requests") or asked.get("input")
        several = isinstance(inputs, list) and not isinstance(inputs[0], int)
        await answer_of(len(inputs) if several else 1)(connection, request)

    return answer


def error(status: int, message: str, code: str | None, kind: str, headers=None):
    """An error as OpenAI writes it."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return reply(status, json.dumps(body, indent=2).encode(), headers)


def chat(**changes):
    """The usual answer: whole or streamed, as asked."""
    completion = Chat(**changes)

    async def answer(connection: Connection, request: Received) -> None:
        asked = request.json
        if asked.get("stream"):
            await stream(completion.events(asked))(connection, request)
        else:
            body = completion.body(asked.get("model", "?"), asked.get("n") or 1)
            await reply(200, body)(connection, request)

    return answer


def stream(
    events: list[bytes],
    *,
    gap_s: float = 0,
    gates: dict[int, threading.Event | Gate] | None = None,
    ending: str = "clean",
    headers: dict[str, str] | None = None,
):
    """SSE events, each in a chunk of its own. Before event i the gate gates[i] must be open.
    `ending`: clean, cut (FIN without the last chunk), reset (RST) or hang (until the gateway
    leaves)."""

    async def answer(connection: Connection, request: Received) -> None:
        await connection.send(head(200, {**SSE_TYPE, **(headers or {})}))
        for index, event in enumerate(events):
            if gates and index in gates:
                await connection.until(gates[index])
            await connection.send(http_chunk(event))
            request.marks["events"] = index + 1
            if gap_s:
                await connection.pause(gap_s)
        await finish(connection, ending)

    return answer


def behind(gate: Gate, then):
    """Nothing until the test opens the gate, then that answer."""

    async def answer(connection: Connection, request: Received) -> None:
        await connection.until(gate)
        await then(connection, request)

    return answer


async def finish(connection: Connection, ending: str) -> None:
    if ending == "clean":
        await connection.send(b"0\r\n\r\n")
    elif ending == "cut":
        connection.close()
    elif ending == "reset":
        await connection.pause(0.05)  # a RST overtakes what was written just before
        connection.reset()
    elif ending == "hang":
        await connection.pause(3600)


def stream_of(completion: Chat, **how):
    """stream() of that completion's events."""

    async def answer(connection: Connection, request: Received) -> None:
        await stream(completion.events(request.json), **how)(connection, request)

    return answer


def counted_as(text: str, usage: dict, **outer):
    """A completion of this text with this usage as it stands, whole or streamed as asked; `outer`
    are members beside the usage."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body = {"choices": [choice | {"finish_reason": "stop"}], "usage": usage} | outer
    said = [
        {"choices": [{"index": 0, "delta": {"content": text}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage} | outer,
    ]
    events = [b"data: " + json.dumps({"id": "1"} | event).encode() + b"\n\n" for event in said]
    whole, streamed = reply(200, json.dumps(body).encode()), stream([*events, DONE])

    async def answer(connection: Connection, request: Received) -> None:
        await (streamed if request.json.get("stream") else whole)(connection, request)

    return answer


def raw(*pieces: bytes, gap_s: float = 0.002, ending: str = "close"):
    """Exactly these bytes, each piece in a packet of its own."""

    async def answer(connection: Connection, request: Received) -> None:
        for piece in pieces:
            await connection.send(piece)
            await connection.pause(gap_s)
        if ending == "close":
            connection.close()
        elif ending != "keep":
            await finish(connection, ending)

    return answer


def sse_whole(events: list[bytes], chunk_bytes: int | None = None) -> bytes:
    """Head and body of a streamed reply as one run of bytes, to be split anywhere."""
    body = b"".join(events)
    size = chunk_bytes or len(body)
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return head(200, SSE_TYPE) + b"".join(http_chunk(part) for part in parts) + b"0\r\n\r\n"


# ---- misbehaviour ----


def silence():
    """Takes the request and never says a word."""

    async def answer(connection: Connection, request: Received) -> None:
        await connection.pause(3600)

    return answer


def reset_before_head():
    async def answer(connection: Connection, request: Received) -> None:
        connection.reset()

    return answer


def close_before_head():
    async def answer(connection: Connection, request: Received) -> None:
        connection.close()

    return answer


def reset_after_head(streamed: bool):
    fields = SSE_TYPE if streamed else {**JSON_TYPE, "Content-Length": "400"}
    return raw(head(200, fields), gap_s=0.05, ending="reset")


def html(status: int):
    body = b"<html><body><h1>It works! secret-of-the-proxy</h1></body></html>"
    return reply(status, body, {"Content-Type": "text/html"})


def truncated_body():
    """A chunked JSON answer that ends in the middle of a chunk."""
    body = Chat().body("gpt-4o-mini")
    return raw(
        head(200, {**JSON_TYPE, "Transfer-Encoding": "chunked"}),
        b"%x\r\n" % len(body) + body[: len(body) // 2],
    )


def gzipped():
    """A whole answer, compressed though nobody asked for it."""

    async def answer(connection: Connection, request: Received) -> None:
        body = gzip.compress(Chat().body(request.model or "?"))
        await reply(200, body, {"Content-Encoding": "gzip"})(connection, request)

    return answer


def gzipped_stream():
    async def answer(connection: Connection, request: Received) -> None:
        body = gzip.compress(b"".join(Chat().events(request.json)))
        await stream([body], headers={"Content-Encoding": "gzip"})(connection, request)

    return answer


def content_event(text: str, model: str = "gpt-4o-mini") -> bytes:
    request = {"model": model, "stream": True}
    return Chat(pieces=(text,), usage=None).events(request)[1]


def error_event(message: str = "The server had an error", code: str = "server_error") -> bytes:
    body = {"error": {"message": message, "type": "server_error", "param": None, "code": code}}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def padded_event(text: str, padding_bytes: int) -> bytes:
    """A large event with little text: it does not bring a stream to the end of its limit."""
    plain = content_event(text)
    return plain.replace(b"{", b'{"obfuscation": "%s", ' % (b"y" * padding_bytes), 1)


def endless(
    piece_bytes: int = 1000, gap_s: float = 0, limit_bytes: int = 1 << 40, padding_bytes: int = 0
):
    """A stream that does not end by itself; marks["sent"] counts its bytes."""
    first, event = content_event("a"), content_event("x" * piece_bytes)
    if padding_bytes:
        event = padded_event("x", padding_bytes)

    async def answer(connection: Connection, request: Received) -> None:
        await connection.send(head(200, SSE_TYPE) + http_chunk(first))
        sent = 0
        while sent < limit_bytes:
            await connection.send(http_chunk(event))
            sent += len(event)
            request.marks["sent"] = sent
            await (connection.pause(gap_s) if gap_s else asyncio.sleep(0))
        await connection.send(http_chunk(DONE) + b"0\r\n\r\n")

    return answer


def with_usage(usage: Usage) -> "Chat":
    return replace(Chat(), usage=usage)
