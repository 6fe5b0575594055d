"""llama.cpp behind the gateway, as a server of one's own: its calls are answered, bounded and paid,
what it says of its context is shown, and its tokens are estimated well."""

from decimal import Decimal

import pytest
from answers import Usage
from gateway import Gateway
from llama_server import CONTEXT, VOCABULARIES, LlamaServer
from policies import Lua
from prices import Price, charge, usd
from test_rates import check_estimates
from wait import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
PRICE = Price("100", "1000", cached="10")
HI = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = LlamaServer(tmp_path_factory.mktemp("llama"), "llama-spm")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def house(server, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("house"), None, {"ask_context_every_ms": 100})
    gateway.policies.provider("llama", base_url=server.origin + "/v1", api_key=False)
    gateway.policies.model("tiny", PRICE, ("llama",), context=Lua("nil"), max_output=1500)
    yield from gateway.served()


@pytest.fixture
def customer(house):
    made = house.customer()
    yield made
    made.wait_for_no_hold()


def paid(customer, source: str, cost: float | None = None) -> Usage:
    """What the newest call was charged for."""
    record = customer.wait_for_record()
    assert record["usage_source"] == source
    cached = record["cached_input_tokens"]
    usage = Usage(record["input_tokens"] + cached, record["output_tokens"], cached)
    assert 10 - customer.balance == charge(PRICE, usage)
    assert cost is None or usd(cost) == charge(PRICE, usage)
    return usage


def test_its_context_is_shown(customer):
    """models.lua states none; the model was trained for more."""

    def length() -> int | None:
        models = customer.get("/models").json()["data"]
        return next(each["context_length"] for each in models if each["id"] == "tiny")

    wait_until(lambda: length() == CONTEXT, 10, f"a context of {CONTEXT}")


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_plain_call_keeps_to_its_limit(customer, limit):
    answer = customer.ask("tiny", **{limit: 20})
    assert answer.status_code == 200, answer.text
    (choice,), usage = answer.json()["choices"], answer.json()["usage"]
    assert choice["message"]["content"]
    assert choice["finish_reason"] == "length"
    assert usage["completion_tokens"] == 20
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    assert paid(customer, "reported", usage["cost"]) == Usage(usage["prompt_tokens"], 20, cached)


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_stream_keeps_to_its_limit(customer, server, limit):
    stream = customer.openai().chat.completions.create(
        model="tiny",
        messages=HI,
        stream=True,
        stream_options={"include_usage": True},
        **{limit: 20},
    )
    chunks = list(stream)
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert server.count("".join(choice.delta.content or "" for choice in choices)) > 10
    assert choices[-1].finish_reason == "length"
    usage = chunks[-1].usage
    assert usage.completion_tokens == 20
    cached = usage.prompt_tokens_details.cached_tokens
    assert paid(customer, "reported", usage.cost) == Usage(usage.prompt_tokens, 20, cached)


def test_a_stream_whose_client_asks_for_no_usage(customer):
    """The gateway asks for it, and keeps it to itself."""
    chunks = list(
        customer.openai().chat.completions.create(
            model="tiny", messages=HI, stream=True, max_tokens=20
        )
    )
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert paid(customer, "reported").completion == 20


def test_a_client_that_leaves(customer, server):
    """The server stops, the client pays what was made, and the next one is answered."""
    before = server.cancelled()
    stream = customer.openai().chat.completions.create(model="tiny", messages=HI, stream=True)
    next(chunk for chunk in stream if chunk.choices[0].delta.content)
    stream.close()
    wait_until(lambda: server.cancelled() > before, 20, "the server to stop")
    usage = paid(customer, "partial")
    assert usage.prompt > 0
    assert 1 <= usage.completion < CONTEXT - usage.prompt
    assert customer.ask("tiny", max_tokens=1).status_code == 200


@pytest.mark.parametrize("streamed", [False, True])
def test_a_question_that_is_too_long(customer, streamed):
    question = [{"role": "user", "content": "word " * 2 * CONTEXT}]
    answer = customer.ask("tiny", messages=question, stream=streamed)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "context_length_exceeded"
    assert str(CONTEXT) in error["message"]
    customer.wait_for_no_hold()
    assert customer.balance == Decimal(10)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_estimates_are_near_its_counts(tmp_path, shared_provider, vocabulary):
    shared_provider.reset()
    server = LlamaServer(tmp_path, vocabulary)
    gateway = Gateway(tmp_path / "house", shared_provider, {})
    gateway.policies.model("m", Price("2", "4"))
    gateway.start()
    try:
        check_estimates(gateway, shared_provider, "m", server.count)
        gateway.check_holds()
        gateway.stop()
    finally:
        gateway.abandon()
        server.stop()
