"""A hedge: a plain call whose provider is late is asked of a second one. The first answer goes to
the customer, who pays the published price once; what the other one costs is the operator's."""

import concurrent.futures
import contextlib
import signal

import answers
import anthropic_answers
import pytest
from answers import Usage
from fake_provider import Gate
from prices import Price, charge, usd
from rawhttp import chat_bytes
from trials import administrator, candidate, rows
from wait import wait_until

pytestmark = pytest.mark.quick
MODEL = "hedged"
MAIN, OTHER = Price("1", "2"), Price("0.5", "1")
SLOW, QUICK = Usage(1000, 500), Usage(1010, 400)
ALWAYS = {"percentile": 50, "max_extra_load": "100%"}
NANO = 10**9
KNOWN = 20  # answers, before anything is late


def sell(policies, hedge=ALWAYS, second=None, **members) -> None:
    policies.provider("second")
    main = {"provider": "openai", "model": "main"}
    spare = second or candidate("spare", "second", OTHER)
    policies.model(MODEL, MAIN, candidates=[main, spare], max_output=1000, hedge=hedge, **members)


@pytest.fixture
def make(make_gateway, provider):
    provider.answer = answers.chat(usage=QUICK, pieces=("quick",))

    def made(hedge=ALWAYS, settings=None, **members):
        return make_gateway(
            prepare=lambda policies: sell(policies, hedge, **members),
            **({"workers": 1} | (settings or {})),
        )

    return made


def warm(gateway, provider, count: int = KNOWN):
    """A customer, and a first provider whose times are known."""
    customer = gateway.customer()
    for _ in range(count):
        assert customer.ask(MODEL).status_code == 200
    provider.requests.clear()
    return customer


def asked(provider) -> list[str]:
    return [request.model for request in provider.requests]


@contextlib.contextmanager
def late(provider, model: str = "main", answer=None):
    """That model answers when the test says so."""
    with Gate(provider) as gate:
        then = answer or answers.chat(usage=SLOW, pieces=("slow",))
        provider.script(model, answers.behind(gate, then))
        yield gate


@contextlib.contextmanager
def asking(customer, **fields):
    """A call that goes on while the test does something."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    yield pool.submit(customer.ask, MODEL, **fields)
    pool.shutdown(wait=False)  # where the test has failed, the gate opens after this


def hedges(gateway) -> list[dict]:
    names = (
        "exchange_id",
        "asked",
        "won",
        "outcome",
        "provider",
        "cost",
        "unseen",
        "input",
        "output",
    )
    found = rows(
        gateway,
        "SELECT h.exchange_id, h.provider, r.won, r.outcome, r.provider, r.cost_nusd,"
        " r.billed_unseen, r.input_tokens, r.output_tokens FROM hedges h"
        " LEFT JOIN hedge_results r ON r.seq = h.seq ORDER BY h.seq",
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def wait_for(gateway, count: int = 1) -> list[dict]:
    def ended():
        found = hedges(gateway)
        return found if len(found) >= count and all(one["outcome"] for one in found) else None

    return wait_until(ended, 10, f"{count} hedges with a result")


def owed(gateway, provider: str) -> int:
    query = "SELECT sum(amount_nusd) FROM transfers WHERE credit_account = ?"
    return rows(gateway, query, f"cost:{provider}")[0][0] or 0


def said(reply) -> str:
    assert reply.status_code == 200, reply.text
    return reply.json()["choices"][0]["message"]["content"]


def test_the_quick_one_answers(make, provider):
    gateway = make()
    admin, customer = administrator(gateway), warm(gateway, provider)
    before, owed_before = customer.balance, owed(gateway, "openai")
    with late(provider) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        record = customer.wait_for_record(KNOWN + 1)
        told = admin.call("GET", f"/admin/usage/{record['id']}", 200)["hedge"]
        assert (told["asked"], told["won"], told["outcome"]) == ("second", None, None)
        gate.set()
        (hedge,) = wait_for(gateway)
    assert asked(provider) == ["main", "spare"]
    # The published price, by the answer that was given.
    assert usd(record["cost"]) == charge(MAIN, QUICK) == before - customer.balance
    cost = int(charge(MAIN, SLOW, "0") * NANO)
    assert hedge == {
        "exchange_id": record["id"], "asked": "second", "won": 1, "outcome": "answered",
        "provider": "openai", "cost": cost, "unseen": 0, "input": 1000, "output": 500,
    }  # fmt: skip
    assert owed(gateway, "openai") - owed_before == cost
    assert owed(gateway, "second") == charge(OTHER, QUICK, "0") * NANO
    gateway.verify_ledger()
    for told_id in (record["id"], rows(gateway, "SELECT id FROM hedges")[0][0]):
        explained = gateway.command("ledger", "explain", told_id).stdout
        assert "hedge, won" in explained
        assert f"its transferred cost is {cost / NANO:.9f}".rstrip("0") in explained
    told = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert (told["hedge"]["won"], told["hedge"]["provider"]) == (True, "openai")
    assert usd(told["hedge"]["cost"]) * NANO == cost
    assert [(one["number"], one["provider"], one["outcome"]) for one in told["attempt_list"]] == [
        (1, "openai", "too_late"),
        (2, "second", "answered"),
    ]
    totals = admin.call("GET", "/admin/sales", 200)["totals"]
    assert usd(totals["hedge_cost"]) * NANO == cost
    shown = {one["name"]: one for one in admin.call("GET", "/admin/providers", 200)["data"]}
    assert shown["second"]["hedges"] == {"asked": 1, "won": 1}
    (line,) = wait_until(lambda: gateway.logged("exchange", hedge="won"), 10, "the line")
    assert (line["provider"], line["attempts"]) == ("second", 2)


def test_the_first_one_answers_after_all(make, provider):
    gateway = make()
    customer = warm(gateway, provider)
    slow = answers.chat(usage=SLOW, pieces=("slow",))
    with late(provider) as first, late(provider, "spare", slow) as second:
        provider.script("main", answers.behind(first, answers.chat(usage=QUICK, pieces=("first",))))
        with asking(customer) as call:
            wait_until(lambda: asked(provider) == ["main", "spare"], 10, "the second request")
            first.set()
            assert said(call.result()) == "first"
        second.set()
        (hedge,) = wait_for(gateway)
    assert (hedge["won"], hedge["outcome"], hedge["provider"]) == (0, "answered", "second")
    assert hedge["cost"] == charge(OTHER, SLOW, "0") * NANO == owed(gateway, "second")
    assert usd(customer.wait_for_record(KNOWN + 1)["cost"]) == charge(MAIN, QUICK)
    gateway.verify_ledger()


BROKEN = answers.error(500, "no", None, "server_error")


def test_the_second_one_fails(make, provider):
    gateway = make()
    admin, customer = administrator(gateway), warm(gateway, provider)
    provider.script("spare", BROKEN)
    with late(provider) as gate, asking(customer) as call:
        (hedge,) = wait_for(gateway)
        gate.set()
        assert said(call.result()) == "slow"
    assert (hedge["won"], hedge["outcome"], hedge["cost"], hedge["unseen"]) == (0, "5xx", 0, 0)
    record = customer.wait_for_record(KNOWN + 1)
    assert usd(record["cost"]) == charge(MAIN, SLOW)
    told = admin.call("GET", f"/admin/usage/{record['id']}", 200)
    assert [(one["number"], one["provider"], one["outcome"]) for one in told["attempt_list"]] == [
        (1, "openai", "answered"),
        (2, "second", "5xx"),
    ]
    gateway.verify_ledger()


def test_the_first_one_fails_and_waits(make, provider):
    """Its failure does not end the call: the second request is under way."""
    gateway = make()
    customer = warm(gateway, provider)
    with (
        late(provider, answer=BROKEN) as gate,
        late(provider, "spare") as second,
        asking(customer) as call,
    ):
        wait_until(lambda: asked(provider) == ["main", "spare"], 10, "the second request")
        gate.set()
        wait_until(lambda: gateway.logged("attempt failed"), 10, "the failure")
        second.set()
        assert said(call.result()) == "slow"
    (hedge,) = wait_for(gateway)
    assert (hedge["won"], hedge["outcome"], hedge["provider"]) == (1, "5xx", "openai")
    assert hedge["cost"] == 0
    assert asked(provider) == ["main", "spare"]
    assert usd(customer.wait_for_record(KNOWN + 1)["cost"]) == charge(MAIN, SLOW)
    gateway.verify_ledger()


def test_both_fail(make, provider):
    gateway = make()
    customer = warm(gateway, provider)
    before = customer.balance
    with (
        late(provider, answer=BROKEN) as gate,
        late(provider, "spare", BROKEN) as second,
        asking(customer) as call,
    ):
        wait_until(lambda: asked(provider) == ["main", "spare"], 10, "the second request")
        gate.set()
        wait_until(lambda: gateway.logged("attempt failed"), 10, "the failure")
        assert not call.done()
        second.set()
        assert call.result().status_code == 502
    assert asked(provider) == ["main", "spare"]  # neither a second time
    customer.wait_for_balance(before)
    (hedge,) = wait_for(gateway)
    assert (hedge["won"], hedge["cost"]) == (0, 0)
    gateway.verify_ledger()


def test_both_fail_and_a_third_answers(make, provider):
    gateway = make()
    gateway.policies.provider("third")
    third = candidate("last", "third", OTHER)
    spare = candidate("spare", "second", OTHER)
    main = {"provider": "openai", "model": "main"}
    gateway.policies.model(
        MODEL, MAIN, candidates=[main, spare, third], max_output=1000, hedge=ALWAYS
    )
    gateway.reload()
    customer = warm(gateway, provider)
    with late(provider, answer=BROKEN) as gate:
        provider.script("spare", BROKEN)
        with asking(customer) as call:
            wait_for(gateway)
            gate.set()
            assert said(call.result()) == "quick"
    assert asked(provider) == ["main", "spare", "last"]
    assert usd(customer.wait_for_record(KNOWN + 1)["cost"]) == charge(MAIN, QUICK)
    gateway.verify_ledger()


def test_only_a_share_is_asked_twice(make, provider):
    """A provider that is slow for all is not asked for twice as much."""
    gateway = make({"percentile": 50, "max_extra_load": "10%"})
    customer = warm(gateway, provider, 25)  # 2.5 second requests
    count = 12
    with late(provider) as gate, concurrent.futures.ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(customer.ask, MODEL) for _ in range(count)]
        # 37 calls pay for three. The others have nothing to wait for but the gate.
        wait_until(lambda: asked(provider).count("spare") == 3, 10, "three second requests")
        wait_until(lambda: asked(provider).count("main") == count, 10, "all first requests")
        gate.set()
        assert {said(call.result()) for call in calls} == {"slow", "quick"}
    assert len(wait_for(gateway, 3)) == 3
    assert asked(provider).count("spare") == 3


def test_off_by_default(make, provider):
    gateway = make(hedge=None)
    customer = warm(gateway, provider)
    with late(provider) as gate, asking(customer) as call:
        provider.wait_for_requests(1)
        gate.set()
        assert said(call.result()) == "slow"
    assert asked(provider) == ["main"]
    assert hedges(gateway) == []


def test_of_all_models_but_one(make, provider):
    gateway = make(hedge=None)
    gateway.policies.replace(
        "routes", "return {", "return { hedge = { percentile = 50, max_extra_load = '100%' },"
    )
    gateway.reload()
    customer = warm(gateway, provider)
    with late(provider) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        gate.set()
    wait_for(gateway)
    sell(gateway.policies, hedge=False)
    gateway.reload()
    with late(provider) as gate, asking(customer) as call:
        provider.wait_for_requests(3)
        gate.set()
        assert said(call.result()) == "slow"
    assert len(hedges(gateway)) == 1


@pytest.mark.parametrize(
    "fields",
    [{"stream": True}, {"provider": {"allow_fallbacks": False}}],
    ids=["stream", "one provider wished"],
)
def test_what_is_never_hedged(make, provider, fields):
    """A later call of the same customer is: so this one had its time."""
    gateway = make()
    customer = warm(gateway, provider)
    with late(provider) as gate, asking(customer, **fields) as call:
        provider.wait_for_requests(1)
        with asking(customer) as other:
            assert said(other.result()) == "quick"
        gate.set()
        assert call.result().status_code == 200
    assert len(wait_for(gateway)) == 1
    assert asked(provider) == ["main", "main", "spare"]


def test_not_of_the_same_provider(make, provider):
    gateway = make(second=candidate("spare", "openai", OTHER))
    gateway.policies.provider("third")
    gateway.policies.model(
        "other",
        MAIN,
        candidates=[
            {"provider": "openai", "model": "main"},
            candidate("away", "third", OTHER),
        ],
        max_output=1000,
        hedge=ALWAYS,
    )
    gateway.reload()
    customer = warm(gateway, provider)
    for _ in range(2):
        assert customer.ask("other").status_code == 200
    provider.requests.clear()
    with late(provider) as gate, asking(customer) as call:
        provider.wait_for_requests(1)
        assert said(customer.ask("other")) == "quick"
        gate.set()
        assert said(call.result()) == "slow"
    # The calls before may have been hedged late: "away" may have come once more.
    assert asked(provider).count("main") == 2
    assert set(asked(provider)) == {"away", "main"}


def test_unknown_times(make, provider):
    gateway = make()
    customer = warm(gateway, provider, KNOWN - 2)
    with late(provider) as gate, asking(customer) as call:
        provider.wait_for_requests(1)
        assert customer.ask("gpt-4o-mini").status_code == 200
        gate.set()
        assert said(call.result()) == "slow"
    assert hedges(gateway) == []


def test_translated(make, provider):
    """The answer of another dialect wins; so does the first one against it."""
    gateway = make()
    gateway.policies.provider("claude", dialect="anthropic")
    sell(gateway.policies, second=candidate("spare", "claude", OTHER))
    gateway.reload()
    usage = {"input_tokens": 30, "output_tokens": 7}
    customer = warm(gateway, provider)
    provider.script("spare", anthropic_answers.message(usage=usage, output_tokens=7))
    with late(provider) as gate, asking(customer) as call:
        assert call.result().json()["usage"]["completion_tokens"] == 7
        gate.set()
        (hedge,) = wait_for(gateway)
    assert (hedge["won"], hedge["provider"], hedge["output"]) == (1, "openai", 500)
    assert usd(customer.wait_for_record(KNOWN + 1)["cost"]) == charge(MAIN, Usage(30, 7))
    # The other way round: what is too late is translated.
    main = {"provider": "claude", "model": "spare"}
    gateway.policies.model(MODEL, MAIN, candidates=[main, candidate("main", "openai", OTHER)],
                           max_output=1000, hedge=ALWAYS)  # fmt: skip
    gateway.reload()
    provider.script("main", answers.chat(usage=QUICK, pieces=("quick",)))
    customer = warm(gateway, provider)
    message = anthropic_answers.message(usage=usage, output_tokens=7)
    with late(provider, "spare", message) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        gate.set()
        hedge = wait_for(gateway, 2)[1]
    assert (hedge["won"], hedge["provider"]) == (1, "claude")
    assert hedge["cost"] == charge(MAIN, Usage(30, 7), "0") * NANO
    gateway.verify_ledger()


@pytest.mark.parametrize("answered", [False, True], ids=["both run", "the loser runs"])
def test_kill(make, provider, answered):
    gateway = make()
    customer = warm(gateway, provider)
    before = customer.balance
    with contextlib.ExitStack() as stack:
        stack.enter_context(late(provider))
        if not answered:
            stack.enter_context(late(provider, "spare"))
        call = stack.enter_context(asking(customer))
        wait_until(lambda: asked(provider) == ["main", "spare"], 10, "the second request")
        if answered:
            assert said(call.result()) == "quick"
        gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    gateway.verify_ledger()
    customer.wait_for_balance(before - (charge(MAIN, QUICK) if answered else 0))
    (hedge,) = hedges(gateway)
    assert (hedge["asked"], hedge["outcome"]) == ("second", None)
    if answered:
        explained = gateway.command("ledger", "explain", hedge["exchange_id"]).stdout
        assert "the gateway stopped in the middle" in explained
    assert said(customer.ask(MODEL)) in ("slow", "quick")


def test_a_stop_waits_for_what_is_billed(make, provider):
    gateway = make(settings={"drain_timeout_ms": 20_000})
    customer = warm(gateway, provider)
    with late(provider) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        gateway.customers.clear()
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: gateway.logged("stopping"), 10, "the drain")
        gate.set()
    gateway.wait_for_exit(15)
    (hedge,) = hedges(gateway)
    assert (hedge["won"], hedge["outcome"], hedge["provider"]) == (1, "answered", "openai")
    assert hedge["cost"] == charge(MAIN, SLOW, "0") * NANO
    gateway.verify_ledger()


def test_a_stop_that_waits_no_longer(make, provider):
    gateway = make(settings={"drain_timeout_ms": 200})
    customer = warm(gateway, provider)
    with late(provider), asking(customer) as call:
        assert said(call.result()) == "quick"
        gateway.customers.clear()
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_exit(15)
    (hedge,) = hedges(gateway)
    assert (hedge["outcome"], hedge["cost"], hedge["unseen"]) == ("stopped", 0, 1)
    gateway.verify_ledger()


def test_reload_and_a_key_that_is_gone(make, provider):
    """The loser ends by the policy with which it began, whatever became of its customer."""
    gateway = make()
    customer = warm(gateway, provider)
    with late(provider) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        sell(gateway.policies, hedge=None)
        gateway.reload()
        assert said(customer.ask(MODEL, provider={"only": ["second"]})) == "quick"
        customer.delete_key()
        gate.set()
        (hedge,) = wait_for(gateway)
    assert (hedge["outcome"], hedge["provider"]) == ("answered", "openai")
    gateway.verify_ledger()


def test_retry_of_an_idempotent_call(make, provider):
    gateway = make()
    customer = warm(gateway, provider)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
    with late(provider) as gate:
        replies = [customer.post(body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        gate.set()
    assert [said(reply) for reply in replies] == ["quick", "quick"]
    assert asked(provider) == ["main", "spare"]
    wait_for(gateway)
    assert len(customer.all_records()) == KNOWN + 1
    gateway.verify_ledger()


def test_the_client_leaves(make, provider):
    """The call runs on and is charged by the answer that comes first."""
    gateway = make()
    customer = warm(gateway, provider)
    before = customer.balance
    with late(provider) as first, late(provider, "spare", answers.chat(usage=QUICK)) as second:
        with gateway.connect() as connection:
            body = f'{{"model":"{MODEL}","messages":[{{"role":"user","content":"x"}}]}}'.encode()
            connection.send(chat_bytes(customer.key, body))
            wait_until(lambda: asked(provider) == ["main", "spare"], 10, "the second request")
        wait_until(lambda: gateway.logged("client gone"), 10, "the departure")
        second.set()
        customer.wait_for_balance(before - charge(MAIN, QUICK))
        first.set()
    (hedge,) = wait_for(gateway)
    assert (hedge["won"], hedge["provider"], hedge["outcome"]) == (1, "openai", "answered")
    gateway.verify_ledger()


@pytest.mark.parametrize(
    ("hedge", "why"),
    [
        ({"percentile": 100}, "must be from 50 to 99"),
        ({"max_extra_load": "0%"}, "must be above"),
        ({"after": 95}, "there is no such member"),
        (True, "must be a table"),
    ],
)
def test_what_is_refused(make_gateway, hedge, why):
    gateway = make_gateway(prepare=lambda policies: sell(policies, hedge), start=False)
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert why in checked.stderr


def test_check_says_it(make_gateway):
    gateway = make_gateway(prepare=lambda policies: sell(policies), start=False)
    checked = gateway.command("check")
    assert checked.returncode == 0, checked.stderr
    assert "hedged after p50, at most 100% of the calls" in checked.stdout


def test_it_takes_no_place_of_a_limit(make, provider):
    """Where calls that run may take what a provider's limit has left, none is asked there twice;
    where there is room again, it is."""
    gateway = make(settings={"log_level": "debug"})
    limits = {"requests": {"limit": "x-limit", "remaining": "x-left", "reset": "x-reset"},
              "reset": "duration"}  # fmt: skip
    gateway.policies.provider("second", rate_limits=limits, breaker={})
    direct = [{"provider": "second", "model": "spare"}]
    gateway.policies.model("direct", OTHER, candidates=direct, max_output=1000)
    gateway.reload()
    customer = warm(gateway, provider)

    def left(count: int):
        headers = {"x-limit": "9", "x-left": str(count), "x-reset": "60s"}
        chat = answers.Chat(usage=QUICK, pieces=("quick",))
        return answers.reply(200, chat.body("spare"), headers)

    provider.script("spare", left(1))
    assert customer.ask("direct").status_code == 200
    with late(provider, "spare", left(5)) as busy, late(provider) as gate:
        pool = concurrent.futures.ThreadPoolExecutor(2)
        running = pool.submit(customer.ask, "direct")
        provider.wait_for_requests(2)
        call = pool.submit(customer.ask, MODEL)
        wait_until(lambda: gateway.logged("a hedge is left out"), 10, "the log")
        gate.set()
        assert said(call.result()) == "slow"
        busy.set()
        assert running.result().status_code == 200
    assert hedges(gateway) == []
    provider.script("spare", left(5))
    with late(provider) as gate, asking(customer) as call:
        assert said(call.result()) == "quick"
        gate.set()
    wait_for(gateway)
