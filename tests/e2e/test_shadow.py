"""A shadow: a call that was answered goes once more, to another candidate, and nobody gets that
answer. The customer notices nothing of it, the operator pays it, and no more of it than the limit
of the day says."""

import signal
import threading

import answers
import anthropic_answers
import pytest
from answers import Usage
from prices import charge, usd
from tables import await_tables
from trials import (
    MAIN,
    MODEL,
    OTHER,
    USAGE,
    account_of,
    administrator,
    candidate,
    draws,
    ended,
    rows,
    sell,
    shadows,
)
from wait import wait_until

pytestmark = pytest.mark.quick
ALL = {"candidate": candidate(), "share": "100%", "spend_per_day": "5"}
BROKEN = answers.error(500, "no", None, "server_error")
COST = charge(OTHER, USAGE, "0")
NANO = 10**9


@pytest.fixture
def make(make_gateway, provider):
    """A gateway whose model has this shadow."""
    provider.answer = answers.chat(usage=USAGE, usage_in_chunks="always")

    def made(shadow=ALL, settings=None, **members):
        return make_gateway(
            prepare=lambda policies: sell(policies, shadow=shadow, **members), **(settings or {})
        )

    return made


def asked(provider) -> list[str]:
    return [request.model for request in provider.requests]


def wait_for(gateway, count: int) -> list[dict]:
    return wait_until(lambda: ended(gateway, count), 10, f"{count} shadows with a result")


def owed(gateway) -> int:
    return rows(gateway, "SELECT sum(amount_nusd) FROM transfers WHERE kind = 'shadow'")[0][0] or 0


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_it_is_the_operators(make, provider, streamed):
    gateway = make()
    admin, customer = administrator(gateway), gateway.customer()
    assert customer.ask(MODEL, stream=streamed).status_code == 200
    (shadow,) = wait_for(gateway, 1)
    record = customer.wait_for_record()
    assert shadow["exchange_id"] == record["id"]
    assert asked(provider) == ["main", "new"]
    main, new = (request.json for request in provider.requests)
    assert new.pop("max_tokens") == 1000  # no longer answer than what is held
    assert main | {"model": "new"} == new
    assert (shadow["outcome"], shadow["finish_reason"]) == ("answered", "stop")
    assert (shadow["input"], shadow["output"]) == (USAGE.prompt, USAGE.completion)
    assert (shadow["first_byte_us"] > 0) is streamed
    assert shadow["cost"] == shadow["counted"] == COST * NANO == owed(gateway)
    # Nothing of it is the customer's.
    assert usd(record["cost"]) == charge(MAIN, USAGE) == 10 - customer.balance
    assert len(customer.records()) == 1
    assert customer.get(f"/generation?id={shadow['id']}").status_code == 404
    told = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert told["shadow"]["outcome"] == "answered"
    assert usd(told["shadow"]["cost"]) == COST
    assert usd(told["provider_cost"]) == charge(MAIN, USAGE, "0")
    for told_id in (record["id"], shadow["id"]):  # the call's explanation has it, and its own
        explained = gateway.command("ledger", "explain", told_id)
        assert explained.returncode == 0, explained.stderr
        assert shadow["id"] in explained.stdout
        assert record["id"] in explained.stdout
        moved = f"its transferred cost is {COST:.9f}".rstrip("0")
        assert moved in explained.stdout
    totals = admin.call("GET", "/admin/sales", 200)["totals"]
    assert usd(totals["shadow_cost"]) == COST
    assert usd(totals["cost"]) == COST + charge(MAIN, USAGE, "0")
    assert usd(totals["profit"]) == usd(record["cost"]) - usd(totals["cost"])
    assert totals["requests"] == 1


def test_it_is_a_share_of_the_calls(make, provider):
    gateway = make({**ALL, "share": "50%"})
    customer = gateway.customer()
    for _ in range(40):
        assert customer.ask(MODEL).status_code == 200
    expected = {
        one["id"] for one in customer.all_records() if draws("shadow", one["id"], MODEL, 0.5)
    }
    assert 4 < len(expected) < 36
    assert {one["exchange_id"] for one in wait_for(gateway, len(expected))} <= expected
    assert len(shadows(gateway)) == len(expected)


def test_by_account(make, provider):
    gateway = make({**ALL, "share": "50%", "by": "account"})
    expected = 0
    for _ in range(8):
        customer = gateway.customer()
        assert customer.ask(MODEL).status_code == 200
        expected += draws("shadow", account_of(gateway, customer), MODEL, 0.5)
    wait_until(lambda: len(ended(gateway, expected) or []) == expected, 10, "those in the share")
    assert asked(provider).count("new") == expected


def test_another_dialect(make, provider):
    gateway = make()
    gateway.policies.provider("claude", dialect="anthropic")
    sell(gateway.policies, shadow={**ALL, "candidate": candidate(provider="claude")})
    gateway.reload()
    usage = {"input_tokens": 30, "output_tokens": 7}
    provider.script("new", anthropic_answers.message(usage=usage, output_tokens=7))
    customer = gateway.customer()
    for streamed in (False, True):
        assert customer.ask(MODEL, stream=streamed).status_code == 200
    found = wait_for(gateway, 2)
    assert [request.path for request in provider.requests if request.model == "new"] == [
        "/v1/messages"
    ] * 2
    for shadow in found:
        assert (shadow["outcome"], shadow["input"], shadow["output"]) == ("answered", 30, 7)
        assert shadow["cost"] == charge(OTHER, Usage(30, 7), "0") * NANO


FAILURES = {
    "500": (BROKEN, "5xx", False),
    "400": (answers.error(400, "no", "x", "invalid_request_error"), "refused", False),
    "429": (answers.error(429, "slowly", None, "requests"), "429", False),
    "reset": (answers.reset_before_head(), "reset", True),
    "page": (answers.html(200), "garbled", True),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_one_is_only_counted(make, provider, name):
    """Where the provider may have billed it unseen, all that was held goes on to count."""
    gateway = make()
    customer = gateway.customer()
    answer, outcome, unseen = FAILURES[name]
    provider.script("new", answer)
    for _ in range(2):
        assert customer.ask(MODEL).status_code == 200
    for shadow in wait_for(gateway, 2):
        assert (shadow["outcome"], shadow["cost"]) == (outcome, 0)
        assert shadow["counted"] == (shadow["held"] if unseen else 0)
    assert owed(gateway) == 0
    assert gateway.never_logged("breaker opened")


def test_no_answer_no_shadow(make, provider):
    gateway = make()
    customer = gateway.customer()
    provider.script("main", answers.error(400, "no", "x", "invalid_request_error"))
    assert customer.ask(MODEL).status_code == 400
    provider.script("main", answers.chat())
    assert customer.ask(MODEL, provider={"order": ["openai"]}).status_code == 200
    tool = {"type": "web_search"}
    gateway.policies.model(MODEL, MAIN, candidates=[{"provider": "openai", "model": "main"}],
                           shadow=ALL, max_output=1000, allow=["tools.web_search"])  # fmt: skip
    gateway.reload()
    assert customer.ask(MODEL, tools=[tool]).status_code == 200
    assert customer.ask(MODEL).status_code == 200
    (shadow,) = wait_for(gateway, 1)
    assert shadow["exchange_id"] == customer.records()[0]["id"]
    assert asked(provider) == ["main", "main", "main", "main", "new"]


def held_by_one(make_gateway, provider) -> int:
    gateway = make_gateway(prepare=lambda policies: sell(policies, shadow=ALL))
    assert gateway.customer().ask(MODEL).status_code == 200
    return wait_for(gateway, 1)[0]["held"]


def test_the_limit_is_reached_exactly(make, make_gateway, provider):
    """The last one fits to the nano-dollar; a restart and a reload forget nothing."""
    held = held_by_one(make_gateway, provider)
    cost = int(COST * NANO)
    provider.requests.clear()
    limit = 2 * cost + held  # room for a third one's worst case, and not for a fourth's
    text = f"{limit / NANO:.9f}"
    gateway = make({**ALL, "spend_per_day": text})
    customer = gateway.customer()
    for count in (1, 2, 3):
        assert customer.ask(MODEL).status_code == 200
        wait_for(gateway, count)
    assert asked(provider).count("new") == 3

    def left_out() -> int:
        return rows(gateway, "SELECT left_out FROM shadow_days")[0][0]

    def one_more(count: int) -> None:
        assert customer.ask(MODEL).status_code == 200
        wait_until(lambda: left_out() == count, 10, "the limit's word")
        assert asked(provider).count("new") == 3

    one_more(1)
    gateway.policies.write("examples", "return {}\n-- changed\n")
    gateway.reload()
    one_more(2)
    gateway.stop()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    one_more(3)
    assert rows(gateway, "SELECT counted_nusd FROM shadow_days") == [(3 * cost,)]
    # One nano-dollar more, and the next fits.
    sell(gateway.policies, shadow={**ALL, "spend_per_day": f"{(3 * cost + held) / NANO:.9f}"})
    gateway.reload()
    assert customer.ask(MODEL).status_code == 200
    wait_for(gateway, 4)


def test_kill_in_the_middle(make, make_gateway, provider):
    """The provider may bill what nobody saw: what was held counts on."""
    held = held_by_one(make_gateway, provider)
    gateway = make({**ALL, "spend_per_day": f"{(2 * held - 1) / NANO:.9f}"})
    customer = gateway.customer()
    provider.script("new", answers.silence())
    provider.requests.clear()
    assert customer.ask(MODEL).status_code == 200
    wait_until(lambda: "new" in asked(provider), 10, "the shadow at its provider")
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    gateway.verify_ledger()
    assert [one["outcome"] for one in shadows(gateway)] == [None]
    assert customer.ask(MODEL).status_code == 200
    wait_until(lambda: gateway.logged("shadows are left out"), 10, "the limit's word")
    assert asked(provider).count("new") == 1


def test_it_does_not_hold_up_a_stop(make, provider):
    gateway = make(settings={"drain_timeout_ms": 20_000})
    customer = gateway.customer()
    provider.script("new", answers.silence())
    for streamed in (False, True):
        assert customer.ask(MODEL, stream=streamed).status_code == 200
    wait_until(lambda: asked(provider).count("new") == 2, 10, "shadows that hang")
    gateway.customers.clear()
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit(15)  # or the drain's 20 s
    gateway.verify_ledger()
    for shadow in shadows(gateway):
        assert (shadow["outcome"], shadow["cost"]) == ("stopped", 0)
        assert shadow["counted"] == shadow["held"]


def test_few_run_at_a_time(make, provider):
    """Customers are served while shadows hang."""
    gateway = make(settings={"workers": 1})
    customer = gateway.customer()
    provider.script("new", answers.silence())
    for _ in range(40):
        assert customer.ask(MODEL).status_code == 200
    wait_until(lambda: gateway.logged("shadows are left out"), 10, "the bound")
    wait_until(lambda: asked(provider).count("new") == 16, 10, "LIMIT_SHADOWS of them")
    assert len(shadows(gateway)) == 16
    gateway.customers.clear()


def test_a_large_answer_is_thrown_away(make, provider):
    gateway = make()
    customer = gateway.customer()
    provider.script("new", answers.chat(pieces=("x" * 5_000_000,)))
    for streamed in (False, True):
        assert customer.ask(MODEL, stream=streamed).status_code == 200
    for shadow in wait_for(gateway, 2):
        assert (shadow["outcome"], shadow["counted"]) == ("too_large", shadow["held"])


def test_reload_in_the_middle(make, provider):
    """The call keeps its policies: the shadow, too."""
    gateway = make()
    customer = gateway.customer()
    gate = threading.Event()
    provider.script("new", answers.stream_of(answers.Chat(usage=USAGE), gates={2: gate}))
    assert customer.ask(MODEL, stream=True).status_code == 200
    wait_until(lambda: "new" in asked(provider), 10, "the shadow at its provider")
    sell(gateway.policies)  # without any
    gateway.reload()
    assert customer.ask(MODEL).status_code == 200
    gate.set()
    (shadow,) = wait_for(gateway, 1)
    assert (shadow["outcome"], shadow["cost"]) == ("answered", COST * NANO)


def test_retries_have_none(make, provider):
    gateway = make()
    customer = gateway.customer()
    for _ in range(2):
        body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
        assert customer.post(body, headers={"Idempotency-Key": "once"}).status_code == 200
    wait_for(gateway, 1)
    await_tables(gateway.database)
    assert asked(provider) == ["main", "new"]


@pytest.mark.parametrize(
    ("shadow", "why"),
    [
        ({"candidate": candidate(), "share": "1%"}, "spend_per_day: is missing"),
        ({**ALL, "candidate": candidate(allow_loss=True)}, "no effect"),
    ],
    ids=["no limit", "loss"],
)
def test_what_is_refused(make_gateway, shadow, why):
    gateway = make_gateway(prepare=lambda policies: sell(policies, shadow=shadow), start=False)
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert why in checked.stderr


def test_the_client_s_own_headers(make, provider):
    """As a call of its candidate has them: else a beta would mean something else, or fail."""
    gateway = make()
    gateway.policies.provider("claude", dialect="anthropic")
    main = [{"provider": "claude", "model": "main"}]
    shadow = {**ALL, "candidate": candidate(provider="claude")}
    gateway.policies.model(MODEL, MAIN, candidates=main, max_output=1000, shadow=shadow)
    gateway.reload()
    provider.answer = anthropic_answers.message(usage={"input_tokens": 30}, output_tokens=7)
    customer = gateway.customer()
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "a-2026,b-2026",
               "x-session-id": "mine"}  # fmt: skip
    body = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "x"}]}
    for streamed in (False, True):
        reply = customer.post({**body, "stream": streamed}, "/messages", headers=headers)
        assert reply.status_code == 200
    wait_for(gateway, 2)
    calls = {request.model: request.headers for request in provider.requests}
    for name in ("anthropic-version", "anthropic-beta", "x-session-id", "content-type"):
        assert calls["new"].get(name) == calls["main"].get(name)
    assert calls["new"]["anthropic-beta"] == "a-2026,b-2026"
