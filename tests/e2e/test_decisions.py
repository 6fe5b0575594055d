"""OpenAI's decisions: questions about one input (openai 3.57.0, PyPI), with prices of their own."""

import json

import answers
import pytest
from answers import Usage
from errors import check_error
from gateway import Gateway
from prices import Price, charge, usd

# As OpenAI sells them: what is generated costs nothing (litellm 1.110.2, gpt-6-luna).
PRICE = Price("0.10", "0", "0.01")
QUESTIONS = [
    {"type": "predicate", "instructions": "It is about animals.", "name": "animals"},
    {"type": "choice", "instructions": [{"type": "input_text", "text": "Which?"}],
     "choices": [{"value": "fox"}, {"value": True}]},
]  # fmt: skip
ANSWERS = [
    {"type": "predicate", "name": "animals", "probability": 0.98},
    {"type": "choice", "name": None, "choice": "fox", "confidence": 0.9, "probabilities": []},
]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("decide"), shared_provider, {})
    policies = gateway.policies
    policies.provider("decider", dialect=["openai-responses", "decisions"])
    sold = {"endpoints": ["decisions"], "context": 8000, "max_output": 1000}
    policies.model("decide", PRICE, **sold,
                   candidates=[{"provider": "decider", "model": "theirs"}])  # fmt: skip
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def decided(prompt: int = 100, cached: int = 0, generated: int = 30, given=ANSWERS):
    usage = {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": generated,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + generated,
    }
    body = {"answers": given, "model": "theirs", "usage": usage}
    return answers.reply(200, json.dumps(body).encode())


def ask(customer, **fields):
    body = {"model": "decide", "input": "The quick brown fox", "questions": QUESTIONS, **fields}
    return customer.post(body, "/decisions")


@pytest.mark.quick
def test_the_python_sdk(customer, provider):
    provider.answer = decided(prompt=100, cached=40)
    found = customer.openai().decisions.create(
        model="decide", input="The quick brown fox", questions=QUESTIONS
    )
    assert found.answers[0].probability == 0.98
    assert found.answers[1].choice == "fox"
    assert (found.model, found.usage.output_tokens) == ("decide", 30)
    assert provider.last.path.endswith("/decisions")
    assert provider.last.json == {
        "model": "theirs", "input": "The quick brown fox", "questions": QUESTIONS
    }  # fmt: skip
    record = customer.wait_for_record()
    assert (record["input_tokens"], record["output_tokens"]) == (60, 30)
    assert usd(record["cost"]) == charge(PRICE, Usage(100, 30, cached=40))
    assert usd(json.loads(found.to_json())["usage"]["cost"]) == usd(record["cost"])


def test_an_input_of_messages(customer, provider):
    provider.answer = decided()
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    messages = [
        {"role": "user", "content": [{"type": "input_text", "text": "Look."}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "fox"},
    ]
    assert ask(customer, input=messages).status_code == 200
    assert provider.last.json["input"] == messages
    messages[0]["content"].append(picture)
    check_error(ask(customer, input=messages), 400, "unsupported_content", param="input")
    asked = [{"type": "predicate", "instructions": [picture]}]
    check_error(ask(customer, questions=asked), 400, "unsupported_content")


def test_it_is_held_and_estimated(house, provider):
    customer = house.customer()
    body = {"answers": ANSWERS, "model": "theirs"}
    provider.answer = answers.reply(200, json.dumps(body).encode())
    assert ask(customer, input="word " * 4000).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 2000 < record["input_tokens"] < 8001
    provider.reset()
    poor = house.customer(credit="0.0001")
    check_error(ask(poor, input="word " * 4000), 402, "insufficient_credits")
    assert provider.requests == []


WRONG = {
    "no questions": {"questions": None},
    "a question": {"questions": "Is it?"},
    "texts": {"questions": ["Is it?"]},
    "no input": {"input": None},
    "a number": {"input": 5},
    "what is kept": {"input": [{"type": "item_reference", "id": "msg_1"}]},
    "a file": {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f_1"}]}]},
    "a stream": {"stream": True},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(customer, provider, name):
    provider.reset()
    check_error(ask(customer, **WRONG[name]), 400, retry=False)
    assert provider.requests == []


def test_a_model_answers_where_it_is_sold(customer, provider):
    provider.reset()
    error = check_error(customer.ask("decide"), 404, "wrong_endpoint")
    assert "/v1/decisions" in error["message"]
    check_error(ask(customer, model="gpt-4o-mini"), 404, "wrong_endpoint")
    assert provider.requests == []


def test_a_failed_provider_is_free(customer, provider):
    for answer in (answers.error(500, "no", None, "server_error"), answers.reply(200, b"{}"),
                   decided(given=[]), decided(given=[{}])):  # fmt: skip
        provider.answer = answer
        check_error(ask(customer), 502)
    assert customer.balance == 10


@pytest.mark.parametrize("where", ["input", "instructions"])
def test_no_mark_of_a_cache_hides(customer, provider, where):
    part = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"ttl": "12h"}}
    question = {"type": "predicate", "instructions": [part if where == "instructions" else "a"]}
    body = {"model": "decide", "input": [part] if where == "input" else "a",
            "questions": [question]}  # fmt: skip
    error = check_error(customer.post(body, "/decisions"), 400, "not_priced")
    assert "prompt_cache_options.ttl.12h" in error["message"]
    assert provider.requests == []
