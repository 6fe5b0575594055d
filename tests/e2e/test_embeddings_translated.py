"""Embeddings between OpenAI's form and Google's, with both official packages: a model is sold at
both, whichever its provider speaks."""

import base64
import json
import struct

import answers
import pytest
from answers import Usage
from errors import check_error
from gateway import Gateway
from google import genai
from google.genai import errors
from openai import BadRequestError
from prices import Price, charge, usd

PRICE = Price("0.10", "0")
VECTORS = [[0.5, -1.25, 3e-05], [1.0, 0.0, -0.25]]
PATHS = ["/v1/embeddings", "/v1/models/{id}:batchEmbedContents", "/v1/models/{id}:embedContent"]


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("both"), shared_provider, {})
    policies = gateway.policies
    policies.provider("google", dialect="gemini")
    policies.provider("vectors", dialect=["embeddings", "rerank"])
    sold = {"max_output": None, "context": 8192}
    policies.model("of-google", PRICE, endpoints=["embeddings"], **sold,
                   candidates=[{"provider": "google", "model": "theirs"}])  # fmt: skip
    policies.model("of-openai", PRICE, endpoints=["gemini-embeddings"], **sold,
                   candidates=[{"provider": "vectors", "model": "theirs"}])  # fmt: skip
    policies.model("of-both", PRICE, endpoints=["embeddings"], **sold,
                   candidates=[{"provider": "vectors", "model": "one"},
                               {"provider": "google", "model": "two"}])  # fmt: skip
    policies.provider("mixed", dialect=["rerank", "openai-chat"])
    policies.model("talks", Price("1", "2"), providers=("mixed",))
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.reset()
    return house.customer()


def json_reply(body: dict):
    return answers.reply(200, json.dumps(body).encode())


def google_s(*vectors, tokens: int | None = 7, batch=True):
    values = [{"values": vector} for vector in vectors]
    body: dict = {"embeddings": values} if batch else {"embedding": values[0]}
    if tokens is not None:
        body["usageMetadata"] = {"promptTokenCount": tokens, "totalTokenCount": tokens}
    return json_reply(body)


def openai_s(*vectors, tokens: int | None = 7, order=None):
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    body: dict = {
        "object": "list",
        "model": "theirs",
        "data": [data[i] for i in order or range(len(data))],
    }
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_reply(body)


def base64_of(vector):
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def close(one, other) -> bool:
    pairs = zip(one, other, strict=True)
    return all(abs(a - b) <= 1e-6 * max(1, abs(b)) for a, b in pairs)


def google_client(customer):
    options = {"base_url": customer.gateway.origin}
    return genai.Client(api_key=customer.key, http_options=options)


def ask_google(customer, model, method, body):
    url = f"/v1beta/models/{model}:{method}"
    return customer.gateway.http.post(url, json=body, headers={"x-goog-api-key": customer.key})


def content(text):
    return {"parts": [{"text": text}]}


# ---- OpenAI's client, Google's provider ----


@pytest.mark.quick
def test_openai_s_package_asks_google(customer, provider):
    """It asks for base64, and gets what it has asked for."""
    provider.answer = google_s(*VECTORS, tokens=1234)
    found = customer.openai().embeddings.create(
        model="of-google", input=["one", 'two "\\ é'], dimensions=3, user="u"
    )
    assert found.object == "list"
    assert found.model == "of-google"
    assert [entry.index for entry in found.data] == [0, 1]
    for entry, vector in zip(found.data, VECTORS, strict=True):
        assert close(entry.embedding, vector)
    assert (found.usage.prompt_tokens, found.usage.total_tokens) == (1234, 1234)
    assert provider.last.path.endswith("/models/theirs:batchEmbedContents")
    assert provider.last.headers["x-goog-api-key"]
    assert provider.last.json == {"requests": [
        {"model": "models/theirs", "content": content(text), "outputDimensionality": 3}
        for text in ("one", 'two "\\ é')]}  # fmt: skip
    record = customer.wait_for_record()
    assert record["input_tokens"] == 1234
    assert usd(record["cost"]) == charge(PRICE, Usage(1234, 0)) == usd(found.usage.cost)


@pytest.mark.quick
@pytest.mark.parametrize("encoding", [None, "float", "base64"])
@pytest.mark.parametrize("input_", ["one", ["one"]])
def test_one_text_is_one_content(customer, provider, input_, encoding):
    provider.answer = google_s(VECTORS[0], batch=False)
    body = {"model": "of-google", "input": input_}
    if encoding:
        body["encoding_format"] = encoding
    reply = customer.post(body, "/embeddings")
    assert reply.status_code == 200, reply.text
    embedding = reply.json()["data"][0]["embedding"]
    assert embedding == (base64_of(VECTORS[0]) if encoding == "base64" else VECTORS[0])
    assert provider.last.path.endswith("/models/theirs:embedContent")
    assert provider.last.json == {"content": content("one")}
    record = customer.wait_for_record()
    assert usd(reply.headers["x-llm-cost"]) == usd(record["cost"]) == charge(PRICE, Usage(7, 0))


def test_numbers_pass_as_they_came(customer, provider):
    provider.answer = answers.reply(
        200, b'{"embedding":{"values":[ 0.10000000000000000001, 1e-7,\n-3 ]}}'
    )
    reply = customer.post({"model": "of-google", "input": "x"}, "/embeddings")
    assert b"[ 0.10000000000000000001, 1e-7, -3 ]" in reply.content


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"input": [1, 2, 3]}, "input", "tokens"),
        ({"input": [[1, 2], [3]]}, "input", "tokens"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format", "float or base64"),
        ({"input": "x", "dimensions": "3"}, "dimensions", "whole number"),
        ({"input": "x", "input_type": "query"}, "input_type", "not known here"),
    ],
)
def test_what_google_has_no_place_for_is_named(customer, provider, body, param, says):
    error = check_error(customer.post({"model": "of-google", **body}, "/embeddings"), 400,
                        param=param, retry=False)  # fmt: skip
    assert says in error["message"]
    assert provider.requests == []
    assert customer.balance == 10


def test_openai_s_package_gets_google_s_error(customer, provider):
    error = {"code": 400, "message": "too long for this model", "status": "INVALID_ARGUMENT"}
    provider.answer = answers.reply(400, json.dumps({"error": error}).encode())
    with pytest.raises(BadRequestError, match="too long for this model"):
        customer.openai().embeddings.create(model="of-google", input="one")
    assert customer.balance == 10


# ---- Google's client, OpenAI's provider ----


@pytest.mark.quick
def test_google_s_package_asks_openai(customer, provider):
    """The order of the answers is what their indices say."""
    provider.answer = openai_s(*VECTORS, tokens=1234, order=[1, 0])
    client = google_client(customer)
    found = client.models.embed_content(
        model="of-openai", contents=["one", "two"],
        config={"output_dimensionality": 3, "task_type": "RETRIEVAL_QUERY"})  # fmt: skip
    assert [entry.values for entry in found.embeddings] == VECTORS
    assert found.usage_metadata.prompt_token_count == 1234
    assert provider.last.path.endswith("/embeddings")
    assert provider.last.headers["authorization"].startswith("Bearer ")
    assert provider.last.json == {"model": "theirs", "input": ["one", "two"],
                                  "encoding_format": "float", "dimensions": 3}  # fmt: skip
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, Usage(1234, 0))


@pytest.mark.quick
def test_one_content_is_one_text(customer, provider):
    provider.answer = openai_s(VECTORS[0])
    body = {"model": "models/of-openai", "content": {"role": "user", **content("one")},
            "output_dimensionality": 3}  # fmt: skip
    reply = ask_google(customer, "of-openai", "embedContent", body)
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["embedding"] == {"values": VECTORS[0]}
    assert found["usageMetadata"]["promptTokenCount"] == 7
    assert provider.last.json == {"model": "theirs", "input": ["one"],
                                  "encoding_format": "float", "dimensions": 3}  # fmt: skip
    record = customer.wait_for_record()
    assert usd(found["usageMetadata"]["cost"]) == usd(record["cost"]) == charge(PRICE, Usage(7, 0))


@pytest.mark.parametrize("method", ["embedContent", "batchEmbedContents"])
def test_a_server_that_answers_in_base64_is_read(customer, provider, method):
    """Numbers were asked for; some servers know one encoding only."""
    provider.answer = openai_s(base64_of(VECTORS[0]))
    one = {"content": content("one")}
    body = one if method == "embedContent" else {"requests": [one]}
    found = ask_google(customer, "of-openai", method, body).json()
    embedding = found["embedding"] if method == "embedContent" else found["embeddings"][0]
    assert close(embedding["values"], VECTORS[0])


ONE = {"content": content("x")}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


@pytest.mark.parametrize(
    ("method", "body", "says"),
    [
        ("embedContent", {**ONE, "title": "t"}, "'title'"),
        ("embedContent", {"content": {"parts": [{"text": "a"}, {"text": "b"}]}}, "'content.parts'"),
        ("embedContent", {"content": {"parts": []}}, "'content.parts'"),
        ("embedContent", {"content": {"parts": [{"text": "a", "x": 1}]}}, "'content.parts[0].x'"),
        ("embedContent", {**ONE, "autoTruncate": True}, "'autoTruncate'"),
        ("embedContent", {"content": {"parts": [PICTURE]}}, "images"),
        ("batchEmbedContents", {"requests": [ONE, {**ONE, "title": "t"}]}, "'requests[1].title'"),
        ("batchEmbedContents", {"requests": [{**ONE, "outputDimensionality": 2}, ONE]},
         "'requests[1].outputDimensionality'"),
        ("batchEmbedContents", {"requests": [ONE], "x": 1}, "'x'"),
    ],
)  # fmt: skip
def test_what_openai_has_no_place_for_is_named(customer, provider, method, body, says):
    reply = ask_google(customer, "of-openai", method, body)
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert says in error["message"]
    assert provider.requests == []
    assert customer.balance == 10


def test_google_s_package_gets_openai_s_error(customer, provider):
    provider.answer = answers.error(400, "This model's maximum input is 8192 tokens", None,
                                    "invalid_request_error")  # fmt: skip
    client = google_client(customer)
    with pytest.raises(errors.ClientError, match="maximum input") as caught:
        client.models.embed_content(model="of-openai", contents="one")
    assert caught.value.status == "INVALID_ARGUMENT"


# ---- both ways ----


def test_what_is_not_counted_is_estimated(customer, provider):
    provider.answer = google_s(VECTORS[0], VECTORS[1], tokens=None)
    texts = ["word " * 1000] * 2
    reply = customer.post({"model": "of-google", "input": texts}, "/embeddings")
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 1000 < record["input_tokens"] < 6000
    assert usd(reply.json()["usage"]["cost"]) == usd(record["cost"]) > 0


@pytest.mark.parametrize(
    "answer",
    [
        google_s(VECTORS[0]),
        google_s(*VECTORS, VECTORS[0]),
        google_s(VECTORS[0], batch=False),
        json_reply({"embeddings": [{"values": [1]}, {}]}),
        json_reply({"embeddings": [{"values": [1]}, 5]}),
        json_reply({"data": [], "object": "list"}),
    ],
)
def test_google_s_answer_that_fits_no_input_is_free(customer, provider, answer):
    """A vector too few would move all others to the texts of their neighbours."""
    provider.answer = answer
    check_error(customer.post({"model": "of-google", "input": ["a", "b"]}, "/embeddings"), 502)
    assert customer.balance == 10


@pytest.mark.parametrize(
    "answer",
    [
        openai_s(VECTORS[0]),
        json_reply({"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}]}),
        json_reply({"data": [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [2]}]}),
        json_reply({"data": [{"index": 0, "embedding": [1]}, {"index": -1, "embedding": [2]}]}),
        json_reply({"data": [{"index": 0, "embedding": [1]}, 7]}),
    ],
)
def test_openai_s_answer_that_fits_no_input_is_free(customer, provider, answer):
    provider.answer = answer
    reply = ask_google(customer, "of-openai", "batchEmbedContents", {"requests": [ONE, ONE]})
    assert reply.status_code == 502, reply.text
    assert customer.balance == 10


def test_another_provider_of_the_other_form_takes_over(customer, provider):
    provider.then(answers.error(500, "no", None, "server_error"), google_s(*VECTORS))
    reply = customer.post({"model": "of-both", "input": ["a", "b"]}, "/embeddings")
    assert [entry["embedding"] for entry in reply.json()["data"]] == VECTORS
    paths = [request.path.rsplit("/", 1)[-1] for request in provider.requests]
    assert paths == ["embeddings", "two:batchEmbedContents"]


def test_many_texts_with_long_vectors(customer, provider):
    """The most that a call may ask for: all are in their place."""
    count = 2048
    provider.answer = google_s(*([float(i), *[0.125] * 255] for i in range(count)), tokens=count)
    body = {"model": "of-google", "input": [f"text {i}" for i in range(count)]}
    found = customer.post(body, "/embeddings").json()["data"]
    assert [entry["embedding"][0] for entry in found] == [float(i) for i in range(count)]
    texts = [entry["content"]["parts"][0]["text"] for entry in provider.last.json["requests"]]
    assert texts == body["input"]


def test_lists_say_so(customer):
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    for name in ("of-google", "of-openai"):
        assert models[name]["supported_endpoints"] == [path.replace("{id}", name) for path in PATHS]
        assert models[name]["architecture"]["output_modalities"] == ["embeddings"]
    headers = {"x-goog-api-key": customer.key}
    found = customer.gateway.http.get("/v1beta/models", headers=headers).json()["models"]
    methods = {model["name"]: model["supportedGenerationMethods"] for model in found}
    assert methods["models/of-google"] == ["embedContent", "batchEmbedContents"]


def test_a_conversation_goes_out_as_one(customer, provider):
    """Whatever stands first in the provider's list of dialects."""
    body = {"model": "talks", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    reply = customer.post(body, "/messages")
    assert reply.status_code == 200, reply.text
    assert provider.last.path.endswith("/chat/completions")
