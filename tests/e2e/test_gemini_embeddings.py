"""Google's embeddings, one by one and in batches (all of its SDKs ask for a batch), and what is
charged for them."""

import json

import answers
import pytest
from answers import Usage
from errors import code_of
from gateway import Gateway
from google import genai
from google.genai import errors
from prices import Price, charge, usd

PRICE = Price("0.10", "0")
VECTORS = [[0.5, -1.25], [1.0, 0.0]]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("google"), shared_provider, {})
    policies = gateway.policies
    policies.provider("google", dialect="gemini")
    policies.model("embed", PRICE, endpoints=["gemini-embeddings"], max_output=None, context=8192,
                   candidates=[{"provider": "google", "model": "theirs/2"}])  # fmt: skip
    policies.model("talks", Price("1", "2"), providers=("google",))
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def embedded(batch: bool, tokens: int | None = 7):
    usage = {"promptTokenCount": tokens, "totalTokenCount": tokens}
    told = {} if tokens is None else {"usageMetadata": usage}

    def answer_of(count: int):
        values = [{"values": VECTORS[at % len(VECTORS)]} for at in range(count)]
        body = {**({"embeddings": values} if batch else {"embedding": values[0]}), **told}
        return answers.reply(200, json.dumps(body).encode())

    return answers.for_each_input(answer_of)


def content(text: str) -> dict:
    return {"parts": [{"text": text}]}


def ask(customer, body: dict, method="embedContent", model="embed", mount="/v1beta"):
    url = f"{mount}/models/{model}:{method}"
    headers = {"x-goog-api-key": customer.key}
    return customer.gateway.http.post(url, json=body, headers=headers)


def batch_of(*texts: str, model: str | None = "models/embed") -> dict:
    named = {"model": model} if model else {}
    return {"requests": [{**named, "content": content(text), "taskType": "X"} for text in texts]}


def check_google_error(reply, status: int, reason: str) -> str:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert error["code"] == status
    assert code_of(reply.json()) == reason
    return error["message"]


@pytest.mark.quick
@pytest.mark.parametrize("mount", ["/v1beta", "/api/v1beta", "/v1"])
def test_one_content(customer, provider, mount):
    provider.answer = embedded(batch=False)
    body = {"content": content("one"), "outputDimensionality": 2, "x": []}
    reply = ask(customer, {"model": "models/embed", **body}, mount=mount)
    assert reply.status_code == 200, reply.text
    assert reply.json()["embedding"]["values"] == VECTORS[0]
    assert provider.last.json == body, "the address has the provider's model"
    assert provider.last.path == "/v1/models/theirs/2:embedContent"
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, Usage(7, 0))
    assert usd(reply.json()["usageMetadata"]["cost"]) == usd(record["cost"])
    assert usd(reply.headers["x-llm-cost"]) == usd(record["cost"])


@pytest.mark.quick
@pytest.mark.parametrize("model", ["models/embed", "embed", None])
def test_a_batch_names_the_provider_s_model(customer, provider, model):
    provider.answer = embedded(batch=True, tokens=1234)
    body = batch_of("one", "two", model=model)
    reply = ask(customer, body, "batchEmbedContents")
    assert [entry["values"] for entry in reply.json()["embeddings"]] == VECTORS
    for entry in body["requests"] if model else []:
        entry["model"] = "models/theirs/2"
    assert provider.last.json == body
    assert provider.last.path == "/v1/models/theirs/2:batchEmbedContents"
    assert provider.last.headers["x-goog-api-key"]
    record = customer.wait_for_record()
    assert record["input_tokens"] == 1234
    assert usd(record["cost"]) == charge(PRICE, Usage(1234, 0))


@pytest.mark.quick
def test_google_s_sdk(customer, provider):
    provider.answer = embedded(batch=True)
    options = {"base_url": customer.gateway.origin}
    client = genai.Client(api_key=customer.key, http_options=options)
    found = client.models.embed_content(model="embed", contents=["one", "two"],
                                        config={"output_dimensionality": 2})  # fmt: skip
    assert [entry.values for entry in found.embeddings] == VECTORS
    assert found.usage_metadata.prompt_token_count == 7
    assert provider.last.path.endswith(":batchEmbedContents")
    with pytest.raises(errors.ClientError, match="not sold here"):
        client.models.embed_content(model="talks", contents="one")


def test_each_content_has_the_context_for_itself(house, provider):
    provider.answer = embedded(batch=True, tokens=160000)
    texts = ["word " * 8000] * 20
    customer = house.customer()
    assert ask(customer, batch_of(*texts), "batchEmbedContents").status_code == 200
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(160000, 0))
    provider.reset()
    poor = house.customer(credit="0.01")
    refused = ask(poor, batch_of(*texts), "batchEmbedContents")
    check_google_error(refused, 402, "insufficient_credits")
    assert provider.requests == []


def test_a_server_that_counts_nothing_is_estimated(customer, provider):
    provider.answer = embedded(batch=True, tokens=None)
    reply = ask(customer, batch_of("word " * 1000, "word " * 1000), "batchEmbedContents")
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 1000 < record["input_tokens"] < 6000
    assert usd(reply.json()["usageMetadata"]["cost"]) == usd(record["cost"]) > 0


ENTRY = {"content": content("x")}
WRONG = {
    "no content": ("embedContent", {}),
    "a text": ("embedContent", {"content": "x"}),
    "another model": ("embedContent", {"model": "models/other", **ENTRY}),
    "a file": ("embedContent", {"content": {"parts": [{"fileData": {"fileUri": "files/1"}}]}}),
    "a picture": ("embedContent", {"content": {"parts": [{"inlineData": {"mimeType": "image/png",
                                                                      "data": "AAAA"}}]}}),
    "no requests": ("batchEmbedContents", {}),
    "none": ("batchEmbedContents", {"requests": []}),
    "texts": ("batchEmbedContents", {"requests": ["x"]}),
    "an entry of nothing": ("batchEmbedContents", {"requests": [ENTRY, {}]}),
    "an entry of another model": ("batchEmbedContents", {"requests": [{**ENTRY, "model": "y"}]}),
    "a disguised entry": ("batchEmbedContents", {"requests": [{**ENTRY, "Model": "embed"}]}),
    "too many": ("batchEmbedContents", {"requests": [ENTRY] * 4097}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(customer, provider, name):
    provider.reset()
    method, body = WRONG[name]
    reply = ask(customer, body, method)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert provider.requests == []


def test_a_model_answers_where_it_is_sold(customer, provider):
    provider.reset()
    says = check_google_error(ask(customer, ENTRY, model="talks"), 404, "wrong_endpoint")
    assert "/v1/chat/completions" in says
    talk = {"contents": [content("x")]}
    says = check_google_error(ask(customer, talk, "generateContent"), 404, "wrong_endpoint")
    assert "/v1/models/embed:embedContent" in says
    assert provider.requests == []


def test_google_s_list_says_what_each_can(customer):
    headers = {"x-goog-api-key": customer.key}
    found = customer.gateway.http.get("/v1beta/models", headers=headers).json()["models"]
    methods = {model["name"]: model["supportedGenerationMethods"] for model in found}
    assert methods["models/embed"] == ["embedContent", "batchEmbedContents"]
    assert methods["models/talks"] == ["generateContent", "countTokens"]


def test_a_failed_provider_is_free(customer, provider):
    for answer in (answers.error(500, "no", None, "server_error"), answers.reply(200, b"{}")):
        provider.answer = answer
        assert ask(customer, ENTRY).status_code == 502
    assert customer.balance == 10


def test_a_retry_gets_the_first_answer(customer, provider):
    provider.reset()
    provider.answer = embedded(batch=False)
    url = "/v1beta/models/embed:embedContent"
    headers = {"x-goog-api-key": customer.key, "Idempotency-Key": "embed"}
    first = customer.gateway.http.post(url, json=ENTRY, headers=headers)
    customer.wait_for_no_hold()
    again = customer.gateway.http.post(url, json=ENTRY, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("embedContent", {"embedding": {}}),
        ("embedContent", {"embedding": {"values": []}}),
        ("batchEmbedContents", {"embeddings": []}),
        ("batchEmbedContents", {"embeddings": [{"values": [1]}]}),
        ("batchEmbedContents", {"embeddings": [{"values": [1]}, {}]}),
        ("batchEmbedContents", {"embeddings": [{"values": [1]}] * 3}),
    ],
    ids=str,
)
def test_another_number_of_vectors_is_no_answer(customer, provider, method, answer):
    provider.answer = answers.reply(200, json.dumps(answer).encode())
    body = batch_of("a", "b") if method.startswith("batch") else {"content": content("a")}
    assert ask(customer, body, method).status_code == 502
    customer.wait_for_no_hold()
    assert customer.balance == 10
