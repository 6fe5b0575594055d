"""A thousand calls at the same moment for money that is not enough for all: exactly as many are
served as it pays for, and it is never below zero, whoever looks and whenever."""

import json
import random
from collections import Counter
from collections.abc import Collection
from decimal import Decimal

import answers
import pytest
from answers import Usage
from auditor import Auditor, Watch
from fake_provider import Gate
from prices import Price, charge, usd
from volley import Volley, cost_of
from wait import wait_until

pytestmark = pytest.mark.once  # and with TSan
CALLS = 1000
PAID = 137  # of them
NANO = Decimal("0.000000001")
# The worst case of a call is the whole context and the longest answer: what a provider that counts
# as much charges, is what was held.
CONTEXT, LONGEST = 100, 50
PROMPT = [{"role": "user", "content": "more tokens than the context has " * 45}]
PRICE = Price("0.123457", "9.870001")
WORST = Usage(CONTEXT, LONGEST)
EACH = charge(PRICE, WORST)
LESS = Usage(60, 20)


@pytest.fixture
def exact(make_gateway):
    """A gateway whose model `m` can be charged exactly what was held."""

    def prepare(policies):
        policies.write("limits", "return {}\n")
        policies.model("m", PRICE, context=CONTEXT, max_output=LONGEST)

    return make_gateway(prepare=prepare, workers=4)


def body(number: int, **fields) -> bytes:
    """Every second one is streamed; None takes a field out."""
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if number % 2 else {}
    fields = {"model": "m", "messages": PROMPT, "max_tokens": LONGEST} | streamed | fields
    return json.dumps({name: it for name, it in fields.items() if it is not None}).encode()


def asks(keys: list[str], count: int = CALLS) -> list[tuple[str, bytes]]:
    """Calls of the keys in turn; in pairs, so that each key has streams and others."""
    return [(keys[i // 2 % len(keys)], body(i)) for i in range(count)]


def error_of(reply) -> str:
    return reply.json["error"]["code"]


def check_records(customer, served: list, known: Collection[str] = ()) -> None:
    """A record for each answer and no other but those known before, and of its cost."""
    records = {
        record["id"]: usd(record["cost"])
        for record in customer.all_records()
        if record["id"] not in known
    }
    answered = {reply.headers["x-request-id"]: cost_of(reply) for reply in served}
    assert len(answered) == len(served)
    assert records == answered


def race(gateway, provider, customer, calls) -> Counter:
    """All calls at once; the provider answers when the last one has been decided. Counts what
    became of them, by key, status and error code."""
    provider.reset()
    gate = Gate(provider)
    provider.answer = answers.behind(gate, answers.chat(usage=WORST))
    known = {record["id"] for record in customer.all_records()}
    volley = Volley(gateway, calls)
    with Watch(gateway, customer) as watch, gate:
        before = customer.balance
        volley.fire().collect(lambda: len(volley.replies) + len(provider.requests) >= len(calls))
        admitted = len(provider.requests)
        assert {reply.status for reply in volley.replies.values()} == {402}
        assert usd(customer.wallet()["held"]) == admitted * EACH
        assert customer.balance == before
        wait_until(lambda: admitted * EACH in watch.results, 10, "a look while all is held")
        gate.set()
        replies = volley.collect()
        customer.wait_for_no_hold()
    assert customer.balance == before - admitted * EACH
    served = [reply for reply in replies.values() if reply.status == 200]
    assert len(served) == len(provider.requests) == admitted
    assert {cost_of(reply) for reply in served} == {EACH}
    check_records(customer, served, known)
    return Counter(
        (calls[i][0], reply.status, "" if reply.status == 200 else error_of(reply))
        for i, reply in replies.items()
    )


def totals(counts: Counter) -> Counter:
    """Over all keys."""
    sums = Counter()
    for (_, status, code), count in counts.items():
        sums[status, code] += count
    return sums


def spent(customer) -> dict[str, Decimal]:
    """By the name of the key."""
    return {key["name"]: usd(key["spent"]) for key in customer.call("GET", "/keys", 200)["data"]}


@pytest.mark.quick
def test_as_many_as_the_balance_pays_for(exact, provider):
    """By three keys of an account; the last nano-dollar counts."""
    customer = exact.customer(credit=f"{PAID * EACH:f}")
    keys = [customer.key, customer.create_key(), customer.create_key()]
    counts = race(exact, provider, customer, asks(keys))
    assert totals(counts) == {(200, ""): PAID, (402, "insufficient_credits"): CALLS - PAID}
    assert customer.balance == 0
    customer.charge(f"{EACH - NANO:f}")
    assert customer.post(body(0)).status_code == 402
    customer.charge(f"{NANO:f}")
    assert customer.post(body(0)).status_code == 200
    assert customer.balance == 0


@pytest.mark.timeout(600)
def test_any_balance(exact, provider, is_long):
    """Again and again on one account, with what is too little for one more call left over."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    pick = random.Random(seed)
    customer = exact.customer(credit=None)
    keys = [customer.key, customer.create_key()]
    for _ in range(100 if is_long else 8):
        paid, rest = pick.randrange(1, 300), pick.randrange(int(EACH / NANO)) * NANO
        customer.charge(f"{paid * EACH + rest - customer.balance:f}")
        counts = race(exact, provider, customer, asks(keys, 400))
        assert totals(counts)[200, ""] == paid
        assert customer.balance == rest


def test_as_many_as_the_budget_pays_for(exact, provider):
    """Of a key, while the wallet has more."""
    customer = exact.customer(credit="10")
    customer.create_key("budget", budget=f"{PAID * EACH:f}")
    counts = race(exact, provider, customer, asks([customer.key]))
    assert totals(counts) == {(200, ""): PAID, (402, "key_budget_exceeded"): CALLS - PAID}
    assert spent(customer)["budget"] == PAID * EACH
    assert customer.post(body(0)).status_code == 402


def test_wallet_and_budgets_at_once(exact, provider):
    """Two keys with budgets that are too small for them, one without, and a wallet that is too
    small for all: its last call is sold, and no budget is passed."""
    customer = exact.customer(credit=f"{PAID * EACH:f}")
    free = customer.key
    small = customer.create_key("small", budget=f"{31 * EACH:f}")
    tight = customer.create_key("tight", budget=f"{41 * EACH + EACH - NANO:f}")
    counts = race(exact, provider, customer, asks([free, small, tight]))
    assert sum(counts[key, 200, ""] for key in (free, small, tight)) == PAID
    assert counts[small, 200, ""] <= 31
    assert counts[tight, 200, ""] <= 41
    assert counts[free, 402, "key_budget_exceeded"] == 0
    assert customer.balance == 0
    assert spent(customer) == {
        name: counts[key, 200, ""] * EACH
        for name, key in (("test", free), ("small", small), ("tight", tight))
    }


def test_budgets_of_several_keys_at_once(exact, provider):
    """The wallet has enough for the budgets together, so each is spent to its last call."""
    customer = exact.customer(credit=f"{(31 + 53 + 1) * EACH:f}")
    small = customer.create_key("small", budget=f"{31 * EACH:f}")
    large = customer.create_key("large", budget=f"{53 * EACH + EACH - NANO:f}")
    counts = race(exact, provider, customer, asks([small, large]))
    assert counts == {
        (small, 200, ""): 31,
        (large, 200, ""): 53,
        (small, 402, "key_budget_exceeded"): CALLS // 2 - 31,
        (large, 402, "key_budget_exceeded"): CALLS // 2 - 53,
    }
    assert customer.balance == EACH


def served_until_the_money_is_gone(gateway, customer, make_call) -> list:
    """Who is refused asks again, until nobody runs and nobody is served."""
    served = []
    while True:
        volley = Volley(gateway, [make_call(i) for i in range(CALLS // 2)]).fire()
        replies = volley.collect().values()
        assert {reply.status for reply in replies} <= {200, 402}
        more = [reply for reply in replies if reply.status == 200]
        if not more:
            return served
        served += more
        customer.wait_for_no_hold()


def test_held_more_than_charged(exact, provider):
    """A hold may refuse what the charge would have left room for; who asks again gets it, and in
    the end just as many are served as one after the other would have been."""
    charged = charge(PRICE, LESS)
    customer = exact.customer(credit=f"{(PAID - 1) * charged + EACH:f}")
    provider.answer = answers.chat(usage=LESS)
    keys = [customer.key, customer.create_key()]
    with Watch(exact, customer):
        served = served_until_the_money_is_gone(
            exact, customer, lambda i: (keys[i // 2 % 2], body(i))
        )
    assert len(served) == PAID
    assert customer.balance == EACH - charged
    assert {cost_of(reply) for reply in served} == {charged}
    check_records(customer, served)
    customer.charge(f"{charged - NANO:f}")
    assert customer.post(body(0)).status_code == 402
    customer.charge(f"{NANO:f}")
    assert customer.post(body(0)).status_code == 200


def test_answers_shortened_to_the_money(exact, provider):
    """Without max_tokens the last calls get as long an answer as is left; it is spent to less than
    the shortest, and the house pays for none."""

    async def as_long_as_allowed(connection, request):
        usage = Usage(CONTEXT, min(request.json.get("max_tokens", LONGEST), LONGEST))
        await answers.chat(usage=usage)(connection, request)

    customer = exact.customer(credit=f"{PAID * EACH + 7 * NANO:f}")
    before = customer.balance
    provider.answer = as_long_as_allowed
    with Watch(exact, customer):
        served = served_until_the_money_is_gone(
            exact, customer, lambda i: (customer.key, body(i, max_tokens=None))
        )
    assert len(served) >= PAID
    assert before - customer.balance == sum(cost_of(reply) for reply in served)
    assert 0 <= customer.balance < charge(PRICE, Usage(CONTEXT, 1))
    check_records(customer, served)
    books = Auditor(exact.database)
    assert "overrun" not in books.read().posted
    books.close()
