"""Reads a whole stream as its dialect's clients do, and insists on what they need: every event is
of the SDK's types, blocks and items are opened before they are written to, and the end is said."""

import json
from dataclasses import dataclass

from anthropic.types import RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

ANTHROPIC = TypeAdapter(RawMessageStreamEvent)
RESPONSES = TypeAdapter(ResponseStreamEvent)


@dataclass
class Read:
    """What a stream has said, and how it ended: "whole" or "error"."""

    text: str = ""
    end: str = ""


def blocks_of(text: str):
    """The name and the data of each event; comments are left out."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    assert blocks.pop() == "", "the last event is not ended"
    for block in blocks:
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if not lines:
            continue
        *names, data = lines
        assert data.startswith("data: "), block
        assert len(names) <= 1
        yield (names[0].removeprefix("event: ") if names else ""), data.removeprefix("data: ")


def read_chat(text: str) -> Read:
    read = Read()
    for _, data in blocks_of(text):
        assert read.end in ("", "error"), "an event behind the end"
        if data == "[DONE]":
            read.end = read.end or "whole"
            continue
        event = json.loads(data)
        if "error" in event:
            assert set(event) == {"error"}
            assert isinstance(event["error"]["message"], str)
            read.end = "error"
            continue
        assert not read.end
        chunk = ChatCompletionChunk.model_validate(event)
        read.text += "".join(choice.delta.content or "" for choice in chunk.choices
                             if choice.index == 0)  # fmt: skip
    return read


def read_responses(text: str, typed: bool = True) -> Read:
    """Untyped: as a fake provider made it, which leaves members out."""
    read, open_items, number = Read(), {}, -1
    for name, data in blocks_of(text):
        assert not read.end, "an event behind the end"
        event = json.loads(data)
        assert name == event["type"]
        if typed:
            RESPONSES.validate_python(event)
        number += 1
        assert event["sequence_number"] == number
        kind, place = event["type"], event.get("output_index")
        if kind == "response.output_item.added":
            assert place == len(open_items)
            open_items[place] = event["item"]["id"]
        elif kind == "response.output_item.done":
            assert open_items[place] == event["item"]["id"]
            open_items[place] = None
        elif "item_id" in event:
            assert open_items[place] == event["item_id"], "a delta of an item that is not open"
        if kind == "response.output_text.delta":
            read.text += event["delta"]
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            read.end = "error" if kind == "response.failed" else "whole"
            assert read.end == "error" or not any(open_items.values())
    return read


def read_anthropic(text: str) -> Read:
    read, opened, block, seen = Read(), -1, None, []
    for name, data in blocks_of(text):
        event = json.loads(data)
        assert name == event["type"]
        assert not read.end, "an event behind the end"
        seen.append(name)
        if name == "ping":
            continue
        if name == "error":
            assert isinstance(event["error"]["message"], str)
            read.end = "error"
            continue
        ANTHROPIC.validate_python(event)
        assert (name == "message_start") == (seen == ["message_start"])
        if name == "content_block_start":
            assert block is None
            assert event["index"] == opened + 1
            opened, block = event["index"], event["content_block"]["type"]
        elif name == "content_block_delta":
            assert block is not None
            assert event["index"] == opened
            if event["delta"]["type"] == "text_delta":
                assert block == "text"
                read.text += event["delta"]["text"]
        elif name == "content_block_stop":
            assert block is not None
            block = None
        elif name == "message_delta":
            assert block is None
            assert event["delta"]["stop_reason"]
        elif name == "message_stop":
            assert seen[-2] == "message_delta"
            read.end = "whole"
    return read


def read_gemini(text: str) -> Read:
    read = Read()
    for name, data in blocks_of(text):
        assert name == ""
        assert read.end != "error", "an event behind the end"
        event = json.loads(data)
        event.get("usageMetadata", {}).pop("cost", None)  # ours; the SDKs let it be
        if "error" in event:
            assert isinstance(event["error"]["code"], int)
            read.end = "error"
            continue
        answer = GenerateContentResponse.model_validate(event)
        for candidate in answer.candidates or []:
            parts = (candidate.content and candidate.content.parts) or []
            if not candidate.index:
                read.text += "".join(part.text or "" for part in parts if not part.thought)
                read.end = "whole" if candidate.finish_reason else read.end
    return read


READ = {"openai": read_chat, "openai-responses": read_responses, "anthropic": read_anthropic,
        "gemini": read_gemini}  # fmt: skip
