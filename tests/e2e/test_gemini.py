"""Gemini's API, same dialect on both sides: the official package for Python, both forms of streams,
the key in the address, counts, models and errors."""

import json

import answers
import gemini_answers as theirs
import pytest
from answers import Usage
from gateway import UPSTREAM_KEY, Gateway
from gemini_answers import Content, content
from google import genai
from google.genai import errors, types
from prices import Price, charge, usd
from wait import wait_until

MODEL = "gemini-test"
PRICE = Price("3", "15", "0.30")
ASK = {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("gemini"), shared_provider, {})
    gateway.policies.provider("google", dialect="gemini")
    gateway.policies.model(MODEL, PRICE, providers=("google",))
    other_name = {"provider": "google", "model": "gemini-theirs"}
    gateway.policies.model("gemini-sold", PRICE, candidates=[other_name])
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


def sdk(customer) -> genai.Client:
    options = types.HttpOptions(base_url=customer.gateway.origin)
    return genai.Client(api_key=customer.key, http_options=options)


def ask(customer, method="generateContent", query="", model=MODEL, body=ASK, **headers):
    path = f"/v1beta/models/{model}:{method}{query}"
    usual = {"x-goog-api-key": customer.key}
    return customer.gateway.http.post(path, json=body, headers=headers or usual)


@pytest.mark.quick
def test_the_bytes_pass(customer, provider):
    provider.answer = content(thoughts=("hm",), tool={"name": "f", "input": {"a": 1}})
    body = {**ASK, "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}},
            "memberOfTomorrow": [1.0, {}]}  # fmt: skip
    reply = ask(customer, body=body)
    assert reply.status_code == 200, reply.text
    sent = provider.last
    assert sent.path.endswith(f"/models/{MODEL}:generateContent")
    assert sent.headers["x-goog-api-key"] == UPSTREAM_KEY
    assert sent.json == body
    answer = reply.json()
    assert usd(answer["usageMetadata"].pop("cost")) == charge(PRICE, Usage(19, 10))
    said = Content(thoughts=("hm",), tool={"name": "f", "input": {"a": 1}})
    assert answer == json.loads(said.body())


@pytest.mark.quick
def test_a_stream(customer, provider):
    provider.answer = content()
    reply = ask(customer, "streamGenerateContent", "?alt=sse")
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = Content().events()
    assert reply.content.startswith(b"".join(events[:-1]))
    last = json.loads(reply.content[len(b"".join(events[:-1])) :].removeprefix(b"data: "))
    assert usd(last["usageMetadata"].pop("cost")) == charge(PRICE, Usage(19, 10))
    assert last == json.loads(events[-1].removeprefix(b"data: "))
    assert provider.last.path.endswith(":streamGenerateContent?alt=sse")


@pytest.mark.parametrize("retried", [False, True])
def test_a_stream_as_an_array(customer, provider, retried):
    provider.answer = content()
    headers = {"x-goog-api-key": customer.key, "Idempotency-Key": "k"}
    reply = ask(customer, "streamGenerateContent", **headers)
    if retried:
        reply = ask(customer, "streamGenerateContent", **headers)
    assert reply.headers["content-type"] == "application/json"
    chunks = reply.json()
    texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
    assert texts == ["Hello", " there", "!"]
    assert usd(chunks[-1]["usageMetadata"]["cost"]) == charge(PRICE, Usage(19, 10))
    assert len(provider.requests) == 1


@pytest.mark.parametrize("label", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("client", ["events", "array", "chat", "responses"])
def test_a_provider_s_array_is_a_stream(customer, provider, client, label):
    """Some servers know no alt=sse, and send Google's other form."""
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in Content().events()]
    provider.answer = answers.reply(200, json.dumps(chunks, indent=1).encode(),
                                    {"Content-Type": label})  # fmt: skip
    if client == "chat":
        options = {"stream": True, "messages": [{"role": "user", "content": "a"}]}
        said = [chunk.choices[0].delta.content or ""
                for chunk in customer.openai().chat.completions.create(model=MODEL, **options)
                if chunk.choices]  # fmt: skip
    elif client == "responses":
        with customer.openai().responses.stream(model=MODEL, input="a") as stream:
            said = [stream.get_final_response().output_text]
    else:
        reply = ask(customer, "streamGenerateContent", "?alt=sse" if client == "events" else "")
        assert reply.status_code == 200, reply.text
        blocks = [block for block in reply.text.split("\n\n") if block]
        events = [
            json.loads(block.removeprefix("data: ")) for block in blocks if client == "events"
        ]
        got = events or reply.json()
        assert usd(got[-1]["usageMetadata"].pop("cost")) == charge(PRICE, Usage(19, 10))
        assert got == chunks
        said = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in got]
    assert "".join(said) == "Hello there!"
    assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, Usage(19, 10))


@pytest.mark.parametrize("items", [[], [5], [[]], [{}, "a"]])
def test_an_array_of_anything_else_is_no_answer(customer, provider, items):
    provider.answer = answers.reply(200, json.dumps(items).encode())
    for method, query in (("streamGenerateContent", "?alt=sse"), ("generateContent", "")):
        reply = ask(customer, method, query)
        assert (reply.status_code, reply.json()["error"]["status"]) == (502, "INTERNAL")
    assert customer.balance == 10


def test_a_cut_array_ends_with_an_error(customer, provider):
    provider.answer = answers.stream(Content().events()[:2], ending="cut")
    chunks = ask(customer, "streamGenerateContent").json()
    assert "not complete" in chunks[-1]["error"]["message"]


@pytest.mark.parametrize("query", ["?alt=sse", ""], ids=["events", "array"])
@pytest.mark.parametrize(
    ("status", "word", "code", "told"),
    [(503, "UNAVAILABLE", 503, "UNAVAILABLE"), (500, "INTERNAL", 500, "INTERNAL"),
     (429, "RESOURCE_EXHAUSTED", 503, "UNAVAILABLE"),
     (400, "INVALID_ARGUMENT", 400, "INVALID_ARGUMENT")],
)  # fmt: skip
def test_an_error_in_mid_stream_has_google_s_codes(
    customer, provider, query, status, word, code, told
):
    error = {"error": {"code": status, "message": "boom", "status": word}}
    events = [*Content().events()[:2], f"data: {json.dumps(error)}\r\n\r\n".encode()]
    provider.answer = answers.stream(events)
    reply = ask(customer, "streamGenerateContent", query)
    last = reply.json()[-1] if not query else json.loads(reply.text.split("data: ")[-1])
    assert (last["error"]["code"], last["error"]["status"]) == (code, told)
    assert "was charged for what came" in last["error"]["message"]
    client = sdk(customer)
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(model=MODEL, contents="Hi"))


def test_the_key_may_stand_in_the_address(customer, provider, house):
    provider.answer = content()
    reply = ask(customer, query=f"?key={customer.key}", **{"x-other": "1"})
    assert reply.status_code == 200, reply.text
    assert customer.key not in provider.last.head.decode()
    assert customer.key not in house.stderr()


@pytest.mark.parametrize(
    "address",
    ["/v1beta/models%3Fkey={key}", "/v1beta/models;key={key}", "/v1beta/models/{key}",
     "/v1beta/models/{key}:generateContent", "/{key}/v1beta/models", "/v1/models/{key}"],
)  # fmt: skip
def test_a_key_in_a_wrong_place_is_not_kept(house, customer, address):
    """Not in the log, nor with the calls that were refused."""
    headers = {"x-goog-api-key": customer.key}
    reply = house.http.get(address.format(key=customer.key), headers=headers)
    assert reply.status_code in (404, 405)
    (line,) = wait_until(
        lambda: [line for line in house.log() if line.get("request_id") ==
                 reply.headers["x-request-id"]], 5, "the line")  # fmt: skip
    assert "llm_sk_***" in line["path"]
    assert customer.key[7:] not in house.stderr()
    for name in ("gateway.db", "gateway.db-wal"):
        assert customer.key[7:].encode() not in (house.folder / name).read_bytes()


def test_the_key_in_the_address_is_for_gemini_alone(customer):
    body = {"model": MODEL, "messages": [{"role": "user", "content": "a"}]}
    path = f"/v1/chat/completions?key={customer.key}"
    assert customer.gateway.http.post(path, json=body).status_code == 401


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_name_of_the_provider_s_model_is_not_shown(customer, provider, streamed):
    provider.answer = content(model="gemini-theirs")
    method, query = ("streamGenerateContent", "?alt=sse") if streamed else ("generateContent", "")
    reply = ask(customer, method, query, model="gemini-sold")
    assert "/models/gemini-theirs:" in provider.last.path
    assert "gemini-theirs" not in reply.text
    assert "gemini-sold" in reply.text


def test_tokens_are_counted_for_free(customer, provider):
    client = sdk(customer)
    counted = client.models.count_tokens(model=MODEL, contents="word " * 1000)
    assert 500 <= counted.total_tokens <= 2000
    assert provider.requests == []
    assert customer.balance == 10


def test_models_are_listed(customer):
    reply = customer.gateway.http.get("/v1beta/models", headers={"x-goog-api-key": customer.key})
    names = {model["name"]: model for model in reply.json()["models"]}
    assert names[f"models/{MODEL}"]["inputTokenLimit"] == 128000
    one = customer.gateway.http.get(
        f"/v1beta/models/{MODEL}", headers={"x-goog-api-key": customer.key}
    )
    assert one.json() == names[f"models/{MODEL}"]


@pytest.mark.parametrize("version", [None, "v1", "v1beta"])
def test_the_package_lists_models(house, customer, version):
    """Below /v1, where it asks by itself, are OpenAI's lists, too."""
    options = types.HttpOptions(base_url=house.origin, api_version=version)
    client = genai.Client(api_key=customer.key, http_options=options)
    names = [model.name for model in client.models.list()]
    assert {f"models/{MODEL}", "models/gemini-sold"} <= set(names)
    assert [model.name for model in client.models.list(config={"page_size": 1})] == names
    model = client.models.get(model=MODEL)
    assert (model.name, model.input_token_limit) == (f"models/{MODEL}", 128000)
    assert "generateContent" in model.supported_actions
    usual = customer.openai().models.list().data
    assert [f"models/{model.id}" for model in usual] == names


def test_models_come_by_pages(customer):
    def page(**query):
        headers = {"x-goog-api-key": customer.key}
        return customer.gateway.http.get("/v1beta/models", params=query, headers=headers)

    names = [model["name"] for model in page().json()["models"]]
    found, token = [], {}
    while token is not None:
        body = page(pageSize=2, **token).json()
        assert len(body["models"]) in (1, 2)
        found += [model["name"] for model in body["models"]]
        token = {"pageToken": body["nextPageToken"]} if "nextPageToken" in body else None
    assert found == names
    assert "nextPageToken" not in page(pageSize=len(names)).json()
    assert "nextPageToken" not in page(pageSize=0).json()
    for wrong in ({"pageSize": "-1"}, {"pageSize": "x"}, {"pageToken": "nobody"}):
        reply = page(**wrong)
        assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.quick
def test_no_money(house, provider):
    client = sdk(house.customer(credit=None))
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=MODEL, contents="Hi")
    assert caught.value.code == 402
    assert caught.value.status == "RESOURCE_EXHAUSTED"
    assert "http" in caught.value.message
    assert provider.requests == []


@pytest.mark.parametrize(
    ("model", "method", "status", "word"),
    [
        ("nope", "generateContent", 404, "NOT_FOUND"),
        (MODEL, "generateNothing", 404, "NOT_FOUND"),
        (MODEL, "embedContent", 400, "INVALID_ARGUMENT"),
    ],
)
def test_our_refusals_have_the_form(customer, model, method, status, word):
    reply = ask(customer, method, model=model)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert (error["code"], error["status"]) == (status, word)


def test_a_client_s_error_passes(customer, provider):
    provider.answer = theirs.error(400, "INVALID_ARGUMENT", "Invalid value at 'contents[0]'")
    reply = ask(customer)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "Invalid value at 'contents[0]'"
    assert reply.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_limit_says_when_to_come_back(shared_provider, tmp_path_factory, provider):
    gateway = Gateway(tmp_path_factory.mktemp("limited"), shared_provider, {})
    gateway.policies.provider("google", dialect="gemini")
    gateway.policies.model(MODEL, PRICE, providers=("google",))
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write("limits", 'return { { scope = "key", requests_per_minute = 1 } }\n')
    gateway.start()
    try:
        provider.answer = content()
        customer = gateway.customer()
        assert ask(customer).status_code == 200
        reply = ask(customer)
        assert reply.status_code == 429
        details = reply.json()["error"]["details"]
        assert any(item["@type"].endswith("google.rpc.RetryInfo") for item in details)
    finally:
        gateway.stop()
