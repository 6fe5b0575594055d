"""Embeddings, moderations and rerank: what the official packages send and read, what is charged,
and what a server behind us may get wrong."""

import base64
import json
import struct

import answers
import pytest
from answers import Usage
from errors import check_error
from gateway import Gateway
from prices import Price, charge, usd

VECTORS = [[0.5, -1.25, 3e-05], [1.0, 0.0, -0.33333334]]
PRICE = Price("0.10", "0")
SOLD_AT = {"embeddings": "embed", "moderations": "moderate", "rerank": "rank-tokens"}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("lists"), shared_provider, {})
    policies = gateway.policies
    policies.provider("ranker", dialect=["rerank"])
    policies.provider("claude", dialect="anthropic")
    policies.model("embed", PRICE, endpoints=["embeddings"], max_output=None, context=8192,
                   candidates=[{"provider": "openai", "model": "theirs"}])  # fmt: skip
    policies.model("moderate", Price("0", "0"), endpoints=["moderations"], max_output=None,
                   request="0.001")  # fmt: skip
    policies.model("moderate-tokens", PRICE, endpoints=["moderations"], max_output=None)
    policies.model("rank", Price("0", "0"), endpoints=["rerank"], max_output=None,
                   providers=("ranker",), web_search="0.002", web_search_max=10)  # fmt: skip
    policies.model(
        "rank-tokens",
        PRICE,
        endpoints=["rerank"],
        max_output=None,
        providers=("ranker",),
    )
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def base64_of(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def embeddings(encoding: str, tokens: int | None = 7, model: str = "theirs"):
    """As a server sends them, in whatever encoding was asked for."""
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}

    def entry(index: int) -> dict:
        vector = VECTORS[index % len(VECTORS)]
        embedding = base64_of(vector) if encoding == "base64" else vector
        return {"object": "embedding", "index": index, "embedding": embedding}

    def answer_of(count: int):
        data = [entry(index) for index in range(count)]
        body = {"object": "list", "data": data, "model": model, **usage}
        return answers.reply(200, json.dumps(body).encode())

    return answers.for_each_input(answer_of)


def close(one: list[float], other: list[float]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= 1e-6 * max(1, abs(b)) for a, b in zip(one, other, strict=True)
    )


# ---- embeddings ----


@pytest.mark.quick
@pytest.mark.parametrize("sent", ["float", "base64"])
@pytest.mark.parametrize("asked", [None, "float", "base64"])
def test_the_encoding_is_the_one_that_was_asked_for(customer, provider, asked, sent):
    provider.answer = embeddings(sent)
    body = {"model": "embed", "input": ["one", "two"]}
    if asked:
        body["encoding_format"] = asked
    reply = customer.post(body, "/embeddings")
    assert reply.status_code == 200
    found = reply.json()
    assert found["model"] == "embed"
    for entry, vector in zip(found["data"], VECTORS, strict=True):
        if asked == "base64":
            assert entry["embedding"] == base64_of(vector)
        else:
            assert close(entry["embedding"], vector)
    assert provider.last.json == {**body, "model": "theirs"}
    assert provider.last.path.endswith("/embeddings")


@pytest.mark.quick
def test_the_python_sdk(customer, provider):
    """It asks for base64 by default."""
    provider.answer = embeddings("float")
    found = customer.openai().embeddings.create(model="embed", input=["one", "two"])
    assert json.loads(provider.last.body)["encoding_format"] == "base64"
    for entry, vector in zip(found.data, VECTORS, strict=True):
        assert close(entry.embedding, vector)
    assert found.usage.prompt_tokens == 7


@pytest.mark.parametrize(
    "input_", ["one text", ["one", "two"], [1, 2, 30000], [[1, 2], [3]], "하나"]
)
def test_what_was_counted_is_charged(customer, provider, input_):
    provider.answer = embeddings("float", tokens=1234)
    reply = customer.post({"model": "embed", "input": input_}, "/embeddings")
    found = reply.json()
    record = customer.wait_for_record()
    assert record["input_tokens"] <= 1234
    assert usd(record["cost"]) == charge(PRICE, Usage(record["input_tokens"], 0))
    assert usd(reply.headers["x-llm-cost"]) == usd(record["cost"]) == usd(found["usage"]["cost"])
    assert provider.last.json["input"] == input_


def test_each_input_has_the_context_for_itself(house, provider):
    """20 texts of 8,000 tokens are no wrong count."""
    customer = house.customer()
    provider.answer = embeddings("float", tokens=160000)
    texts = ["word " * 8000] * 20
    assert customer.post({"model": "embed", "input": texts}, "/embeddings").status_code == 200
    record = customer.wait_for_record()
    assert record["input_tokens"] == 160000
    assert usd(record["cost"]) == charge(PRICE, Usage(160000, 0))


def test_a_hold_covers_all_inputs(house, provider):
    poor = house.customer(credit="0.01")
    provider.reset()
    reply = poor.post({"model": "embed", "input": ["word " * 8000] * 20}, "/embeddings")
    check_error(reply, 402, "insufficient_credits")
    assert provider.requests == []


def test_a_server_that_counts_nothing_is_estimated(customer, provider):
    provider.answer = embeddings("float", tokens=None)
    reply = customer.post({"model": "embed", "input": "word " * 1000}, "/embeddings")
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 500 < record["input_tokens"] < 3000
    assert usd(reply.json()["usage"]["cost"]) == usd(record["cost"]) > 0


def test_tokens_as_numbers_are_estimated_as_many(customer, provider):
    provider.answer = embeddings("float", tokens=None)
    texts = ["word " * 400, "word " * 400]
    for count, input_ in enumerate(([[1] * 1000, [20000] * 1000], [12345] * 1500), 1):
        customer.post({"model": "embed", "input": input_}, "/embeddings")
        record = customer.wait_for_record(count)
        assert record["input_tokens"] == (2000, 1500)[count - 1]
        assert record["usage_source"] == "estimated"
    customer.post({"model": "embed", "input": [[7] * 1000, *texts]}, "/embeddings")
    assert 1000 + 2 * 400 <= customer.wait_for_record(3)["input_tokens"] < 1000 + 2 * 1000


WRONG = {
    "no input": {},
    "an empty list": {"input": []},
    "a number": {"input": 5},
    "an object": {"input": {"text": "x"}},
    "objects": {"input": [{"text": "x"}]},
    "texts and tokens": {"input": ["x", 5]},
    "tokens with decimals": {"input": [1.5]},
    "a stream": {"input": "x", "stream": True},
    "too many": {"input": ["x"] * 4097},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_input_is_named(customer, provider, name):
    provider.reset()
    reply = customer.post({"model": "embed", **WRONG[name]}, "/embeddings")
    error = check_error(reply, 400, retry=False)
    assert error["param"] in ("input", "stream")
    assert provider.requests == []


@pytest.mark.parametrize("path", ["embeddings", "moderations", "rerank"])
def test_marks_of_translations_are_only_text(customer, provider, path):
    """In a conversation they would be taken out: here they are what a customer asks about."""
    marked = ["gw1.gemini.x", "call_1~gw1.none.x"]
    provider.answer = embeddings("float") if path == "embeddings" else ranked()
    body = {"model": SOLD_AT[path], "query": "x", "input": marked, "documents": marked}
    assert customer.post(body, f"/{path}").status_code == 200
    assert provider.last.json == {**body, "model": provider.last.json["model"]}


def test_a_failed_provider_is_free(customer, provider):
    provider.answer = answers.error(500, "no", None, "server_error")
    check_error(customer.post({"model": "embed", "input": "x"}, "/embeddings"), 502)
    provider.answer = answers.reply(200, b'{"object":"list"}')
    check_error(customer.post({"model": "embed", "input": "x"}, "/embeddings"), 502)
    assert customer.balance == 10


VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5]}


@pytest.mark.parametrize(
    "data",
    [[], [None], [{}], [VECTOR], [VECTOR] * 3, [VECTOR, {**VECTOR, "embedding": []}],
     [VECTOR, {**VECTOR, "embedding": None}], [VECTOR, {**VECTOR, "embedding": ""}],
     [VECTOR, 7]],
    ids=str,
)  # fmt: skip
def test_another_number_of_vectors_is_no_answer(customer, provider, data):
    """A vector too few would move all others to the texts of their neighbours."""
    body = {"object": "list", "data": data, "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    provider.answer = answers.reply(200, json.dumps(body).encode())
    reply = customer.post({"model": "embed", "input": ["a", "b"]}, "/embeddings")
    check_error(reply, 502, "provider_unavailable")
    assert customer.balance == 10
    customer.wait_for_no_hold()


@pytest.mark.parametrize(
    "entry",
    [{"index": 0, "embedding": {"float": [1]}}, {"index": 0, "embeddings": [[1.0], [0.5]]},
     {"index": 0, "embeddings": {"binary": [1]}}],
    ids=str,
)  # fmt: skip
def test_vectors_of_other_forms_are_answers(customer, provider, entry):
    """Jina's, several for an input or by their types."""
    provider.answer = answers.reply(200, json.dumps({"data": [entry]}).encode())
    reply = customer.post({"model": "embed", "input": "a"}, "/embeddings")
    assert reply.json()["data"] == [entry]


@pytest.mark.parametrize("results", [[], [None], [{}]], ids=str)
def test_a_moderation_without_a_verdict_is_none(customer, provider, results):
    """Who reads none as "not flagged" would be wrong."""
    provider.answer = answers.reply(200, json.dumps({"id": "m", "results": results}).encode())
    check_error(customer.post({"model": "moderate", "input": "x"}, "/moderations"), 502)
    assert customer.balance == 10


def test_a_client_s_error_passes(customer, provider):
    provider.answer = answers.error(400, "This model's maximum input is 8192 tokens", None,
                                    "invalid_request_error")  # fmt: skip
    error = check_error(customer.post({"model": "embed", "input": "x"}, "/embeddings"), 400)
    assert "maximum input" in error["message"]


def test_a_retry_gets_the_first_answer(customer, provider):
    provider.reset()
    provider.answer = embeddings("float")
    headers = {"Idempotency-Key": "one"}
    body = {"model": "embed", "input": "x", "encoding_format": "base64"}
    first = customer.post(body, "/embeddings", headers=headers)
    customer.wait_for_no_hold()
    again = customer.post(body, "/embeddings", headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(provider.requests) == 1


# ---- moderations ----


def verdicts(model="theirs"):
    results = [{"flagged": False, "categories": {}, "category_scores": {}}]
    body = {"id": "modr-1", "model": model, "results": results}
    return answers.reply(200, json.dumps(body).encode())


@pytest.mark.quick
def test_a_moderation(customer, provider):
    provider.answer = verdicts("moderate")
    found = customer.openai().moderations.create(model="moderate", input=["a", "b"])
    assert found.results[0].flagged is False
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd("0.0012")


@pytest.mark.parametrize("input_", ["a", ["a", "b"], [{"type": "text", "text": "a"}, "b" * 40]])
def test_moderated_texts_are_counted_as_texts(customer, provider, input_):
    """In a list, too: they fill no context, so a quota of tokens, a hold and an estimated charge
    count no more than they have bytes, or the form of the list."""
    body = {"key_id": customer.key_id, "unit": "tokens", "period": "day", "amount": 1000}
    customer.call("POST", "/quotas", 201, json=body)
    provider.answer = verdicts("moderate-tokens")
    reply = customer.post({"model": "moderate-tokens", "input": input_}, "/moderations")
    assert reply.status_code == 200
    record = customer.wait_for_record()
    assert 0 < record["input_tokens"] <= len(json.dumps(input_))
    assert usd(record["cost"]) == charge(PRICE, Usage(record["input_tokens"], 0))
    (quota,) = [it for it in customer.get("/key").json()["data"]["quotas"] if it["id"]]
    assert quota["used"] == record["input_tokens"]


def test_a_picture_to_a_model_without_eyes(customer, provider):
    """The error names the member that has it."""
    picture = {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}
    asked = {"model": "moderate", "input": [picture]}
    check_error(customer.post(asked, "/moderations"), 400, "unsupported_content", param="input")
    picture = {"type": "input_image", "image_url": "https://x.example/a.png"}
    asked = {"model": "gpt-3.5-turbo", "input": [{"role": "user", "content": [picture]}]}
    check_error(customer.post(asked, "/responses"), 400, "unsupported_content", param="input")
    assert provider.requests == []


# ---- rerank ----


def ranked(**members):
    results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    return answers.reply(200, json.dumps({"id": "r", "results": results, **members}).encode())


def test_cohere_s_form(customer, provider):
    """Its counts stand in meta.billed_units; a search has a price of its own."""
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 2}}
    provider.answer = ranked(meta=meta)
    body = {"model": "rank", "query": "capital?", "documents": ["a", "b"], "top_n": 2}
    reply = customer.post(body, "/rerank")
    assert [result["index"] for result in reply.json()["results"]] == [1, 0]
    assert reply.json()["meta"]["api_version"] == {"version": "2"}
    assert provider.last.path.endswith("/rerank")
    record = customer.wait_for_record()
    assert usd(record["cost"]) == usd("0.0048")


@pytest.mark.parametrize(
    "told",
    [{}, {"usage": {"total_tokens": 40}}, {"meta": {"billed_units": {"search_units": 0}}},
     {"meta": {"billed_units": {"search_units": "2"}}}, {"meta": None}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(("documents", "searches"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_searches_that_nobody_counts_are_not_free(customer, provider, told, documents, searches):
    """A hundred documents are one, as Cohere bills them."""
    provider.answer = ranked(**told)
    body = {"model": "rank", "query": "capital?", "documents": ["a"] * documents}
    assert customer.post(body, "/rerank").status_code == 200
    assert usd(customer.wait_for_record()["cost"]) == searches * usd("0.0024")


def test_more_documents_than_searches_are_sold(customer, provider):
    """The operator would pay what is above the hold."""
    body = {"model": "rank", "query": "capital?", "documents": ["a"] * 1001}
    error = check_error(customer.post(body, "/rerank"), 400, "invalid_value", param="documents")
    assert "1000 documents" in error["message"]
    assert provider.requests == []
    provider.answer = ranked(usage={"total_tokens": 40})
    reply = customer.post(body | {"model": "rank-tokens"}, "/rerank")
    assert reply.status_code == 200, "sold by tokens, there is no such bound"


def test_nothing_that_is_near_is_an_answer(customer, provider):
    provider.answer = answers.reply(200, json.dumps({"id": "r", "results": []}).encode())
    reply = customer.post({"model": "rank", "query": "q", "documents": ["a"]}, "/rerank")
    assert reply.json()["results"] == []


@pytest.mark.parametrize("mount", ["/v2", "/api/v2"])
def test_cohere_s_address(house, customer, provider, mount):
    """Its client (cohere 7.3.1, ClientV2) asks {base_url}/v2/rerank."""
    provider.answer = ranked(meta={"billed_units": {"search_units": 1}})
    body = {"model": "rank", "query": "q", "documents": ["a", "b"]}
    reply = house.http.post(f"{mount}/rerank", json=body, headers=customer.authorization)
    assert [result["index"] for result in reply.json()["results"]] == [1, 0]
    page = {"Origin": "https://site.example", "Access-Control-Request-Method": "POST"}
    assert house.http.request("OPTIONS", f"{mount}/rerank", headers=page).status_code == 204
    assert house.http.post(f"{mount}/chat/completions", json=body).status_code == 404


def test_jina_s_form(customer, provider):
    provider.answer = ranked(model="rank-tokens", usage={"total_tokens": 500})
    body = {"model": "rank-tokens", "query": "word " * 100,
            "documents": [{"text": "a"}, {"text": "b"}, "c", "d", "e"]}  # fmt: skip
    reply = customer.post(body, "/rerank")
    assert reply.status_code == 200, reply.text
    record = customer.wait_for_record()
    assert record["input_tokens"] == 500
    assert usd(record["cost"]) == charge(PRICE, Usage(500, 0))


# ---- the right endpoint ----


@pytest.mark.quick
def test_a_model_answers_where_it_is_sold(customer, provider):
    provider.reset()
    chat = {"messages": [{"role": "user", "content": "x"}]}
    for body, path, says in [
        ({"model": "embed", **chat}, "/chat/completions", "/v1/embeddings"),
        ({"model": "gpt-4o-mini", "input": "x"}, "/embeddings", "/v1/chat/completions"),
        ({"model": "rank", "input": "x"}, "/embeddings", "/v1/rerank"),
        ({"model": "embed", "input": "x"}, "/moderations", "/v1/embeddings"),
        ({"model": "embed", "input": "x"}, "/responses", "/v1/embeddings"),
    ]:
        error = check_error(customer.post(body, path), 404, "wrong_endpoint", param="model")
        assert says in error["message"]
    assert provider.requests == []


def test_the_list_says_what_each_answers(customer):
    models = {model["id"]: model for model in customer.get("/models").json()["data"]}
    assert models["embed"]["architecture"]["output_modalities"] == ["embeddings"]
    assert models["rank"]["architecture"]["output_modalities"] == ["rerank"]
    assert "/v1/embeddings" in models["embed"]["supported_endpoints"]
    assert "/v1/chat/completions" in models["gpt-4o-mini"]["supported_endpoints"]


def test_no_tokens_are_counted_for_it(customer):
    body = {"model": "embed", "messages": [{"role": "user", "content": "x"}], "input": "x"}
    for path in ("/estimate", "/messages/count_tokens", "/responses/input_tokens"):
        assert customer.post(body, path).status_code == 404
