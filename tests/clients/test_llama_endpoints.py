"""llama.cpp's completions, embeddings and rerank behind the gateway: the official client reads
them, and each call is charged by the server's own counts."""

import pytest
from errors import check_error
from gateway import Gateway
from llama_server import CONTEXT, LlamaServer
from policy_prices import exact_of, rounded_up
from prices import usd

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
SERVERS = {"texts": ("llama-spm",), "embeds": ("bert-bge", "embeddings"),
           "ranks": ("bert-bge", "rerank")}  # fmt: skip
SOLD = {
    "texts": (
        "completions",
        {"input": "1.37", "cached_input": "0.171", "output": "19.13", "max_output": 1500},
    ),
    "embeds": ("embeddings", {"input": "1.37", "max_output": None}),
    "ranks": ("rerank", {"input": "1.37", "max_output": None}),
}
WIDTH = 32  # of a vector (tiny_model.py)
BASE64_BYTES = 172  # of so many 32-bit floats


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    started = {name: LlamaServer(tmp_path_factory.mktemp(name), *how)
               for name, how in SERVERS.items()}  # fmt: skip
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture(scope="module")
def house(servers, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("house"), None, {})
    gateway.policies.write("examples", "return {}\n")
    for name, server in servers.items():
        endpoint, members = SOLD[name]
        gateway.policies.provider(name, base_url=server.origin + "/v1", api_key=False,
                                  dialect=[endpoint])  # fmt: skip
        gateway.policies.model(name, endpoints=[endpoint], providers=(name,), context=CONTEXT,
                               **members)  # fmt: skip
    yield from gateway.served()


@pytest.fixture
def customer(house):
    made = house.customer()
    yield made
    made.wait_for_no_hold()


def check_charge(house, customer, model: str, cost: float | None, **used: int) -> None:
    """The newest call's, by the policy's files."""
    record = customer.wait_for_record()
    assert record["usage_source"] == "reported"
    charge = rounded_up(exact_of(house.policies, model, used))
    assert 10 - customer.balance == usd(record["cost"]) == charge > 0
    assert cost is None or usd(cost) == charge


def test_a_completion(house, servers, customer):
    found = customer.openai().completions.create(model="texts", prompt="The quick", max_tokens=20)
    assert found.choices[0].text
    assert found.choices[0].finish_reason == "length"
    usage = found.usage
    assert usage.completion_tokens == 20
    assert usage.prompt_tokens == servers["texts"].count("The quick") + 1, "with the first token"
    check_charge(house, customer, "texts", usage.cost, input=usage.prompt_tokens, output=20)


def test_a_streamed_completion(house, customer):
    chunks = list(customer.openai().completions.create(
        model="texts", prompt="The quick", max_tokens=20, stream=True,
        stream_options={"include_usage": True}))  # fmt: skip
    said = [choice.text for chunk in chunks for choice in chunk.choices]
    assert "".join(said)
    usage = chunks[-1].usage
    assert usage.completion_tokens == 20
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    check_charge(house, customer, "texts", usage.cost, input=usage.prompt_tokens - cached,
                 output=20, **({"cached_input": cached} if cached else {}))  # fmt: skip


def test_several_prompts(house, customer):
    """The server counts each of them."""
    found = customer.openai().completions.create(model="texts", prompt=["one", "two"], max_tokens=5)
    assert [choice.index for choice in found.choices] == [0, 1]
    assert all(choice.text for choice in found.choices)
    record = customer.wait_for_record()
    assert usd(record["cost"]) == 10 - customer.balance > 0


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_embeddings(house, customer, encoding):
    more = {"encoding_format": encoding} if encoding else {}
    found = customer.openai().embeddings.create(model="embeds", input=["one two", "three"], **more)
    size = BASE64_BYTES if encoding == "base64" else WIDTH
    assert [len(entry.embedding) for entry in found.data] == [size] * 2
    check_charge(house, customer, "embeds", found.usage.cost, input=found.usage.prompt_tokens)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/embeddings", {"model": "embeds", "input": "word " * CONTEXT}),
     ("/rerank", {"model": "ranks", "query": "q", "documents": ["word " * CONTEXT]})],
)  # fmt: skip
def test_a_text_that_is_too_long(customer, path, body):
    """The server says 500, as if it were its own fault."""
    error = check_error(customer.post(body, path), 400, "context_length_exceeded", retry=False)
    assert "too large" in error["message"]
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_a_ranking(house, customer):
    documents = ["a fox", "a dog", "a long tale of a fox and a dog"]
    body = {"model": "ranks", "query": "fox", "documents": documents, "top_n": 2}
    found = customer.post(body, "/rerank")
    assert found.status_code == 200, found.text
    scores = [one["relevance_score"] for one in found.json()["results"]]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    record = customer.wait_for_record()
    check_charge(house, customer, "ranks", None, input=record["input_tokens"])
    assert 3 * 4 <= record["input_tokens"] < 60
