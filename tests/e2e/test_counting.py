"""How many tokens a request has, asked of the provider: by the official packages, in each dialect
that has such a question, or in another one; and the estimate where it cannot be asked."""

import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import answers
import anthropic
import dialects
import openai
import pytest
from anthropic.types import MessageCountTokensParams
from fake_provider import Gate
from gateway import UPSTREAM_KEY, Gateway
from google import genai
from google.genai import types
from openai.types.responses.input_token_count_params import InputTokenCountParams
from prices import Price
from rawhttp import request_bytes
from wait import wait_until

PRICE = Price("3", "15", "0.30")
LONG = "word " * 1000
ASKS_AT_ONCE, ASKS_A_MINUTE = 32, 240  # as in core/base/limits.h


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("counting"), shared_provider, {})
    for name, dialect in {
        "claude": "anthropic",
        "gpt": ("openai-chat", "openai-responses"),
        "google": "gemini",
        "chat": "openai-chat",
    }.items():
        gateway.policies.provider(name, dialect=dialect, counts_tokens=True)
        sold = {"provider": name, "model": f"{name}-theirs"}
        gateway.policies.model(f"{name}-test", PRICE, candidates=[sold])
    gateway.policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def says(document: dict | bytes):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return answers.reply(200, body)


ANSWERS = {
    "claude": {"input_tokens": 123, "context_management": {"original_input_tokens": 123}},
    "gpt": {"object": "response.input_tokens", "input_tokens": 123},
    "google": {"totalTokens": 123, "promptTokensDetails": [{"modality": "TEXT"}]},
}
PATHS = {
    "claude": "/v1/messages/count_tokens",
    "gpt": "/v1/responses/input_tokens",
    "google": "/v1/models/google-theirs:countTokens",
}


def count_by_sdk(kind, customer, text=LONG) -> int:
    origin, model = customer.gateway.origin, f"{kind}-test"
    if kind == "claude":
        client = anthropic.Anthropic(base_url=origin, api_key=customer.key, max_retries=0)
        messages = [{"role": "user", "content": text}]
        return client.messages.count_tokens(model=model, messages=messages).input_tokens
    if kind == "gpt":
        client = openai.OpenAI(base_url=f"{origin}/v1", api_key=customer.key, max_retries=0)
        return client.responses.input_tokens.count(model=model, input=text).input_tokens
    options = types.HttpOptions(base_url=origin)
    client = genai.Client(api_key=customer.key, http_options=options)
    return client.models.count_tokens(model=model, contents=text).total_tokens


def count(customer, model="claude-test", text=LONG, **members):
    body = {"model": model, "messages": [{"role": "user", "content": text}], **members}
    return customer.post(body, "/messages/count_tokens?beta=true")


def is_estimate(reply) -> bool:
    assert reply.status_code == 200, reply.text
    return 500 <= reply.json()["input_tokens"] <= 2000


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_the_provider_is_asked(customer, provider, kind):
    provider.answer = says(ANSWERS[kind])
    assert count_by_sdk(kind, customer) == 123
    sent = provider.last
    assert sent.path == PATHS[kind]
    key = {"claude": "x-api-key", "gpt": "authorization", "google": "x-goog-api-key"}[kind]
    assert sent.headers[key].removeprefix("Bearer ") == UPSTREAM_KEY
    assert customer.key not in sent.head.decode()
    assert b"-test" not in sent.body
    assert customer.balance == 10
    assert customer.records() == []


def test_the_bytes_pass(customer, provider):
    body = b'{"tomorrow":[1.0,1e5], "model":"claude-test" ,"messages":[{"role":"user",' \
           b'"content":"a"}],"thinking":{"type":"adaptive"}}'  # fmt: skip
    provider.answer = says(b'{ "input_tokens": 7, "tomorrow": 1.0 }')
    headers = {"anthropic-beta": "b-1,b-2", "anthropic-version": "2023-06-01"}
    reply = customer.post(body, "/messages/count_tokens?beta=true", headers=headers)
    assert reply.content == b'{ "input_tokens": 7, "tomorrow": 1.0 }'
    assert reply.headers["content-type"] == "application/json"
    assert provider.last.body == body.replace(b"claude-test", b"claude-theirs")
    assert headers.items() <= provider.last.headers.items()


FAILURES = {
    "no such route": answers.error(404, "Not Found", None, "not_found_error"),
    "a page": answers.html(200),
    "overloaded": answers.error(529, "Overloaded", None, "overloaded_error"),
    "key refused": answers.error(401, "invalid x-api-key", None, "authentication_error"),
    "no number": says({"input_tokens": "many"}),
    "twice": says(b'{"input_tokens":1,"input_tokens":2}'),
    "below zero": says({"input_tokens": -1}),
    "cut": answers.reset_after_head(False),
    "gone": answers.reset_before_head(),
    "refused": answers.error(400, "messages: what?", None, "invalid_request_error"),
}


@pytest.mark.parametrize("failure", list(FAILURES))
def test_without_an_answer_it_is_estimated(customer, provider, failure):
    provider.answer = FAILURES[failure]
    assert is_estimate(count(customer))
    # A kept connection that ends at once may never have brought the question: it is sent again.
    assert len(provider.requests) in ((1, 2) if failure == "gone" else (1,))


def test_who_is_silent_is_not_waited_for(customer, provider):
    provider.answer = answers.silence()
    assert is_estimate(count(customer))


def test_who_does_not_listen_is_not_waited_for(customer, provider):
    with provider.refusing():
        assert is_estimate(count(customer))


def test_who_has_no_such_question_is_not_asked(customer, provider):
    assert is_estimate(count(customer, model="chat-test"))
    assert provider.requests == []


# ---- in another dialect ----

COUNTS = {  # a client's question, and our answer
    "anthropic": ("/messages/count_tokens", {"input_tokens": 123}),
    "openai-responses": (
        "/responses/input_tokens",
        {"object": "response.input_tokens", "input_tokens": 123},
    ),
    "gemini": (None, {"totalTokens": 123}),
}
OF = {"claude": "anthropic", "gpt": "openai-responses", "google": "gemini"}
KNOWN = {  # what the question may have, and a limit for the readers of whole requests
    "claude": (MessageCountTokensParams.__annotations__, {"max_tokens": 500}),
    "gpt": (InputTokenCountParams.__annotations__, {"max_output_tokens": 500}),
}
TRANSLATED = [(client, of) for client in COUNTS for of in OF if OF[of] != client]


def count_in(client, customer, of, **members):
    body = dialects.WRITE[client](copy.deepcopy(dialects.TALK)) | members
    if client == "gemini":
        url = f"{customer.gateway.origin}/v1beta/models/{of}-test:countTokens"
        return customer.gateway.http.post(url, json=body, headers=customer.authorization)
    return customer.post(body | {"model": f"{of}-test"}, COUNTS[client][0])


def talk_of(of: str, asked: dict) -> dict:
    """What the provider is asked to count."""
    if of == "google":
        asked = asked["generateContentRequest"]
        assert asked["model"] == "models/google-theirs"
        return dialects.READ["gemini"](asked)
    known, limit = KNOWN[of]
    assert asked["model"] == f"{of}-theirs"
    assert set(asked) <= set(known)
    return dialects.READ[OF[of]](asked | limit)


@pytest.mark.parametrize(("client", "of"), TRANSLATED)
def test_it_is_asked_in_another_dialect(customer, provider, client, of):
    provider.answer = says(ANSWERS[of])
    reply = count_in(client, customer, of)
    assert (reply.status_code, reply.json()) == (200, COUNTS[client][1])
    assert provider.last.path == PATHS[of]
    assert customer.key not in provider.last.head.decode()
    talk = json.loads(json.dumps(talk_of(of, provider.last.json)))
    assert talk == json.loads(json.dumps(dialects.TALK))
    assert customer.balance == 10
    assert customer.records() == []


WHOLE = [  # as Google's clients write it: the model's place differs, or it is not said
    b'{"model":"models/google-test","contents":[{"parts":[{"text":"a"}]}], "tomorrow":1.0}',
    b'{ "contents":[{"parts":[{"text":"a"}]}],"tomorrow":1e5,"model":"google-test"}',
    b'{"contents":[{"parts":[{"text":"a"}]}]}',
]


@pytest.mark.parametrize("request_", WHOLE, ids=["first", "last", "unsaid"])
def test_a_whole_request_of_gemini_is_counted(customer, provider, request_):
    url = f"{customer.gateway.origin}/v1beta/models/google-test:countTokens"
    member = b"generate_content_request" if b"1e5" in request_ else b"generateContentRequest"
    body = b'{"%s": %s}' % (member, request_)
    provider.answer = says(ANSWERS["google"])
    reply = customer.gateway.http.post(url, content=body, headers=customer.authorization)
    assert reply.json() == ANSWERS["google"], reply.text
    (name, sent), *others = provider.last.json.items()
    assert (name, others) == ("generateContentRequest", [])
    assert sent == json.loads(request_) | {"model": "models/google-theirs"}
    assert (b"1.0" in provider.last.body) == (b"1.0" in request_)
    provider.answer = says(ANSWERS["claude"])
    url = url.replace("google-test", "claude-test")
    body = body.replace(b"google-test", b"claude-test")
    reply = customer.gateway.http.post(url, content=body, headers=customer.authorization)
    assert reply.status_code == 200, reply.text
    asked = b"tomorrow" not in request_  # else it cannot be translated
    assert (reply.json()["totalTokens"] == 123) == asked


@pytest.mark.parametrize("failure", ["overloaded", "key refused", "no number", "refused", "cut"])
def test_without_an_answer_in_another_dialect(customer, provider, failure):
    provider.answer = FAILURES[failure]
    reply = count_in("openai-responses", customer, "claude")
    assert reply.status_code == 200
    assert 100 <= reply.json()["input_tokens"] != 123
    assert len(provider.requests) == 1


def test_what_cannot_be_translated_is_estimated(customer, provider):
    reply = count_in("gemini", customer, "gpt", generationConfig={"stopSequences": ["x"]})
    assert reply.status_code == 200
    assert reply.json()["totalTokens"] > 100
    assert provider.requests == []


@pytest.mark.parametrize(
    "members", [{"container": "container_1"}, {"thinking": {"type": "x"}, "model": "nobody"}]
)
def test_what_is_refused_is_not_asked(customer, provider, members):
    assert count(customer, **members).status_code in (400, 404)
    assert provider.requests == []


def test_a_client_that_leaves_ends_it(house, customer, provider):
    provider.answer = answers.silence()
    body = json.dumps({"model": "claude-test", "messages": [{"role": "user", "content": "a"}]})
    headers = {"Authorization": f"Bearer {customer.key}"}
    with house.connect() as connection:
        request = request_bytes("POST", "/v1/messages/count_tokens", headers, body.encode())
        connection.send(request)
        asked = provider.wait_for_requests(1)[0]
        connection.close()
        wait_until(lambda: asked.gone_at, 10, "the end of the question")
    assert customer.balance == 10


def test_an_account_asks_so_much_at_once(house, customer, provider):
    """Beyond that its counts are estimates, and others' are not."""
    with Gate(provider) as gate, ThreadPoolExecutor(ASKS_AT_ONCE) as pool:
        provider.answer = answers.behind(gate, says(ANSWERS["claude"]))
        asking = [pool.submit(count, customer) for _ in range(ASKS_AT_ONCE)]
        provider.wait_for_requests(ASKS_AT_ONCE)
        assert is_estimate(count(customer))
        assert len(provider.requests) == ASKS_AT_ONCE
        other = threading.Thread(target=count, args=(house.customer(),))
        other.start()
        provider.wait_for_requests(ASKS_AT_ONCE + 1)
        gate.set()
        other.join()
        assert all(asked.result().json() == ANSWERS["claude"] for asked in asking)
    provider.answer = says(ANSWERS["claude"])
    assert count(customer).json() == ANSWERS["claude"]


def test_an_account_asks_so_much_a_minute(customer, provider):
    provider.answer = says(ANSWERS["claude"])
    counts = [count(customer, text="word").json() for _ in range(ASKS_A_MINUTE + 1)]
    assert counts[:ASKS_A_MINUTE] == [ANSWERS["claude"]] * ASKS_A_MINUTE
    assert counts[-1] != ANSWERS["claude"]
    assert len(provider.requests) == ASKS_A_MINUTE
