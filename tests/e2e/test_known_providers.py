"""Providers that need only their key: where each is asked and how, what its answers are charged,
and whose fault its errors are."""

import json
import re
from datetime import UTC, datetime, timedelta

import answers
import anthropic_answers
import gemini_answers
import known_providers
import pytest
from answers import Usage
from completion_answers import text
from errors import check_error
from gateway import ROOT, UPSTREAM_KEY, Gateway
from known_providers import CHATS, TEXT, Chat, Error, error
from policies import Lua
from prices import Price, charge, usd
from replays import make_admin
from sse import chunks
from wait import wait_until

PRICE = Price("1", "4", "0.10")
# What the shipped file calls the variables, where it is not the provider's name in capitals.
ADDRESSES = {"azure": "AZURE_OPENAI_ENDPOINT", "bedrock": "AWS_BEDROCK_BASE_URL",
             "llama.cpp": "LLAMA_CPP_BASE_URL", "azure-deployments": "AZURE_OLD_URL",
             "vertex-express": "VERTEX_BASE_URL"}  # fmt: skip
KEYS = {"azure": "AZURE_OPENAI_API_KEY", "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
        "cohere": "CO_API_KEY", "vertex-express": "VERTEX_API_KEY"}  # fmt: skip

OTHERS = {"jina": "/jina/v1", "voyage": "/voyage/v1", "gemini": "/gemini",
          "anthropic": "/anthropic", "vertex-express": "/vertex/v1/publishers/google"}  # fmt: skip

TEXTS = {  # whoever has completions, and where
    "azure": "/azure/openai/v1/completions",
    "azure-deployments":
        "/azure-old/openai/deployments/theirs/completions?api-version=2024-10-21",
    "xai": "/xai/v1/completions",
    "deepseek": "/deepseek/beta/completions",
    "together": "/together/v1/completions",
    "fireworks": "/fireworks/v1/completions",
    "openrouter": "/openrouter/api/v1/completions",
    "ollama": "/ollama/v1/completions",
    "vllm": "/vllm/v1/completions",
    "sglang": "/sglang/v1/completions",
    "llama.cpp": "/llama/v1/completions",
    "lmstudio": "/lmstudio/v1/completions",
}  # fmt: skip
ACCOUNTS = {"vertex", "vertex-anthropic", "vertex-openai"}  # test_service_accounts.py


def environment(origin: str) -> dict[str, str]:
    bases = {name: chat.base for name, chat in CHATS.items()} | OTHERS
    found = {}
    for name, base in bases.items():
        found[ADDRESSES.get(name, f"{name.upper()}_BASE_URL")] = origin + base
        found[KEYS.get(name, f"{name.upper()}_API_KEY")] = UPSTREAM_KEY
    return found


def make_known(folder, provider) -> Gateway:
    """A gateway that buys from all of them at one address."""
    origin = provider.url.removesuffix("/v1")
    gateway = Gateway(folder, provider, {}, environment(origin))
    policies = gateway.policies
    policies.provider("azure-deployments", provider="azure-deployments", dialect=None,
                      base_url=Lua('env("AZURE_OLD_URL")'))  # fmt: skip
    for name in (*CHATS, *GOOGLES, "anthropic"):
        policies.model(name, PRICE, candidates=[{"provider": name, "model": "theirs"}])
    for name in ("jina", "voyage", "cohere"):
        policies.model(f"{name}-embed", PRICE, endpoints=["embeddings"], max_output=None,
                       candidates=[{"provider": name, "model": "theirs"}])  # fmt: skip
    for name in TEXTS:
        policies.model(f"{name}-text", PRICE, endpoints=["completions"],
                       candidates=[{"provider": name, "model": "theirs"}])  # fmt: skip
    for name in ("jina", "cohere", "together", "voyage"):
        policies.model(f"{name}-rank", PRICE, endpoints=["rerank"], max_output=None,
                       candidates=[{"provider": name, "model": "theirs"}])  # fmt: skip
    policies.write("examples", "return {}\n")
    return gateway


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    yield from make_known(tmp_path_factory.mktemp("known"), shared_provider).served()


@pytest.fixture
def customer(house, provider):
    return house.customer()


def charged(customer, spent) -> None:
    customer.wait_for_no_hold()
    assert 10 - customer.balance == spent


everyone = pytest.mark.parametrize(("name", "chat"), CHATS.items(), ids=list(CHATS))


@everyone
def test_an_answer(customer, provider, name: str, chat: Chat):
    provider.answer = answers.reply(200, chat.body("theirs"))
    answer = customer.ask(name, max_completion_tokens=50)
    assert answer.json()["choices"][0]["message"]["content"] == "".join(TEXT)
    asked = provider.last
    assert asked.path == chat.path
    assert asked.headers.get(chat.header[0], "") == chat.header[1].format(key=UPSTREAM_KEY)
    assert asked.json["model"] == "theirs"
    assert asked.json.get(chat.limit) == 50
    assert usd(answer.json()["usage"]["cost"]) == charge(PRICE, chat.counted)
    charged(customer, charge(PRICE, chat.counted))


@everyone
def test_a_stream(customer, provider, name: str, chat: Chat):
    provider.answer = answers.stream(chat.events("theirs"))
    answer = customer.ask(name, stream=True, stream_options={"include_usage": True})
    found = chunks(answer.content)
    text = "".join(c["delta"].get("content") or "" for e in found for c in e["choices"])
    assert text == "".join(TEXT)
    assert bool(provider.last.json.get("stream_options")) == chat.asks_usage
    assert usd(found[-1]["usage"]["cost"]) == charge(PRICE, chat.counted)
    assert answer.content.endswith(answers.DONE)
    charged(customer, charge(PRICE, chat.counted))


def fail(customer, provider, name: str, error: Error):
    provider.answer = answers.reply(error.status, error.content, error.headers)
    return customer.ask(name)


@everyone
def test_errors(customer, provider, name: str, chat: Chat):
    mistake = fail(customer, provider, name, chat.mistake)
    check_error(mistake, chat.mistake.status, retry=False)
    account = fail(customer, provider, name, chat.account)
    check_error(account, 503, "provider_unavailable")
    assert str(chat.account.body)[15:40] not in account.text
    busy = fail(customer, provider, name, chat.busy)
    code = "rate_limit_exceeded" if chat.busy.status == 429 else "provider_overloaded"
    check_error(busy, chat.busy.status, code, retry=True)
    assert busy.headers["retry-after"] == chat.waits
    charged(customer, 0)


@pytest.mark.parametrize("case", known_providers.ACCOUNTS)
def test_faults_of_the_account(house, customer, provider, case):
    """The customer cannot help it and reads no word of it; the operator is told."""
    name, said = known_providers.ACCOUNTS[case]
    answer = fail(customer, provider, name, said)
    shown = check_error(answer, 503, "provider_unavailable", retry=False)
    assert "account at the model's provider has a problem" in shown["message"]
    request = answer.headers["x-request-id"]
    what = "a provider refuses our account"
    [alarm] = wait_until(lambda: house.logged(what, request_id=request))
    assert alarm["level"] == "error"
    charged(customer, 0)


@pytest.mark.parametrize("case", known_providers.BUSY)
def test_limits_on_the_operator(customer, provider, case):
    name, said = known_providers.BUSY[case]
    answer = fail(customer, provider, name, said)
    check_error(answer, 429, "rate_limit_exceeded", retry=True)
    assert "org_" not in answer.text
    charged(customer, 0)


@pytest.mark.parametrize("name", known_providers.TOO_LARGE)
def test_a_request_above_a_limit_by_itself(customer, provider, name):
    """SDKs would ask twice again for nothing."""
    answer = fail(customer, provider, name, known_providers.TOO_LARGE[name])
    shown = check_error(answer, 413, "request_too_large", retry=False)
    assert "send less" in shown["message"]
    assert "retry-after" not in answer.headers
    assert "org_" not in answer.text
    charged(customer, 0)


def reset_at(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


# What each says of its limits with a refusal: the fields as known_providers.lua has them from its
# sources, and the wait that the client is told.
SPENT = {
    "azure": ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "55"}, {"55"}),
    "azure-deployments": ({"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "-1",
                           "x-ratelimit-reset-tokens": "0"}, {"1"}),
    "groq": ({"x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14370",
              "x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-limit-tokens": "18000",
              "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s"}, {"8"}),
    "mistral": ({"x-ratelimit-limit-req-minute": "720",
                 "x-ratelimit-remaining-req-minute": "0"}, {"1"}),
    "together": ({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0",
                  "x-ratelimit-reset": "3"}, {"3"}),
    "openrouter": (lambda: {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0",
                            "X-RateLimit-Reset": str(int(reset_at(25).timestamp() * 1000))},
                   {"24", "25"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SPENT)
def test_limits(customer, provider, name):
    headers, waits = SPENT[name]
    headers = headers() if callable(headers) else headers
    answer = fail(customer, provider, name, error(429, "Slow", "rate_limit", None, **headers))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] in waits


# Recorded on 2025-08-21 (CRAN's tidyllm, tests), but for the times.
def test_limits_of_anthropic(house, customer, provider):
    headers = {
        "anthropic-ratelimit-input-tokens-limit": "80000",
        "anthropic-ratelimit-requests-limit": "1000",
        "anthropic-ratelimit-requests-remaining": "999",
        "anthropic-ratelimit-requests-reset": f"{reset_at(-1):%Y-%m-%dT%H:%M:%SZ}",
        "anthropic-ratelimit-tokens-limit": "96000",
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": f"{reset_at(30):%Y-%m-%dT%H:%M:%SZ}",
    }
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}
    busy = Error(429, body, headers)
    answer = fail(customer, provider, "anthropic", busy)
    assert int(answer.headers["retry-after"]) in range(25, 31)
    admin = make_admin(house, "admin@example.com")
    rows = admin.call("GET", "/admin/providers", 200)["data"]
    said = next(row["rate_limits"] for row in rows if row["name"] == "anthropic")
    assert said["at"]
    assert said["requests"] == {"limit": 1000, "remaining": 999, "reset_ms": 0}
    assert (said["tokens"]["limit"], said["tokens"]["remaining"]) == (96000, 0)
    assert 0 < said["tokens"]["reset_ms"] <= 30000
    silent = next(row["rate_limits"] for row in rows if row["name"] == "demo")
    assert silent is None


# ---- other dialects ----

GOOGLES = {"vertex-express": "/vertex/v1/publishers/google", "gemini": "/gemini/v1beta"}


@pytest.mark.parametrize("name", GOOGLES)
def test_google(customer, provider, name):
    """An answer, a wait that only the body tells, and a fault of the key that comes as a 400."""
    provider.answer = gemini_answers.content(usage={"thoughtsTokenCount": 5, "totalTokenCount": 34})
    customer.ask(name)
    assert provider.last.path == f"{GOOGLES[name]}/models/theirs:generateContent"
    assert provider.last.headers["x-goog-api-key"] == UPSTREAM_KEY
    charged(customer, charge(PRICE, Usage(19, 15)))
    busy = fail(customer, provider, name, known_providers.GOOGLE_BUSY)
    check_error(busy, 429, "rate_limit_exceeded", retry=True)
    assert busy.headers["retry-after"] == "28"
    check_error(fail(customer, provider, name, known_providers.GOOGLE_KEY), 503)
    mistake = fail(customer, provider, name, known_providers.GOOGLE_MISTAKE)
    check_error(mistake, 400, retry=False)


def test_deepseek_for_clients_of_anthropic(customer, provider):
    """Its other dialect has another address, and another field for the key."""
    provider.answer = anthropic_answers.message()
    asked = {"model": "deepseek", "max_tokens": 50, "messages": [{"role": "user", "content": "x"}]}
    assert customer.post(asked, "/messages").json()["content"][0]["text"] == "Hello there!"
    assert provider.last.path == "/deepseek/anthropic/v1/messages"
    assert provider.last.headers["x-api-key"] == UPSTREAM_KEY


EMBEDDED = {"object": "list", "model": "theirs", "data": [{"object": "embedding", "index": 0,
            "embedding": [0.5, -0.25]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "usage"),
    [
        ("jina", "/jina/v1/embeddings", {"prompt_tokens": 6, "total_tokens": 6}),
        ("voyage", "/voyage/v1/embeddings", {"total_tokens": 6}),
        ("cohere", "/cohere/compatibility/v1/embeddings", {"prompt_tokens": 6, "total_tokens": 6}),
    ],
)
def test_embeddings(customer, provider, name, path, usage):
    provider.answer = answers.reply(200, json.dumps({**EMBEDDED, "usage": usage}).encode())
    asked = {"model": f"{name}-embed", "input": "Hello", "encoding_format": "float"}
    answer = customer.post(asked, "/embeddings")
    assert answer.json()["data"][0]["embedding"] == [0.5, -0.25]
    assert provider.last.path == path
    assert provider.last.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    charged(customer, charge(PRICE, Usage(6, 0)))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_completions(customer, provider, name, streamed):
    """Each says it in OpenAI's form, at its own address."""
    provider.answer = text(usage=Usage(7, 3))
    asked = {"model": f"{name}-text", "prompt": "The quick", "max_tokens": 9, "stream": streamed}
    answer = customer.post(asked, "/completions")
    assert answer.status_code == 200, answer.text
    assert "brown" in answer.text
    assert provider.last.path == TEXTS[name]
    header, value = CHATS[name].header
    assert provider.last.headers.get(header, "") == value.format(key=UPSTREAM_KEY)
    assert provider.last.json["max_tokens"] == 9
    charged(customer, charge(PRICE, Usage(7, 3)))


RANKED = {"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]}


@pytest.mark.parametrize(
    ("name", "path", "more", "tokens"),
    [
        ("jina", "/jina/v1/rerank", {"model": "theirs", "usage": {"total_tokens": 9}}, 9),
        ("cohere", "/cohere/v2/rerank",
         {"id": "1", "meta": {"api_version": {"version": "2"},
                              "billed_units": {"input_tokens": 9, "search_units": 1}}}, 9),
        ("together", "/together/v1/rerank",
         {"object": "rerank", "model": "theirs",
          "usage": {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}}, 9),
    ],
)  # fmt: skip
def test_rerank(customer, provider, name, path, more, tokens):
    provider.answer = answers.reply(200, json.dumps({**RANKED, **more}).encode())
    asked = {"model": f"{name}-rank", "query": "q", "documents": ["a", "b"]}
    answer = customer.post(asked, "/rerank")
    assert answer.json()["results"] == RANKED["results"]
    assert provider.last.path == path
    charged(customer, charge(PRICE, Usage(tokens, 0)))


# docs.voyageai.com/reference/reranker-api, and what voyageai 0.5.0 reads of it.
VOYAGE = {
    "object": "list",
    "data": [
        {"relevance_score": 0.4375, "index": 1, "document": "b \u00e9"},
        {"relevance_score": 0.42187500000000001, "index": 0, "document": "a"},
    ],
    "model": "rerank-2.5-lite",
    "usage": {"total_tokens": 26},
}


@pytest.mark.parametrize(
    ("documents", "sent"),
    [
        (["a", "b \u00e9"], ["a", "b \u00e9"]),
        ([{"text": "a"}, "b \u00e9", {"id": 3, "text": "c"}], ["a", "b \u00e9", "c"]),
        ([{"title": "no text"}], [{"title": "no text"}]),
    ],
)
def test_rerank_of_voyage(customer, provider, documents, sent):
    """Its names for ours in the request, ours for its in the answer, and nothing else changed."""
    raw = json.dumps(VOYAGE, indent=1).replace("0.421875", "0.42187500000000001")
    provider.answer = answers.reply(200, raw.encode())
    asked = {"query": "q", "documents": documents, "model": "voyage-rank", "top_n": 2,
             "return_documents": True, "truncation": False}  # fmt: skip
    answer = customer.post(asked, "/rerank")
    assert provider.last.path == "/voyage/v1/rerank"
    assert list(provider.last.json.items()) == [
        ("query", "q"), ("documents", sent), ("model", "theirs"), ("top_k", 2),
        ("return_documents", True), ("truncation", False),
    ]  # fmt: skip
    found = answer.json()
    assert found["results"] == [
        {"relevance_score": 0.4375, "index": 1, "document": {"text": "b \u00e9"}},
        {"relevance_score": 0.421875, "index": 0, "document": {"text": "a"}},
    ]
    assert "0.42187500000000001" in answer.text
    assert "data" not in found
    assert found["usage"]["total_tokens"] == 26
    assert usd(found["usage"]["cost"]) == charge(PRICE, Usage(26, 0))
    charged(customer, charge(PRICE, Usage(26, 0)))


@pytest.mark.parametrize("body", [{"data": []}, {"data": [{"index": 0, "relevance_score": 1}]}])
def test_rerank_of_voyage_without_documents(customer, provider, body):
    whole = VOYAGE | body
    provider.answer = answers.reply(200, json.dumps(whole).encode())
    asked = {"model": "voyage-rank", "query": "q", "documents": ["a"]}
    answer = customer.post(asked, "/rerank")
    assert answer.json()["results"] == body["data"]
    assert "top_k" not in provider.last.json


def test_rerank_of_voyage_that_is_none(customer, provider):
    """What has no list of results is no answer; an error in its form is for the client."""
    asked = {"model": "voyage-rank", "query": "q", "documents": ["a"]}
    provider.answer = answers.reply(200, json.dumps(VOYAGE | {"data": "none"}).encode())
    check_error(customer.post(asked, "/rerank"), 502, "provider_unavailable")
    detail = {"detail": "The max allowed tokens per submitted query is 8000."}
    provider.answer = answers.reply(400, json.dumps(detail).encode())
    said = check_error(customer.post(asked, "/rerank"), 400, retry=False)
    assert said["message"] == detail["detail"]
    charged(customer, 0)


def test_the_page_has_each():
    """POLICIES.md and the annotations list what the gateway knows; each has source and date."""
    known = (ROOT / "lua/policy/known_providers.lua").read_text()
    names = re.findall(r'^    (?:\["(.+?)"\]|(\w+)) = \{\n        source = ".+", date = DATE,$',
                       known, re.MULTILINE)  # fmt: skip
    names = {quoted or plain for quoted, plain in names}
    assert len(names) == known.count("        dialect = ")
    page = (ROOT / "docs/POLICIES.md").read_text().split('<a id="known"></a>')[1].split("```")[0]
    rows = " ".join(re.findall(r'^\| (`".+?) \|', page, re.MULTILINE))
    assert set(re.findall(r'`"(.+?)"`', rows)) == names
    notes = (ROOT / "lua/annotations/policy.lua").read_text()
    alias = notes.split("---@alias policy.KnownProvider\n")[1].split("\n\n")[0]
    assert set(re.findall(r'"(.+?)"', alias)) == names
    assert names == {*CHATS, *OTHERS, *ACCOUNTS, "openai"}
