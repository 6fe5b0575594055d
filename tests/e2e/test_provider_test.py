"""The operator's test call of a provider: it is a call like any other, whatever health says of the
provider, its cost is the operator's, and the answer is in the provider's own words."""

import json

import answers
import anthropic_answers
import endpoint_calls
import gemini_answers
import httpx2 as httpx
import pytest
import responses_answers
from answers import Usage
from errors import check_error
from fake_provider import Gate
from policies import Lua
from prices import Price, charge, usd
from trials import administrator, rows
from wait import wait_until

PRICE = Price("10", "20")
USAGE = Usage(9, 4)
COST = charge(PRICE, USAGE, "0")
PATH = "/admin/providers/test"
LONG_MS = 600_000
IN_A_ROW = 5  # failures that open a breaker


def sell(policies, name="tested", dialect="openai", **members) -> None:
    breaker = {"base_ejection_ms": LONG_MS, "max_ejection_ms": LONG_MS}
    policies.provider(name, **{"dialect": dialect, "breaker": breaker} | members)
    policies.model(f"of-{name}", PRICE, candidates=[{"provider": name, "model": "inner"}])


@pytest.fixture
def make(make_gateway, provider):
    """A gateway with a provider of this dialect."""
    provider.answer = answers.chat(usage=USAGE)

    def made(settings=None, **members):
        return make_gateway(prepare=lambda policies: sell(policies, **members), **(settings or {}))

    return made


def run(admin, **members) -> dict:
    return admin.call("POST", PATH, 200, json={"provider": "tested"} | members)


def owed(gateway) -> int:
    return (
        rows(gateway, "SELECT sum(amount_nusd) FROM transfers WHERE kind = 'test_call'")[0][0] or 0
    )


def state(admin, name="tested") -> dict:
    listed = admin.call("GET", "/admin/providers", 200)["data"]
    return next(one for one in listed if one["name"] == name)


def attempts(admin, which: str) -> list[dict]:
    params = {"provider": "tested", "which": which}
    return admin.call("GET", "/admin/attempts", 200, params=params)["data"]


DIALECTS = {
    "openai": (answers.chat(usage=USAGE), "/v1/chat/completions"),
    "openai-responses": (
        responses_answers.response(input_tokens=9, output_tokens=4), "/v1/responses"),
    "anthropic": (
        anthropic_answers.message(usage={"input_tokens": 9}, output_tokens=4), "/v1/messages"),
    "gemini": (
        gemini_answers.content(input_tokens=9, output_tokens=4), "/models/inner:generateContent"),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_answers(make, provider, dialect):
    provider.answer, path = DIALECTS[dialect]
    gateway = make(dialect=dialect)
    admin = administrator(gateway)
    found = run(admin)
    assert (found["outcome"], found["status"], found["words"]) == ("answered", 200, None)
    assert (found["model"], found["provider_model"]) == ("of-tested", "inner")
    assert (found["input_tokens"], found["output_tokens"]) == (9, 4)
    assert found["total_ms"] >= 0
    assert not found["billed_unseen"]
    (request,) = provider.requests
    assert request.path.endswith(path)
    assert "64" in json.dumps(request.json)  # the longest answer that is asked for
    # The operator has paid it, and nobody else.
    assert usd(found["cost"]) == COST
    assert owed(gateway) == COST * 10**9
    totals = admin.call("GET", "/admin/sales", 200)["totals"]
    assert (usd(totals["test_cost"]), usd(totals["cost"]), totals["requests"]) == (COST, COST, 0)
    assert usd(state(admin)["spending"]["today"]) == COST
    (act,) = [act for act in admin.call("GET", "/admin/audit", 200)["data"]
              if act["action"] == "provider.test"]  # fmt: skip
    assert act["actor"]["email"] == admin.email
    assert act["detail"] == {"provider": "tested", "model": "inner"}
    assert act["target"]["id"] == found["id"]
    explained = gateway.command("ledger", "explain", found["id"]).stdout
    for words in ("test call", "of-tested", "9 in, 4 out", "ok: its transferred cost is 0.00017"):
        assert words in explained


BUSY = answers.error(503, "No capacity in eu-west", "busy", "server_error")
BROKEN = answers.error(500, "It broke", None, "server_error")
FAILURES = {  # what comes of it: outcome, status, a part of the words, whether it may be billed
    "503": (BUSY, "429", 503, "No capacity in eu-west", False),
    "500": (BROKEN, "5xx", 500, "It broke", False),
    "400": (answers.error(400, "Not so", None, "invalid_request_error"),
            "refused", 400, "Not so", False),
    "401": (answers.error(401, "Incorrect key provided", "invalid_api_key", "x"),
            "auth", 401, "Incorrect key provided", False),
    "402": (answers.error(402, "Pay first", None, "x"), "auth", 402, "Pay first", False),
    "429": (answers.error(429, "Slow down", "rate_limit_exceeded", "requests"),
            "429", 429, "Slow down", False),
    "no such model": (answers.error(404, "No model `inner` here", "model_not_found", "x"),
                      "unknown", 404, "No model `inner` here", False),
    "silence": (answers.silence(), "timeout", None, "did not begin to answer within 300 ms", True),
    "a reset": (answers.reset_before_head(), "reset", None, "", True),
    "a page": (answers.html(200), "garbled", 200, "", True),
    "nothing listens": (None, "connect", None, "", False),
}  # fmt: skip


HEALTH = {"400": "refused", "401": "denied", "402": "denied", "429": "rate_limited",
          "no such model": "forbidden"}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_it_fails(make, provider, name):
    answer, outcome, status, words, unseen = FAILURES[name]
    nowhere = {"base_url": "http://127.0.0.1:1/v1"} if answer is None else {}
    gateway = make(first_byte_timeout_ms=300, **nowhere)
    provider.answer = answer
    admin = administrator(gateway)
    found = run(admin)
    assert (found["outcome"], found["status"]) == (outcome, status)
    assert found["words"]
    assert words in found["words"]
    assert (usd(found["cost"]), owed(gateway)) == (0, 0)
    assert found["billed_unseen"] is unseen
    explained = gateway.command("ledger", "explain", found["id"])
    assert (explained.returncode, outcome in explained.stdout) == (0, True)
    assert words in explained.stdout
    for which in ("failed", "all"):
        (listed,) = attempts(admin, which)
        told = (listed["request_id"], listed["outcome"], listed["status"], listed["test"])
        assert told == (found["id"], outcome, status, True)
        assert words in listed["words"]
    shown = state(admin)["recent"]["models"]
    assert [model["calls"] for model in shown] == [1]
    assert (state(admin)["last_error"] or {"request_id": None})["request_id"] is None
    counted = {result: count for result, count in shown[0]["results"].items() if count > 0}
    assert counted == {HEALTH.get(name, "failed"): 1}


def test_it_counts_as_a_call(make, provider):
    """Failures open the breaker; then it is asked all the same, and an answer closes it."""
    gateway = make()
    admin, customer = administrator(gateway), gateway.customer()
    provider.answer = BROKEN
    for _ in range(IN_A_ROW):
        assert run(admin)["outcome"] == "5xx"
    (model,) = state(admin)["recent"]["models"]
    assert model["breaker"] == "open"
    assert run(admin)["outcome"] == "5xx"
    provider.answer = answers.chat(usage=USAGE)
    assert run(admin)["outcome"] == "answered"
    (model,) = state(admin)["recent"]["models"]
    assert model["breaker"] == "closed"
    assert len(provider.requests) == IN_A_ROW + 2
    assert customer.ask("of-tested").status_code == 200


def test_an_account_that_was_refused(make, provider):
    gateway = make()
    admin = administrator(gateway)
    provider.answer = FAILURES["401"][0]
    run(admin)
    assert state(admin)["health"] == "down"
    provider.answer = answers.chat(usage=USAGE)
    assert run(admin)["outcome"] == "answered"
    assert state(admin)["recent"]["account_refused_until"] is None


def test_each_model_of_it(make, provider):
    """Also that of a trial. The name is the provider's own."""
    gateway = make()
    shadow = {"candidate": {"provider": "tested", "model": "new", "input": "1", "output": "1"},
              "share": "1%", "spend_per_day": "1"}  # fmt: skip
    gateway.policies.model("tried", PRICE, shadow=shadow,
                           candidates=[{"provider": "tested", "model": "main"}])  # fmt: skip
    gateway.policies.model("numbers", Price("1", "0"), endpoints=["embeddings"], output=None,
                           max_output=None, candidates=[{"provider": "tested", "model": "embed"}],
                           )  # fmt: skip
    gateway.policies.provider("tested", dialect=["openai", "embeddings"])
    gateway.reload()
    admin = administrator(gateway)
    for name, model in (("new", "tried"), ("main", "tried"), ("inner", "of-tested")):
        found = run(admin, model=name)
        assert (found["outcome"], found["model"], found["provider_model"]) == (
            "answered", model, name)  # fmt: skip
    provider.answer = endpoint_calls.embeddings({})
    assert run(admin, model="embed")["outcome"] == "answered"
    assert [request.model for request in provider.requests] == ["new", "main", "inner", "embed"]


STREAMS = {
    "openai": (answers.chat(usage=USAGE), "/v1/chat/completions"),
    "openai-responses": (
        responses_answers.response(input_tokens=9, output_tokens=4), "/v1/responses"),
    "anthropic": (
        anthropic_answers.message(usage={"input_tokens": 9}, output_tokens=4), "/v1/messages"),
    "gemini": (
        gemini_answers.content(input_tokens=9, output_tokens=4),
        "/models/inner:streamGenerateContent"),
}  # fmt: skip


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_stream(make, provider, dialect):
    provider.answer, path = STREAMS[dialect]
    gateway = make(dialect=dialect)
    admin = administrator(gateway)
    found = run(admin, stream=True)
    assert (found["outcome"], found["status"], found["words"]) == ("answered", 200, None)
    assert (found["input_tokens"], found["output_tokens"]) == (9, 4)
    assert (usd(found["cost"]), owed(gateway)) == (COST, COST * 10**9)
    (request,) = provider.requests
    assert request.path.split("?")[0].endswith(path)
    assert request.json.get("stream", True) is True
    (act,) = [act for act in admin.call("GET", "/admin/audit", 200)["data"]
              if act["action"] == "provider.test"]  # fmt: skip
    assert act["detail"]["stream"] is True


def test_a_stream_that_breaks_off(make, provider):
    """Some of it has come, so it is cut, and costs what came."""
    gateway = make()
    provider.answer = answers.stream(answers.Chat(usage=None).events({})[:4], ending="cut")
    admin = administrator(gateway)
    found = run(admin, stream=True)
    assert found["outcome"] == "cut"
    assert found["words"]
    assert usd(found["cost"]) > 0
    assert [attempt["outcome"] for attempt in attempts(admin, "failed")] == ["cut"]
    assert owed(gateway) == usd(found["cost"]) * 10**9


KEYS = ["sk-first-key-of-ours-aaaa", "sk-second-key-of-ours-bbbb", "short"]


def test_each_key_of_a_pool(make, provider):
    gateway = make(api_key=None, api_keys=KEYS)
    admin = administrator(gateway)
    assert state(admin)["keys"] == ["aaaa", "bbbb", ""]
    for place in (1, 2, 3):
        assert run(admin, key=place)["outcome"] == "answered"
    run(admin)
    sent = [request.headers["authorization"] for request in provider.requests]
    assert sent == [f"Bearer {key}" for key in (*KEYS, KEYS[0])]
    refuse(admin, 400, "invalid_value", provider="tested", key=4)
    acts = [act["detail"].get("key") for act in admin.call("GET", "/admin/audit", 200)["data"]
            if act["action"] == "provider.test"]  # fmt: skip
    assert sorted(acts, key=str) == [1, 2, 3, None]


def test_a_refused_key_of_a_pool_comes_back(make, provider):
    """The alert names the key, and an answer to that key closes it; the others stay in use."""
    gateway = make(api_key=None, api_keys=KEYS)
    admin, customer = administrator(gateway), gateway.customer()
    provider.answer = FAILURES["401"][0]
    assert run(admin, key=2)["outcome"] == "auth"

    def refused() -> list[str]:
        opened = admin.call("GET", "/admin/alerts", 200)["open"]
        return [alert["subject"] for alert in opened if alert["kind"] == "account_refused"]

    wait_until(lambda: refused() == ["tested (key ...bbbb)"], 10, "the alert")
    provider.answer = answers.chat(usage=USAGE)
    for _ in range(4):
        assert customer.ask("of-tested").status_code == 200
    used = {request.headers["authorization"] for request in provider.requests[1:]}
    assert f"Bearer {KEYS[1]}" not in used
    assert run(admin, key=1)["outcome"] == "answered"
    assert refused() == ["tested (key ...bbbb)"], "another key's answer says nothing of it"
    assert run(admin, key=2)["outcome"] == "answered"
    wait_until(lambda: not refused(), 10, "no alert")


def test_what_was_answered_is_in_the_list(make, provider):
    """Beside customers' calls, the newest first; not among those that failed."""
    gateway = make()
    admin, customer = administrator(gateway), gateway.customer()
    asked = [customer.ask("of-tested").headers["x-request-id"], run(admin)["id"]]
    customer.wait_for_record()
    listed = [(attempt["request_id"], attempt["test"]) for attempt in attempts(admin, "all")]
    assert listed == [(asked[1], True), (asked[0], False)]
    assert attempts(admin, "failed") == []


def refuse(admin, status: int, code: str, **members) -> dict:
    return check_error(admin.web.post(PATH, json=members), status, code, on_api=False)


def test_what_is_not_asked(make, provider):
    gateway = make(api_key=Lua('env("NO_SUCH_KEY")'))
    sell(gateway.policies, "dear")
    gateway.policies.model("of-dear", Price("1", "2000"), candidates=[{"provider": "dear"}])
    sell(gateway.policies, "spent", spend_per_day="0.000001")
    gateway.policies.provider("idle")
    gateway.reload()
    admin = administrator(gateway)
    refuse(admin, 400, "missing_field")
    refuse(admin, 404, "not_found", provider="nobody")
    refuse(admin, 404, "not_found", provider="idle")
    refuse(admin, 404, "not_found", provider="dear", model="of-dear?")
    refuse(admin, 503, "provider_unavailable", provider="tested")
    for bad in ({"stream": "yes"}, {"key": 0}, {"key": "1"}, {"key": 1.5}, {"key": 2}, {"any": 1}):
        refuse(admin, 400, "invalid_value", provider="dear", **bad)
    for name, why in (("dear", "may cost more than $0.10"), ("spent", "spend_per_day")):
        found = run(admin, provider=name)
        assert (found["outcome"], usd(found["cost"])) == ("not_asked", 0)
        assert why in found["words"]
    assert provider.requests == []


def test_who_may(make, provider):
    gateway = make()
    customer = gateway.customer()
    customer.sign_in()
    answer = customer.web.post(PATH, json={"provider": "tested"})
    check_error(answer, 404, "not_found", on_api=False)
    admin = administrator(gateway)
    foreign = {"Origin": "https://evil.example"}
    answer = admin.web.post(PATH, json={"provider": "tested"}, headers=foreign)
    assert answer.status_code == 403
    form = {"Content-Type": "text/plain"}
    assert admin.web.post(PATH, content='{"provider":"tested"}', headers=form).status_code == 400
    stranger = httpx.post(f"{admin.web.base_url}{PATH[1:]}", json={"provider": "tested"})
    assert stranger.status_code == 401
    assert provider.requests == []


def test_the_key_is_not_shown(make, provider):
    gateway = make(api_key="sk-very-secret-key-of-ours")
    provider.answer = answers.error(401, "Bad key sk-very-secret-key-of-ours", None, "x")
    found = run(administrator(gateway))
    assert "very-secret" not in str(found)
    assert "Bad key" in found["words"]


def test_a_page_that_is_closed(make, provider):
    """What was asked is paid and noted, whoever waits."""
    gateway = make()
    admin = administrator(gateway)
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, answers.chat(usage=USAGE))
        with pytest.raises(httpx.ReadTimeout):
            admin.web.post(PATH, json={"provider": "tested"}, timeout=0.3)
        provider.wait_for_requests(1)
    wait_until(lambda: owed(gateway) == COST * 10**9, 10, "its cost")
    assert rows(gateway, "SELECT outcome FROM test_call_results") == [("answered",)]


def test_the_gateway_stops(make, provider):
    """It waits for no test call."""
    gateway = make()
    admin = administrator(gateway)
    with Gate(provider) as gate:
        provider.answer = answers.behind(gate, answers.chat())
        with pytest.raises(httpx.ReadTimeout):
            admin.web.post(PATH, json={"provider": "tested"}, timeout=0.3)
        provider.wait_for_requests(1)
        gateway.stop()
    found = rows(gateway, "SELECT outcome, billed_unseen, cost_nusd FROM test_call_results")
    assert found == [("stopped", 1, 0)]
