"""Servers of one's own say how many tokens a model takes: asked beside the requests, used for what
is held and where models.lua states nothing, and shown. The forms are those that the servers' own
sources and documentation have."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
from answers import Usage
from fake_provider import Gate
from policies import OPENAI_KEY, Lua
from prices import PRICES, charge, usd
from wait import wait_until

PRICE = PRICES["gpt-4o-mini"]
OFTEN = {"ask_context_every_ms": 100}
ELSEWHERE = "/elsewhere"


def page(value, status: int = 200, headers: dict[str, str] | None = None):
    return answers.reply(status, json.dumps(value).encode(), headers)


def models(*entries: dict, **more):
    return page({"object": "list", "data": [{"object": "model"} | each for each in entries]} | more)


def own(policies, **members) -> None:
    """A server of one's own, and a model of it for which models.lua states no context."""
    policies.provider("own", api_key=False)
    policies.model("m", PRICE, ("own",), **({"context": Lua("nil"), "max_output": 4000} | members))


def length(customer, model: str = "m") -> int | None:
    """The same in the list, of the model, and in the dashboard."""
    listed = {each["id"]: each for each in customer.get("/models").json()["data"]}[model]
    one = customer.get(f"/models/{model}").json()
    (shown,) = [
        each for each in customer.call("GET", "/models", 200)["data"] if each["id"] == model
    ]
    lengths = {each["context_length"] for each in (listed, one, listed["top_provider"], shown)}
    return lengths.pop() if len(lengths) == 1 else None


def wait_for_length(customer, tokens: int, model: str = "m") -> None:
    wait_until(lambda: length(customer, model) == tokens, 10, f"a context of {tokens}")


def boss_of(gateway):
    admin = gateway.customer()
    password = gateway.value_of("user", "create", "boss@example.com", "--admin")
    admin.email, admin.password = "boss@example.com", password
    admin.sign_in()
    return admin


def contexts_of(admin, name: str = "own") -> dict | None:
    data = admin.call("GET", "/admin/providers", 200)["data"]
    return next(row["contexts"] for row in data if row["name"] == name)


# ---- forms ----

META = {"vocab_type": 2, "n_vocab": 49152, "n_ctx_train": 8192, "n_params": 134515008}
LM_STUDIO = {"id": "m", "type": "llm", "state": "loaded", "max_context_length": 131072}
FORMS = {
    "llama.cpp": ({"/v1/models": models({"id": "m", "meta": META | {"n_ctx": 2048}})}, 2048),
    "llama.cpp by another name": (
        {"/v1/models": models({"id": "x.gguf", "aliases": ["m"], "meta": META | {"n_ctx": 2048}})},
        2048,
    ),
    "llama.cpp of last year": (
        {
            "/v1/models": models({"id": "/models/x.gguf", "meta": META}),
            "/props": page({"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1}),
        },
        4096,
    ),
    "llama.cpp behind a proxy": ({"/v1/models": models({"id": "m", "meta": META})}, 8192),
    "vLLM": ({"/v1/models": models({"id": "m", "root": "x", "max_model_len": 32768})}, 32768),
    "LM Studio": (
        {
            "/v1/models": models({"id": "m", "owned_by": "organization_owner"}),
            "/props": page({"error": "Unexpected endpoint or method. (GET /props)"}),
            "/api/v0/models": models(LM_STUDIO | {"loaded_context_length": 4096}),
        },
        4096,
    ),
    "LM Studio, not loaded": ({"/api/v0/models": models(LM_STUDIO)}, 131072),
    "Ollama": (
        {
            "/v1/models": models({"id": "m:latest", "owned_by": "library"}),
            "/api/ps": page({"models": [{"name": "m:latest", "context_length": 4096}]}),
        },
        4096,
    ),
    "OpenRouter": (
        {
            "/v1/models": models(
                {
                    "id": "m",
                    "name": "Maker: M",
                    "context_length": 200000,
                    "top_provider": {"context_length": 100000},
                }
            )
        },
        100000,
    ),
    "a bare list": ({"/v1/models": page([{"id": "m", "context_length": 16384}])}, 16384),
}


@pytest.mark.parametrize(("pages", "tokens"), FORMS.values(), ids=FORMS)
def test_what_servers_say(make_gateway, provider, pages, tokens):
    provider.pages = pages
    gateway = make_gateway(prepare=own)
    customer = gateway.customer()
    wait_for_length(customer, tokens)
    (row,) = [
        row
        for row in boss_of(gateway).call("GET", "/admin/prices", 200)["data"]
        if row["model"] == "m"
    ]
    assert (row["context_length"], row["context_stated"], row["context_learned"]) == (
        tokens, None, True)  # fmt: skip
    assert customer.ask("m").status_code == 200


# ---- who is asked ----


def test_only_who_may_be_is_asked(make_gateway, provider):
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 5000})}

    def prepare(policies):
        own(policies)
        policies.provider("told", api_key=Lua(OPENAI_KEY), ask_context=True, headers={"X-A": "b"})
        policies.model("t", PRICE, ("told",))
        policies.provider("never", api_key=False, ask_context=False)
        policies.model("n", PRICE, ("never",))

    gateway = make_gateway(prepare=prepare)
    wait_for_length(gateway.customer(), 5000)
    admin = boss_of(gateway)
    wait_until(lambda: contexts_of(admin, "told")["asked_at"], 10, "the other one")
    assert contexts_of(admin, "never") is None
    assert contexts_of(admin, "openai") is None
    own_get = next(get for get in provider.gets if "x-a" not in get.headers)
    told_get = next(get for get in provider.gets if "x-a" in get.headers)
    assert "authorization" not in own_get.headers
    assert told_get.headers["authorization"].startswith("Bearer ")
    assert {get.path for get in provider.gets if "x-a" not in get.headers} == {"/v1/models"}


# ---- failures ----

FAILURES = {
    "nothing": ({}, None),
    "an error": ({"/v1/models": page({"error": "loading"}, 503)}, "503"),
    "a refusal": ({"/v1/models": page({"error": "no"}, 401)}, "401"),
    "no JSON": ({"/v1/models": answers.reply(200, b"<html>hello</html>")}, None),
    "half of it": (
        {"/v1/models": answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")},
        "",
    ),
    "nonsense": (
        {
            "/v1/models": models(
                {"id": "m", "max_model_len": -5, "context_length": "8192", "meta": [1]},
                {"id": 7, "max_model_len": 5},
                {"id": "m", "max_model_len": 1e300},
            )
        },
        None,
    ),
    "too much": ({"/v1/models": answers.reply(200, b" " * 5_000_000)}, "4 MB"),
}


@pytest.mark.parametrize(("pages", "error"), FAILURES.values(), ids=FAILURES)
def test_failures_are_harmless(make_gateway, provider, pages, error):
    provider.pages = dict(pages)
    gateway = make_gateway(prepare=own, **OFTEN)
    customer, admin = gateway.customer(), boss_of(gateway)
    if error is None:
        wait_until(lambda: contexts_of(admin)["asked_at"], 10, "it to be asked")
    else:
        wait_until(lambda: contexts_of(admin)["error"], 10, "its failure")
        assert error in contexts_of(admin)["error"]
    assert length(customer) is None
    assert customer.ask("m").status_code == 200
    assert customer.wait_for_record()["provider"] == "own"
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 5000})}
    wait_for_length(customer, 5000)
    assert contexts_of(admin)["error"] is None


def test_a_server_that_is_silent_delays_nobody(make_gateway, provider):
    provider.pages = {"/v1/models": answers.silence()}
    customer = make_gateway(prepare=own).customer()
    wait_until(lambda: provider.gets, 10, "the question")
    assert customer.ask("m").status_code == 200
    assert length(customer) is None


def test_no_redirect_is_followed(make_gateway, provider):
    provider.pages = {"/v1/models": page({}, 302, {"Location": provider.url + ELSEWHERE})}
    gateway = make_gateway(prepare=own)
    admin = boss_of(gateway)
    wait_until(lambda: contexts_of(admin)["asked_at"], 10, "it to be asked")
    assert not [get for get in provider.gets if ELSEWHERE in get.path]


# ---- what it is good for ----


def test_it_follows_and_survives_reloads(make_gateway, provider):
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 5000})}
    gateway = make_gateway(prepare=own, **OFTEN)
    customer = gateway.customer()
    wait_for_length(customer, 5000)
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 6000})}
    wait_for_length(customer, 6000)
    provider.pages = {"/v1/models": page({}, 503)}
    gateway.policies.model("another", PRICE, ("own",), context=Lua("nil"))
    gateway.reload()
    admin = boss_of(gateway)
    wait_until(lambda: contexts_of(admin)["error"], 10, "it to be asked again")
    assert length(customer) == 6000
    assert length(customer, "another") is None


@pytest.mark.parametrize(("said", "counts"), [(4000, 4000), (131072, 8192)])
def test_what_is_stated_is_never_raised(make_gateway, provider, said, counts):
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": said})}
    gateway = make_gateway(prepare=lambda policies: own(policies, context=8192, max_output=8000))
    customer, admin = gateway.customer(), boss_of(gateway)
    wait_until(lambda: contexts_of(admin)["asked_at"], 10, "it to be asked")
    assert length(customer) == counts
    answer_max = customer.get("/models/m").json()["top_provider"]["max_completion_tokens"]
    assert answer_max == min(8000, counts)


def test_what_a_model_was_trained_for_lowers_nothing(make_gateway, provider):
    """A server may take more (RoPE scaling), and the operator has said so."""
    provider.pages = {"/v1/models": models({"id": "m", "meta": META})}
    gateway = make_gateway(prepare=lambda policies: own(policies, context=32768))
    customer, admin = gateway.customer(), boss_of(gateway)
    wait_until(lambda: contexts_of(admin)["asked_at"], 10, "it to be asked")
    assert length(customer) == 32768


FILE = {"type": "file", "file": {"filename": "file-1"}}
READS_FILES = {"capabilities": ["files"], "max_output": 1000}


def held_for_a_file(provider, customer) -> Decimal:
    """What nobody can foresee is held at the whole context."""
    messages = [{"role": "user", "content": [FILE]}]
    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
        provider.answer = answers.behind(gate, answers.chat(usage=Usage(100, 5)))
        call = pool.submit(customer.ask, "m", messages=messages)
        provider.wait_for_requests(1)
        held = usd(customer.wallet()["held"])
        gate.set()
        assert call.result(30).status_code == 200
    return held


@pytest.mark.parametrize(("stated", "tokens"), [(Lua("nil"), 4000), (8192, 4000), (2048, 2048)])
def test_what_is_held_follows(make_gateway, provider, stated, tokens):
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 4000})}
    gateway = make_gateway(prepare=lambda policies: own(policies, context=stated, **READS_FILES))
    customer = gateway.customer()
    wait_for_length(customer, tokens)
    held = held_for_a_file(provider, customer)
    assert held == charge(PRICE, Usage(tokens, 1000))


def test_what_was_stated_is_what_may_be_charged(make_gateway, provider):
    """A server that has begun to take more since it was asked costs the house nothing."""
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 4000})}
    gateway = make_gateway(prepare=lambda policies: own(policies, context=8192, **READS_FILES))
    customer = gateway.customer()
    wait_for_length(customer, 4000)
    used = Usage(7000, 500)
    provider.answer = answers.chat(usage=used)
    assert customer.ask("m", messages=[{"role": "user", "content": [FILE]}]).status_code == 200
    customer.wait_for_record()
    assert 10 - customer.balance == charge(PRICE, used)


def test_the_largest_of_several_candidates_is_held(make_gateway, provider):
    """And the first of them is what customers are told."""
    provider.pages = {"/v1/models": models({"id": "m", "max_model_len": 4000})}

    def prepare(policies):
        own(policies, context=8192, **READS_FILES)
        two = [{"provider": "own"}, {"provider": "openai"}]
        policies.model("m", PRICE, context=8192, candidates=two, **READS_FILES)

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    wait_for_length(customer, 4000)
    assert held_for_a_file(provider, customer) == charge(PRICE, Usage(8192, 1000))
