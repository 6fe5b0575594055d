"""No price of a provider reaches a customer: wherever it puts it, by whatever name, whether or not
providers.lua says where it stands; and what a model says about prices stays as it is."""

import json

import answers
import pytest
from gateway import Gateway
from policies import Lua
from prices import Price

SECRETS = ("0.00298", "29800000", "77.5")
USAGE = '"usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}'
CHOICE = '{"index": 0, %s: {"role": "assistant", "content": "hello"%s}, "finish_reason": "stop"%s}'
BYOK = '{"upstream_inference_cost": 0.00298}'

# Members beside `choices`; in the choice; in its message.
PLACES = {
    "top level": (', "cost": 0.00298', "", ""),
    "a text": (', "total_cost": "$0.00298"', "", ""),
    "cost_details": (f', "cost_details": {BYOK}', "", ""),
    "the choice's usage": ("", ', "usage": {"cost": 0.00298, "prompt_tokens": 1000}', ""),
    "the message": ("", "", ', "usage": {"cost": 0.00298}, "estimated_cost": 0.00298'),
    "a wrapper": (', "x_groq": {"id": "r", "usage": {"cost_in_usd_ticks": 29800000}}', "", ""),
    "Vercel's": (', "provider_metadata": {"gateway": {"marketCost": "0.00298"}}', "", ""),
    "LiteLLM's": (', "_hidden_params": {"response_cost": 0.00298}', "", ""),
    "credits": (', "meta": {"usage": {"credits_used": 77.5, "usd_spent": 0.00298}}', "", ""),
    "a balance": (', "x_pricing": {"amount": 0.00298, "remainingBalance": 77.5}', "", ""),
    "a list": (', "billed": [{"unitPrice": 0.00298}, [{"COST": 29800000}]]', "", ""),
    "a usage that is a list": (', "usage": [{"cost": 0.00298}]', "", ""),
    "before the usage": (', "cost": {"total": 0.00298}, "charged_credits": 77.5', "", ""),
    "letters escaped": (', "total_\\u0063ost": 0.00298', ', "\\u0063o\\u0073t": 0.00298', ""),
    "an amount": (', "x_bill": {"amount": 0.00298}', "", ', "amountDue": "$0.00298"'),
}


def chunk(name: str, outer: str, choice: str, said: str) -> bytes:
    part = CHOICE % (f'"{name}"', said, choice)
    usage = "" if '"usage": [' in outer else f", {USAGE}"
    return f'{{"id": "1", "object": "c", "choices": [{part}]{outer}{usage}}}'.encode()


def answer(outer: str, choice: str, said: str):
    """Streamed: a text in pieces, then all of it with a usage."""
    headers = {"x-litellm-response-cost": "0.00298", "x-balance": "77.5"}
    plain = answers.reply(200, chunk("message", outer, choice, said), headers)
    text = b'data: {"id": "1", "choices": [{"index": 0, "delta": {"content": "a"}}]%s}\n\n'
    events = [text % outer.encode()] * 3 + [text % b""] * 3
    events += [b"data: " + chunk("delta", outer, choice, said) + b"\n\n", answers.DONE]
    streamed = answers.stream(events, headers=headers)

    async def reply(connection, request):
        await (streamed if request.json.get("stream") else plain)(connection, request)

    return reply


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("hidden"), shared_provider, {})
    gateway.policies.provider("silent")
    gateway.policies.provider("stating", cost=Lua('{ path = "usage.cost" }'))
    for name in ("silent", "stating"):
        gateway.policies.model(name, Price("2", "10"), providers=(name,))
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("model", ["silent", "stating"])
@pytest.mark.parametrize("how", ["whole", "streamed", "streamed with usage"])
def test_a_price_is_hidden(house, provider, place, model, how):
    customer = house.customer()
    provider.answer = answer(*PLACES[place])
    options = {"stream_options": {"include_usage": True}} if how.endswith("usage") else {}
    response = customer.ask(model, stream=how != "whole", **options)
    assert response.status_code == 200
    assert "hello" in response.text
    shown = response.text + str(dict(response.headers))
    record = customer.wait_for_record()
    shown += json.dumps(customer.call("GET", f"/usage/{record['id']}", 200))
    shown += customer.get(f"/generation?id={record['id']}").text
    for secret in SECRETS:
        assert secret not in shown
    assert "litellm" not in shown
    if how == "streamed":
        assert response.text.count('"content": "a"') == 6


# What is stated where the policy says, and again where no name tells that it is a price.
REPEATED = (
    '{"choices": [%s], "usage": {"cost": 0.00298, "prompt_tokens": 9, "sum": 0.00298},'
    ' "x_total": 0.00298, "x_text": "$0.00298"}'
)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_stated_price_is_not_told_under_another_name(house, provider, streamed):
    customer = house.customer()
    choice = CHOICE % ('"delta"' if streamed else '"message"', "", "")
    text = REPEATED % choice.replace("hello", "it is 0.00298")
    provider.answer = (
        answers.stream([f"data: {text}\n\n".encode(), answers.DONE])
        if streamed
        else answers.reply(200, text.encode())
    )
    options = {"stream_options": {"include_usage": True}} if streamed else {}
    response = customer.ask("stating", stream=streamed, **options)
    assert response.text.count("0.00298") == 1
    assert "it is 0.00298" in response.text
    assert "x_total" in response.text


@pytest.mark.parametrize("line", ["cost: 0.00298", ": cost 0.00298", "id: 0.00298"])
def test_lines_of_a_stream_that_are_no_data_are_not_passed_on(house, provider, line):
    customer = house.customer()
    data = chunk("delta", *PLACES["top level"])
    provider.answer = answers.stream(
        [f"{line}\n\n".encode(), line.encode() + b"\ndata: " + data + b"\n\n", answers.DONE]
    )
    response = customer.ask("silent", stream=True)
    assert "hello" in response.text
    assert "0.00298" not in response.text


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_plain_answer_becomes_a_stream_without_prices(house, provider, streamed):
    """A provider that does not stream: what we make of its answer has no price either."""
    customer = house.customer()
    outer, choice, said = PLACES["the message"]
    body = chunk("message", outer + ', "cost": 0.00298', choice, said)
    provider.answer = answers.reply(200, body)
    response = customer.ask("silent", stream=streamed)
    assert "hello" in response.text
    for secret in SECRETS:
        assert secret not in response.text


WORDS = (
    '"content": "{\\"cost\\": 0.00298}"',
    '"tool_calls": [{"index": 0, "id": "t", "type": "function", "function":'
    ' {"name": "buy", "arguments": "{\\"price\\": 77.5}"}}]',
    '"tool_calls": [{"index": 0, "id": "t", "type": "function", "function":'
    ' {"name": "buy", "arguments": {"price": 77.5}}}]',
    '"content": "a", "parsed": {"price": 77.5}',
    '"content": "a", "annotations": [{"type": "offer", "price": 77.5}]',
)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_a_model_says_of_prices_stays(house, provider, words, streamed):
    customer = house.customer()
    name = "delta" if streamed else "message"
    choice = f'{{"index": 0, "{name}": {{{words}}}, "finish_reason": "stop"}}'
    text = f'{{"id": "1", "choices": [{choice}], {USAGE}}}'
    provider.answer = (
        answers.stream([f"data: {text}\n\n".encode(), answers.DONE])
        if streamed
        else answers.reply(200, text.encode())
    )
    response = customer.ask("silent", stream=streamed)
    assert response.status_code == 200
    assert words in response.text
