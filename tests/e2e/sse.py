"""Server-sent events, taken apart the simplest way that works for what the gateway sends."""

import json


def data_lines(body: bytes) -> list[str]:
    """The data of each event, comments left out."""
    lines = body.decode().replace("\r\n", "\n").split("\n")
    return [line[5:].lstrip(" ") for line in lines if line.startswith("data:")]


def chunks(body: bytes) -> list[dict]:
    """The JSON of each event before [DONE]."""
    return [json.loads(line) for line in data_lines(body) if line != "[DONE]"]


def is_done(body: bytes) -> bool:
    return data_lines(body)[-1:] == ["[DONE]"]


def pieces(body: bytes) -> list[str]:
    """The text as it came."""
    deltas = (choice["delta"] for chunk in chunks(body) for choice in chunk.get("choices", []))
    return [delta["content"] for delta in deltas if delta.get("content")]


def text(body: bytes) -> str:
    return "".join(pieces(body))
