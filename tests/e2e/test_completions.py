"""OpenAI's older completions, plain and streamed: what passes, what is held and charged, and how a
stream ends when money, time or the provider does."""

import json
from decimal import Decimal

import answers
import pytest
import sse
from answers import DONE, Usage
from completion_answers import Text, events_of, text
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from policies import Lua
from prices import Price, charge, usd
from wait import wait_until

PRICE = Price("1", "2")
DEAR = Price("100", "1000")
PATH = "/completions"


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    settings = {"keepalive_comment_ms": 200, "first_event_wait_ms": 300}
    gateway = Gateway(tmp_path_factory.mktemp("text"), shared_provider, settings)
    policies = gateway.policies
    policies.provider("fim", dialect=["completions"])
    policies.provider("both", dialect=["openai-chat", "completions"])
    policies.provider("second", dialect=["completions"])
    sold = {"endpoints": ["completions"], "context": 8000, "max_output": 4000}
    policies.model("fast", PRICE, **sold,
                   candidates=[{"provider": "fim", "model": "theirs"}])  # fmt: skip
    policies.model("dear", DEAR, **sold, providers=("fim",))
    policies.model("safe", PRICE, **sold, providers=("fim", "second"))
    policies.model("either", PRICE, endpoints=["chat", "completions"], providers=("both",))
    policies.provider("keyless", api_key=Lua('env("NOBODY_SETS_THIS")'))
    policies.model("away", PRICE, providers=("keyless",))
    policies.model("short", PRICE, **sold, providers=("fim",))
    policies.model("long", PRICE, **sold, providers=("fim",))
    limits = (
        f'{{ scope = "key", models = {{ "{model}" }}, output_tokens_max = {most} }}, '
        for model, most in (("short", 10), ("long", 1000))
    )
    policies.write("limits", f"return {{ {''.join(limits)} }}\n")
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def ask(customer, model="fast", prompt="The quick", **fields):
    return customer.post({"model": model, "prompt": prompt, **fields}, PATH)


def texts(body: bytes) -> str:
    choices = (choice for chunk in sse.chunks(body) for choice in chunk.get("choices", []))
    return "".join(choice["text"] for choice in choices)


def reasons(body: bytes) -> list[str]:
    choices = (choice for chunk in sse.chunks(body) for choice in chunk.get("choices", []))
    return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


# ---- what passes ----


@pytest.mark.quick
def test_a_completion(customer, provider):
    provider.answer = text(usage=Usage(5, 7))
    body = {"model": "fast", "prompt": "The quick", "suffix": " dog", "max_tokens": 20,
            "stop": ["\n"], "logprobs": 2, "top_k": 3, "x": [], "temperature": 0}  # fmt: skip
    reply = customer.post(body, PATH)
    assert reply.status_code == 200
    found = reply.json()
    assert (found["object"], found["model"]) == ("text_completion", "fast")
    assert found["choices"][0]["text"] == " brown fox"
    assert provider.last.json == {**body, "model": "theirs"}
    assert provider.last.path.endswith("/v1/completions")
    record = customer.wait_for_record()
    assert (record["input_tokens"], record["output_tokens"]) == (5, 7)
    assert usd(record["cost"]) == usd(found["usage"]["cost"]) == charge(PRICE, Usage(5, 7))
    assert usd(reply.headers["x-llm-cost"]) == usd(record["cost"])
    shown = customer.get(f"/generation?id={reply.headers['x-request-id']}").json()["data"]
    assert shown["model"] == "fast"


@pytest.mark.parametrize("prompt", ["one", ["one", "two"], [1, 2, 3], [[1, 2], [3]], "하나", None])
def test_a_prompt_of_each_form(customer, provider, prompt):
    provider.answer = text(usage=Usage(11, 6))
    body = {"model": "fast", "prompt": prompt, "max_tokens": 6}
    reply = customer.post(body, PATH)
    assert reply.status_code == 200, reply.text
    assert provider.last.json == {**body, "model": "theirs"}
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(11, 6))


def test_there_need_be_no_prompt(customer, provider):
    provider.answer = text()
    assert customer.post({"model": "fast"}, PATH).status_code == 200
    assert provider.last.json == {"model": "theirs"}


WRONG = {
    "an object": ({"prompt": {}}, "prompt"),
    "objects": ({"prompt": [{}]}, "prompt"),
    "an empty list": ({"prompt": []}, "prompt"),
    "texts and tokens": ({"prompt": ["x", 5]}, "prompt"),
    "too many": ({"prompt": ["x"] * 4097}, "prompt"),
    "a limit below zero": ({"max_tokens": -1}, "max_tokens"),
    "a limit that is text": ({"max_tokens": "5"}, "max_tokens"),
    "no best": ({"best_of": 0}, "best_of"),
    "too many at once": ({"n": 129}, "n"),
    "an echo that is no flag": ({"echo": "yes"}, "echo"),
    "the best of a stream": ({"n": 1, "best_of": 2, "stream": True}, "best_of"),
    "a stream of too many": ({"prompt": ["x"] * 65, "n": 2, "stream": True}, "n"),
    "options without a stream": ({"stream_options": {}}, "stream_options"),
    "a disguised member": ({"BEST_OF": 100}, None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(customer, provider, name):
    provider.reset()
    fields, param = WRONG[name]
    error = check_error(ask(customer, **fields), 400, retry=False)
    assert param is None or error["param"] == param
    assert provider.requests == []


def test_it_is_asked_only_where_it_is_sold(customer, provider):
    provider.reset()
    error = check_error(ask(customer, "gpt-4o-mini"), 404, "wrong_endpoint", param="model")
    assert "/v1/chat/completions" in error["message"]
    error = check_error(customer.ask("fast"), 404, "wrong_endpoint", param="model")
    assert "/v1/completions" in error["message"]
    assert provider.requests == []


def test_one_model_may_be_sold_at_both(customer, provider):
    provider.answer = text()
    assert ask(customer, "either").json()["object"] == "text_completion"
    provider.answer = answers.chat()
    assert customer.ask("either").json()["object"] == "chat.completion"
    listed = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert "/v1/completions" in listed["either"]["supported_endpoints"]
    assert listed["fast"]["supported_endpoints"] == ["/v1/completions"]
    assert listed["fast"]["available"] is True
    assert listed["away"]["available"] is False
    assert listed["either"]["architecture"]["output_modalities"] == ["text"]


# ---- streams ----


@pytest.mark.quick
@pytest.mark.parametrize("options", [None, {"include_usage": True}, {"include_usage": False}])
def test_a_stream(customer, provider, options):
    made = Text(pieces=[" piece"] * 40, usage=Usage(6, 40))
    provider.answer = events_of(made)
    body = {"model": "fast", "prompt": "x", "stream": True, "max_tokens": 100}
    if options is not None:
        body["stream_options"] = options
    got = customer.post(body, PATH)
    assert provider.last.json["stream_options"]["include_usage"] is True
    chunks = sse.chunks(got.content)
    assert texts(got.content) == " piece" * 40
    assert reasons(got.content) == ["stop"]
    assert sse.is_done(got.content)
    assert {chunk["model"] for chunk in chunks} == {"fast"}
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    cost = charge(PRICE, Usage(6, 40))
    assert usd(customer.wait_for_record()["cost"]) == cost
    if (options or {}).get("include_usage"):
        assert chunks[-1]["choices"] == []
        assert usd(chunks[-1]["usage"]["cost"]) == cost
    else:
        assert not any("usage" in chunk for chunk in chunks)


def test_a_plain_answer_to_a_stream_becomes_one(customer, provider):
    provider.answer = answers.reply(200, Text().body({"model": "theirs", "n": 2}))
    got = ask(customer, stream=True, n=2, stream_options={"include_usage": True})
    chunks = sse.chunks(got.content)
    assert texts(got.content) == " brown fox" * 2
    assert reasons(got.content) == ["stop"] * 2
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert usd(chunks[-1]["usage"]["cost"]) == charge(PRICE, Usage())
    assert sse.is_done(got.content)


@pytest.mark.quick
def test_a_stream_ends_by_length_when_the_money_does(house, provider):
    poor = house.customer(credit="3")
    piece = Text().events({"model": "dear", "stream": True})[0].replace(b" brown", b"x" * 400)
    provider.answer = answers.stream([piece] * 400 + [DONE])
    got = ask(poor, "dear", stream=True, max_tokens=4000, stream_options={"include_usage": True})
    assert got.status_code == 200
    chunks = sse.chunks(got.content)
    assert reasons(got.content) == ["length"]
    assert sse.is_done(got.content)
    end = next(chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["text"] == "")
    assert end["metadata"]["code"] == "insufficient_credits"
    assert end["object"] == "text_completion"
    poor.wait_for_no_hold()
    assert 0 <= poor.balance < 1
    assert usd(chunks[-1]["usage"]["cost"]) == 3 - poor.balance


def test_a_stream_that_fails_says_what_was_charged(customer, provider):
    made = Text(pieces=["word "] * 20).events({"model": "theirs"})[:20]
    provider.answer = answers.stream([*made, answers.error_event()])
    got = ask(customer, stream=True, stream_options={"include_usage": True})
    last, error = sse.chunks(got.content)[-2:]
    cost = usd(last["usage"]["cost"])
    assert cost > 0
    assert last["object"] == "text_completion"
    assert "was charged" in error["error"]["message"]
    assert sse.is_done(got.content)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == cost


def test_a_failure_before_the_first_text_is_another_s_turn(customer, provider):
    provider.answer = answers.stream([answers.error_event()])
    provider.then(text(usage=Usage(1, 2)))
    got = ask(customer, "safe", stream=True)
    assert texts(got.content) == " brown fox"
    assert sse.is_done(got.content)
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(1, 2))


def test_a_slow_provider_is_waited_for(customer, provider):
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, text())
        headers = customer.authorization
        body = {"model": "fast", "prompt": "x", "stream": True}
        path = f"/v1{PATH}"
        with customer.gateway.http.stream("POST", path, headers=headers, json=body) as response:
            lines = response.iter_lines()
            assert next(lines) == ": keep-alive"
            gate.set()
            rest = "\n".join(lines).encode()
    assert texts(rest) == " brown fox"
    assert sse.is_done(rest)


def test_a_client_that_leaves_pays_for_what_came(customer, provider):
    made = Text(pieces=["word "] * 1000, usage=None)
    provider.answer = events_of(made, gap_s=0.01)
    headers = customer.authorization
    body = {"model": "fast", "prompt": "x", "stream": True, "max_tokens": 2000}
    with customer.gateway.http.stream("POST", f"/v1{PATH}", headers=headers, json=body) as response:
        next(response.iter_lines())
    wait_until(lambda: provider.last.gone_at is not None, 5, "the provider to be left")
    record = customer.wait_for_record()
    assert 0 < record["output_tokens"] < 1000
    assert usd(record["cost"]) > 0


# ---- what is held, and limits ----


def test_all_that_is_generated_is_held(house, provider):
    """2 prompts, the best of 3 of each, 1000 tokens: 6 USD and the margin."""
    provider.reset()
    fields = {"prompt": ["x", "y"], "best_of": 3, "max_tokens": 1000}
    error = check_error(ask(house.customer(credit="7"), "dear", **fields), 402)
    assert usd(error["metadata"]["required"]) > Decimal("7.2")
    assert provider.requests == []
    provider.answer = text(usage=Usage(4, 6000))
    rich = house.customer(credit="8")
    assert ask(rich, "dear", **fields).status_code == 200
    assert usd(rich.wait_for_record()["cost"]) == charge(DEAR, Usage(4, 6000))


def test_without_a_limit_the_longest_answer_is_held(house, provider):
    """A server may go on as long as it can; OpenAI stops at 16. What the client did not say is not
    said to the provider."""
    rich = house.customer(credit="20")
    provider.answer = text(usage=Usage(4, 4000))
    assert ask(rich, "dear").status_code == 200
    assert "max_tokens" not in provider.last.json
    assert usd(rich.wait_for_record()["cost"]) == charge(DEAR, Usage(4, 4000))


def test_a_limit_of_ours_makes_no_answer_longer(house, provider):
    """Where the client states none, OpenAI's usual 16 is the most that we put in."""
    provider.answer = text(usage=Usage(4, 16))
    poor = house.customer(credit="1")
    assert ask(poor, "dear").status_code == 200
    assert provider.last.json["max_tokens"] == 16
    customer = house.customer()
    for model, limit, asked in [("short", 10, {}), ("long", 16, {}), ("long", 1000, 2000),
                                ("long", 5, 5), ("short", 10, None)]:  # fmt: skip
        fields = {"max_tokens": asked} if asked != {} else {}
        assert ask(customer, model, **fields).status_code == 200
        assert provider.last.json["max_tokens"] == limit


def test_a_limit_of_zero_asks_for_the_prompt_alone(customer, provider):
    provider.answer = text(pieces=[""], usage=Usage(4, 0), finish_reason="length")
    body = {"model": "fast", "prompt": "x", "max_tokens": 0, "echo": True, "logprobs": 1}
    reply = customer.post(body, PATH)
    assert reply.status_code == 200, reply.text
    assert provider.last.json == {**body, "model": "theirs"}
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(4, 0))


@pytest.mark.parametrize("stream", [False, True])
def test_an_echo_is_not_generated(customer, provider, stream):
    """The prompt comes back; only what follows is an answer, by the provider's count and ours."""
    prompt = "once upon a time " * 500
    provider.answer = text(usage=Usage(2000, 2))
    got = ask(customer, prompt=prompt, echo=True, max_tokens=50, stream=stream)
    said = texts(got.content) if stream else got.json()["choices"][0]["text"]
    assert said == prompt + " brown fox"
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(2000, 2))


def test_an_echo_that_nobody_counts_is_estimated_without_it(customer, provider):
    provider.answer = text(usage=None, pieces=["answer "] * 10)
    prompt = "once upon a time " * 500
    assert ask(customer, prompt=prompt, echo=True, max_tokens=500).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 10 <= record["output_tokens"] <= 40


def test_a_call_is_estimated_by_what_came(customer, provider):
    provider.answer = text(usage=None, pieces=["answer "] * 100)
    assert ask(customer, prompt="word " * 1000).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 500 < record["input_tokens"] < 3000
    assert 100 <= record["output_tokens"] <= 350


@pytest.mark.parametrize("stream", [False, True])
def test_a_retry_gets_the_first_answer(house, provider, stream):
    customer = house.customer()
    provider.reset()
    provider.answer = text()
    headers = {"Idempotency-Key": f"text-{stream}"}
    body = {"model": "fast", "prompt": "x", "stream": stream}
    first = customer.post(body, PATH, headers=headers)
    customer.wait_for_no_hold()
    again = customer.post(body, PATH, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(provider.requests) == 1
    assert len(customer.records()) == 1


def test_a_client_s_error_passes(customer, provider):
    provider.answer = answers.error(400, "'suffix' is not supported", None, "invalid_request_error")
    assert "suffix" in check_error(ask(customer, suffix="x"), 400)["message"]
    assert customer.balance == 10


# ---- the official packages ----


@pytest.mark.quick
def test_the_python_sdk(customer, provider):
    provider.answer = text(usage=Usage(3, 4))
    client = customer.openai()
    found = client.completions.create(model="fast", prompt=["a", "b"], n=2, max_tokens=9)
    assert [choice.text for choice in found.choices] == [" brown fox"] * 4
    assert found.usage.completion_tokens == 4
    said = list(client.completions.create(model="fast", prompt="a", stream=True,
                                          stream_options={"include_usage": True}))  # fmt: skip
    assert "".join(c.text for chunk in said for c in chunk.choices) == " brown fox"
    assert said[-1].usage.prompt_tokens == 3
    assert usd(json.loads(said[-1].to_json())["usage"]["cost"]) == charge(PRICE, Usage(3, 4))
