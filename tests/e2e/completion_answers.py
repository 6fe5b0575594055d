"""What a server of OpenAI's older completions answers, whole or streamed as asked: openai 3.57.0
(PyPI), `types/completion.py`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import answers
from answers import DONE, Usage


@dataclass(frozen=True)
class Text:
    """Each prompt is gone on with `n` times."""

    pieces: Sequence[str] = (" brown", " fox")
    usage: Usage | None = field(default_factory=Usage)
    finish_reason: str = "stop"
    default_tokens: int = 16

    def _count(self, asked: dict) -> int:
        prompt = asked.get("prompt") or ""
        listed = isinstance(prompt, list) and not (prompt and isinstance(prompt[0], int))
        return (len(prompt) if listed else 1) * (asked.get("n") or 1)

    def _said(self, asked: dict) -> Sequence[str]:
        echoed = asked.get("echo") and isinstance(asked.get("prompt"), str)
        return (asked["prompt"], *self.pieces) if echoed else self.pieces

    def _body(self, asked: dict, choices: list, **members) -> bytes:
        body = {"id": "cmpl-1", "object": "text_completion", "created": 1741569952,
                "choices": choices, "model": asked["model"], **members}  # fmt: skip
        return json.dumps(body, separators=(",", ":")).encode()

    def _choice(self, index: int, text: str, reason: str | None) -> dict:
        return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}

    def body(self, asked: dict) -> bytes:
        text = "".join(self._said(asked))
        choices = [self._choice(i, text, self.finish_reason) for i in range(self._count(asked))]
        usage = {"usage": self.usage.as_json()} if self.usage else {}
        return self._body(asked, choices, **usage)

    def events(self, asked: dict) -> list[bytes]:
        indexes = range(self._count(asked))
        told = self.usage is not None and (asked.get("stream_options") or {}).get("include_usage")
        null = {"usage": None} if told else {}
        said = [
            self._body(asked, [self._choice(index, piece, None)], **null)
            for piece in self._said(asked)
            for index in indexes
        ]
        said += [self._body(asked, [self._choice(i, "", self.finish_reason)], **null)
                 for i in indexes]  # fmt: skip
        if told:
            said.append(self._body(asked, [], usage=self.usage.as_json()))
        return [b"data: " + data + b"\n\n" for data in said] + [DONE]


def text(**changes):
    """The usual answer: whole or streamed, as asked."""
    made = Text(**changes)

    async def answer(connection, request) -> None:
        asked = request.json
        if asked.get("stream"):
            await answers.stream(made.events(asked))(connection, request)
        else:
            await answers.reply(200, made.body(asked))(connection, request)

    return answer


def events_of(made: Text, **how):
    """answers.stream() of its events."""

    async def answer(connection, request) -> None:
        await answers.stream(made.events(request.json), **how)(connection, request)

    return answer
