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
TOKENS = {"limit": "x-ratelimit-limit-tokens", "reset": "x-ratelimit-reset-tokens",
          "remaining": "x-ratelimit-remaining-tokens"}  # fmt: skip
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
        limits = {"requests": LIMITS, "tokens": TOKENS, "reset": "duration"}
        policies.provider(name, rate_limits=limits, breaker={})
    for kind in (
        "once",
        "long",
        "gone",
        "fair",
        "slowly",
        "near",
        "revoked",
        "tokens",
        "spare",
        "never",
        "late",
        "behind",
    ):
        policies.model(kind, PRICE, candidates=[{"provider": "first", "model": f"{kind}-model"}])
    for kind in ("two", "both"):
        pair = [("first", f"{kind}-a"), ("second", f"{kind}-b")]
        candidates = [{"provider": provider, "model": model} for provider, model in pair]
        policies.model(kind, PRICE, candidates=candidates)


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


def saying(model: str, left: int, reset: str, limit: int = 1_000_000):
    headers = {TOKENS["limit"]: str(limit), TOKENS["remaining"]: str(left), TOKENS["reset"]: reset}
    return reply(200, Chat(usage=USAGE).body(model, 1), headers)


def test_tokens_that_run_are_not_there_for_others(admin, customer, provider, pool):
    """1,500 are left: while a call runs that may take 1,000, a small one goes beside it, and one as
    large as the first waits until that has ended."""
    provider.script("tokens-model", saying("tokens-model", 1500, "1h", 2000))
    assert customer.ask("tokens").status_code == 200
    with Gate(provider) as gate:
        said = saying("tokens-model", 1500, "1h", 2000)
        provider.script("tokens-model", behind(gate, said))
        calls = [pool.submit(customer.ask, "tokens", max_tokens=1000)]
        provider.wait_for_requests(2)
        calls.append(pool.submit(customer.ask, "tokens", max_tokens=10))
        provider.wait_for_requests(3)
        calls.append(pool.submit(customer.ask, "tokens", max_tokens=1000))
        wait_for_waiting(admin, 1)
        assert len(provider.requests) == 3
    assert [call.result().status_code for call in calls] == [200] * 3
    assert len(provider.requests) == 4


def test_a_call_waits_until_its_tokens_are_there(house, customer, provider):
    """None are left, and a million come evenly in 60 s: 16,000 of them in about one."""
    provider.script("spare-model", saying("spare-model", 1, "60s"))
    assert customer.ask("spare").status_code == 200
    provider.script("spare-model", GOOD)
    before = customer.balance
    response = customer.ask("spare", max_tokens=16_000)
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    assert before - customer.balance == charge(PRICE, USAGE)
    wait_until(lambda: house.logged("exchange", model="spare", attempts=1)[1:], 10, "both logged")
    assert house.logs("exchange", 2, model="spare")[1]["waited_ms"] > 0


def test_an_estimate_refuses_nobody(admin, customer, provider, pool):
    """A call waits in vain for the tokens of one that runs on: when its time is over its provider
    is asked, for it may count otherwise."""
    said = saying("behind-model", 1500, "1h", 2000)
    provider.script("behind-model", said)
    assert customer.ask("behind").status_code == 200
    with Gate(provider) as gate:
        provider.script("behind-model", behind(gate, said))
        running = pool.submit(customer.ask, "behind", max_tokens=1000)
        provider.wait_for_requests(2)
        provider.script("behind-model", said)
        assert customer.ask("behind", max_tokens=1000).status_code == 200
        assert len(provider.requests) == 3
    assert running.result().status_code == 200


@pytest.mark.parametrize(
    ("model", "left", "reset", "limit", "asked"),
    [("never", 10, "60s", 2000, 5000), ("late", 10, "10h", 1_000_000, 900)],
)
def test_a_provider_itself_says_what_never_fits(
    customer, provider, model, left, reset, limit, asked
):
    """A call that is larger than the whole limit, or whose tokens come too late: the estimate does
    not refuse it, for a provider counts otherwise, and a refusal costs nothing."""
    provider.script(f"{model}-model", saying(f"{model}-model", left, reset, limit))
    assert customer.ask(model).status_code == 200
    assert customer.ask(model, max_tokens=asked).status_code == 200
    assert len(provider.requests) == 2
    provider.script(
        f"{model}-model", error(429, "Request too large", "rate_limit_exceeded", "tokens")
    )
    assert customer.ask(model, max_tokens=asked).status_code == 413
    assert len(provider.requests) == 3
    customer.wait_for_no_hold()


def test_a_call_goes_elsewhere_before_it_waits_for_tokens(customer, provider):
    provider.script("both-a", saying("both-a", 1, "300s"))
    assert customer.ask("both").status_code == 200
    assert customer.ask("both", max_tokens=16_000).status_code == 200
    assert [request.model for request in provider.requests] == ["both-a", "both-b"]
