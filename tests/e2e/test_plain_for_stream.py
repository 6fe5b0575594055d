"""A provider answers plainly where a stream was asked for: healthy servers do. The client gets a
stream of its dialect, with the provider's own members."""

import json

import answers
import anthropic
import gemini_answers
import pytest
import responses_answers
from anthropic_answers import Message, named
from gateway import Gateway
from google import genai
from prices import Price, usd

PRICE = Price("3", "15", "0.30")
HELLO = [{"role": "user", "content": "Hello!"}]
TOOL = {"name": "f", "input": {"a": "\u00fc\n"}}
DIALECTS = ["openai", "openai-responses", "anthropic", "gemini"]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("plain"), shared_provider, {})
    for dialect in DIALECTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",))
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def check_record(customer) -> None:
    record = customer.wait_for_record()
    assert (record["input_tokens"], record["output_tokens"]) == (19, 10)
    assert record["error_code"] is None


def test_a_message(customer, provider):
    said = Message(thinking=("Let me", " think"), tool=TOOL)
    provider.answer = answers.reply(200, said.body({"model": "m-anthropic"}))
    client = anthropic.Anthropic(base_url=customer.gateway.origin, api_key=customer.key,
                                 max_retries=0)  # fmt: skip
    with client.messages.stream(model="m-anthropic", max_tokens=100, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == "Hello there!"
        answer = stream.get_final_message()
    thought, text, call = answer.content
    assert (thought.thinking, thought.signature) == ("Let me think", "c2lnbmF0dXJl")
    assert text.text == "Hello there!"
    assert (call.name, call.input) == ("f", TOOL["input"])
    assert (answer.stop_reason, answer.usage.output_tokens) == ("tool_use", 10)
    assert answer.id == json.loads(said.body({"model": "m"}))["id"]
    check_record(customer)


def test_blocks_of_tomorrow_pass(customer, provider):
    block = {"type": "tomorrow", "input": [1], "text": "x"}
    body = json.loads(Message().body({"model": "m-anthropic"}))
    body["content"].append(block)
    provider.answer = answers.reply(200, json.dumps(body, indent=1).encode())
    body = {"model": "m-anthropic", "max_tokens": 100, "messages": HELLO, "stream": True}
    reply = customer.post(body, "/messages")
    starts = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert [one["content_block"] for one in starts if "content_block" in one][-1] == block


def test_a_response(customer, provider):
    said = responses_answers.Response(tool=TOOL)
    provider.answer = answers.reply(200, said.body({"model": "m-openai-responses"}))
    with customer.openai().responses.stream(model="m-openai-responses", input="Hi") as stream:
        events = list(stream)
        answer = stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert deltas == ["Hello there!"]
    assert answer.output_text == "Hello there!"
    assert json.loads(answer.output[1].arguments) == TOOL["input"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert usd(answer.usage.cost) == usd(customer.wait_for_record()["cost"])
    check_record(customer)


def test_generated_content(customer, provider):
    provider.answer = answers.reply(200, gemini_answers.Content(tool=TOOL).body())
    options = {"base_url": customer.gateway.origin}
    client = genai.Client(api_key=customer.key, http_options=options)
    (chunk,) = client.models.generate_content_stream(model="m-gemini", contents="Hi")
    assert chunk.text == "Hello there!"
    assert chunk.function_calls[0].args == TOOL["input"]
    check_record(customer)


def ask(customer, client: str, model: str):
    if client == "gemini":
        body = {"contents": [{"parts": [{"text": "Hello!"}]}]}
        path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
        headers = {"x-goog-api-key": customer.key}
        return customer.gateway.http.post(path, json=body, headers=headers)
    body = {"model": model, "stream": True}
    if client == "openai-responses":
        return customer.post({"input": "Hello!", **body}, "/responses")
    if client == "anthropic":
        return customer.post({"max_tokens": 100, "messages": HELLO, **body}, "/messages")
    return customer.post({"messages": HELLO, **body}, "/chat/completions")


EMPTY = {
    "openai": {"choices": []},
    "openai-responses": {"output": []},
    "anthropic": {"content": []},
    "gemini": {"candidates": []},
}


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("of", DIALECTS)
def test_an_answer_that_says_nothing_is_refused(customer, provider, of, client):
    provider.answer = answers.reply(200, json.dumps(EMPTY[of]).encode())
    reply = ask(customer, client, f"m-{of}")
    assert reply.status_code == 502
    assert customer.balance == 10


DONE = {"openai": b"data: [DONE]\n\n", "anthropic": named("message_stop")}


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("of", DONE)
def test_a_stream_that_says_nothing_is_refused(customer, provider, of, client):
    """Also where a translation could give it an end."""
    provider.answer = answers.stream([DONE[of]])
    reply = ask(customer, client, f"m-{of}")
    assert reply.status_code == 502
    assert customer.balance == 10
