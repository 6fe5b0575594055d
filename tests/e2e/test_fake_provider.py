"""The fake provider itself, asked directly: its faults would look like the gateway's."""

import threading

import answers
import httpx2 as httpx
import openai
import pytest
from answers import Chat, Usage
from openai import OpenAI
from wait import wait_until

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":[1,2,3]}'}}


@pytest.fixture
def direct(provider):
    return OpenAI(api_key="x", base_url=provider.url, max_retries=0, timeout=10)


def text_of(stream) -> str:
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


def test_whole_and_streamed(direct, provider):
    provider.answer = answers.chat(usage=Usage(5, 6, cached=2, reasoning=1), logprobs=True)
    whole = direct.chat.completions.create(**ASK, n=2)
    assert whole.choices[1].message.content == Chat().text
    assert whole.usage.prompt_tokens_details.cached_tokens == 2
    assert text_of(direct.chat.completions.create(**ASK, stream=True)) == Chat().text
    options = {"include_usage": True}
    chunks = list(direct.chat.completions.create(**ASK, stream=True, stream_options=options))
    assert chunks[-1].usage.completion_tokens == 6
    assert b'"usage":null' in Chat().events({"stream_options": options})[0]
    first, second = provider.requests[:2]
    assert first.connection == second.connection, "kept alive"


def test_tools(direct, provider):
    provider.answer = answers.chat(tool_calls=(CALL,))
    with direct.chat.completions.stream(**ASK) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.arguments == '{"a":[1,2,3]}'


def test_gates_and_gone(direct, provider):
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(), gates={2: gate})
    stream = iter(direct.chat.completions.create(**ASK, stream=True))
    next(stream)
    next(stream)
    wait_until(lambda: provider.last.marks["events"] == 2, 5)
    gate.set()
    assert text_of(stream)
    provider.answer = answers.endless(gap_s=0.01)
    stream = direct.chat.completions.create(**ASK, stream=True)
    next(iter(stream))
    stream.close()
    wait_until(lambda: provider.last.gone_at, 5)
    assert provider.last.gone_at >= provider.last.at


MISBEHAVIOUR = {
    "reset before head": answers.reset_before_head(),
    "close before head": answers.close_before_head(),
    "reset after head": answers.reset_after_head(False),
    "truncated": answers.truncated_body(),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_connection_errors(direct, provider, name):
    provider.answer = MISBEHAVIOUR[name]
    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        direct.chat.completions.create(**ASK)
    assert len(provider.requests) == 1


def test_refusing(direct, provider):
    with provider.refusing(), pytest.raises(openai.APIConnectionError):
        direct.chat.completions.create(**ASK)
    assert direct.chat.completions.create(**ASK)


def test_silence_and_errors(direct, provider):
    provider.answer = answers.silence()
    with pytest.raises(openai.APITimeoutError):
        direct.chat.completions.create(**ASK, timeout=0.1)
    wait_until(lambda: provider.last.gone_at, 5)
    provider.answer = answers.error(429, "slow", "rate_limit_exceeded", "requests")
    with pytest.raises(openai.RateLimitError):
        direct.chat.completions.create(**ASK)


def test_split_anywhere(direct, provider):
    data = answers.sse_whole(Chat().events({"model": "m"}), chunk_bytes=300)
    for at in range(1, len(data), 97):
        provider.answer = answers.raw(data[:at], data[at:], ending="keep")
        assert text_of(direct.chat.completions.create(**ASK, stream=True)) == Chat().text


def test_gzip(direct, provider):
    provider.answer = answers.gzipped()
    assert direct.chat.completions.create(**ASK).choices[0].message.content == Chat().text


def test_error_in_mid_stream(direct, provider):
    provider.answer = answers.stream([answers.content_event("a"), answers.error_event()])
    with pytest.raises(openai.APIError):
        list(direct.chat.completions.create(**ASK, stream=True))
