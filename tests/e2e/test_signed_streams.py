"""Reasoning that a provider has signed comes back to it, of streams as of whole answers: what a
client gathers of the events is what it sends in its next request."""

import json

import dialect_answers
import pytest
from test_translation import PAIRS, REQUEST, SIGNED, echo
from translating import ask


def gather_chat(events):
    """As clients of OpenRouter's form do: a list of all pieces."""
    message = {"role": "assistant", "content": "", "reasoning_content": "",
               "reasoning_details": [], "tool_calls": []}  # fmt: skip
    for _, data in events:
        for choice in json.loads(data)["choices"]:
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                message[name] += delta.get(name) or ""
            message["reasoning_details"] += delta.get("reasoning_details", [])
            for call in delta.get("tool_calls", []):
                if call["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append(call)
                else:
                    function = message["tool_calls"][call["index"]]["function"]
                    function["arguments"] += call["function"]["arguments"]
    return {"choices": [{"message": message}]}


def gather_responses(events):
    return json.loads(list(events)[-1][1])["response"]


def gather_anthropic(events):
    blocks = []
    for name, data in events:
        event = json.loads(data)
        if name == "content_block_start":
            blocks.append(event["content_block"])
        elif name == "content_block_delta":
            delta = event["delta"]
            member = next(name for name in delta if name != "type")
            name = "input" if member == "partial_json" else member
            blocks[-1][name] = (blocks[-1][name] or "") + delta[member]
    for block in blocks:
        if isinstance(block.get("input"), str):
            block["input"] = json.loads(block["input"])
    return {"content": blocks}


def gather_gemini(events):
    parts = []
    for _, data in events:
        parts += json.loads(data)["candidates"][0]["content"]["parts"]
    return {"candidates": [{"content": {"role": "model", "parts": parts}}]}


GATHER = {"openai-chat": gather_chat, "openai-responses": gather_responses,
          "anthropic": gather_anthropic, "gemini": gather_gemini}  # fmt: skip


def next_request(client, provider):
    events = dialect_answers.EVENTS[provider](dialect_answers.ANSWER)
    events = [[name, json.dumps(data)] for name, data in events]
    result = ask(client, provider, REQUEST[client], events=events, streamed=True)
    return echo(client, GATHER[client](dialect_answers.split_events(result["answer"])))


@pytest.mark.parametrize(("client", "provider"), [pair for pair in PAIRS if pair[1] in SIGNED])
def test_a_signature_comes_back(client, provider):
    again = ask(client, provider, next_request(client, provider))
    kinds = SIGNED[provider](json.loads(again["request"]))
    assert "gw1" not in again["request"]
    assert [kind for kind in kinds if kind in ("tool_use", "function_call")]


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_foreign_signature_stays_out(client, provider):
    for other in SIGNED:
        if other not in (client, provider):
            again = ask(client, provider, next_request(client, other))
            assert "gw1" not in again["request"]
            assert "c2ln" not in again["request"]
