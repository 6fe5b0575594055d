"""What was said in a call, as spans have it: OpenTelemetry's conventions for generative AI, in
autumn 2026 (gen_ai.input.messages and its like), read by their rules."""

import json

TEXTS = {"text", "reasoning", "refusal"}
MODALITIES = {"image", "video", "audio", "document"}
# Of each type of part: the members that it must have, and their types.
REQUIRED = {
    "text": {"content": str},
    "reasoning": {"content": str},
    "refusal": {"content": str},
    "tool_call": {"name": str},
    "tool_call_response": {"response": object},
    "server_tool_call": {"name": str, "server_tool_call": dict},
    "server_tool_call_response": {"server_tool_call_response": dict},
    "blob": {"modality": str, "content": str},
    "uri": {"modality": str, "uri": str},
    "file": {"modality": str, "file_id": str},
    "compaction": {"id": str},
}
OPTIONAL = {"id", "arguments", "mime_type", "bytes", "transcript", "truncated"}


def check_part(part: dict) -> None:
    kind = part["type"]
    required = REQUIRED.get(kind, {})
    for name, expected in required.items():
        assert isinstance(part[name], expected), part
    assert set(part) <= {"type"} | set(required) | OPTIONAL, part
    assert part.get("modality", "image") in MODALITIES, part
    assert not part.get("uri", "").startswith("data:"), "that is a blob"
    assert part.get("content", "") == "" or kind in TEXTS, "bytes of media are not told"
    for name in ("id", "mime_type", "transcript"):
        assert isinstance(part.get(name, ""), str), part


def read(text: str) -> list[dict]:
    """A list of messages."""
    messages = json.loads(text)
    for message in messages:
        assert {"role", "parts"} <= set(message) <= {"role", "parts", "name", "truncated"}, message
        assert message["role"], "it is somebody's"
        for part in message["parts"]:
            check_part(part)
    return messages


def read_system(text: str) -> list[dict]:
    parts = json.loads(text)
    for part in parts:
        check_part(part)
    return parts


def read_tools(text: str) -> list[dict]:
    tools = json.loads(text)
    known = {"type", "name", "description", "parameters", "truncated"}
    for tool in tools:
        assert {"type", "name"} <= set(tool) <= known, tool
        assert isinstance(tool.get("parameters", {}), dict | None), tool
    return tools


def fact(part: dict) -> tuple:
    """A part as the tests' conversations have it (dialects.py)."""
    kind = part["type"]
    if kind == "tool_call":
        return ("call", part["id"], part["name"], part["arguments"])
    if kind == "tool_call_response":
        return ("result", part["id"], part["response"])
    if kind == "blob":
        return ("blob", part["modality"], part["bytes"])
    return (kind, part["content"])


def facts(messages: list[dict]) -> list[tuple]:
    return [fact(part) for message in messages for part in message["parts"]]
