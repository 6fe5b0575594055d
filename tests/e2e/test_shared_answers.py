"""Identical calls that are under way share one answer, where the model's entry says so. Each is
charged; the provider is asked, and paid, once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
from answers import Chat, Usage, behind, error, reply
from customer import QUESTION
from fake_provider import Gate
from gateway import Gateway
from prices import Price, charge, usd
from replays import make_admin
from wait import wait_until

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
COLD = {"temperature": 0}
CALLS = 4
LIMITS = {"limit": "x-limit", "reset": "x-reset", "remaining": "x-remaining"}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("shares"), shared_provider)
    policies = gateway.policies
    policies.write("examples", "return {}\n")
    policies.provider("own", spend_per_day="5")
    limits = {"requests": LIMITS, "reset": "duration"}
    policies.provider("watched", rate_limits=limits, breaker={})
    for name in ("limited", "near"):
        candidates = [{"provider": "watched", "model": f"{name}-model"}]
        policies.model(name, PRICE, candidates=candidates, shares_answers=True)
    for name, shares in (("shared", True), ("alone", False)):
        candidates = [{"provider": "own", "model": f"{name}-model"}]
        policies.model(name, PRICE, candidates=candidates, shares_answers=shares,
                       web_search="0.01", web_search_max=5, allow=["web_search"])  # fmt: skip
    yield from gateway.served()


@pytest.fixture
def customers(house, provider):
    provider.answer = GOOD
    return [house.customer("100") for _ in range(CALLS)]


@pytest.fixture(scope="module")
def admin(house):
    return make_admin(house, "admin@example.com")


def wait_for_open(admin, count: int) -> None:
    def live() -> int:
        return admin.call("GET", "/admin/live", 200)["holds_open"]

    wait_until(lambda: live() == count, 10, f"{count} open calls")


def ask_together(customers, provider, admin, model, answer, bodies):
    """All of them while the first one waits; how often the provider was asked until then."""
    with ThreadPoolExecutor(CALLS) as pool, Gate(provider) as gate:
        provider.script(f"{model}-model", behind(gate, answer))
        calls = [pool.submit(customers[0].ask, model, **bodies[0])]
        provider.wait_for_requests(1)
        for customer, body in zip(customers[1:], bodies[1:], strict=True):
            calls.append(pool.submit(customer.ask, model, **body))
        wait_for_open(admin, CALLS)
        asked = len(provider.requests)
        gate.set()
        return [call.result() for call in calls], asked


def spent(customer) -> Decimal:
    customer.wait_for_no_hold()
    return usd("100") - customer.balance


def test_one_asks_and_all_are_charged(house, admin, customers, provider):
    replies, asked = ask_together(customers, provider, admin, "shared", GOOD, [COLD] * CALLS)
    assert [reply.status_code for reply in replies] == [200] * CALLS
    assert asked == len(provider.requests) == 1
    assert len({reply.text for reply in replies}) == 1
    assert len({reply.headers["x-request-id"] for reply in replies}) == CALLS
    assert [spent(customer) for customer in customers] == [charge(PRICE, USAGE)] * CALLS
    rows = admin.call("GET", "/admin/providers", 200)["data"]
    own = next(row for row in rows if row["name"] == "own")
    cost = charge(PRICE, USAGE, "0")
    assert usd(own["spending"]["today"]) == cost, "the provider bills one call"
    leader = replies[0].headers["x-request-id"]
    for each in replies[1:]:
        seen = admin.call("GET", f"/admin/usage/{each.headers['x-request-id']}", 200)
        assert seen["attempt_list"][-1]["words"] == f"not asked: the answer of {leader} is shared"
    house.verify_ledger()


@pytest.mark.parametrize("kind", ["warm", "streamed", "other text", "tools", "not allowed"])
def test_what_is_not_the_same_is_asked(admin, customers, provider, kind):
    provider.requests.clear()
    bodies = {
        "warm": [{"temperature": 0.1}] * CALLS,
        "streamed": [COLD | {"stream": True}] * CALLS,
        "tools": [COLD | {"web_search_options": {}}] * CALLS,
        "other text": [COLD | {"seed": number} for number in range(CALLS)],
        "not allowed": [COLD] * CALLS,
    }[kind]
    model = "alone" if kind == "not allowed" else "shared"
    with ThreadPoolExecutor(CALLS) as pool, Gate(provider) as gate:
        provider.script(f"{model}-model", behind(gate, GOOD))
        calls = [
            pool.submit(customer.ask, model, **body)
            for customer, body in zip(customers, bodies, strict=True)
        ]
        provider.wait_for_requests(CALLS)
        gate.set()
        assert [call.result().status_code for call in calls] == [200] * CALLS


def test_where_the_first_one_fails_another_asks(admin, customers, provider):
    provider.requests.clear()
    bad = error(500, "no", None, "server_error")
    answers_left = [bad]

    async def bad_once(connection, request) -> None:
        await (answers_left.pop() if answers_left else GOOD)(connection, request)

    replies, asked = ask_together(customers, provider, admin, "shared", bad_once, [COLD] * CALLS)
    assert (asked, replies[0].status_code) == (1, 502)
    assert [reply.status_code for reply in replies[1:]] == [200] * (CALLS - 1)
    # Who looks when the second one has its answer already asks by itself.
    assert 2 <= len(provider.requests) <= CALLS
    assert [spent(customer) for customer in customers] == [0] + [charge(PRICE, USAGE)] * 3


def test_where_the_first_one_meets_a_limit_none_asks(admin, customers, provider):
    """Else all that have waited would ask at once where the provider has just said no."""
    provider.requests.clear()
    no = error(429, "slow", "rate_limit_exceeded", "requests", {"retry-after-ms": "60000"})
    replies, asked = ask_together(customers, provider, admin, "limited", no, [COLD] * CALLS)
    assert (asked, len(provider.requests)) == (1, 1)
    assert [reply.status_code for reply in replies] == [429] * CALLS
    assert {int(reply.headers["retry-after"]) // 10 for reply in replies} <= {5, 6}
    assert [spent(customer) for customer in customers] == [0] * CALLS


def test_who_waits_is_no_call_of_the_provider(admin, customers, provider):
    """The provider takes two more: one that asks, for others too, and one with another text."""
    provider.requests.clear()
    headers = {LIMITS["limit"]: "9", LIMITS["remaining"]: "2", LIMITS["reset"]: "60s"}
    said = reply(200, Chat(usage=USAGE).body("near-model", 1), headers)
    provider.script("near-model", said)
    assert customers[0].ask("near").status_code == 200
    with ThreadPoolExecutor(CALLS) as pool, Gate(provider) as gate:
        provider.script("near-model", behind(gate, said))
        calls = [pool.submit(customers[0].ask, "near", **COLD)]
        provider.wait_for_requests(2)
        calls.append(pool.submit(customers[1].ask, "near", **COLD))
        wait_for_open(admin, 2)
        calls.append(pool.submit(customers[2].ask, "near", seed=1, **COLD))
        provider.wait_for_requests(3, 5)
        gate.set()
        assert [call.result().status_code for call in calls] == [200] * 3
    assert len(provider.requests) == 3


def test_who_leaves_is_not_charged_and_takes_nothing_away(house, admin, customers, provider):
    provider.requests.clear()
    with ThreadPoolExecutor(2) as pool, Gate(provider) as gate:
        provider.script("shared-model", behind(gate, GOOD))
        first = pool.submit(customers[0].ask, "shared", **COLD)
        provider.wait_for_requests(1)
        second = pool.submit(customers[1].ask, "shared", **COLD)
        wait_for_open(admin, 2)
        with pytest.raises(Exception, match="timed out"):
            body = {"model": "shared", "messages": list(QUESTION), **COLD}
            customers[2].post(body, timeout=0.2)
        wait_for_open(admin, 2)
        gate.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert len(provider.requests) == 1
    assert [spent(customer) for customer in customers[:3]] == [charge(PRICE, USAGE)] * 2 + [0]


def test_who_is_revoked_is_not_charged(admin, customers, provider):
    with ThreadPoolExecutor(2) as pool, Gate(provider) as gate:
        provider.script("shared-model", behind(gate, GOOD))
        first = pool.submit(customers[0].ask, "shared", **COLD)
        provider.wait_for_requests(1)
        second = pool.submit(customers[1].ask, "shared", **COLD)
        wait_for_open(admin, 2)
        customers[1].delete_key()
        assert second.result().status_code == 401
        gate.set()
        assert first.result().status_code == 200
    assert len(provider.requests) == 1
    assert [spent(customer) for customer in customers[:2]] == [charge(PRICE, USAGE), 0]
