"""What a provider of Anthropic's Messages API answers, as its documentation and the SDK's types of
October 2026 (anthropic 2.14.0) have it."""

import json
from dataclasses import dataclass, field

from answers import reply, stream


def named(kind: str, **members) -> bytes:
    """An event as Anthropic writes it."""
    data = json.dumps({"type": kind, **members}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def error_event(kind: str, message: str) -> bytes:
    return named("error", error={"type": kind, "message": message}, request_id="req_theirs")


@dataclass(frozen=True)
class Message:
    """One message; asked with `stream` it comes in events."""

    pieces: tuple[str, ...] = ("Hello", " there", "!")
    thinking: tuple[str, ...] = ()
    tool: dict | None = None  # {"name":, "input":}, and perhaps its "id"
    input_tokens: int = 19
    output_tokens: int = 10
    usage: dict = field(default_factory=dict)  # more counts
    stop_reason: str = "end_turn"
    model: str | None = None
    ping: bool = True

    @property
    def blocks(self) -> list[dict]:
        found: list[dict] = []
        if self.thinking:
            text = "".join(self.thinking)
            found.append({"type": "thinking", "thinking": text, "signature": "c2lnbmF0dXJl"})
        if self.pieces:
            found.append({"type": "text", "text": "".join(self.pieces), "citations": None})
        if self.tool:
            found.append({"type": "tool_use", "id": "toolu_01", **self.tool})
        return found

    def _usage(self, output_tokens: int) -> dict:
        return {"input_tokens": self.input_tokens, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0, **self.usage, "output_tokens": output_tokens,
                "service_tier": "standard"}  # fmt: skip

    def _head(self, asked: dict) -> dict:
        return {"id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant",
                "model": self.model or asked["model"]}  # fmt: skip

    def body(self, asked: dict) -> bytes:
        message = {
            **self._head(asked),
            "content": self.blocks,
            "stop_reason": "tool_use" if self.tool else self.stop_reason,
            "stop_sequence": None,
            "usage": self._usage(self.output_tokens),
        }
        return json.dumps(message).encode()

    def _deltas(self, block: dict) -> tuple[dict, list[dict]]:
        """How a block starts, and what is added to it."""
        if block["type"] == "thinking":
            pieces = [{"type": "thinking_delta", "thinking": piece} for piece in self.thinking]
            pieces.append({"type": "signature_delta", "signature": block["signature"]})
            return {"type": "thinking", "thinking": "", "signature": ""}, pieces
        if block["type"] == "tool_use":
            text = json.dumps(block["input"])
            parts = [text[at : at + 7] for at in range(0, len(text), 7)]
            pieces = [{"type": "input_json_delta", "partial_json": part} for part in ["", *parts]]
            return {**block, "input": {}}, pieces
        return {"type": "text", "text": ""}, [
            {"type": "text_delta", "text": piece} for piece in self.pieces
        ]

    def events(self, asked: dict) -> list[bytes]:
        start = {**self._head(asked), "content": [], "stop_reason": None, "stop_sequence": None,
                 "usage": self._usage(1)}  # fmt: skip
        events = [named("message_start", message=start)]
        for index, block in enumerate(self.blocks):
            first, pieces = self._deltas(block)
            events.append(named("content_block_start", index=index, content_block=first))
            if self.ping and index == 0:
                events.append(named("ping"))
            events += [named("content_block_delta", index=index, delta=piece) for piece in pieces]
            events.append(named("content_block_stop", index=index))
        reason = "tool_use" if self.tool else self.stop_reason
        delta = {"stop_reason": reason, "stop_sequence": None}
        usage = {**self.usage, "output_tokens": self.output_tokens}
        events.append(named("message_delta", delta=delta, usage=usage))
        return [*events, named("message_stop")]


def message(**changes):
    """The usual answer: whole or in events, as asked."""
    said = Message(**changes)

    async def answer(connection, request) -> None:
        asked = request.json
        if asked.get("stream"):
            await stream(said.events(asked))(connection, request)
        else:
            await reply(200, said.body(asked))(connection, request)

    return answer


def error(status: int, kind: str, text: str, headers=None):
    body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_theirs"}
    return reply(status, json.dumps(body).encode(), headers)
