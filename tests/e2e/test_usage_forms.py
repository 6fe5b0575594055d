"""Usage in forms that providers should not send, and often do: never a wrong charge, and never
their own price shown."""

import json

import answers
import pytest
import sse
from answers import Usage
from errors import check_error
from prices import charge, usd

FIRST = answers.content_event("Hello")
STOP = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15'


def usage_event(members: str) -> bytes:
    return f'data: {{"id":"1","choices":[],{members}}}\n\n'.encode()


def ask_stream(customer, **fields):
    return customer.ask(stream=True, stream_options={"include_usage": True}, **fields)


def last_usage(content: bytes) -> dict:
    events = [line[6:] for line in content.split(b"\n") if line.startswith(b"data: {")]
    return json.loads(events[-1])["usage"]


def test_on_several_data_lines(customer, provider):
    event = f'data: {{"id":"1","choices":[],\ndata: "usage":{USAGE},"cost":0.5}}}}\n\n'.encode()
    provider.answer = answers.stream([FIRST, STOP, event, answers.DONE])
    response = ask_stream(customer)
    assert response.content.endswith(b"data: [DONE]\n\n")
    assert usd(last_usage(response.content)["cost"]) == charge("gpt-4o-mini", Usage(10, 5))


@pytest.mark.parametrize("asked", [True, False])
def test_twice_in_one_event(customer, provider, asked):
    event = usage_event(f'"usage":{USAGE}}},"usage":{USAGE},"cost":0.5}}')
    provider.answer = answers.stream([FIRST, event, answers.DONE])
    response = ask_stream(customer) if asked else customer.ask(stream=True)
    assert sse.chunks(response.content)[-1].keys() == {"error"}
    assert b"0.5" not in response.content
    customer.wait_for_no_hold()


def test_twice_in_a_plain_answer(customer, provider):
    body = f'{{"choices":[],"usage":{USAGE}}},"usage":{USAGE},"cost":0.5}}}}'.encode()
    provider.answer = answers.reply(200, body)
    check_error(customer.ask(), 502, "provider_unavailable", retry=True)
    assert customer.balance == 10


PRICES = ['"cost":0.5', '"cost_details":{"upstream_inference_cost":0.5}', '"estimated_cost":0.5',
          '"total_cost":0.5,"cost_in_usd_ticks":0.5', '"details":{"unitPrice":0.5}']  # fmt: skip


@pytest.mark.parametrize("extra", PRICES)
def test_price_in_a_plain_answer_is_not_shown(customer, provider, extra):
    choice = '{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}'
    body = f'{{"choices":[{choice}],"usage":{USAGE},{extra}}}}}'.encode()
    provider.answer = answers.reply(200, body)
    response = customer.ask()
    assert b"0.5" not in response.content
    assert usd(response.json()["usage"]["cost"]) == charge("gpt-4o-mini", Usage(10, 5))


# Counts that came apart, or were taken back: what is charged, and what the client is told.
APART = {
    "zeros behind": (
        [usage_event(f'"usage":{USAGE}}}')],
        '"prompt_tokens":0,"completion_tokens":0',
    ),
    "one behind the other": (
        [usage_event('"usage":{"prompt_tokens":10}')],
        '"completion_tokens":5',
    ),
}


@pytest.mark.parametrize("way", APART)
def test_the_client_is_told_what_is_charged(customer, provider, way):
    before, last = APART[way]
    events = [FIRST, STOP, *before, usage_event(f'"usage":{{{last}}}'), answers.DONE]
    provider.answer = answers.stream(events)
    usage = last_usage(ask_stream(customer).content)
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (10, 5)
    assert usd(usage["cost"]) == charge("gpt-4o-mini", Usage(10, 5))


def test_a_later_count_of_the_same_prompt_keeps_what_was_cached(customer, provider):
    first = f'"usage":{USAGE},"prompt_tokens_details":{{"cached_tokens":8}}}}'
    events = [FIRST, usage_event(first), STOP, usage_event(f'"usage":{USAGE}}}'), answers.DONE]
    provider.answer = answers.stream(events)
    usage = last_usage(ask_stream(customer).content)
    assert usd(usage["cost"]) == charge("gpt-4o-mini", Usage(10, 5, cached=8))


def test_reasoning_that_only_the_total_shows(customer, provider):
    event = usage_event('"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":715}')
    provider.answer = answers.stream([FIRST, STOP, event, answers.DONE])
    usage = last_usage(ask_stream(customer).content)
    assert usd(usage["cost"]) == charge("gpt-4o-mini", Usage(10, 705))


@pytest.mark.parametrize("extra", PRICES)
def test_price_of_the_provider_is_not_shown(customer, provider, extra):
    event = usage_event(f'"usage":{USAGE},{extra}}}')
    provider.answer = answers.stream([FIRST, STOP, event, answers.DONE])
    response = ask_stream(customer)
    assert b"0.5" not in response.content
    assert usd(last_usage(response.content)["cost"]) == charge("gpt-4o-mini", Usage(10, 5))


@pytest.mark.parametrize("tier", ["priority", "fast", "ultrafast"])
def test_dearer_tiers_are_not_sold(customer, provider, tier):
    check_error(customer.ask(service_tier=tier), 400, "not_priced", param="service_tier")
    assert customer.ask(service_tier="default").status_code == 200
    assert provider.last.json["service_tier"] == "default"


def test_comment_after_the_usage(customer, provider):
    """As OpenRouter sends them; they go no further. The cost must still be ours, and there."""
    event = usage_event(f'"usage":{USAGE},"cost":0.5}}')
    comment = b": OPENROUTER PROCESSING\n\n"
    provider.answer = answers.stream([comment, FIRST, STOP, event, comment, answers.DONE])
    response = ask_stream(customer)
    assert b"0.5" not in response.content
    assert b"OPENROUTER" not in response.content
    assert usd(last_usage(response.content)["cost"]) == charge("gpt-4o-mini", Usage(10, 5))


def test_usage_in_every_chunk(customer, provider):
    """As vLLM's continuous_usage_stats: some clients add up what they are told, so it is told once,
    at the end."""
    early = FIRST.replace(b'"choices"', f'"usage":{USAGE},"cost":0.5}},"choices"'.encode())
    last = usage_event(f'"usage":{USAGE},"cost":0.5}}')
    provider.answer = answers.stream([early, early, STOP, last, answers.DONE])
    response = ask_stream(customer)
    assert b"0.5" not in response.content
    assert response.content.count(b'"usage"') == response.content.count(b'"cost"') == 1
    assert usd(last_usage(response.content)["cost"]) == charge("gpt-4o-mini", Usage(10, 5))
