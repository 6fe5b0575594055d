"""What the operator must know of is told: each kind by its real cause, once when it opens and once
when it closes."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import Usage, behind, error
from failing_disk import Disk
from fake_provider import Gate
from policies import Lua
from prices import Price
from receivers import alerts, is_empty
from test_provider_farm import IN_A_ROW, QUICK_TERMS
from wait import wait_until

PRICE = Price("0.15", "0.60")
LONG_TERMS = {"base_ejection_ms": 60_000, "max_ejection_ms": 60_000}
GOOD = answers.chat(usage=Usage(20, 10))


@pytest.fixture
def told(make_gateway, receiver):
    """Makes a gateway that tells the receiver."""
    return lambda **how: make_gateway(**receiver.settings, **how)


def check_told_once(receiver, kind: str, subject: str) -> None:
    """Opened and closed, and nothing else of this kind."""
    for type in ("opened", "closed"):
        assert receiver.wait_for(type, kind)["subject"] == subject
    assert len([told for told in receiver.kinds if told[1] == kind]) == 2


def add_model(policies, provider: str, **terms) -> None:
    policies.provider(provider, **terms)
    policies.model("m", PRICE, candidates=[{"provider": provider, "model": "inner"}])
    policies.write("examples", "return {}\n")


def test_a_breaker(told, receiver, provider):
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=QUICK_TERMS))
    customer = gateway.customer()
    provider.script("inner", error(500, "out of tea", None, "server_error"))
    for _ in range(IN_A_ROW + 3):
        assert customer.ask("m").status_code >= 500
    data = receiver.wait_for("opened", "breaker_open")
    assert data["subject"] == "shy/inner"
    assert data["severity"] == "warning"
    assert "out of tea" in data["detail"]
    assert data["advice"]
    assert data["opened_at"]
    assert data["closed_at"] is None
    provider.script("inner", GOOD)
    wait_until(lambda: customer.ask("m").status_code == 200 and receiver.told(
        "closed", "breaker_open"), 20, "a close")  # fmt: skip
    check_told_once(receiver, "breaker_open", "shy/inner")


@pytest.mark.parametrize("breaker", [QUICK_TERMS, False], ids=["watched", "unwatched"])
def test_our_account(told, receiver, provider, breaker):
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=breaker))
    customer = gateway.customer()
    provider.script("inner", error(401, "bad key", "invalid_api_key", "invalid_request_error"))
    for _ in range(3):
        assert customer.ask("m").status_code == 503
    data = receiver.wait_for("opened", "account_refused")
    assert data["subject"].startswith("shy (key ...")
    assert data["severity"] == "critical"
    assert "bad key" in data["detail"]
    if breaker is False:
        provider.script("inner", GOOD)
        assert customer.ask("m").status_code == 200
        check_told_once(receiver, "account_refused", data["subject"])


def test_a_reload_that_is_refused(told, receiver):
    gateway = told()
    good = gateway.policies.read("margins")
    gateway.policies.write("margins", "return {")
    for _ in range(2):
        gateway.reload(refused=True)
    data = receiver.wait_for("opened", "reload_refused")
    assert data["subject"] == "policies"
    assert "margins.lua" in data["detail"]
    gateway.policies.write("margins", good)
    gateway.reload()
    check_told_once(receiver, "reload_refused", "policies")


def test_settings_that_are_refused(told, receiver):
    gateway = told()
    gateway.settings["log_level"] = "loud"
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    assert "log_level" in receiver.wait_for("opened", "reload_refused")["detail"]
    gateway.settings["log_level"] = "info"
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    check_told_once(receiver, "reload_refused", "gateway.conf")


def test_a_disk_that_fails(told, receiver, tmp_path):
    """It is told from memory: the outbox cannot be written."""
    disk = Disk(tmp_path, tmp_path / "gateway0" / "gateway.db")
    gateway = told(env=disk.env, durability="power")
    customer = gateway.customer()
    with disk.failing("eio"):
        wait_until(lambda: customer.ask().status_code == 503, 10, "a refusal")
        data = receiver.wait_for("opened", "ledger_unwritable")
        assert data["severity"] == "critical"
        assert data["detail"]
        assert gateway.http.get("/readyz").status_code != 200
    check_told_once(receiver, "ledger_unwritable", "database")


def test_an_overrun(told, receiver, provider):
    """The provider counts more than the model may have: the operator pays it."""
    gateway = told()
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(10**9, 20))
    for _ in range(3):
        assert customer.ask().status_code == 200
    data = receiver.wait_for("opened", "overrun")
    assert data["subject"] == "gpt-4o-mini"
    assert "above the hold $" in data["detail"]
    rows = wait_until(lambda: counted(gateway, "overrun", 3), 20, "three in a row")
    assert rows[0]["tellings"] == 1
    assert len(receiver.hooks) == 1


def counted(gateway, kind: str, count: int) -> list[dict]:
    return [row for row in alerts(gateway) if row["kind"] == kind and row["count"] == count]


def test_a_loss(told, receiver, provider):
    """The provider states a cost above what models.lua sells for."""

    def prepare(policies):
        policies.provider("dear", cost={"path": "usage.cost"})
        policies.model("m", PRICE, providers=("dear",))
        policies.model("wanted", candidates=[
            {"provider": "dear", "allow_loss": True, "input": "1", "output": "1"}],
            input="0.1", output="0.1")  # fmt: skip
        policies.write("examples", "return {}\n")

    gateway = told(prepare=prepare)
    customer = gateway.customer()
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "cost": 0.0005}
    provider.answer = answers.counted_as("hello world " * 30, usage)
    assert customer.ask("wanted").status_code == 200
    assert customer.ask("m").status_code == 200
    data = receiver.wait_for("opened", "margin_negative")
    assert data["subject"] == "m"
    assert "lost $" in data["detail"]
    customer.wait_for_no_hold()
    rows = [row for row in alerts(gateway) if row["kind"] == "margin_negative"]
    assert [row["subject"] for row in rows] == ["m"]


# What an answer tells -> how the alert names it.
UNPRICED = {
    "a tier": ({}, {"service_tier": "ultrafast"}, "service_tier 'ultrafast'"),
    "a tier in the usage": ({"service_tier": "ultrafast"}, {}, "service_tier 'ultrafast'"),
    "a speed": ({"speed": "warp"}, {}, "speed 'warp'"),
    "a region": ({"inference_geo": "mars"}, {}, "region 'mars'"),
    "a unit": ({"server_tool_use": {"web_search_requests": 2}}, {}, "unit 'web_search'"),
    "cache writes": (
        {"prompt_tokens_details": {"cache_write_tokens": 5}}, {}, "unit 'cache_write'"),
    "a search context": ({"search_context_size": "extreme"}, {}, "search_context 'extreme'"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNPRICED)
def test_what_has_no_price(told, receiver, provider, name):
    usage, outer, word = UNPRICED[name]
    rules = Lua('{ { search_context = "low", factor = "2" } }')
    gateway = told(prepare=lambda policies: policies.model("m", PRICE, when=rules))
    counts = {"prompt_tokens": 20, "completion_tokens": 10}
    provider.answer = answers.counted_as("hello", counts | usage, **outer)
    customer = gateway.customer()
    for _ in range(2):
        assert customer.ask("m").status_code == 200
    data = receiver.wait_for("opened", "price_missing")
    assert data["subject"] == "m"
    assert data["severity"] == "warning"
    assert data["detail"].startswith(f"openai: {word} (")


@pytest.mark.parametrize(
    ("cost", "word"),
    [("0.02", "stated $0.020000000, by models.lua $0.000009000 (req_"),
     ("0.0000103", "stated $0.000010300, by models.lua"), ("1000", "stated $1000.000000000,"),
     ('"a lot"', "no amount, by models.lua $0.000009000 (req_")],
)  # fmt: skip
def test_another_cost_than_ours(told, receiver, provider, cost, word):
    """What is 1 % apart or less is none."""

    def prepare(policies) -> None:
        policies.provider("router", cost={"path": "usage.cost"})
        policies.model("m", Price("0.15", "0.60"), candidates=[
            {"provider": "router", "model": "inner"}])  # fmt: skip

    gateway = told(prepare=prepare)
    counts = {"prompt_tokens": 20, "completion_tokens": 10}
    customer = gateway.customer()
    provider.answer = answers.counted_as("hello", counts | {"cost": 0.00001})
    assert customer.ask("m").status_code == 200
    customer.wait_for_record()
    assert not receiver.kinds
    provider.answer = answers.counted_as("hello", counts | {"cost": json.loads(cost)})
    assert customer.ask("m").status_code == 200
    data = receiver.wait_for("opened", "cost_differs")
    assert data["subject"] == "router/inner"
    assert data["detail"].startswith(word)


def test_a_days_spend(told, receiver, provider):
    """Two calls cost a cent each, a third could end above the cap: told once, however many calls
    are kept away."""

    def prepare(policies):
        policies.provider("capped", spend_per_day="0.03")
        candidates = [{"provider": "capped"}, {"provider": "openai", "model": "inner"}]
        policies.model("m", PRICE, candidates=candidates, request="0.01")
        policies.write("examples", "return {}\n")

    gateway = told(prepare=prepare)
    customer = gateway.customer()
    provider.answer = GOOD
    for _ in range(5):
        assert customer.ask("m", max_tokens=10).status_code == 200
    data = receiver.wait_for("opened", "spend_reached")
    assert data["subject"] == "capped"
    assert "0.03" in data["detail"]
    wait_until(lambda: counted(gateway, "spend_reached", 3), 20, "three in a row")
    assert len(receiver.hooks) == 1


def test_a_function_that_fails(told, receiver):
    bad = Lua("function() return nil + 1 end")
    chosen = {"when": Lua('{ { choice = "short", input = "0.1" } }'), "choose": bad}

    def prepare(policies):
        policies.model("m", PRICE, **chosen)
        policies.write("examples", "return {}\n")

    gateway = told(prepare=prepare)
    customer = gateway.customer()
    for _ in range(2):
        assert customer.ask("m").status_code == 500
    data = receiver.wait_for("opened", "policy_failed")
    assert data["subject"].startswith("models.lua:")
    assert data["severity"] == "critical"
    assert "arithmetic" in data["detail"]
    gateway.policies.model("m", PRICE)
    gateway.reload()  # it may be mended
    check_told_once(receiver, "policy_failed", data["subject"])


# ---- over a restart ----


def start_again(gateway, customer) -> None:
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"


def test_a_restart(told, receiver, provider):
    """An alert that is open stays the same one; what the restart has mended is closed."""
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=False))
    customer = gateway.customer()
    provider.script("inner", error(402, "pay first", None, "payment_required"))
    assert customer.ask("m").status_code == 503
    good = gateway.policies.read("margins")
    gateway.policies.write("margins", "return {")
    gateway.reload(refused=True)
    account = receiver.wait_for("opened", "account_refused")
    receiver.wait_for("opened", "reload_refused")
    wait_until(lambda: is_empty(gateway), 20, "all notes of the courier")
    gateway.kill()
    gateway.policies.write("margins", good)
    start_again(gateway, customer)
    check_told_once(receiver, "reload_refused", "policies")
    assert customer.ask("m").status_code == 503
    wait_until(lambda: counted(gateway, "account_refused", 2), 20, "the second in its row")
    assert len(receiver.told("opened", "account_refused")) == 1
    provider.script("inner", GOOD)
    assert customer.ask("m").status_code == 200
    assert receiver.wait_for("closed", "account_refused")["id"] == account["id"]


def test_a_breaker_that_a_restart_closes(told, receiver, provider):
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=LONG_TERMS))
    customer = gateway.customer()
    provider.script("inner", error(500, "no", None, "server_error"))
    for _ in range(IN_A_ROW):
        customer.ask("m")
    receiver.wait_for("opened", "breaker_open")
    wait_until(lambda: is_empty(gateway), 20, "all notes of the courier")
    gateway.kill()
    provider.script("inner", GOOD)
    start_again(gateway, customer)
    assert customer.ask("m").status_code == 200
    check_told_once(receiver, "breaker_open", "shy/inner")


def test_calls_of_the_old_policies_raise_nothing_of_what_is_gone(told, receiver, provider):
    """They fail after the reload that has removed their candidate: nobody would ever probe it. Of a
    candidate that has stayed they raise what any call does."""
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=LONG_TERMS))
    gateway.policies.provider("bold", breaker=LONG_TERMS)
    gateway.policies.model("n", PRICE, candidates=[{"provider": "bold", "model": "outer"}])
    gateway.reload()
    customer = gateway.customer()
    failure = error(500, "no", None, "server_error")
    denied = error(401, "no such key", "invalid_api_key", "x")
    with ThreadPoolExecutor(2 * IN_A_ROW + 1) as pool, Gate(provider) as gate:
        provider.script("inner", behind(gate, failure))
        calls = [pool.submit(customer.ask, "m") for _ in range(IN_A_ROW)]
        provider.wait_for_requests(IN_A_ROW)
        provider.script("outer", behind(gate, failure))
        calls += [pool.submit(customer.ask, "n") for _ in range(IN_A_ROW)]
        provider.wait_for_requests(2 * IN_A_ROW)
        provider.script("inner", behind(gate, denied))
        calls.append(pool.submit(customer.ask, "m"))
        provider.wait_for_requests(2 * IN_A_ROW + 1)
        gateway.policies.provider("shy", api_key="another key, of twenty bytes and more")
        gateway.policies.model("m", PRICE, candidates=[{"provider": "shy", "model": "another"}])
        gateway.reload()
    assert [call.result().status_code for call in calls] == [502] * 2 * IN_A_ROW + [503]
    gateway.policies.write("margins", "return nonsense\n")
    gateway.reload(refused=True)
    receiver.wait_for("opened", "reload_refused")  # the last one that is raised
    wait_until(lambda: is_empty(gateway), 20, "all notes of the courier")
    subjects = [hook.json["data"]["subject"] for hook in list(receiver.hooks)]
    assert sorted(subjects) == ["bold/outer", "policies"]


def test_a_breaker_of_what_a_reload_removes(told, receiver, provider):
    """Nobody would ever probe it; another one's stays open."""
    gateway = told(prepare=lambda policies: add_model(policies, "shy", breaker=LONG_TERMS))
    gateway.policies.provider("bold", breaker=LONG_TERMS)
    gateway.policies.model("n", PRICE, candidates=[{"provider": "bold", "model": "outer"}])
    gateway.reload()
    customer = gateway.customer()
    for model, inner in (("m", "inner"), ("n", "outer")):
        provider.script(inner, error(500, "no", None, "server_error"))
        for _ in range(IN_A_ROW):
            customer.ask(model)
    wait_until(lambda: len(receiver.told("opened", "breaker_open")) == 2, 20, "both alerts")
    gateway.policies.model("m", PRICE, candidates=[{"provider": "shy", "model": "another"}])
    gateway.reload()
    assert receiver.wait_for("closed", "breaker_open")["subject"] == "shy/inner"
    assert len(receiver.told("closed", "breaker_open")) == 1
