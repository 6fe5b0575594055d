"""Calls that wait for a provider's rate limit instead of being refused (`queue` in routes.lua)."""

from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import Chat, Usage, behind, error, reply
from fake_provider import Gate
from gateway import Gateway
from policies import Policies
from prices import Price, charge, usd
from rawhttp import chat_bytes
from replays import make_admin
from wait import wait_until

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
WAIT_MS, CALLS = 8000, 4
LIMITS = {"limit": "x-ratelimit-limit-requests", "reset": "x-ratelimit-reset-requests",
          "remaining": "x-ratelimit-remaining-requests"}  # fmt: skip


def limited(after_ms: int):
    headers = {"retry-after-ms": str(after_ms)}
    return error(429, "slow down", "rate_limit_exceeded", "requests", headers)


def prepare(policies: Policies) -> None:
    policies.write("examples", "return {}\n")
    own = f"queue = {{ wait_ms = {WAIT_MS}, calls = {CALLS} }}"
    policies.replace("routes", "queue = { wait_ms = 10000, calls = 200 }", own)
    for name in ("first", "second"):
        limits = {"requests": LIMITS, "reset": "duration"}
        policies.provider(name, rate_limits=limits, breaker={})
    for kind in ("once", "long", "gone", "fair", "slowly", "near", "revoked"):
        policies.model(kind, PRICE, candidates=[{"provider": "first", "model": f"{kind}-model"}])
    policies.model("two", PRICE, candidates=[{"provider": "first", "model": "two-a"},
                                             {"provider": "second", "model": "two-b"}])  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("queue"), shared_provider)
    prepare(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.answer = GOOD
    return house.customer("100")


@pytest.fixture(scope="module")
def admin(house):
    return make_admin(house, "admin@example.com")


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as threads:
        yield threads


def wait_for_waiting(admin, count: int) -> None:
    def waiting() -> int:
        return admin.call("GET", "/admin/live", 200)["requests_waiting"]

    wait_until(lambda: waiting() == count, 10, f"{count} waiting calls")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_waits_and_is_answered(customer, provider, streamed):
    provider.then(limited(300), GOOD)
    before = customer.balance
    response = customer.ask("once", stream=streamed)
    assert response.status_code == 200, response.text
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert before - customer.balance == charge(PRICE, USAGE)
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, USAGE)


def test_another_provider_comes_before_a_wait(customer, provider):
    provider.script("two-a", limited(60_000))
    for _ in range(2):
        assert customer.ask("two").status_code == 200
    assert [request.model for request in provider.requests] == ["two-a", "two-b", "two-b"]


def test_what_would_be_in_vain_is_refused_at_once(admin, customer, provider):
    provider.script("long-model", limited(60_000))
    for asked in (1, 1):
        response = customer.ask("long")
        assert response.status_code == 429
        assert 50 <= int(response.headers["retry-after"]) <= 60
        assert len(provider.requests) == asked
    wait_for_waiting(admin, 0)
    customer.wait_for_no_hold()


def test_who_leaves_waits_no_more(house, admin, customer, provider):
    provider.script("gone-model", limited(6000))
    body = b'{"model":"gone","messages":[{"role":"user","content":"Hello!"}]}'
    with house.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        wait_for_waiting(admin, 1)
    wait_for_waiting(admin, 0)
    customer.wait_for_no_hold()
    assert customer.balance == usd("100")


@pytest.mark.parametrize("streamed", [b"false", b"true"])
def test_who_is_revoked_waits_no_more(house, admin, customer, provider, streamed):
    """No provider has the call yet, so it does not run on."""
    provider.script("revoked-model", limited(6000))
    body = b'{"model":"revoked","stream":%s,"messages":[{"role":"user","content":"Hello!"}]}'
    with house.connect() as connection:
        connection.send(chat_bytes(customer.key, body % streamed))
        wait_for_waiting(admin, 1)
        asked = len(provider.requests)
        customer.delete_key()
        reply = connection.read_reply()
    assert (reply.status, b'"code":"key_disabled"' in reply.body) == (401, True)
    customer.wait_for_no_hold()
    assert (customer.balance, len(provider.requests)) == (usd("100"), asked)


def test_a_stream_that_waits_says_so(make_gateway, provider):
    """Before any provider was asked it begins, so that its client does not give up."""
    gateway = make_gateway(first_event_wait_ms=200, prepare=prepare)
    customer = gateway.customer("100")
    provider.script("gone-model", limited(7000))
    body = b'{"model":"gone","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'
    with gateway.connect() as first, gateway.connect() as second:
        first.send(chat_bytes(customer.key, body))
        wait_for_waiting(make_admin(gateway, "admin@example.com"), 1)
        second.send(chat_bytes(customer.key, body))
        for connection in (first, second):
            assert connection.read_head().status == 200
            assert connection.read_chunk().startswith(b":")
        assert len(provider.requests) == 1
        customer.delete_key()
        for connection in (first, second):
            rest = b""
            while chunk := connection.read_chunk():
                rest += chunk
            assert b'"code":"key_disabled"' in rest
            assert rest.endswith(b"data: [DONE]\n\n")
    customer.wait_for_no_hold()
    assert customer.balance == usd("100")


def test_a_full_queue_is_shared_and_goes_in_turns(house, admin, customer, provider, pool):
    """It refuses the newest call of the account that has most in it."""
    other = house.customer("100")
    provider.script("fair-model", limited(4000))
    greedy = [pool.submit(customer.ask, "fair", user="greedy") for _ in range(CALLS)]
    wait_for_waiting(admin, CALLS)
    assert customer.ask("fair").status_code == 429, "the queue is full of its calls"
    provider.requests.clear()
    provider.script("fair-model", GOOD)
    quick = [pool.submit(other.ask, "fair", user="other") for _ in range(2)]
    assert sorted(call.result().status_code for call in greedy) == [200, 200, 429, 429]
    assert [call.result().status_code for call in quick] == [200, 200]
    asked = [request.json["user"] for request in provider.requests]
    # One goes first, then one of each account, in the order in which their workers look.
    assert (asked[0], "other" in asked[1:3], len(asked)) == ("greedy", True, 4)


def test_what_has_waited_does_not_rush(admin, customer, provider, pool):
    """One call goes first; the others wait until it was taken, but not for all of its answer: a
    provider that has worked on it for seconds has taken it."""
    provider.then(limited(2000))
    with Gate(provider) as gate:
        provider.script("slowly-model", behind(gate, GOOD))
        calls = [pool.submit(customer.ask, "slowly")]
        wait_for_waiting(admin, 1)
        calls += [pool.submit(customer.ask, "slowly") for _ in range(CALLS - 1)]
        wait_for_waiting(admin, CALLS)
        asked = len(provider.requests)
        provider.wait_for_requests(asked + 1)
        for _ in range(5):
            wait_for_waiting(admin, CALLS - 1)
        assert len(provider.requests) == asked + 1
        provider.wait_for_requests(asked + 3)
    assert [call.result().status_code for call in calls] == [200] * CALLS


def test_near_a_limit_calls_wait_before_they_meet_it(admin, customer, provider, pool):
    """The provider says that it takes one more: while that one runs, no other goes."""
    headers = {LIMITS["limit"]: "100", LIMITS["remaining"]: "1", LIMITS["reset"]: "60s"}
    said = reply(200, Chat(usage=USAGE).body("near-model", 1), headers)
    provider.script("near-model", said)
    assert customer.ask("near").status_code == 200
    with Gate(provider) as gate:
        provider.script("near-model", behind(gate, said))
        running = pool.submit(customer.ask, "near")
        provider.wait_for_requests(2)
        waiting = pool.submit(customer.ask, "near")
        wait_for_waiting(admin, 1)
        assert len(provider.requests) == 2
    assert [running.result().status_code, waiting.result().status_code] == [200, 200]
    assert len(provider.requests) == 3
