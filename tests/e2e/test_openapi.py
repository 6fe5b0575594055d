"""docs/openapi.yaml says what the gateway serves: no more and no less. Routes and error codes are
compared with the sources, members with the answers to a walk through all of it."""

# long: one walk through all of the API

import copy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import answers
import anthropic_answers
import form_walks
import gemini_answers
import httpx2 as httpx
import openapi
import openapi_spec_validator
import pytest
import responses_answers
from answers import Chat, Usage, error_event
from completion_answers import text
from customer import QUESTION, Customer
from idempotent import HEADER
from phone import with_phone
from policies import Policies
from prices import Price
from receivers import NOBODY, SECRET, Mailbox, token_of
from stripe_server import StripeServer, signed
from test_admin_api import id_of, make_admin
from test_doors import solve
from test_routes import ADMIN, DASHBOARD, GEMINI, OPENAI
from wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
HEALTH = {("GET", "/healthz"), ("GET", "/readyz")}
CHEAP = Price("3", "15", "0.30")
DEAR = Price("100", "1000")  # a dollar is 833 tokens of output, with margin
NEW_PASSWORD = "another horse battery staple"


@pytest.fixture
def document():
    return openapi.Document(openapi.load())


def test_valid_openapi(document):
    assert document.contents["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document.contents)


# ---- routes ----


def declared_routes() -> set[tuple[str, str]]:
    """The tables of lua/*/init.lua at the mounts of policies/routes.lua, and the worker's own."""
    policy = (ROOT / "policies/routes.lua").read_text()
    routes = set()
    for name, own in (("openai", OPENAI), ("gemini", GEMINI)):
        mounts = re.findall(r'"(/[^"]+)"', re.search(rf"{name} = \{{([^}}]*)\}}", policy)[1])
        routes |= {(method, mount + path) for mount in mounts for method, path in own}
        if name == "openai":  # and Cohere's version of them
            routes |= {("POST", mount.replace("/v1", "/v2") + "/rerank") for mount in mounts}
    dashboard = re.search(r'dashboard = "([^"]+)"', policy)[1]
    routes |= {(method, dashboard + path) for method, path in DASHBOARD + ADMIN}
    worker = (ROOT / "core/app/worker.c").read_text()
    return routes | {("GET", path) for path in re.findall(r'head\.path, "(/\w+)"', worker)}


def test_routes_of_the_sources(document):
    assert document.routes() == declared_routes()
    assert document.routes() >= HEALTH


def test_routes_of_the_running_gateway(gateway, document):
    """It names the methods of a path to whoever asks with one that no path has."""
    for path in document.contents["paths"]:
        methods = document.methods(path)
        other = "PATCH" if "PUT" in methods else "PUT"
        response = gateway.http.request(other, path.replace("{id}", "x"))
        if {(method, path) for method in methods} <= HEALTH:
            assert gateway.http.get(path).status_code == 200
            continue
        assert response.status_code == 405, path
        allowed = set(response.headers["allow"].split(", ")) - {"HEAD"}
        assert allowed == methods, path


# ---- error codes ----

NAME = r'"([a-z]+(?:_[a-z]+)*)"'
CALLS = "refuse(?!_content)\\w*|relay_fail|relay_provider_failed|exchange_task_failed|download_cut"
IN_C = [  # the status, or nothing; the code
    rf"\b([1-5]\d\d),\s*{NAME}",
    rf"\.status = (\d\d\d),\s*\.code = {NAME}",
    rf"()\bcode = {NAME}",
    rf"()code, sizeof [\w>.-]+,\s*{NAME}",
    rf"()CODE {NAME}",
    rf"()\b(?:{CALLS})\(\s*\w+,\s*{NAME}",
]
IN_LUA = [rf"x:refuse\(\s*(\d+),\s*{NAME}", rf"()\brefuse\(x,\s*{NAME}"]
STATUS_TABLE = re.compile(r"STATUS = \{(.*?)\}", re.DOTALL)


def codes_of_the_sources() -> dict[str, set[str]]:
    """Each code that a client may get, with the statuses that stand beside it. What fails in the
    store (core/store) gets its status in lua/store.lua, or is no client's to know."""
    found: dict[str, set[str]] = {}
    pairs: list[tuple[str, str]] = []
    for path in (ROOT / "core").rglob("*.c"):
        if "store" not in path.parts:
            text = path.read_text()
            pairs += [match.groups() for one in IN_C for match in re.finditer(one, text)]
    for path in (ROOT / "lua").rglob("*.lua"):
        text = path.read_text()
        pairs += [match.groups() for one in IN_LUA for match in re.finditer(one, text)]
        for table in STATUS_TABLE.findall(text):
            pairs += [(status, code) for code, status in re.findall(r"(\w+) = (\d{3})", table)]
    for status, code in pairs:
        found.setdefault(code, set()).update({status} - {""})
    return found


def test_error_codes_of_the_sources(document):
    documented = {code: set(statuses) for code, statuses in document.statuses().items()}
    found = codes_of_the_sources()
    assert found.keys() == documented.keys()
    undocumented = {code: found[code] - documented[code] for code in found}
    assert not any(undocumented.values()), undocumented


def test_error_codes_of_the_manual(document):
    """docs/API.md has them all, too, each with its statuses."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", (ROOT / "docs/API.md").read_text(), re.M)
    assert {code: status.split(", ") for code, status in rows} == document.statuses()


# ---- a walk ----


@contextmanager
def watched(document: openapi.Document, *clients: httpx.Client) -> Iterator[None]:
    """Every answer that they get is compared with the document."""
    for client in clients:
        client.event_hooks["response"].append(document.check)
    yield
    for client in clients:
        client.event_hooks["response"].remove(document.check)


def prepare(policies: Policies) -> None:
    canary = {"candidate": {"provider": "openai", "model": "dearer"}, "share": "1%"}
    policies.model("dear", DEAR, canary=canary)
    policies.provider("every", dialect=("openai-responses", "anthropic", "gemini"))
    policies.model("native", CHEAP, providers=("every",))
    policies.provider("keeps", dialect="openai-responses", keeps_responses=True)
    policies.model("kept", CHEAP, providers=("keeps",))
    policies.provider("ranker", dialect="rerank")
    policies.provider("texts", dialect=["completions", "decisions"])
    policies.provider("google", dialect="gemini-embeddings")
    for name, provider, endpoint in (("completions", "texts", "completions"),
                                     ("decisions", "texts", "decisions"),
                                     ("google", "google", "gemini-embeddings")):  # fmt: skip
        policies.model(name, Price("1", "2"), providers=(provider,), endpoints=[endpoint])
    for name, providers in (("embeddings", ("openai",)), ("moderations", ("openai",)),
                            ("rerank", ("ranker",))):  # fmt: skip
        policies.model(name, Price("1", "0"), providers=providers, endpoints=[name])
    policies.model("speech", character="0.00001", character_max=9, max_output=None,
                   endpoints=["speech"])  # fmt: skip
    policies.model("images", image="0.01", image_max=1, max_output=None, endpoints=["images"])
    form_walks.prepare(policies)
    policies.write("routes", 'return { groups = { "slow" } }\n')
    policies.write(
        "limits",
        'return { { scope = "key", requests_per_minute = 600, tokens_per_minute = 2000000 },\n'
        '    { scope = "key", group = "slow", requests_per_minute = 1 },\n'
        '    { scope = "user", models = { "gpt-4" }, usd_per_day = "0" } }\n',
    )
    policies.write("examples", "return {}\n")


def walk_api(customer: Customer, mount: str) -> None:
    def get(path: str, status: int, **how) -> None:
        response = customer.gateway.http.get(mount + path, headers=customer.authorization, **how)
        assert response.status_code == status, response.text

    for path in ("/models", "/models/gpt-4o-mini", "/credits", "/key"):
        get(path, 200)
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
    for more in ({}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}):
        response = customer.gateway.http.post(
            mount + "/chat/completions", headers=customer.authorization, json=body | more
        )
        assert response.status_code == 200
    for more in ({}, {"messages": [{"role": "user", "content": [{"type": "file"}]}]}):
        response = customer.gateway.http.post(
            mount + "/estimate", headers=customer.authorization, json=body | more
        )
        assert response.status_code == 200
    get("/generation", 200, params={"id": customer.wait_for_record()["id"]})
    get("/generation", 400)
    get("/generation", 404, params={"id": "req_0"})
    get("/models/none", 404)
    get("/nothing", 404)


# A call in each dialect: its path and body.
TEXT = [{"role": "user", "content": "Hello!"}]
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}
STREAMED = {"stream": True}
NAMED = {"model": "native"}
NATIVE = {  # whole answers of a provider that speaks it, and the events of its streams
    "messages": (anthropic_answers.message, anthropic_answers.Message().events(NAMED)),
    "responses": (responses_answers.response, responses_answers.Response().events(NAMED)),
    "gemini": (gemini_answers.content, gemini_answers.Content().events()),
}
CALLS_OF = {
    "messages": ("/messages", {"max_tokens": 100, "messages": TEXT}),
    "responses": ("/responses", {"input": "Hello!"}),
    "gemini": ("/models/{model}:{method}", CONTENTS),
}


def questions(dialect: str, model: str) -> list[tuple[str, dict]]:
    """The call, plain and streamed in every way."""
    path, body = CALLS_OF[dialect]
    if dialect != "gemini":
        asked = {"model": model, **body}
        return [(path, asked), (path, asked | STREAMED)]
    methods = ("generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent")
    return [(path.format(model=model, method=method), body) for method in methods]


def walk_dialect(customer: Customer, poor: Customer, provider, mount: str, dialect: str) -> None:
    """Answers as they came and translated, streams that break off, refusals, and no money."""
    post = customer.gateway.http.post
    theirs = (answers.chat, answers.Chat().events({"stream": True}))
    for model, (whole, events) in (("native", NATIVE[dialect]), ("gpt-4o-mini", theirs)):
        for path, body in questions(dialect, model):
            provider.answer = whole()
            asked = {"url": mount + path, "json": body}
            assert post(**asked, headers=customer.authorization).status_code == 200
            provider.answer = answers.stream(events[: len(events) // 2 + 1], ending="cut")
            broken = post(**asked, headers=customer.authorization)
            assert broken.status_code == 502 or "was charged" in broken.text, broken.text
            provider.answer = answers.error(400, "Not so.", "its_own_code", "invalid_request_error")
            assert post(**asked, headers=customer.authorization).status_code == 400
            no_money = 429 if dialect == "responses" else 402
            assert post(**asked, headers=poor.authorization).status_code == no_money
            assert post(**asked).status_code == 401
            provider.answer = answers.chat()
    for path, body in questions(dialect, "none"):
        assert post(mount + path, headers=customer.authorization, json=body).status_code == 404
        limit = customer.authorization | {"x-llm-max-cost": "0"}
        path, body = path.replace("none", "native"), body | {"model": "native"}
        assert post(mount + path, headers=limit, json=body).status_code == 400


def walk_state(customer: Customer, provider, mount: str) -> None:
    """What a provider keeps."""

    def ask(method: str, path: str, status: int, **how) -> None:
        headers = how.pop("headers", customer.authorization)
        reply = customer.gateway.http.request(method, mount + path, headers=headers, **how)
        assert reply.status_code == status, reply.text

    more = {"store": True, "conversation": {"id": "conv_1"}}
    provider.answer = responses_answers.response(more=more)
    ask("POST", "/responses", 200, json={"model": "kept", "input": "Hello!"})
    provider.answer = answers.reply(200, b'{"object":"conversation","id":"conv_2"}')
    provider.pages = {
        "/v1" + path: provider.answer for path in ("/responses/resp_1", "/conversations/conv_1")
    }
    for path in ("/responses/resp_1", "/conversations/conv_1"):
        ask("GET", path, 200)
    ask("POST", "/conversations", 200, json={})
    ask("POST", "/conversations/conv_1", 200, json={"metadata": {}})
    ask("POST", "/responses/resp_1/cancel", 200)
    for method, path in (
        ("GET", "/responses/resp_2"), ("DELETE", "/responses/resp_2"),
        ("POST", "/responses/resp_2/cancel"), ("GET", "/conversations/conv_3"),
        ("POST", "/conversations/conv_3"), ("DELETE", "/conversations/conv_3"),
        ("POST", "/conversations"),
    ):  # fmt: skip
        body = (
            {"items": [{"type": "item_reference", "id": "msg_none"}]} if method == "POST" else None
        )
        ask(method, path, 404, json=body)
        ask(method, path, 401, json=body, headers={})
        file = {"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}
        if method == "POST" and "cancel" not in path:
            ask(method, path, 400, json={"items": [file]})
    ask("GET", "/responses/resp_1?stream=true", 400)
    for path in ("/responses/resp_1", "/conversations/conv_1"):
        ask("DELETE", path, 200)
    provider.reset()


def walk_lists(customer: Customer, provider, mount: str) -> None:
    http, mine = customer.gateway.http, {"headers": customer.authorization}
    cohere = mount.replace("/v1", "/v2")
    verdict = {"results": [{"flagged": False}]}
    for place, name, found in (
        (mount, "embeddings", {"data": [{"index": 0, "embedding": [0.5]}]}),
        (mount, "moderations", verdict),
        (mount, "rerank", {"results": []}),
        (cohere, "rerank", {"results": []}),
    ):
        provider.answer = answers.reply(200, json.dumps(found).encode())
        body = {"model": name, "input": "x", "query": "x", "documents": ["x"]}
        assert http.post(f"{place}/{name}", json=body, **mine).status_code == 200
        assert http.post(f"{place}/{name}", json=body).status_code == 401
        body["model"] = "native"
        assert http.post(f"{place}/{name}", json=body, **mine).status_code == 404
    content = {"content": {"parts": [{"text": "x"}]}}
    vector = {"values": [0.5]}
    asked = {"model": "decisions", "input": "x", "questions": []}
    for path, body, found in (
        ("/decisions", asked, {"answers": [{"type": "predicate", "probability": 1}]}),
        ("beta/models/google:embedContent", content, {"embedding": vector}),
        (
            "beta/models/google:batchEmbedContents",
            {"requests": [content]},
            {"embeddings": [vector]},
        ),
        ("/completions", {"model": "completions"}, None),
        ("/completions", {"model": "completions", "stream": True}, None),
    ):
        provider.answer = answers.reply(200, json.dumps(found).encode()) if found else text()
        assert http.post(mount + path, json=body, **mine).status_code == 200
        assert http.post(mount + path, json=body).status_code == 401
        path = f"{mount}/estimate/{path.removeprefix('beta').removeprefix('/')}"
        assert http.post(path, json=body, **mine).status_code == 200
        assert http.post(path, json=body).status_code == 401
        assert http.post(path + "/x", json=body, **mine).status_code == 404
    limit = {"headers": customer.authorization | {"x-llm-max-cost": "x"}}
    assert http.post(f"{mount}/estimate/decisions", json=asked, **limit).status_code == 400
    provider.answer = answers.chat()


def walk_media(customer: Customer, provider, mount: str) -> None:
    http, mine = customer.gateway.http, {"headers": customer.authorization}
    picture = json.dumps({"data": [{"url": "https://pictures.example/1"}]}).encode()
    for path, name, answer in (
        ("audio/speech", "speech", answers.reply(200, b"\xff", {"Content-Type": "audio/mpeg"})),
        ("images/generations", "images", answers.reply(200, picture)),
    ):
        provider.answer = answer
        body = {"model": name, "input": "x", "prompt": "x"}
        assert http.post(f"{mount}/{path}", json=body, **mine).status_code == 200
        assert http.post(f"{mount}/{path}", json=body).status_code == 401
        assert http.post(f"{mount}/{path}", json={"model": name}, **mine).status_code == 400
    provider.answer = answers.chat()


def walk_dialects(customer: Customer, poor: Customer, provider, mount: str) -> None:
    http, mine = customer.gateway.http, {"headers": customer.authorization}
    for dialect in ("messages", "responses", "gemini"):
        walk_dialect(customer, poor, provider, mount, dialect)
    walk_dialect(customer, poor, provider, mount + "beta", "gemini")
    for path in ("/messages/count_tokens", "/responses/input_tokens"):
        body = {"model": "native", "messages": TEXT, "input": "Hello!"}
        assert http.post(mount + path, json=body, **mine).status_code == 200
        assert http.post(mount + path, json=body).status_code == 401
    talk = {"model": "native", "input": "Hello!"}
    provider.answer = NATIVE["responses"][0]()
    assert http.post(mount + "/responses/compact", json=talk, **mine).status_code == 200
    assert http.post(mount + "/responses/compact", json=talk).status_code == 401
    provider.answer = answers.chat()
    for path in (mount, mount + "beta"):
        count = f"{path}/models/native:countTokens"
        assert http.post(count, json=CONTENTS, **mine).status_code == 200
        assert http.post(f"{path}/models/native:dream", json={}, **mine).status_code == 404
    assert http.get(mount + "/responses").status_code == 426
    walk_state(customer, provider, mount)
    for path, status in (("/models", 200), ("/models/native", 200), ("/models/none", 404)):
        assert http.get(f"{mount}beta{path}", **mine).status_code == status
        assert http.get(f"{mount}beta{path}", params={"key": customer.key}).status_code == status


def walk_refusals(gateway, customer: Customer) -> str:
    """Calls that come to nothing. Returns the id of one."""
    http = gateway.http
    assert http.get("/v1/models").status_code == 401
    assert http.put("/v1/models").status_code == 405
    for body, status in ((b"{", 400), (b"{}", 400), (b'{"model":1}', 400)):
        assert customer.post(body).status_code == status
    assert customer.ask(n="x").status_code == 400
    refused = customer.ask("none")
    assert refused.status_code == 404
    packed = {"Content-Encoding": "br"}
    assert customer.post(b"{}", headers=packed).status_code == 415
    assert http.post("/v1/chat/completions", content=b"x" * 70000).status_code == 413
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    message = {"role": "user", "content": [picture]}
    assert customer.post({"model": "gpt-3.5-turbo", "messages": [message]}).status_code == 400
    assert customer.ask("gpt-4").status_code == 429  # the quota in USD
    body = {"model": "gpt-4o", "messages": list(QUESTION)}
    assert customer.post(body, headers={"x-llm-max-cost": "0"}).status_code == 400
    assert customer.post(body, headers={"x-llm-max-cost": "$1"}).status_code == 400
    for key, status in (("order-1", 200), ("order-1", 200), ("order-2", 200)):
        body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
        assert customer.post(body, headers={HEADER: key}).status_code == status
    assert customer.post({**body, "n": 2}, headers={HEADER: "order-2"}).status_code == 422
    return refused.headers["x-request-id"]


def walk_keys_and_money(customer: Customer) -> None:
    """Keys that may not, or may no more."""
    customer.create_key(models=["gpt-4o"])
    assert customer.ask().status_code == 403
    assert customer.get("/models/gpt-4o-mini").status_code == 403
    customer.create_key(budget="0.00000001", budget_period="day")
    assert customer.ask().status_code == 402
    assert customer.get("/key").status_code == 200
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    assert customer.ask().status_code == 401
    customer.create_key()
    path = f"/keys/{customer.key_id}/rotate"
    made = customer.call("POST", path, 201, json={"grace_seconds": 3600})
    customer.call("POST", path, 409, json={"grace_seconds": 0, "last4": "none"})
    customer.call("POST", path, 400, json={})
    customer.call("GET", "/keys", 200)
    customer.call("DELETE", path, 200)
    customer.call("GET", path, 200)
    assert customer.ask().status_code == 401
    customer.key = made["key"]
    customer.call("GET", "/keys/key_none/rotate", 404)


def walk_providers(customer: Customer, provider) -> None:
    """What a call may meet behind the gateway, before and after its first text."""
    refusal = answers.error(400, "Not so.", "its_own_code", "invalid_request_error")
    outcomes = [(refusal, 400), (answers.reply(500, b"{}"), 502), (answers.reply(400, b"{}"), 502),
                (answers.error(429, "Slow down.", None, "requests"), 429),
                (answers.error(503, "Busy.", None, "server_error"), 503),
                (answers.error(401, "Who?", "invalid_api_key", "x"), 503)]  # fmt: skip
    for answer, status in outcomes:
        provider.answer = answer
        response = customer.ask()
        assert response.status_code == status, response.text
    first = Chat().events({"model": "gpt-4o-mini"})[:2]
    for events in (first, [*first, error_event()]):
        provider.answer = answers.stream(events, ending="cut")
        response = customer.ask(stream=True, stream_options={"include_usage": True})
        assert '"error"' in response.text
        assert response.text.endswith("data: [DONE]\n\n")
    piece = answers.content_event("x" * 400, "dear")
    end = Chat(pieces=(), usage=Usage(10, 9000)).events({"model": "dear"})[1:]
    provider.answer = answers.stream([piece] * 90 + end)
    body = {"model": "dear", "messages": list(QUESTION), "stream": True}
    response = customer.post(body, headers={"x-llm-max-cost": "0.1"})
    assert '"max_cost"' in response.text
    response = customer.ask("dear", stream=True)
    assert '"metadata"' in response.text, "the money has ended"
    provider.answer = answers.chat()


def walk_accounts(document, gateway, person: Customer) -> None:
    """From signing up to changing the password."""
    web = person.web
    assert web.get("/site").status_code == 200
    assert web.get("/prices").status_code == 200
    assert web.get("/auth/me").status_code == 401
    assert web.get("/auth/session").json() == {"user": None}
    for changed, status in (({"email": "x"}, 400), ({"password": "x"}, 400), ({}, 201), ({}, 409)):
        body = {"email": person.email, "password": person.password, **changed}
        assert web.post("/auth/signup", json=body).status_code == status
    body = {"email": person.email, "password": "wrong password"}
    assert web.post("/auth/signin", json=body).status_code == 401
    foreign = {"Origin": "https://example.com"}
    assert web.post("/auth/signout", headers=foreign).status_code == 403
    other = Customer(gateway)
    other.email = person.email
    with watched(document, other.web):
        other.sign_in()
        other.sign_in()
        sessions = other.call("GET", "/auth/sessions", 200)["data"]
        (ended, *_) = [one["id"] for one in sessions if not one["current"]]
        other.call("DELETE", f"/auth/sessions/{ended}", 204)
        other.call("DELETE", f"/auth/sessions/{ended}", 404)
        other.call("DELETE", "/auth/sessions", 204)
        other.call("POST", "/auth/signout", 204)
    person.sign_in()
    change = {"current_password": "wrong password", "new_password": NEW_PASSWORD}
    assert web.post("/auth/password", json=change).status_code == 403
    change["current_password"] = person.password
    person.call("POST", "/auth/password", 204, json=change)
    person.password = NEW_PASSWORD
    person.call("GET", "/auth/me", 200)
    person.call("GET", "/auth/session", 200)


def walk_account(person: Customer, provider) -> None:
    """Keys, credits, use, models."""
    person.charge("10")
    assert person.web.post("/balance/charge", json={"amount": "-1"}).status_code == 400
    person.create_key(expires_at="2099-01-01T00:00:00+09:00", budget=5, models=["gpt-4o-mini"])
    change = {"name": "other", "budget": None, "models": None, "expires_at": None}
    person.call("PATCH", f"/keys/{person.key_id}", 200, json=change)
    assert person.ask().status_code == 200
    person.wait_for_no_hold()
    spare = person.call("POST", "/keys", 201, json={"name": "spare"})["data"]["id"]
    person.call("DELETE", f"/keys/{spare}", 204)
    person.call("DELETE", f"/keys/{spare}", 404)
    person.call("PATCH", f"/keys/{person.key_id}", 400, json={"spent": "0"})
    for path in ("/keys", "/balance", "/transfers", "/transfers?kind=credits",
                 "/balance/transfers", "/usage", "/usage?totals=no", "/usage/summary",
                 "/usage/summary?by=day,model,key&tz=Asia/Seoul",
                 "/refusals", "/refusals/count", "/models"):  # fmt: skip
        person.call("GET", path, 200)
    assert person.web.get("/usage.csv").status_code == 200
    person.call("GET", "/usage", 400, params={"limit": "0"})
    person.call("GET", f"/usage/{person.records()[0]['id']}", 200)
    person.call("GET", "/usage/req_0", 404)
    pulse = person.web.get("/pulse")
    tag = {"If-None-Match": pulse.headers["etag"]}
    assert (pulse.status_code, person.web.get("/pulse", headers=tag).status_code) == (200, 304)
    body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
    for key_id, status in ((person.key_id, 200), ("key_0", 404), (None, 400)):
        params = {"key_id": key_id} if key_id else {}
        person_asks = person.web.post("/playground/chat/completions", params=params, json=body)
        assert person_asks.status_code == status
        person_estimates = person.web.post("/playground/estimate", params=params, json=body)
        assert person_estimates.status_code == status
    params = {"key_id": person.key_id}
    verdict = {"results": [{"flagged": False}]}
    provider.answer = answers.reply(200, json.dumps(verdict).encode())
    for path, status in (("/moderations", 200), ("/estimate/moderations", 200), ("/nothing", 404),
                         ("/estimate/nothing", 404)):  # fmt: skip
        body = {"model": "moderations", "input": "x"}
        response = person.web.post(f"/playground{path}", params=params, json=body)
        assert response.status_code == status, response.text
    provider.answer = answers.chat()
    assert person.web.post("/playground/pass", params=params, json={}).status_code == 201
    assert person.web.post("/playground/pass", json={}).status_code == 400


def walk_admin_reads(admin: Customer, customer: Customer, refused_id: str) -> None:
    of_user = {"user_id": id_of(customer)}
    for path in ("/sales.csv", "/audit.csv", "/statement.csv?month=2026-11",
                 f"/usage.csv?user_id={of_user['user_id']}"):  # fmt: skip
        assert admin.web.get(f"/admin{path}").status_code == 200
    for what in (customer.email, customer.key, refused_id, customer.records()[0]["id"]):
        assert admin.call("POST", "/admin/search", 200, json={"text": what})["data"]
    admin.call("POST", "/admin/search", 400, json={})
    for path in ("/live", "/sales", "/sales?by=day,model,provider", "/sales?by=customer",
                 "/sales?by=group",
                 "/policies", "/prices", "/prices?limit=1", "/providers", "/audit", "/users",
                 "/trials", "/trials/compare?model=dear",
                 "/replay", "/groups", f"/users/{of_user['user_id']}"):  # fmt: skip
        admin.call("GET", f"/admin{path}", 200)
    replayed = lambda: admin.call("GET", "/admin/replay", 200)["state"] == "done"  # noqa: E731
    wait_until(replayed, 20, "a replay")
    for path in ("/sessions", "/keys", "/usage", "/usage/summary", "/refusals", "/transfers"):
        admin.call("GET", f"/admin{path}", 200, params=of_user)
        admin.call("GET", f"/admin{path}", 400)
        admin.call("GET", f"/admin{path}", 404, params={"user_id": "user_0"})
        customer.call("GET", f"/admin{path}", 404)
    for record in customer.records():
        admin.call("GET", f"/admin/usage/{record['id']}", 200)
    found = f"/admin/usage/{refused_id}"
    wait_until(lambda: admin.web.get(found).status_code == 200, 5, "the refused call")
    customer.call("GET", f"/usage/{refused_id}", 200)
    assert customer.get("/generation", params={"id": refused_id}).status_code == 200


def walk_alerts(admin: Customer) -> None:
    """With one that is open, and messages that nobody takes."""
    admin.call("GET", "/admin/attempts", 200, params={"provider": "openai"})
    admin.call("GET", "/admin/attempts", 400)
    admin.call("POST", "/admin/providers/test", 200, json={"provider": "demo"})
    admin.call("POST", "/admin/providers/test", 404, json={"provider": "nobody"})
    admin.call("POST", "/admin/providers/test", 400, json={})
    admin.call("POST", "/admin/alerts/test", 202)
    listed = lambda: admin.call("GET", "/admin/alerts", 200)  # noqa: E731
    wait_until(lambda: listed()["open"] and listed()["undelivered"], 20, "an undelivered message")


def walk_notices(customer: Customer, mailbox: Mailbox) -> None:
    wishes = {"low_balance": "1.50", "receipts": True, "key_expiry": False, "language": "en"}
    customer.call("PATCH", "/notices", 200, json=wishes)
    customer.call("PATCH", "/notices", 400, json={"language": "fr"})
    customer.call("POST", "/notices/webhook/test", 404, json={})
    customer.call("POST", "/notices/webhook", 400, json={"url": "ftp://example.com"})
    customer.call("POST", "/notices/webhook", 201, json={"url": "https://127.0.0.1:9/"})
    customer.call("POST", "/notices/webhook/test", 202, json={})
    failed = lambda: customer.call("GET", "/notices", 200)["webhook"]["failed_at"]  # noqa: E731
    wait_until(failed, 20, "a failure")
    customer.call("DELETE", "/notices/webhook", 204)
    customer.call("GET", "/notices", 200)
    customer.call("POST", "/auth/forgot", 202, json={"email": "nobody@example.com"})
    customer.call("POST", "/auth/forgot", 400, json={"email": "nobody"})
    customer.call("POST", "/auth/verify/send", 202, json={})
    token = {"token": token_of(mailbox.wait_for_one(customer.email, "Confirm"), "verify")}
    customer.call("POST", "/auth/verify", 200, json=token)
    customer.call("POST", "/auth/verify", 404, json=token)
    customer.call("POST", "/auth/verify/send", 409, json={})


def walk_second_factor(admin: Customer, person: Customer) -> None:
    """Set up, asked for, renewed, turned off; then the copy of all data, and the end."""
    web, user_id = person.web, id_of(person)
    proof = {"password": person.password, "code": "000000"}
    person.call("GET", "/auth/second-factor", 200)
    person.call("POST", "/auth/second-factor/confirm", 409, json={"code": "000000"})
    person.call("POST", "/auth/second-factor/off", 409, json=proof)
    person.call("POST", "/auth/second-factor/recovery-codes", 409, json=proof)
    person.call("POST", "/auth/second-factor", 403, json={"password": "not it, alas"})
    phone = with_phone(person)
    person.call("POST", "/auth/second-factor", 409, json={"password": person.password})
    wrong = {**proof, "code": phone.wrong_code()}
    person.call("POST", "/auth/second-factor/off", 403, json=wrong)
    person.call("POST", "/auth/second-factor/recovery-codes", 403, json=wrong)
    proof["code"] = phone.recovery_code()
    renewed = person.call("POST", "/auth/second-factor/recovery-codes", 200, json=proof)
    phone.recovery_codes = renewed["recovery_codes"]
    person.call("POST", "/auth/signout/everywhere", 204)
    person.call("POST", "/auth/signout/everywhere", 401)
    body = {"email": person.email, "password": person.password}
    token = {"token": web.post("/auth/signin", json=body).json()["error"]["metadata"]["token"]}
    person.call("POST", "/auth/signin/code", 403, json=token | {"code": phone.wrong_code()})
    person.call("POST", "/auth/signin/code", 400, json=token)
    token["code"] = phone.recovery_code()
    person.call("POST", "/auth/signin/code", 200, json=token)
    person.call("POST", "/auth/signin/code", 401, json=token)
    proof["code"] = phone.recovery_code()
    person.call("POST", "/auth/second-factor/off", 204, json=proof)
    admin.call("DELETE", f"/admin/second-factors/{user_id}", 404)
    admin.call("DELETE", f"/admin/second-factors/{id_of(admin)}", 409)
    with_phone(person)
    admin.call("DELETE", f"/admin/second-factors/{user_id}", 204)
    person.call("GET", "/account/data", 200)
    admin.call("GET", f"/admin/data/{user_id}", 200)
    admin.call("GET", f"/admin/data/{id_of(admin)}", 409)
    person.call("POST", "/account/erase", 400, json={**body, "email": "x@example.com"})
    person.call("POST", "/account/erase", 403, json={**body, "password": "not it, alas"})
    person.call("POST", "/account/erase", 409, json=body)
    person.call("POST", "/account/erase", 204, json={**body, "forfeit": True})
    another = Customer(person.gateway)
    erased = f"/admin/erase/{another.sign_up()['user']['id']}"
    admin.call("POST", erased, 400, json={"email": person.email})
    admin.call("POST", erased, 200, json={"email": another.email})
    admin.call("POST", erased, 409, json={"email": f"erased-{erased.split('/')[-1]}@invalid"})


def walk_vouchers(admin: Customer, customer: Customer) -> None:
    form = {"name": "a", "amount": "1", "count": 2}
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    for person, path, whose in ((customer, "/quotas", {"key_id": customer.key_id}),
                                (admin, "/admin/quotas", {"user_id": user_id})):  # fmt: skip
        quota = {"unit": "usd", "period": "month", "amount": "1000"}
        made = person.call("POST", path, 201, json=whose | quota)
        person.call("POST", path, 400, json=whose | quota | {"unit": "words"})
        person.call("GET", path, 200, params=whose)
        person.call("DELETE", f"{path}/{made['id']}", 204)
        person.call("DELETE", f"{path}/{made['id']}", 404)
    batch = admin.call("POST", "/admin/vouchers", 201, json=form)["id"]
    codes = admin.web.get(f"/admin/voucher-codes/{batch}").text.splitlines()
    code = {"code": codes[1].partition(",")[0]}
    customer.call("POST", "/balance/voucher", 201, json=code)
    customer.call("POST", "/balance/voucher", 409, json=code)
    customer.call("POST", "/balance/voucher", 404, json={"code": "0000-0000-0000-0000"})
    admin.call("GET", "/admin/vouchers", 200)
    assert admin.call("POST", "/admin/search", 200, json={"text": batch})["exact"]
    admin.call("GET", f"/admin/vouchers/{batch}", 200)
    admin.call("PATCH", f"/admin/vouchers/{batch}", 200, json={"withdrawn": True})


def walk_doors(make_gateway, document) -> None:
    gateway = make_gateway(sign_up="invitation", sign_up_proof_bits="1", terms_url="/terms")
    admin, customer = make_admin(gateway), Customer(gateway)
    with watched(document, gateway.http, admin.web, customer.web):
        body = {"email": customer.email, "password": customer.password, "accept_terms": True}
        customer.call("POST", "/auth/signup", 403, json=body)
        customer.call("POST", "/auth/invitation", 404, json={"token": "x"})
        customer.call("POST", "/auth/invitation", 400, json={})
        admin.call("POST", "/admin/invitations", 400, json={"uses": 0})
        admin.call("POST", "/admin/invitations", 409, json={"email": admin.email})
        made = admin.call("POST", "/admin/invitations", 201, json={"credit": "1"})
        token = made["url"].partition("#")[2]
        customer.call("POST", "/auth/invitation", 200, json={"token": token})
        body["invitation"] = token
        customer.call("POST", "/auth/signup", 400, json=body)
        body["proof"] = solve(customer.call("GET", "/auth/challenge", 200))
        customer.call("POST", "/auth/signup", 201, json=body)
        customer.call("POST", "/auth/terms", 409, json={"version": "0"})
        customer.call("POST", "/auth/terms", 200, json={"version": "1"})
        customer.call("GET", "/site", 200)
        admin.call("GET", "/admin/invitations", 200)
        admin.call("DELETE", f"/admin/invitations/{made['invitation']['id']}", 200)
        admin.call("DELETE", "/admin/invitations/inv_1", 404)
        admin.call("POST", "/admin/users", 201, json={"email": "new@example.com"})
        admin.call("POST", "/admin/users", 409, json={"email": "new@example.com"})
        for method, path in (
            ("POST", "/auth/terms"),
            ("POST", "/admin/users"),
            ("GET", "/admin/invitations"),
            ("POST", "/admin/invitations"),
            ("DELETE", "/admin/invitations/x"),
        ):
            assert gateway.http.request(method, f"/api{path}").status_code == 401


def walk_notes(admin: Customer, customer: Customer) -> None:
    whose = {"user_id": customer.call("GET", "/auth/me", 200)["user"]["id"]}
    note = admin.call("POST", "/admin/notes", 201, json=whose | {"text": "a"})
    admin.call("POST", "/admin/notes", 400, json=whose | {"text": ""})
    admin.call("PATCH", f"/admin/notes/{note['id']}", 200, json={"text": "b"})
    admin.call("GET", "/admin/notes", 200, params=whose)
    admin.call("DELETE", f"/admin/notes/{note['id']}", 204)
    admin.call("DELETE", f"/admin/notes/{note['id']}", 404)


def walk_payments(make_gateway, document) -> None:
    stripe = StripeServer()
    gateway = make_gateway(**stripe.settings)
    admin, customer = make_admin(gateway), Customer(gateway)
    customer.sign_up()
    wish = {"threshold": "5", "amount": "20", "month_max": "50"}
    with watched(document, gateway.http, admin.web, customer.web):
        customer.call("GET", "/payment-options", 200)
        customer.call("PUT", "/payment-automatic", 409, json=wish)
        body = {"amount": "10", "save_card": True}
        payment = customer.call("POST", "/balance/charge", 201, json=body)
        for event in (stripe.complete(payment), *stripe.kept_card(payment)):
            sent = json.dumps(event)
            headers = {"stripe-signature": signed(sent), "content-type": "application/json"}
            path = "/api/payment-events/stripe"
            assert gateway.http.post(path, content=sent, headers=headers).status_code == 200
            assert gateway.http.post(path, content=sent).status_code == 400
        customer.call("GET", f"/payments/{payment['id']}", 200)
        customer.call("GET", "/payments", 200)
        customer.call("PUT", "/payment-automatic", 200, json=wish)
        customer.call("GET", "/payment-options", 200)
        customer.call("DELETE", "/payment-automatic", 204)
        customer.call("POST", "/payment-portal", 201, json={})
        stripe.answer = lambda _: (500, {})
        customer.call("POST", "/payment-portal", 502, json={})
        admin.call("GET", "/admin/payments", 200)
        for method, path in (
            ("GET", "/payments"),
            ("GET", "/payments/x"),
            ("GET", "/payment-options"),
            ("POST", "/payment-portal"),
            ("PUT", "/payment-automatic"),
            ("DELETE", "/payment-automatic"),
            ("GET", "/admin/payments"),
        ):
            assert gateway.http.request(method, f"/api{path}").status_code == 401
    stripe.stop()


def walk_mail_events(make_gateway, document, mailbox) -> None:
    told = {"mail_events": "postmark", "mail_events_secret": SECRET}
    gateway = make_gateway(**mailbox.settings | told)
    path, auth = "/api/mail-events/postmark", ("gateway", SECRET)
    with watched(document, gateway.http):
        for status, body, who in (
            (200, {"RecordType": "Open"}, auth),
            (400, [], auth),
            (401, {}, None),
        ):
            assert gateway.http.post(path, json=body, auth=who).status_code == status
        assert gateway.http.post(path + "x", json={}).status_code == 404


def walk_admin_acts(admin: Customer, customer: Customer) -> None:
    user_id = id_of(customer)
    of_user = {"user_id": user_id}
    given = {**of_user, "amount": "1", "reason": "a gift"}
    for status in (201, 201):
        admin.call("POST", "/admin/credits", status, json=given, headers={HEADER: "gift-1"})
    admin.call("POST", "/admin/credits", 400, json={**given, "reason": ""})
    paid = next(one["id"] for one in customer.records() if Decimal(one["cost"]) > 0)
    refund = {"exchange_id": paid, "reason": "a bad answer"}
    admin.call("POST", "/admin/refunds", 201, json=refund)
    admin.call("POST", "/admin/refunds", 409, json=refund)
    admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": "slow", "reason": "x"})
    assert [customer.ask().status_code for _ in range(2)] == [200, 429]
    admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": ""})
    admin.call("PATCH", f"/admin/users/{id_of(admin)}", 409, json={"disabled": True})
    admin.call("PATCH", f"/admin/users/{id_of(admin)}", 409, json={"role": "user"})
    for disabled in (True, False):
        change = {"disabled": disabled, "reason": "x"}
        admin.call("PATCH", f"/admin/keys/{customer.key_id}", 200, json=change)
        admin.call("PATCH", f"/admin/user-keys/{user_id}", 200, json=change)
        if disabled:
            customer.call("PATCH", f"/keys/{customer.key_id}", 409, json={"disabled": False})
    admin.call("POST", "/admin/debits", 201, json={**of_user, "amount": "1000", "reason": "x"})
    assert customer.ask().status_code == 402
    customer.charge("2000")
    walk_vouchers(admin, customer)
    walk_notes(admin, customer)
    customer.call("GET", "/balance/transfers", 200)
    admin.call("POST", "/admin/unlocks", 200, json=of_user)
    link = admin.call("POST", "/admin/password-links", 201, json=of_user)["url"]
    token = {"token": link.partition("#")[2]}
    admin.call("DELETE", f"/admin/sessions/{user_id}", 204)
    customer.call("POST", "/auth/link", 200, json=token)
    customer.call("POST", "/auth/link/password", 200, json={**token, "password": NEW_PASSWORD})
    customer.call("POST", "/auth/link", 404, json=token)
    for path in ("/audit", f"/audit?user_id={user_id}"):
        admin.call("GET", f"/admin{path}", 200)


@pytest.mark.once
def test_every_answer(make_gateway, provider, document, mailbox):
    gateway = make_gateway(prepare=prepare, **mailbox.settings)
    admin, customer = make_admin(gateway), gateway.customer()
    poor, person = gateway.customer(credit=None), Customer(gateway)
    clients = [one.web for one in (admin, customer, poor, person)]
    with watched(document, gateway.http, *clients):
        for path in ("/healthz", "/readyz"):
            assert gateway.http.get(path).status_code == 200
        for mount in ("/v1", "/api/v1"):
            walk_api(customer, mount)
            walk_dialects(gateway.customer(), poor, provider, mount)
            walk_lists(gateway.customer(), provider, mount)
            walk_media(gateway.customer(), provider, mount)
            form_walks.walk(gateway.customer(), provider, mount)
        assert gateway.http.get("/api/hello").status_code == 200
        assert poor.ask().status_code == 402
        body = {"model": "gpt-4o-mini", "messages": list(QUESTION)}
        assert poor.post(body, path="/estimate").json()["affordable"] is False
        refused_id = walk_refusals(gateway, customer)
        walk_keys_and_money(customer)
        walk_providers(gateway.customer(credit="2"), provider)
        walk_accounts(document, gateway, person)
        walk_account(person, provider)
        walk_notices(customer, mailbox)
        another = Customer(gateway)
        with watched(document, another.web):
            another.sign_up()
            another.charge("1")
            walk_second_factor(admin, another)
        walk_admin_reads(admin, customer, refused_id)
        admin.call("POST", "/admin/alerts/test", 409)
        gateway.policies.write("models", "return {\n    broken\n}\n")
        gateway.settings |= {"alert_webhook_url": NOBODY, "alert_webhook_secret": SECRET}
        gateway.write_config()
        gateway.reload(refused=True)
        walk_alerts(admin)
        admin.call("GET", "/admin/policies", 200)
        walk_admin_acts(admin, customer)
    walk_doors(make_gateway, document)
    walk_payments(make_gateway, document)
    walk_mail_events(make_gateway, document, mailbox)
    done = {(method, path) for method, path, status in document.seen if status < "4"}
    assert done == document.answered(), "routes whose good answer was not seen"
    refused = {
        (method, path)
        for method, path, status in document.seen
        if status in document.responses(method, path)
    }
    assert refused == document.routes(), "routes that always refuse, whose refusal was not seen"


# ---- the check itself ----


def test_what_is_not_documented_is_seen(gateway, customer, document):
    """Without a member, a status or a route of its own, an answer is refused."""
    schemas = "components", "schemas"

    def without(*names: str) -> openapi.Document:
        contents = copy.deepcopy(document.contents)
        place = contents
        for name in names[:-1]:
            place = place[name]
        del place[names[-1]]
        return openapi.Document(contents)

    answered = {
        "/key": without(*schemas, "KeyMembers", "properties", "abandoned"),
        "/models": without(*schemas, "Model", "properties", "pricing", "properties", "prompt"),
        "/credits": without("paths", "/api/v1/credits"),
    }
    for path, lacking in answered.items():
        response = customer.get(path)
        document.check(response)
        with pytest.raises(AssertionError):
            lacking.check(response)
    refused = gateway.http.get("/api/v1/models")
    document.check(refused)
    codes = copy.deepcopy(document.contents)
    known = codes["components"]["schemas"]["ErrorCode"]["oneOf"]
    known[:] = [one for one in known if one["const"] != "invalid_api_key"]
    with pytest.raises(AssertionError):
        openapi.Document(codes).check(refused)
