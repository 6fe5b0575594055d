"""How the gateway ends a stream, read by the types of the SDKs: in each dialect, at each of its
places. stream_end.c has what has come; nothing here needs the program."""

import json
import subprocess

import pytest
from anthropic.types import RawMessageStreamEvent
from gateway import BINARY
from google.genai import errors
from google.genai.types import GenerateContentResponse
from openai.types.responses import ResponseStreamEvent
from openresponses_types import types as open_types
from pydantic import TypeAdapter

TOOL = BINARY.parent / "stream_end"
OPENAI = TypeAdapter(ResponseStreamEvent)
ANTHROPIC = TypeAdapter(RawMessageStreamEvent)


def ended(dialect, how, events):
    """What is written after the events: the data of each event, whose name is that of its line."""
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    done = subprocess.run(
        [TOOL, dialect, how], input=lines.encode(), capture_output=True, check=True, timeout=240
    )
    blocks = done.stdout.decode().split("\n\n")
    assert blocks.pop() == ""
    return [read_block(block) for block in blocks]


def read_block(block):
    *names, data = block.split("\n")
    assert data.startswith("data: ")
    event = json.loads(data.removeprefix("data: "))
    assert names in ([], [f"event: {event.get('type')}"])
    return event


# ---- Responses ----

HEAD = {
    "id": "resp_1", "object": "response", "created_at": 1, "completed_at": None,
    "status": "in_progress", "incomplete_details": None, "model": "m", "previous_response_id": None,
    "instructions": "Be brief.", "output": [], "error": None, "tools": [], "tool_choice": "auto",
    "truncation": "disabled", "parallel_tool_calls": True, "text": {"format": {"type": "text"}},
    "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "top_logprobs": 0,
    "temperature": 1.0, "reasoning": None, "usage": None, "max_output_tokens": None,
    "max_tool_calls": None, "store": False, "background": False, "service_tier": "default",
    "metadata": {}, "safety_identifier": None, "prompt_cache_key": None,
}  # fmt: skip


def numbered(*events):
    return [{"sequence_number": i, **event} for i, event in enumerate(events)]


CREATED = {"type": "response.created", "response": HEAD}


def item(kind, index=0, **members):
    return {"id": f"{kind}_{index}", "type": kind, "status": "in_progress", **members}


def message(index=0):
    return item("message", index, role="assistant", content=[])


def added(what, index=0):
    return {"type": "response.output_item.added", "output_index": index, "item": what}


def done(what, index=0):
    return {"type": "response.output_item.done", "output_index": index, "item": what}


def part(event, kind, index=0, **members):
    place = {"item_id": "x", "output_index": index, "content_index": 0}
    return {"type": f"response.content_part.{event}", **place, "part": {"type": kind, **members}}


def text(delta, index=0, content_index=0):
    return {
        "type": "response.output_text.delta", "item_id": "x", "output_index": index,
        "content_index": content_index, "delta": delta, "logprobs": [],
    }  # fmt: skip


def delta(kind, text, **place):
    return {"type": f"response.{kind}.delta", "output_index": 0, **place, "delta": text}


SUMMARY = {
    "type": "response.reasoning_summary_part.added", "item_id": "x", "output_index": 0,
    "summary_index": 0, "part": {"type": "summary_text", "text": ""},
}  # fmt: skip
OPEN_PART = part("added", "output_text", text="", annotations=[])
UNSENT = {"type": "response.output_text.annotation.added", "output_index": 0}

STREAMS = {
    "nothing": [],
    "created": [CREATED],
    "item": [CREATED, added(message())],
    "part": [CREATED, added(message()), OPEN_PART],
    "text": [CREATED, added(message()), OPEN_PART, text('Hé"llo\n')],
    "text without its part": [CREATED, added(message()), text("Hello")],
    "refusal": [
        CREATED, added(message()), part("added", "refusal", refusal=""),
        delta("refusal", "No", content_index=0),
    ],
    "summary": [
        CREATED, added(item("reasoning", summary=[], encrypted_content="QUJD")), SUMMARY,
        delta("reasoning_summary_text", "hm", summary_index=0),
    ],
    "reasoning": [
        CREATED, added(item("reasoning", summary=[])), part("added", "reasoning_text", text=""),
        delta("reasoning_text", "hm", content_index=0),
    ],
    "arguments": [
        CREATED, added(item("function_call", call_id="c", name="f", arguments="")),
        delta("function_call_arguments", '{"a":'),
    ],
    "second item": [
        CREATED, added(item("reasoning", summary=[])),
        done(item("reasoning", summary=[{"type": "summary_text", "text": "a"}])),
        added(message(1), 1), part("added", "output_text", 1, text="", annotations=[]),
        text("Hello", 1),
    ],
}  # fmt: skip


def check_responses(events):
    for event in events:
        OPENAI.validate_python(event)
    assert [event["sequence_number"] for event in events] == sorted(
        {event["sequence_number"] for event in events}
    )
    return events[-1]


@pytest.mark.parametrize("name", STREAMS)
def test_responses_end_for_money(name):
    came = numbered(*STREAMS[name], UNSENT)
    events = ended("openai-responses", "length", came)
    last = check_responses(events)
    assert events[0]["sequence_number"] == came[-1]["sequence_number"]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["response"]["usage"]["cost"] == 0.0000015
    if name != "nothing":
        assert {**last["response"], "output": [], "usage": None} == {
            **HEAD, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
        }  # fmt: skip
        open_types.ResponseIncompleteStreamingEvent.model_validate(last)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert last["response"]["output"][-1:] == done


def test_responses_text_is_repeated_as_it_came():
    came = numbered(*STREAMS["text"], text(" not sent"))
    events = ended("openai-responses", "length", came)
    assert [event["type"] for event in events] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done",
        "response.incomplete",
    ]  # fmt: skip
    assert events[0]["text"] == events[1]["part"]["text"] == 'Hé"llo\n'
    content = events[2]["item"]["content"]
    assert [part["text"] for part in content] == ['Hé"llo\n']
    open_types.ResponseOutputTextDoneStreamingEvent.model_validate(events[0])
    open_types.ResponseContentPartDoneStreamingEvent.model_validate(events[1])
    open_types.ResponseOutputItemDoneStreamingEvent.model_validate(events[2])


@pytest.mark.parametrize("kind", ["custom_tool_call", "web_search_call", "shell_call"])
def test_responses_half_a_script_is_not_done(kind):
    """A client may run what is done; and what a provider runs is its own affair."""
    came = numbered(CREATED, added(item(kind, call_id="c", name="f", input="")), UNSENT)
    events = ended("openai-responses", "length", came)
    assert [event["type"] for event in events] == ["response.incomplete"]
    assert events[0]["response"]["output"] == []


@pytest.mark.parametrize("name", STREAMS)
def test_responses_fail(name):
    came = numbered(*STREAMS[name])
    events = ended("openai-responses", "failure", came)
    last = check_responses(events)
    assert len(events) == 1
    assert last["sequence_number"] == len(came)
    if name == "nothing":
        assert last["type"] == "error"
        assert last["error"]["code"] == last["code"] == "provider_error"
        open_types.ErrorStreamingEvent.model_validate(last)
        return
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {
        "code": "server_error", "message": "The provider's answer broke off.",
    }  # fmt: skip
    open_types.ResponseFailedStreamingEvent.model_validate(last)
    assert last["response"]["output"] == [
        event["item"] for event in came if event["type"] == "response.output_item.done"
    ]


# ---- Anthropic ----

STARTED = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    },
}  # fmt: skip


def block(index, **members):
    return {"type": "content_block_start", "index": index, "content_block": members}


BLOCK = block(0, type="text", text="")
HELLO = {
    "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"},
}  # fmt: skip
STOP = {"type": "content_block_stop", "index": 0}
CALL = block(1, type="tool_use", id="t", name="f", input={})


@pytest.mark.parametrize(
    ("came", "open_blocks"),
    [
        ([STARTED, BLOCK, HELLO], 1),
        ([STARTED, BLOCK, HELLO, STOP, HELLO], 0),
        ([STARTED, BLOCK, HELLO, STOP, CALL], 0),  # its start was not sent
        ([STARTED, BLOCK, HELLO, STOP, CALL, HELLO], 1),
    ],
)
def test_anthropic_ends_for_money(came, open_blocks):
    events = ended("anthropic", "length", came)
    for event in events:
        ANTHROPIC.validate_python(event)
    names = ["content_block_stop"] * open_blocks + ["message_delta", "message_stop"]
    assert [event["type"] for event in events] == names
    delta = events[-2]
    assert delta["delta"]["stop_reason"] == "max_tokens"
    assert delta["usage"]["cost"] == 0.0000015


def test_anthropic_fails():
    (event,) = ended("anthropic", "failure", [STARTED, BLOCK, HELLO])
    assert event["type"] == "error"
    assert event["error"]["type"] == "api_error"
    assert event["request_id"] == "req_1"


# ---- Gemini ----

CHUNK = {
    "candidates": [{"content": {"parts": [{"text": "Hello"}], "role": "model"}, "index": 0}],
    "modelVersion": "m",
    "responseId": "r",
}


def test_gemini_ends_for_money():
    (event,) = ended("gemini", "length", [CHUNK, CHUNK])
    assert event["usageMetadata"].pop("cost") == 0.0000015
    chunk = GenerateContentResponse.model_validate(event)
    assert chunk.candidates[0].finish_reason == "MAX_TOKENS"
    assert chunk.candidates[0].content.parts[0].text == ""
    assert (chunk.response_id, chunk.model_version) == ("r", "m")
    assert chunk.usage_metadata.total_token_count == 13


def test_gemini_fails():
    (event,) = ended("gemini", "failure", [CHUNK])
    assert json.dumps(event).startswith('{"error":')
    error = errors.APIError(event["error"]["code"], event)
    assert (error.code, error.status) == (500, "INTERNAL")
    assert error.message == "The provider's answer broke off."
