"""Without any key and without any network: the model `demo` answers, and only itself."""

import pytest
import sse
from answers import Usage
from errors import check_error
from prices import Price, charge, usd

DEMO = Price("0.10", "0.40")


@pytest.fixture
def offline(make_gateway):
    """A gateway whose environment names no provider."""
    return make_gateway(provider=None)


@pytest.mark.quick
def test_first_call(offline):
    customer = offline.customer()
    client = customer.openai()
    messages = [{"role": "user", "content": "Hello!"}]
    whole = client.chat.completions.create(model="demo", messages=messages)
    text = whole.choices[0].message.content
    assert text
    assert whole.choices[0].finish_reason == "stop"
    usage = Usage(whole.usage.prompt_tokens, whole.usage.completion_tokens)
    assert usage.prompt > 0
    assert usage.completion > 0
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(DEMO, usage) == usd(whole.usage.cost) > 0

    stream = client.chat.completions.create(
        model="demo", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    parts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(parts) == text, "deterministic"
    assert len([part for part in parts if part]) > 1, "really streamed"
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert usd(chunks[-1].usage.cost) == usd(whole.usage.cost)


def test_stream_as_bytes(offline):
    customer = offline.customer()
    response = customer.ask("demo", stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert sse.is_done(response.content)
    assert sse.text(response.content)
    assert b'"usage":{' not in response.content


def test_demo_stands_in_for_nobody(offline):
    customer = offline.customer()
    response = customer.ask("gpt-4o-mini")
    error = check_error(response, 503)
    assert "demo" not in error["message"]
    assert customer.balance == 10


def test_demo_keeps_to_max_tokens(offline):
    customer = offline.customer()
    whole = customer.ask("demo", max_tokens=1).json()
    assert whole["usage"]["completion_tokens"] <= 1
    assert whole["choices"][0]["finish_reason"] == "length"


def test_models_are_listed(offline):
    """All that are sold; the shown price of demo is its price."""
    customer = offline.customer()
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert "demo" in models
    assert usd(models["demo"]["pricing"]["prompt"]) * 1_000_000 == usd("0.12")
    assert usd(models["demo"]["pricing"]["completion"]) * 1_000_000 == usd("0.48")
