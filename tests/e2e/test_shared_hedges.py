"""Identical calls whose leader is hedged: all get the answer that came first, whichever of the two
providers gave it; each pays for it, and each provider is paid once."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import answers
import anthropic_answers
import pytest
from answers import Usage, behind, error
from fake_provider import Gate
from prices import Price, charge, usd
from trials import candidate, rows
from wait import wait_until

PRICE, OTHER = Price("1", "2"), Price("0.5", "1")
SLOW, QUICK = Usage(1000, 500), Usage(1010, 400)
KNOWN = 20  # answers, before anything is late
CALLS = 4
NANO = 10**9
GOOD = {"main": answers.chat(usage=SLOW, pieces=("slow",)),
        "spare": answers.chat(usage=QUICK, pieces=("quick",))}  # fmt: skip
BAD = error(500, "no", None, "server_error")


@pytest.fixture
def house(make_gateway, provider):
    """Whose first provider has been quick so far."""

    def prepare(policies) -> None:
        policies.write("examples", "return {}\n")
        policies.provider("second")
        policies.provider("claude", dialect="anthropic")
        main = {"provider": "openai", "model": "main"}
        hedge = {"percentile": 50, "max_extra_load": "100%"}
        for name, other in (("shared", "second"), ("mixed", "claude")):
            spare = candidate("spare", other, OTHER)
            policies.model(name, PRICE, candidates=[main, spare], max_output=1000, hedge=hedge,
                           shares_answers=True)  # fmt: skip

    return make_gateway(prepare=prepare, workers=2)


def warmed(house, provider, model):
    provider.script("main", GOOD["main"])
    customer = house.customer()
    for number in range(KNOWN):
        assert customer.ask(model, user=str(number)).status_code == 200
    customer.wait_for_no_hold()
    provider.requests.clear()
    return [house.customer() for _ in range(CALLS)]


@contextlib.contextmanager
def together(house, provider, customers, model="shared", **then):
    """All of them while both providers are late; the gates of both, and the calls."""
    with (
        ThreadPoolExecutor(CALLS) as pool,
        Gate(provider) as main,
        Gate(provider) as spare,
    ):
        for name, gate in (("main", main), ("spare", spare)):
            provider.script(name, behind(gate, then.get(name, GOOD[name])))
        calls = [pool.submit(one.ask, model, temperature=0) for one in customers]
        provider.wait_for_requests(2)
        open_holds = "SELECT count(*) FROM open_holds"
        wait_until(lambda: rows(house, open_holds) == [(CALLS,)], 10, "all of them")
        yield main, spare, calls


def owed(gateway, provider: str) -> int:
    query = "SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE credit_account = ?"
    return rows(gateway, query, f"cost:{provider}")[0][0]


def check_said(customers, calls, words: str, usage: Usage) -> None:
    for customer, call in zip(customers, calls, strict=True):
        reply = call.result()
        assert reply.status_code == 200, reply.text
        assert reply.json()["choices"][0]["message"]["content"] == words
        customer.wait_for_no_hold()
        assert usd("10") - customer.balance == charge(PRICE, usage)


def hedge_results(gateway) -> list[tuple]:
    return rows(gateway, "SELECT won, outcome, provider FROM hedge_results")


def test_the_second_answers_first(house, provider):
    customers = warmed(house, provider, "shared")
    before = owed(house, "openai")
    with together(house, provider, customers) as (main, spare, calls):
        spare.set()
        check_said(customers, calls, "quick", QUICK)
        main.set()
        wait_until(lambda: hedge_results(house), 10, "the loser's end")
    assert sorted(request.model for request in provider.requests) == ["main", "spare"]
    assert hedge_results(house) == [(1, "answered", "openai")]
    assert owed(house, "second") == charge(OTHER, QUICK, "0") * NANO
    assert owed(house, "openai") - before == charge(PRICE, SLOW, "0") * NANO
    assert len({one.records()[0]["id"] for one in customers}) == CALLS


def test_the_first_answers_after_all(house, provider):
    customers = warmed(house, provider, "shared")
    before = owed(house, "openai")
    with together(house, provider, customers) as (main, spare, calls):
        main.set()
        check_said(customers, calls, "slow", SLOW)
        spare.set()
        wait_until(lambda: hedge_results(house), 10, "the loser's end")
    assert sorted(request.model for request in provider.requests) == ["main", "spare"]
    assert hedge_results(house) == [(0, "answered", "second")]
    assert owed(house, "openai") - before == charge(PRICE, SLOW, "0") * NANO
    assert owed(house, "second") == charge(OTHER, QUICK, "0") * NANO


def test_the_first_fails(house, provider):
    """Nobody asks again: the second one's answer is waited for."""
    customers = warmed(house, provider, "shared")
    with together(house, provider, customers, main=BAD) as (main, spare, calls):
        main.set()
        wait_until(lambda: house.logged("attempt failed"), 10, "the failure")
        spare.set()
        check_said(customers, calls, "quick", QUICK)
    assert sorted(request.model for request in provider.requests) == ["main", "spare"]


def test_the_second_fails(house, provider):
    customers = warmed(house, provider, "shared")
    with together(house, provider, customers, spare=BAD) as (main, spare, calls):
        spare.set()
        wait_until(lambda: house.logged("attempt failed"), 10, "the failure")
        main.set()
        check_said(customers, calls, "slow", SLOW)
    assert sorted(request.model for request in provider.requests) == ["main", "spare"]


def test_the_second_speaks_another_dialect(house, provider):
    customers = warmed(house, provider, "mixed")
    claude = anthropic_answers.message(
        pieces=("quick",), usage={"input_tokens": QUICK.prompt}, output_tokens=QUICK.completion
    )
    with together(house, provider, customers, "mixed", spare=claude) as (main, spare, calls):
        spare.set()
        check_said(customers, calls, "quick", QUICK)
        main.set()
    assert sorted(request.model for request in provider.requests) == ["main", "spare"]


def test_both_fail(house, provider):
    """The others go on as after any leader that has failed; nobody is charged."""
    customers = warmed(house, provider, "shared")
    with together(house, provider, customers, main=BAD, spare=BAD) as (main, spare, calls):
        main.set()
        spare.set()
        assert {call.result().status_code for call in calls} == {502}
    for customer in customers:
        customer.wait_for_no_hold()
        assert customer.balance == 10
