"""What a provider is sent besides the request, by which name its answers call the model, and who
may know that it was asked."""

import json

import answers
import pytest
from answers import Chat
from policies import Lua
from prices import Price
from sse import chunks

PRICE = Price("1", "2")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CLIENT = {
    "traceparent": TRACE,
    "tracestate": "rojo=1",
    "OpenAI-Organization": "org-client",
    "OpenAI-Project": "proj-client",
    "X-Other": "no",
}


def one(make_gateway, candidate=None, **provider):
    """A gateway with the model `m` of one provider."""

    def prepare(policies):
        policies.provider("p", **provider)
        policies.model("m", PRICE, candidates=[{"provider": "p", **(candidate or {})}])

    return make_gateway(prepare=prepare)


# ---- headers ----


def test_headers_of_its_own(make_gateway, provider):
    own = {"X-Team": "a b", "x-token": Lua('env("TOKEN")'), "User-Agent": "mine/1"}

    def prepare(policies):
        policies.provider("p", headers=own)
        policies.model("m", PRICE, providers=("p",))

    gateway = make_gateway(prepare=prepare, env={"TOKEN": "secret-token"})
    customer = gateway.customer()
    assert customer.ask("m").status_code == 200
    sent = provider.last.headers
    assert (sent["x-team"], sent["x-token"]) == ("a b", "secret-token")
    assert sent["user-agent"] == "mine/1"
    assert provider.last.head.lower().count(b"\r\nuser-agent:") == 1
    assert "secret-token" not in gateway.stderr()


def test_what_is_passed_on_by_default(make_gateway, provider):
    customer = one(make_gateway).customer()
    customer.post({"model": "m", "messages": [{"role": "user", "content": "x"}]}, headers=CLIENT)
    sent = provider.last.headers
    assert (sent["traceparent"], sent["tracestate"]) == (TRACE, "rojo=1")
    assert not {"openai-organization", "openai-project", "x-other"} & sent.keys()


def test_what_is_passed_on_where_it_is_said(make_gateway, provider):
    gateway = one(
        make_gateway,
        pass_headers=["openai-organization", "openai-project"],
        headers={"OpenAI-Project": "ours"},
    )
    customer = gateway.customer()
    customer.post({"model": "m", "messages": [{"role": "user", "content": "x"}]}, headers=CLIENT)
    sent = provider.last.headers
    assert (sent["openai-organization"], sent["openai-project"]) == ("org-client", "ours")
    assert not {"traceparent", "tracestate"} & sent.keys()
    customer.ask("m")
    assert "openai-organization" not in provider.last.headers


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Content-Length", "1", "ends"),
        ("transfer-encoding", "x", "ends"),
        ("Connection", "close", "connection"),
        ("Host", "h", "ends"),
        ("Authorization", "x", "api_key"),
        ("Content-Type", "x", "body"),
        ("a b", "x", "no name"),
        ("X-A", "a\\nb", "line break"),
    ],
)
def test_headers_that_are_refused(make_gateway, name, value, why):
    gateway = make_gateway(start=False)
    gateway.policies.provider("p", headers={name: Lua(f'"{value}"')})
    result = gateway.command("check")
    assert result.returncode == 1
    assert why in result.stderr
    assert "providers.lua" in result.stderr


# ---- the model's name ----


@pytest.mark.parametrize("usage_asked", [False, True])
@pytest.mark.parametrize(
    ("answers_as", "named"), [(None, "m"), ("other", "other"), (False, "deployment-7")]
)
def test_the_name_in_answers(make_gateway, provider, answers_as, named, usage_asked):
    members = {"model": "deployment-7"}
    if answers_as is not None:
        members["answers_as"] = answers_as
    gateway = one(make_gateway, members)
    customer = gateway.customer()
    provider.answer = answers.chat(pieces=tuple(f" word{i}" for i in range(20)))
    plain = customer.ask("m")
    assert provider.last.model == "deployment-7"
    assert plain.json()["model"] == named
    assert len(plain.content) == int(plain.headers["content-length"])
    asked = {"stream_options": {"include_usage": True}} if usage_asked else {}
    stream = customer.ask("m", stream=True, **asked)
    found = chunks(stream.content)
    assert {chunk["model"] for chunk in found} == {named}
    text = "".join(c["delta"].get("content") or "" for e in found for c in e["choices"])
    assert text == Chat(pieces=tuple(f" word{i}" for i in range(20))).text
    if named != "deployment-7":
        assert b"deployment-7" not in plain.content + stream.content


def test_a_dated_name_of_the_same_model_passes(make_gateway, provider):
    """Names agree between us and the provider: what it says of a version stays."""
    customer = one(make_gateway).customer()
    body = json.loads(Chat().body("m-2025-01-01"))
    provider.answer = answers.reply(200, json.dumps(body).encode())
    assert customer.ask("m").json()["model"] == "m-2025-01-01"


# ---- who may know ----


def test_customers_do_not_see_the_provider(make_gateway, provider):
    def prepare(policies):
        policies.provider("secret-source")
        policies.model("m", PRICE, providers=("secret-source",))
        policies.provider("shut-source", api_key=Lua("nil"))
        policies.model("shut", PRICE, providers=("shut-source",))

    gateway = make_gateway(prepare=prepare, show_providers="no")
    customer = gateway.customer()
    answer = customer.ask("m")
    exchange = answer.headers["x-request-id"]
    customer.wait_for_record()
    shut = customer.ask("shut")
    assert shut.status_code == 503
    seen = [
        answer.text,
        shut.text,
        customer.web.get("/usage").text,
        customer.web.get(f"/usage/{exchange}").text,
        customer.web.get("/usage.csv").text,
        customer.get(f"/generation?id={exchange}").text,
        customer.get("/models").text,
    ]
    assert all(exchange in text for text in seen[2:6])
    assert not [text for text in seen if "secret-source" in text or "shut-source" in text]
    assert customer.records()[0]["provider"] is None
    password = gateway.value_of("user", "create", "boss@example.com", "--admin")
    user = customer.call("GET", "/auth/me", 200)["user"]["id"]
    customer.email, customer.password = "boss@example.com", password
    customer.sign_in()
    assert customer.call("GET", f"/admin/usage/{exchange}", 200)["provider"] == "secret-source"
    page = customer.call("GET", f"/admin/usage?user_id={user}", 200)
    assert page["data"][-1]["provider"] == "secret-source"


def test_customers_see_it_where_the_operator_lets_them(make_gateway, provider):
    gateway = one(make_gateway)
    customer = gateway.customer()
    assert customer.ask("m").status_code == 200
    assert customer.wait_for_record()["provider"] == "p"
