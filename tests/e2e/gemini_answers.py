"""What a provider of Gemini's API answers, as the types of google-genai 3.6.1 have it."""

import json
from dataclasses import dataclass, field

from answers import reply, stream


@dataclass(frozen=True)
class Content:
    """One answer; asked to stream it comes in chunks."""

    pieces: tuple[str, ...] = ("Hello", " there", "!")
    thoughts: tuple[str, ...] = ()
    tool: dict | None = None  # {"name":, "input":}
    input_tokens: int = 19
    output_tokens: int = 10
    usage: dict = field(default_factory=dict)  # more counts
    finish_reason: str = "STOP"
    model: str = "gemini-test"

    def _usage(self, output_tokens: int) -> dict:
        total = self.input_tokens + output_tokens
        return {"promptTokenCount": self.input_tokens, "candidatesTokenCount": output_tokens,
                "totalTokenCount": total, **self.usage}  # fmt: skip

    @property
    def parts(self) -> list[dict]:
        found = [{"text": piece, "thought": True} for piece in self.thoughts]
        found += [{"text": piece} for piece in self.pieces]
        if self.tool:
            call = {"name": self.tool["name"], "args": self.tool["input"]}
            found.append({"functionCall": call, "thoughtSignature": "c2lnbmF0dXJl"})
        return found

    def _answer(self, parts: list[dict], output_tokens: int, last: bool) -> dict:
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        if last:
            candidate["finishReason"] = self.finish_reason
        return {"candidates": [candidate], "usageMetadata": self._usage(output_tokens),
                "modelVersion": self.model, "responseId": "resp-1"}  # fmt: skip

    def body(self) -> bytes:
        return json.dumps(self._answer(self.parts, self.output_tokens, True)).encode()

    def events(self) -> list[bytes]:
        parts = self.parts
        found = []
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            data = self._answer([part], self.output_tokens if last else index + 1, last)
            found.append(f"data: {json.dumps(data)}\r\n\r\n".encode())
        return found


def content(**changes):
    """The usual answer: whole or in chunks, as asked."""
    said = Content(**changes)

    async def answer(connection, request) -> None:
        if ":streamGenerateContent" in request.path:
            await stream(said.events())(connection, request)
        else:
            await reply(200, said.body())(connection, request)

    return answer


def error(status: int, word: str, text: str):
    body = {"error": {"code": status, "message": text, "status": word}}
    return reply(status, json.dumps(body).encode())
