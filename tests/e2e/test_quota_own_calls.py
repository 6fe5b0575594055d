"""What is asked besides a customer's calls counts against no quota of the customer, and takes no
place of a call: hedges and shadows, estimates, counts of tokens, answers that are given again. What
is used is the same in the headers, in GET /key and in the records."""

from collections import Counter
from decimal import Decimal

import answers
import pytest
import test_hedge as hedged
import test_shadow as shadowed
import trials
from answers import Usage
from fake_provider import Gate
from prices import usd
from test_quotas import no_midnight  # noqa: F401 (a fixture)

UNITS = ("requests", "tokens", "usd")
MUCH = 10**6
LIMITS = (
    f'requests_per_day = {MUCH}, tokens_per_month = {MUCH}, usd_per_day = "{MUCH}", concurrency = 1'
)


@pytest.fixture
def house(make_gateway, provider):
    """house(sell): a gateway that sells so; each key, and all together, have one call at a time."""

    def house(sell):
        def prepare(policies) -> None:
            sell(policies)
            rules = ", ".join(f'{{ scope = "{scope}", {LIMITS} }}' for scope in ("key", "all"))
            policies.write("limits", f"return {{ {rules} }}\n")

        return make_gateway(prepare=prepare, workers=1)

    return house


def shown(customer) -> Counter:
    quotas = customer.get("/key").json()["data"]["quotas"]
    counted = [quota for quota in quotas if quota["used"] is not None]
    assert all(Decimal(str(quota["held"])) == 0 for quota in counted)
    return Counter({quota["unit"]: Decimal(str(quota["used"])) for quota in counted})


def recorded(customer) -> Counter:
    found: Counter = Counter()
    for record in customer.records():
        tokens = sum(record[f"{kind}_tokens"] for kind in ("input", "cached_input", "output"))
        found.update(requests=1, tokens=tokens, usd=usd(record["cost"]))
    return found


def check_used(customer, name: str) -> None:
    """The next call finds what is recorded, but for what it holds; so does the one behind it."""
    held: set[tuple] = set()
    for _ in range(2):
        customer.wait_for_no_hold()
        used = recorded(customer)
        assert shown(customer) == used
        response = customer.ask(name, max_tokens=100)
        assert response.status_code == 200, response.text
        found = [
            MUCH - Decimal(response.headers[f"x-ratelimit-remaining-{unit}"]) - used[unit]
            for unit in UNITS
        ]
        assert found[0] == 1
        held.add(tuple(found))
    assert len(held) == 1


def test_a_hedge(house, provider):
    """Its loser runs on behind the answer."""
    provider.answer = answers.chat(usage=hedged.QUICK, pieces=("quick",))
    gateway = house(hedged.sell)
    customer = hedged.warm(gateway, provider)
    with hedged.late(provider) as gate:
        with hedged.asking(customer) as call:
            assert hedged.said(call.result()) == "quick"
        customer.wait_for_no_hold()
        assert shown(customer) == recorded(customer)
        assert customer.ask("demo").status_code == 200, "the place is free"
        gate.set()
        hedged.wait_for(gateway)
    check_used(customer, "demo")
    assert recorded(customer)["requests"] == hedged.KNOWN + 4


def test_a_shadow(house, provider):
    """It runs while its customer asks again."""
    provider.answer = answers.chat(usage=trials.USAGE)
    gateway = house(lambda policies: trials.sell(policies, shadow=shadowed.ALL))
    customer = gateway.customer()
    with Gate(provider) as gate:
        shadow = answers.behind(gate, answers.chat(usage=Usage(9000, 900)))
        provider.script("new", shadow)
        assert customer.ask(trials.MODEL).status_code == 200
        provider.wait_for_requests(2)
        customer.wait_for_no_hold()
        assert shown(customer) == recorded(customer)
        assert customer.ask("demo").status_code == 200, "the place is free"
        gate.set()
        shadowed.wait_for(gateway, 1)
    check_used(customer, "demo")


def test_what_is_no_call(house, provider):
    """An estimate, a count of tokens, an answer that is given again."""
    gateway = house(lambda policies: None)
    customer = gateway.customer()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "How many?"}]}
    once = {"Idempotency-Key": "once"}
    first = customer.post(body, "/chat/completions", headers=once)
    assert first.status_code == 200
    customer.wait_for_no_hold()
    used = recorded(customer)
    assert customer.post(body, "/chat/completions", headers=once).text == first.text
    for path in ("/estimate", "/messages/count_tokens"):
        reply = customer.post(body, path)
        assert reply.status_code == 200, reply.text
    assert len(provider.requests) == 1
    assert shown(customer) == recorded(customer) == used
    check_used(customer, "gpt-4o")
