"""What a request may ask for: usage in OpenRouter's way, too; pictures of a model that reads them;
and where money is short, the message itself says how to get more, for agents show nothing else."""

import answers
import pytest
import sse
from answers import Chat, Usage
from errors import check_error
from prices import PRICES, charge, usd

USAGE = Usage(100, 50)
WISH = {"usage": {"include": True}}


@pytest.mark.parametrize("reported", [True, False])
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}])
def test_usage_in_openrouters_way(customer, provider, options, reported):
    """Reported or estimated; the provider is asked in OpenAI's way."""
    provider.answer = answers.chat(usage=USAGE if reported else None)
    content = customer.ask(stream=True, **WISH, **options).content
    told = [chunk["usage"] for chunk in sse.chunks(content) if chunk.get("usage")]
    assert len(told) == 1
    assert usd(told[0]["cost"]) == 10 - customer.balance > 0
    if reported:
        assert usd(told[0]["cost"]) == charge("gpt-4o-mini", USAGE)
    assert provider.last.json["stream_options"] == {"include_usage": True}
    assert "usage" not in provider.last.json


@pytest.mark.parametrize("wish", [{"usage": {"include": False}}, {"usage": None}, {"usage": 1}])
def test_usage_that_is_not_wished(customer, provider, wish):
    content = customer.ask(stream=True, **wish).content
    assert not any(chunk.get("usage") for chunk in sse.chunks(content))


ORDERS = [
    b'{"usage":{"include":true},"model":"gpt-4o-mini",MORE"messages":[MESSAGE]}',
    b'{"model":"gpt-4o-mini","usage":{"include":true},MORE"messages":[MESSAGE]}',
    b'{"model":"gpt-4o-mini",MORE"messages":[MESSAGE],"usage":{"include":true}}',
    b'{"model":"gpt-4o-mini","messages":[MESSAGE],"stream_options":null,"usage":{"include":true},'
    b'MORE"x":1}',
]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("order", range(len(ORDERS)))
def test_the_wish_is_taken_out_wherever_it_stands(customer, provider, order, streamed):
    body = ORDERS[order].replace(b"MESSAGE", b'{"role":"user","content":"Hi"}')
    if order == 3 and not streamed:
        body = body.replace(b'"stream_options":null,', b"")
    body = body.replace(b"MORE", b'"stream":true,' if streamed else b"")
    response = customer.post(body)
    assert response.status_code == 200
    sent = provider.last.json
    assert "usage" not in sent
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]
    assert (sent.get("stream_options") == {"include_usage": True}) == streamed


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize("streamed", [True, False])
def test_a_picture_to_a_model_without_eyes(customer, provider, streamed):
    """Before anything is held or sent."""
    messages = [{"role": "user", "content": [PICTURE, {"type": "text", "text": "What is it?"}]}]
    response = customer.ask("gpt-3.5-turbo", messages=messages, stream=streamed)
    check_error(response, 400, "unsupported_content", param="messages", retry=False)
    assert provider.requests == []
    assert usd(customer.wallet()["held"]) == 0
    assert customer.ask("gpt-4o-mini", messages=messages, stream=streamed).status_code == 200


SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
PDF = "data:application/pdf;base64,AA"
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}
READ = {
    "sound": (SOUND, "audio"),
    "sound by its address": ({"type": "audio_url", "audio_url": {"url": "http://x/a"}}, "audio"),
    "a file": (FILE, "files"),
}


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(("part", "capability"), READ.values(), ids=READ)
def test_sound_and_files_to_a_model_that_reads_none(
    make_gateway, provider, part, capability, streamed
):
    """Before anything is held or sent; what the model's entry names passes as it came."""

    def prepare(policies):
        price = PRICES["gpt-4o-mini"]
        others = [one for one in ("vision", "audio", "files") if one != capability]
        policies.model("reads", price, capabilities=[capability])
        policies.model("other", price, capabilities=others, image_tokens_max=1000)

    customer = make_gateway(prepare=prepare).customer()
    messages = [{"role": "user", "content": [part, {"type": "text", "text": "What is it?"}]}]
    for model in ("other", "demo", "gpt-3.5-turbo"):
        response = customer.ask(model, messages=messages, stream=streamed)
        error = check_error(response, 400, "unsupported_content", param="messages", retry=False)
        assert {"audio": "sound", "files": "files"}[capability] in error["message"]
    assert provider.requests == []
    assert usd(customer.wallet()["held"]) == 0
    assert customer.ask("reads", messages=messages, stream=streamed).status_code == 200
    assert provider.last.json["messages"] == messages


def test_402_says_where_credits_are(gateway, provider):
    error = check_error(gateway.customer(credit=None).ask(), 402, "insufficient_credits")
    assert f"{gateway.origin}/dashboard/credits" in error["message"]
    narrow = gateway.customer()
    narrow.create_key(budget="0.000001")
    error = check_error(narrow.ask(max_tokens=10000), 402, "key_budget_exceeded")
    assert f"{gateway.origin}/dashboard/keys" in error["message"]


def test_a_stream_that_money_has_ended_says_where_credits_are(gateway, provider):
    poor = gateway.customer(credit="0.002")
    provider.answer = answers.chat(pieces=("word " * 40,) * 400, usage=None)
    chunks = sse.chunks(poor.ask(stream=True, **WISH).content)
    (reason,) = [chunk["metadata"] for chunk in chunks if chunk.get("metadata")]
    assert f"{gateway.origin}/dashboard/credits" in reason["message"]
    assert chunks[-1]["usage"]["cost"] > 0


def test_an_error_in_mid_stream_says_what_was_charged(customer, provider):
    provider.answer = answers.stream([*Chat().events({})[:3], answers.error_event()])
    error = sse.chunks(customer.ask(stream=True).content)[-1]["error"]
    customer.wait_for_no_hold()
    cost = f"{10 - customer.balance:f}".rstrip("0")
    assert f"${cost} was charged" in error["message"]
