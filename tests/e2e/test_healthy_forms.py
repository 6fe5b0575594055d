"""Answers in forms of their own that are whole all the same: each reaches the client as OpenAI
would have written it, for that is all that many clients read, and is charged once."""

import json

import answers
import pytest
import sse
from answers import DONE, SSE_TYPE, Chat, Usage, head, http_chunk, reply, sse_whole, stream
from errors import check_error
from prices import charge, usd

MODEL = "gpt-4o-mini"
USAGE = Usage(100, 50)
TEXT = "one two"
CHAT = Chat(pieces=("one ", "two"), usage=USAGE, null_usage=False, usage_in_chunks="always")
EVENTS = CHAT.events({"model": MODEL})
ROLE, ONE, TWO, STOP, LAST = EVENTS[:5]
COMMENT = b": OPENROUTER PROCESSING\n\n"
ALL = b"".join(EVENTS)
LINES = {**SSE_TYPE, "Content-Type": "text/plain; charset=utf-8"}
UNTYPED = {"Transfer-Encoding": "chunked"}


def put(event: bytes, old: bytes, new: bytes) -> bytes:
    assert old in event
    return event.replace(old, new)


def tagged(event: bytes, *lines: bytes) -> bytes:
    """The event with other fields before its data."""
    return b"\n".join([*lines, event])


def with_usage(event: bytes) -> bytes:
    text = json.dumps(USAGE.as_json()).encode()
    return put(event, b'"choices"', b'"usage":' + text + b',"choices"')


NO_ERRORS = [b'"error":null,', b'"error":{},', b'"error":"",', b'"error":false,', b'"error":[],']
STREAMS = {
    "empty event in the middle": [ROLE, ONE, b"data:\n\n", TWO, STOP, LAST, DONE],
    "empty event at the start": [b"data: \n\n", *EVENTS],
    "bare data": [ROLE, b"data\n\n", ONE, TWO, STOP, LAST, DONE],
    "several empty data lines": [ROLE, ONE, b"data:\ndata:\n\n", TWO, STOP, LAST, DONE],
    "comments": [COMMENT, ROLE, COMMENT, ONE, b":\n\n", TWO, COMMENT, STOP, LAST, COMMENT, DONE],
    "comments in events": [tagged(event, b": hello") for event in EVENTS],
    "ping": [ROLE, ONE, b'event: ping\ndata: {"type":"ping"}\n\n', TWO, STOP, LAST, DONE],
    "empty object": [ROLE, ONE, b"data: {}\n\n", TWO, STOP, LAST, DONE],
    "only id, retry or event": [b"retry: 3000\n\n", ROLE, b"id: 1\n\n", ONE, b"event: x\n\n", TWO,
                                STOP, LAST, b"id: 9\nretry: 1\n\n", DONE],
    "ids and names": [tagged(event, b"id: %d" % i, b"event: message")
                      for i, event in enumerate(EVENTS)],
    "blank behind DONE": [*EVENTS[:-1], b"data: [DONE] \n\n"],
    "DONE without a blank": [*EVENTS[:-1], b"data:[DONE]\n\n"],
    "named DONE": [*EVENTS[:-1], b"event: done\ndata: [DONE]\n\n"],
    "no DONE": EVENTS[:-1],
    "no empty line at the end": [ALL[:-2]],
    "CRLF": [ALL.replace(b"\n", b"\r\n")],
    "CR": [ALL.replace(b"\n", b"\r")],
    "mixed line ends": [ROLE, ALL[len(ROLE):].replace(b"\n", b"\r")],
    "byte order mark": [b"\xef\xbb\xbf" + ALL],
    "byte order mark and blank lines": [b"\xef\xbb\xbf\n\n" + ALL],
    "several data lines": [put(event, b',"choices"', b',\ndata: "choices"')
                           for event in EVENTS[:-1]] + [DONE],
    "usage with choices": [ROLE, ONE, TWO, with_usage(STOP), DONE],
    "usage in every chunk": [with_usage(event) for event in (ROLE, ONE, TWO, STOP)] + [LAST, DONE],
    "usage without choices": [ROLE, ONE, TWO, STOP, put(LAST, b'"choices":[],', b""), DONE],
    "usage and choices null": [ROLE, ONE, TWO, STOP, put(LAST, b'"choices":[]', b'"choices":null'),
                               DONE],
    "an event behind the usage": [*EVENTS[:-1], b'data: {"choices":[],"obfuscation":"x"}\n\n',
                                  DONE],
    "empty finish reasons": [put(event, b'"finish_reason":null', b'"finish_reason":""')
                             for event in (ROLE, ONE, TWO)] + [STOP, LAST, DONE],
    "filter verdicts first": [b'data: {"choices":[],"prompt_filter_results":[{"x":{}}]}\n\n',
                              *EVENTS],
    "cut behind the usage": [ALL[: -len(DONE)], b"data: [DO"],
    **{f"no error: {text.decode()}": [put(event, b'"choices"', text + b'"choices"')
                                      for event in EVENTS[:-1]] + [DONE] for text in NO_ERRORS},
}  # fmt: skip


def check_stream(content: bytes, asked: bool) -> None:
    """As OpenAI writes it, with nothing else in it."""
    assert b"\r" not in content.replace(b"\r\n", b"\n")
    assert not content.startswith(b"\xef")
    blocks = content.replace(b"\r\n", b"\n").removesuffix(b"\n\n").split(b"\n\n")
    for block in blocks:
        assert block.startswith(b"data:"), block
        assert b"\n" not in block, block
    assert blocks[-1].split(b":")[1].strip() == b"[DONE]"
    chunks = sse.chunks(content)
    assert all(isinstance(chunk["choices"], list) for chunk in chunks)
    assert not any("error" in chunk for chunk in chunks)
    assert sse.text(content) == TEXT
    told = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert len(told) == asked
    if asked:
        assert chunks[-1]["choices"] == []
        assert usd(told[0]["cost"]) == charge(MODEL, USAGE)
        assert told[0]["completion_tokens"] == USAGE.completion


def ask(customer, asked=True, **fields):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    return customer.ask(stream=True, max_tokens=200, **options, **fields)


@pytest.mark.parametrize("asked", [True, False], ids=["usage", "no usage"])
@pytest.mark.parametrize("name", STREAMS)
def test_stream(customer, provider, name, asked):
    provider.answer = stream(STREAMS[name])
    response = ask(customer, asked)
    assert response.status_code == 200, response.text
    check_stream(response.content, asked)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(MODEL, USAGE)
    assert customer.records()[0]["usage_source"] == "reported"


PLAIN = Chat(pieces=(TEXT,), usage=USAGE)
MARK = b"\xef\xbb\xbf"
CHUNKED = sse_whole(EVENTS).partition(b"\r\n\r\n")[2]
LABELS = {
    "events as text/plain": answers.raw(head(200, LINES), CHUNKED),
    "events without a type": answers.raw(head(200, UNTYPED), CHUNKED),
    "events as JSON": stream(EVENTS, headers={"Content-Type": "application/json"}),
    "byte by byte": answers.raw(
        head(200, LINES),
        *[http_chunk(bytes([byte])) for byte in (MARK + ALL)[:40]],
        http_chunk((MARK + ALL)[40:]) + b"0\r\n\r\n",
    ),
    "a plain answer": reply(200, PLAIN.body(MODEL)),
    "a plain answer as events": reply(
        200, PLAIN.body(MODEL), {"Content-Type": "text/event-stream"}
    ),
    "a plain answer with a mark": reply(200, MARK + b"\n \n" + PLAIN.body(MODEL)),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_first_bytes_say_what_it_is(customer, provider, name):
    provider.answer = LABELS[name]
    response = ask(customer)
    assert response.headers["content-type"].startswith("text/event-stream")
    check_stream(response.content, True)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(MODEL, USAGE)


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":[]}'}}


def test_plain_tool_calls_and_choices_as_a_stream(customer, provider):
    body = json.loads(Chat(pieces=(), tool_calls=(CALL, CALL), usage=USAGE).body(MODEL, 2))
    body["choices"][1]["finish_reason"] = "length"
    provider.answer = reply(200, json.dumps(body).encode())
    chunks = sse.chunks(ask(customer, n=2).content)
    said, ended = chunks[0]["choices"][0], chunks[1]["choices"][0]
    assert said["delta"]["role"] == "assistant"
    assert said["delta"]["tool_calls"] == [{"index": 0, **CALL}, {"index": 1, **CALL}]
    assert ended == {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    assert chunks[3]["choices"][0] == {"index": 1, "delta": {}, "finish_reason": "length"}
    assert chunks[0]["object"] == "chat.completion.chunk"
    assert chunks[0]["id"] == body["id"]
    assert usd(chunks[-1]["usage"]["cost"]) == charge(MODEL, USAGE)


def test_plain_answers_labelled_as_events(customer, provider):
    """To who asked for a plain one."""
    fields = {"Content-Type": "text/event-stream"}
    provider.answer = reply(200, MARK + PLAIN.body(MODEL), fields)
    response = customer.ask()
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["choices"][0]["message"]["content"] == TEXT


# ---- and what is not healthy ----

SICK = {
    "nonsense": b"data: {nonsense\n\n",
    "a page": b"data: <html></html>\n\n",
    "a list": b"data: [1,2]\n\n",
    "an error without words": put(STOP, b'"stop"', b'"error"'),
    "two errors": put(TWO, b'"choices"', b'"error":{"message":"x"},"error":null,"choices"'),
    "a named error": b'event: error\ndata: {"message":"x"}\n\n',
}


@pytest.mark.parametrize("name", SICK)
def test_sick_event(customer, provider, name):
    provider.answer = stream([ROLE, ONE, SICK[name], TWO, STOP, LAST, DONE])
    response = ask(customer)
    *chunks, last = sse.chunks(response.content)
    assert last.keys() == {"error"}
    assert sse.text(b"".join(b"data: " + json.dumps(c).encode() + b"\n" for c in chunks)) == "one "
    assert usd(chunks[-1]["usage"]["cost"]) == 10 - customer.balance > 0
    assert f"${chunks[-1]['usage']['cost']:.9f}".rstrip("0") in last["error"]["message"]


def test_a_page_instead_of_an_answer(customer, provider):
    provider.answer = stream([b"<html>busy</html>"])
    check_error(ask(customer), 502, "provider_unavailable")
