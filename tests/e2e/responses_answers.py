"""What a provider of OpenAI's Responses API answers, as the types of openai 3.57.0 have it."""

import json
from dataclasses import dataclass, field

from answers import reply, stream


@dataclass(frozen=True)
class Response:
    """One response; asked with `stream` it comes in events."""

    pieces: tuple[str, ...] = ("Hello", " there", "!")
    tool: dict | None = None  # {"name":, "input":}, and perhaps its "id"
    input_tokens: int = 19
    output_tokens: int = 10
    cached_tokens: int = 0
    more: dict = field(default_factory=dict)  # members of the response
    incomplete: str | None = None  # the reason
    name: str = "1"  # in the ids

    @property
    def items(self) -> list[dict]:
        found: list[dict] = []
        if self.pieces:
            part = {"type": "output_text", "text": "".join(self.pieces), "annotations": [],
                    "logprobs": []}  # fmt: skip
            found.append({"type": "message", "id": f"msg_{self.name}", "status": "completed",
                          "role": "assistant", "content": [part]})  # fmt: skip
        if self.tool:
            found.append({"type": "function_call", "id": f"fc_{self.name}",
                          "call_id": self.tool.get("id", "call_1"),
                          "name": self.tool["name"], "status": "completed",
                          "arguments": json.dumps(self.tool["input"])})  # fmt: skip
        return found

    def whole(self, asked: dict, status: str, items: list[dict]) -> dict:
        usage = {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }
        done = status != "in_progress"
        return {"id": f"resp_{self.name}", "object": "response", "created_at": 1741569952,
                "status": status, "background": False, "error": None,
                "instructions": asked.get("instructions"),
                "incomplete_details": self.incomplete and {"reason": self.incomplete},
                "max_output_tokens": asked.get("max_output_tokens"), "model": asked["model"],
                "output": items, "parallel_tool_calls": True, "previous_response_id": None,
                "store": False, "temperature": 1.0, "text": {"format": {"type": "text"}},
                "tool_choice": "auto", "tools": asked.get("tools", []), "top_p": 1.0,
                "truncation": "disabled", "usage": usage if done else None, "metadata": {},
                "service_tier": "default", **self.more}  # fmt: skip

    @property
    def status(self) -> str:
        return "incomplete" if self.incomplete else "completed"

    def body(self, asked: dict) -> bytes:
        return json.dumps(self.whole(asked, self.status, self.items), indent=2).encode()

    def _parts(self, index: int, item: dict):
        """The events inside an item."""
        at = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            text = item["arguments"]
            for start in range(0, len(text), 7):
                yield ("response.function_call_arguments.delta",
                       at | {"delta": text[start : start + 7]})  # fmt: skip
            yield "response.function_call_arguments.done", at | {"arguments": text}
            return
        part, at = item["content"][0], at | {"content_index": 0}
        yield "response.content_part.added", at | {"part": {**part, "text": ""}}
        for piece in self.pieces:
            yield "response.output_text.delta", at | {"delta": piece, "logprobs": []}
        yield "response.output_text.done", at | {"text": part["text"], "logprobs": []}
        yield "response.content_part.done", at | {"part": part}

    def _events(self, asked: dict):
        begun = self.whole(asked, "in_progress", [])
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for index, item in enumerate(self.items):
            empty = {"content": []} if item["type"] == "message" else {"arguments": ""}
            added = {**item, "status": "in_progress", **empty}
            yield "response.output_item.added", {"output_index": index, "item": added}
            yield from self._parts(index, item)
            yield "response.output_item.done", {"output_index": index, "item": item}
        yield f"response.{self.status}", {"response": self.whole(asked, self.status, self.items)}

    def events(self, asked: dict) -> list[bytes]:
        found = []
        for number, (kind, members) in enumerate(self._events(asked)):
            data = json.dumps({"type": kind, "sequence_number": number, **members})
            found.append(f"event: {kind}\ndata: {data}\n\n".encode())
        return found


def response(**changes):
    """The usual answer: whole or in events, as asked."""
    said = Response(**changes)

    async def answer(connection, request) -> None:
        asked = request.json
        if asked.get("stream"):
            await stream(said.events(asked))(connection, request)
        else:
            await reply(200, said.body(asked))(connection, request)

    return answer
