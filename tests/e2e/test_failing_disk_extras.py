"""A disk that is full under hedges, shadows, test calls, the queue and shared answers: nothing is
answered that could not be written, no cost is forgotten, however long it lasts, and all goes on by
itself."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import Usage, behind, error
from errors import check_error
from failing_disk import Disk
from fake_provider import Gate
from prices import Price, charge, usd
from trials import administrator, candidate, rows
from wait import wait_until

PRICE, OTHER = Price("1", "2"), Price("0.5", "1")
USAGE, LATE = Usage(1000, 500), Usage(1010, 400)
GOOD = answers.chat(usage=USAGE)
COST, CHARGE = charge(PRICE, USAGE, "0"), charge(PRICE, USAGE)
NANO = 10**9
KNOWN = 20  # answers, before anything is late
LONG_S = 15  # longer than any bound on tries


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    policies.write("limits", "return {}\n")
    main = {"provider": "openai", "model": "main"}
    policies.provider("second")
    policies.provider("tested")
    spare = candidate("spare", "second", OTHER)
    hedge = {"percentile": 50, "max_extra_load": "100%"}
    shadow = {"candidate": candidate("shade", "second", PRICE), "share": "100%",
              "spend_per_day": "5"}  # fmt: skip
    policies.model("hedged", PRICE, candidates=[main, spare], max_output=1000, hedge=hedge)
    policies.model("shaded", PRICE, candidates=[main], max_output=1000, shadow=shadow)
    policies.model("shared", PRICE, candidates=[main], shares_answers=True)
    policies.provider("limited", breaker={})
    policies.model("queued", PRICE, candidates=[{"provider": "limited", "model": "queued"}])
    policies.model("tried", PRICE, candidates=[{"provider": "tested", "model": "tried"}])


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path, tmp_path / "gateway0" / "gateway.db")


@pytest.fixture
def gateway(make_gateway, disk, provider):
    provider.answer = GOOD
    yield make_gateway(env=disk.env, prepare=prepare, durability="power", workers=1,
                       drain_timeout_ms=500)  # fmt: skip
    disk.heal()


@pytest.fixture
def pool(disk):
    threads = ThreadPoolExecutor(KNOWN)
    yield threads
    disk.heal()
    threads.shutdown(wait=False)


def warmed(gateway, provider, pool, took_s: float = 0):
    """A customer, and a first provider whose answers take so long."""

    async def answer(connection, request) -> None:
        await connection.pause(took_s)
        await GOOD(connection, request)

    provider.script("main", answer)
    customer = gateway.customer()
    calls = [pool.submit(customer.ask, "hedged") for _ in range(KNOWN)]
    assert {call.result().status_code for call in calls} == {200}
    customer.wait_for_no_hold()
    provider.requests.clear()
    return customer


def asked(provider) -> list[str]:
    return [request.model for request in provider.requests]


def is_ready(gateway) -> bool:
    return gateway.http.get("/readyz").status_code == 200


def owed(gateway, kind: str) -> int:
    query = "SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE kind = ?"
    return rows(gateway, query, kind)[0][0]


def open_holds(gateway) -> int:
    return rows(gateway, "SELECT count(*) FROM open_holds")[0][0]


@contextlib.contextmanager
def late(provider, model: str, answer):
    with Gate(provider) as gate:
        provider.script(model, behind(gate, answer))
        yield gate


def test_a_hedge_that_cannot_be_noted_is_not_asked(gateway, disk, provider, pool):
    customer = warmed(gateway, provider, pool, took_s=0.7)
    before = customer.balance
    with late(provider, "main", GOOD) as gate:
        call = pool.submit(customer.ask, "hedged")
        wait_until(lambda: open_holds(gateway) == 1, 10, "the hold on disk")
        disk.fail("enospc")
        wait_until(lambda: gateway.logged("a hedge could not be noted"), 10, "the log")
        gate.set()
        disk.wait_for_refusals()
        assert asked(provider) == ["main"]
        assert not call.done()
        disk.heal()
    assert call.result().status_code == 200
    customer.wait_for_no_hold()
    assert before - customer.balance == CHARGE
    assert owed(gateway, "hedge") == 0


@pytest.mark.parametrize("long_s", [0, pytest.param(LONG_S, marks=pytest.mark.long)])
def test_a_hedge_that_is_under_way(gateway, disk, provider, pool, long_s):
    """Both answers come while nothing can be written: each is charged, or paid, once."""
    customer = warmed(gateway, provider, pool)
    before = customer.balance
    quick = answers.chat(usage=LATE)
    with late(provider, "main", GOOD) as gate, late(provider, "spare", quick) as second:
        call = pool.submit(customer.ask, "hedged")
        provider.wait_for_requests(2)
        disk.fail("enospc")
        second.set()
        disk.wait_for_refusals()
        gate.set()
        disk.wait_for_refusals(4)
        time.sleep(long_s)
        assert not call.done()
        assert not is_ready(gateway)
        disk.heal()
    assert call.result().status_code == 200
    customer.wait_for_no_hold()
    assert before - customer.balance == charge(PRICE, LATE)
    wait_until(lambda: owed(gateway, "hedge") == COST * NANO, 10, "the loser's cost")


def test_hedges_keep_no_bodies(gateway, disk, provider, pool):
    """What is told to the store when the disk is well again needs no request and no answer."""
    count, megabyte = 4, 1 << 20
    customer = warmed(gateway, provider, pool)
    text = [{"role": "user", "content": "some words " * (3 * megabyte // 11)}]
    ask = {"model": "hedged", "messages": text, "max_tokens": 5}
    with late(provider, "main", GOOD) as gate:
        calls = [pool.submit(customer.post, ask, timeout=60) for _ in range(count)]
        assert {call.result().status_code for call in calls} == {200}
        assert sorted(asked(provider)) == ["main"] * count + ["spare"] * count
        customer.wait_for_no_hold()
        held = gateway.rss_bytes()
        disk.fail("enospc")
        gate.set()
        disk.wait_for_refusals()
        most = held - (count - 1) * 3 * megabyte
        wait_until(lambda: gateway.rss_bytes() < most, 10, f"less memory than {held}")
        assert owed(gateway, "hedge") == 0
        disk.heal()
    wait_until(lambda: owed(gateway, "hedge") == count * COST * NANO, 10, "the losers' cost")


@pytest.mark.parametrize("long_s", [0, pytest.param(LONG_S, marks=pytest.mark.long)])
def test_a_shadow_that_is_under_way(gateway, disk, provider, long_s):
    customer = gateway.customer()
    with late(provider, "shade", GOOD) as gate:
        assert customer.ask("shaded").status_code == 200
        provider.wait_for_requests(2)
        customer.wait_for_no_hold()
        disk.fail("enospc")
        gate.set()
        disk.wait_for_refusals(4)
        time.sleep(long_s)
        assert owed(gateway, "shadow") == 0
        disk.heal()
    wait_until(lambda: owed(gateway, "shadow") == COST * NANO, 10, "its cost")


@pytest.mark.parametrize("long_s", [0, pytest.param(LONG_S, marks=pytest.mark.long)])
def test_a_test_call(gateway, disk, provider, pool, long_s):
    """None is asked that cannot be noted; one that is under way is noted when that can be."""
    admin = administrator(gateway)
    ask = {"provider": "tested"}
    with disk.failing("enospc"):
        response = admin.web.post("/admin/providers/test", json=ask)
        check_error(response, 503, "unavailable", on_api=False, retry=True)
        assert asked(provider) == []
    wait_until(lambda: is_ready(gateway), 10, "ready")
    with late(provider, "tried", GOOD) as gate:
        call = pool.submit(admin.web.post, "/admin/providers/test", json=ask, timeout=60)
        provider.wait_for_requests(1)
        disk.fail("enospc")
        gate.set()
        disk.wait_for_refusals(4)
        time.sleep(long_s)
        assert not call.done()
        disk.heal()
    assert call.result().json()["outcome"] == "answered"
    assert owed(gateway, "test_call") == COST * NANO


def test_who_waits_in_a_queue(gateway, disk, provider, pool):
    """Its hold is on disk: it waits on, is answered when that can be written, and charged once."""
    customer = gateway.customer()
    limited = error(429, "slow down", "rate_limit_exceeded", "requests", {"retry-after-ms": "1500"})
    provider.then(limited)
    call = pool.submit(customer.ask, "queued")
    provider.wait_for_requests(1)
    wait_until(lambda: open_holds(gateway) == 1, 10, "the hold on disk")
    disk.fail("enospc")
    provider.wait_for_requests(2)
    disk.wait_for_refusals()
    assert not call.done()
    disk.heal()
    assert call.result().status_code == 200
    customer.wait_for_no_hold()
    assert usd("10") - customer.balance == CHARGE


def test_who_would_wait_in_a_queue_without_a_hold(gateway, disk, provider, pool):
    """It is refused at once, and takes nobody's turn."""
    customer = gateway.customer()
    limited = error(429, "slow down", "rate_limit_exceeded", "requests", {"retry-after-ms": "3000"})
    provider.script("queued", limited)
    disk.fail("enospc")
    check_error(customer.ask("queued"), 503, "ledger_unavailable", retry=True)
    disk.heal()
    wait_until(lambda: is_ready(gateway), 10, "ready")
    admin = administrator(gateway)
    assert admin.call("GET", "/admin/live", 200)["requests_waiting"] == 0
    assert usd("10") == customer.balance


def test_shared_answers(gateway, disk, provider, pool):
    """All wait until their own charge is written."""
    customers = [gateway.customer() for _ in range(3)]
    with late(provider, "main", GOOD) as gate:
        calls = [pool.submit(one.ask, "shared", temperature=0) for one in customers]
        wait_until(lambda: open_holds(gateway) == 3, 10, "their holds on disk")
        disk.fail("enospc")
        gate.set()
        disk.wait_for_refusals()
        assert not any(call.done() for call in calls)
        disk.heal()
    for customer, call in zip(customers, calls, strict=True):
        assert call.result().status_code == 200
        customer.wait_for_no_hold()
        assert usd("10") - customer.balance == CHARGE
    assert asked(provider) == ["main"]
    assert owed(gateway, "cost") == COST * NANO


def test_nobody_follows_who_is_refused(gateway, disk, provider, pool):
    """The leader's hold is lost, and so are those of the others: nobody gets its answer."""
    customers = [gateway.customer() for _ in range(3)]
    with late(provider, "main", GOOD) as gate:
        disk.fail("enospc")
        calls = [pool.submit(one.ask, "shared", temperature=0) for one in customers]
        for call in calls:
            check_error(call.result(), 503, "ledger_unavailable", retry=True)
        disk.heal()
        gate.set()
    wait_until(lambda: is_ready(gateway), 10, "ready")
    for customer in customers:
        assert usd("10") == customer.balance
    assert customers[0].ask("shared", temperature=0).status_code == 200
