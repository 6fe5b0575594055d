"""The official openai package for Python, unmodified: only base_url and the key are ours."""

import asyncio
import base64
import json
import threading
import time

import answers
import openai
import pytest
from answers import Usage
from gateway import UPSTREAM_KEY
from prices import charge, usd
from pydantic import BaseModel
from wait import wait_until

HELLO = [{"role": "user", "content": "Hello!"}]
MODEL = "gpt-4o-mini"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "units": {"enum": ["C", "F"]}},
            "required": ["city", "units"],
            "additionalProperties": False,
        },
    },
}
CALL = {
    "id": "call_abc123",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Z\\u00fcrich","units":"C"}'},
}


@pytest.fixture
def client(customer):
    return customer.openai()


# ---- answers ----


@pytest.mark.quick
def test_chat(client, customer, provider):
    provider.answer = answers.chat(pieces=("Hi!",), usage=Usage(1000, 500))
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert answer.choices[0].message.content == "Hi!"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 1500
    assert usd(answer.usage.cost) == charge(MODEL, Usage(1000, 500))
    assert answer._request_id == customer.wait_for_record()["id"]


@pytest.mark.quick
def test_chat_streamed(client, provider):
    stream = client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "Hello there, how may I help?"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks), "usage that was not asked for"
    assert provider.last.json["stream_options"]["include_usage"] is True


@pytest.mark.quick
def test_stream_options(client, provider):
    provider.answer = answers.chat(usage=Usage(2000, 40, cached=1024))
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens == 1024
    assert usd(chunks[-1].usage.cost) == charge(MODEL, Usage(2000, 40, cached=1024))


def test_stream_options_without_usage(client, provider):
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": False}
    )
    assert all(chunk.usage is None for chunk in stream)
    assert provider.last.json["stream_options"]["include_usage"] is True


def test_stream_helper(client, provider):
    with client.chat.completions.stream(model=MODEL, messages=HELLO) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content.startswith("Hello there")


def test_conversation_of_tools(client, provider):
    provider.then(answers.chat(tool_calls=(CALL,)))
    first = client.chat.completions.create(
        model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice="auto", parallel_tool_calls=True
    )
    message = first.choices[0].message
    assert message.tool_calls[0].function.arguments == CALL["function"]["arguments"]
    assert first.choices[0].finish_reason == "tool_calls"
    assert provider.last.json["tools"] == [WEATHER]

    result = {"role": "tool", "tool_call_id": CALL["id"], "content": "21 degrees"}
    client.chat.completions.create(model=MODEL, messages=[*HELLO, message, result], tools=[WEATHER])
    sent = provider.last.json["messages"]
    assert sent[1]["tool_calls"] == [CALL]
    assert sent[2] == result


def test_tools_streamed(client, provider):
    provider.answer = answers.chat(tool_calls=(CALL, {**CALL, "id": "call_2"}))
    arguments, ids = {0: "", 1: ""}, {}
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, tools=[WEATHER], stream=True
    )
    for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or []:
            arguments[call.index] += call.function.arguments or ""
            ids.setdefault(call.index, call.id)
    assert ids == {0: "call_abc123", 1: "call_2"}
    assert arguments == {0: CALL["function"]["arguments"], 1: CALL["function"]["arguments"]}


class Step(BaseModel):
    explanation: str
    output: float


class Solution(BaseModel):
    steps: list[Step]
    answer: str


def test_json_schema(client, provider):
    solution = Solution(steps=[Step(explanation="divide", output=1e-7)], answer="x = 1e-7")
    provider.answer = answers.chat(pieces=(solution.model_dump_json(),))
    parsed = client.chat.completions.parse(model=MODEL, messages=HELLO, response_format=Solution)
    assert parsed.choices[0].message.parsed == solution
    schema = provider.last.json["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["name"] == "Solution"
    assert schema["schema"]["required"] == ["steps", "answer"]


def test_image_in_message(client, provider):
    picture = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 400).decode()
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
    ]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": parts}])
    assert provider.last.json["messages"][0]["content"] == parts


@pytest.mark.parametrize("streamed", [False, True])
def test_several_choices_and_logprobs(client, provider, streamed):
    provider.answer = answers.chat(pieces=("Yes",), logprobs=True)
    options = {"model": MODEL, "messages": HELLO, "n": 3, "logprobs": True, "top_logprobs": 1}
    if streamed:
        seen = {}
        for chunk in client.chat.completions.create(**options, stream=True):
            for choice in chunk.choices:
                if choice.delta.content:
                    seen[choice.index] = choice.logprobs.content[0]
        assert sorted(seen) == [0, 1, 2]
        assert seen[2].logprob == -1e-7
    else:
        choices = client.chat.completions.create(**options).choices
        assert [choice.index for choice in choices] == [0, 1, 2]
        assert choices[2].logprobs.content[0].top_logprobs[0].token == "Yes"


def test_everything_else_passes_through(client, provider):
    fields = {
        "temperature": 0.3, "top_p": 0.9, "frequency_penalty": -0.5, "presence_penalty": 1,
        "seed": 9007199254740993, "stop": ["\n", "END"], "user": "someone", "store": False,
        "metadata": {"a": "b"}, "logit_bias": {"50256": -100}, "reasoning_effort": "low",
        "max_completion_tokens": 100, "service_tier": "auto",
    }  # fmt: skip
    client.chat.completions.create(
        model=MODEL, messages=HELLO, **fields, extra_body={"x_unknown": {"deep": [[], {}, None]}}
    )
    sent = provider.last.json
    assert {name: sent[name] for name in fields} == fields
    assert sent["x_unknown"] == {"deep": [[], {}, None]}


def test_raw_response(client, customer, provider):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    assert raw.status_code == 200
    assert raw.headers["content-type"].startswith("application/json")
    assert usd(raw.headers["x-llm-cost"]) == usd(raw.parse().usage.cost)
    assert raw.headers["x-request-id"] == customer.wait_for_record()["id"]


# ---- models ----


def test_models(client):
    listed = {model.id: model for model in client.models.list()}
    wanted = {"gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "demo"}
    assert wanted <= listed.keys()
    one = client.models.retrieve("gpt-4o-mini")
    assert one == listed["gpt-4o-mini"]
    assert one.object == "model"
    assert isinstance(one.created, int)
    assert one.owned_by
    assert one.context_length == 128000
    assert one.pricing["prompt"] == "0.00000018"
    assert one.pricing["completion"] == "0.00000072"


def test_unknown_model_retrieved(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("no-such-model")
    assert caught.value.code == "model_not_found"


# ---- error classes ----


def count_requests(client) -> list:
    """Every request that the SDK really sends."""
    sent = []
    client._client.event_hooks["request"].append(sent.append)
    return sent


def test_400(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages="hello")
    assert caught.value.param == "messages"
    assert caught.value.code == "invalid_value"
    assert caught.value.type == "invalid_request_error"


def test_400_of_the_provider(client, provider, customer):
    provider.answer = answers.error(
        400, "This model's maximum context length is 128000 tokens.",
        "context_length_exceeded", "invalid_request_error",
    )  # fmt: skip
    before = customer.balance
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.code == "context_length_exceeded"
    assert "maximum context length" in caught.value.message
    assert customer.balance == before


@pytest.mark.quick
def test_401(customer):
    last = "y" if customer.key.endswith("x") else "x"
    client = customer.openai(api_key=customer.key[:-1] + last, max_retries=2)
    sent = count_requests(client)
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.code == "invalid_api_key"
    assert len(sent) == 1


@pytest.mark.quick
def test_402(gateway):
    poor = gateway.customer(credit=None)
    client = poor.openai(max_retries=2)
    sent = count_requests(client)
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.status_code == 402
    assert caught.value.code == "insufficient_credits"
    assert caught.value.type == "insufficient_quota"
    assert len(sent) == 1, "402 must not be tried again"


def test_403(gateway):
    narrow = gateway.customer(models=["gpt-4o"])
    assert narrow.openai().chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        narrow.openai().chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.code == "model_not_allowed"


def test_404(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert "no-such-model" in caught.value.message


def test_5xx(client, provider):
    provider.answer = answers.error(500, "The server had an error", None, "server_error")
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO)
    assert caught.value.status_code == 502
    assert caught.value.code == "provider_unavailable"


def test_sdk_retries_and_succeeds(customer, provider):
    busy = answers.error(429, "Rate limit reached", "rate_limit_exceeded", "requests",
                         {"Retry-After-Ms": "20"})  # fmt: skip
    client = customer.openai(max_retries=2)
    sent = count_requests(client)
    provider.then(busy)
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert answer.choices[0].message.content
    assert len(sent) in (1, 2), "by the gateway itself, or by the SDK"


def test_failure_in_mid_stream(client, provider):
    events = [answers.content_event("one "), answers.content_event("two"), answers.error_event()]
    provider.answer = answers.stream(events)
    text = ""
    stream = client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    assert text == "one two"
    assert caught.value.message


@pytest.mark.parametrize("streamed", [False, True])
def test_client_gives_up(client, customer, provider, streamed):
    """A stream ends with its client, a whole answer is waited for; both are paid."""
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat())
    before = customer.balance
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model=MODEL, messages=HELLO, stream=streamed, timeout=0.3)
    if streamed:
        wait_until(lambda: provider.last.gone_at, 5, "the end of the upstream call")
    gate.set()
    customer.wait_for_no_hold()
    assert customer.balance < before
    assert (provider.last.gone_at is not None) == streamed


# ---- async ----


@pytest.mark.quick
def test_async(customer, provider):
    async def both():
        async with customer.async_openai() as client:
            whole = await client.chat.completions.create(model=MODEL, messages=HELLO)
            text = ""
            async for chunk in await client.chat.completions.create(
                model=MODEL, messages=HELLO, stream=True
            ):
                text += chunk.choices[0].delta.content or ""
            return whole.choices[0].message.content, text

    whole, text = asyncio.run(both())
    assert whole == text == "Hello there, how may I help?"


def test_200_at_once(customer, provider):
    """All are under way at the same time, every one gets its own answer and is charged once."""

    def own_answer(connection, request):
        name = request.json["messages"][0]["content"]
        return answers.chat(pieces=(name,), usage=Usage(100, 10))(connection, request)

    provider.answer = own_answer
    before = customer.balance

    async def one(client, number):
        name = f"answer {number}"
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": name}], stream=number % 2 == 0,
            max_tokens=100,
        )  # fmt: skip
        if number % 2:
            return stream.choices[0].message.content == name
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        return text == name

    async def all_of_them():
        async with customer.async_openai(timeout=60) as client:
            return await asyncio.gather(*(one(client, number) for number in range(200)))

    assert all(asyncio.run(all_of_them()))
    customer.wait_for_no_hold()
    assert before - customer.balance == 200 * charge(MODEL, Usage(100, 10))
    assert len(provider.requests) == 200


def test_200_streams_wait_at_once(customer, provider):
    """None waits for another: every request is upstream before the first is answered."""
    gate = threading.Event()
    provider.answer = answers.stream_of(answers.Chat(), gates={0: gate})

    async def one(client):
        stream = await client.chat.completions.create(
            model=MODEL, messages=HELLO, stream=True, max_tokens=100
        )
        return len([chunk async for chunk in stream])

    async def open_when_all_are_there():
        deadline = time.monotonic() + 30
        while len(provider.requests) < 200 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        gate.set()

    async def all_of_them():
        async with customer.async_openai(timeout=60) as client:
            asks = [one(client) for _ in range(200)]
            return await asyncio.gather(*asks, open_when_all_are_there())

    lengths = asyncio.run(all_of_them())[:-1]
    assert len(provider.requests) == 200
    assert set(lengths) == {7}


def test_what_stays_between_client_and_gateway(client, customer, provider):
    client.chat.completions.create(model=MODEL, messages=HELLO)
    headers = provider.last.headers
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert customer.key not in json.dumps(headers)
    assert "gzip" not in headers.get("accept-encoding", "")
