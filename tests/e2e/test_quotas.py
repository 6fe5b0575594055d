"""Quotas: of requests, tokens and money, in days and months of UTC. They count what is held, and
survive a kill."""

import datetime
import threading
import time
from decimal import Decimal

import answers
import httpx2 as httpx
import pytest
from answers import Chat, Usage
from errors import check_error
from wait import wait_until


@pytest.fixture
def limited(make_gateway):
    """limited(rules, ...): a gateway with these rules."""

    def limited(*rules: str, **options):
        text = ", ".join(f"{{ {rule} }}" for rule in rules)
        return make_gateway(
            prepare=lambda policies: policies.write("limits", f"return {{ {text} }}\n"), **options
        )

    return limited


@pytest.fixture(autouse=True)
def no_midnight():
    """No day ends in the middle of a test."""
    day_s = 24 * 3600
    wait_until(lambda: time.time() % day_s < day_s - 20, 30, "the day has ended")


def next_start(period: str) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return day + datetime.timedelta(days=1)
    return (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)


def check_refused(response, quota: str, period: str, scope: str = "key") -> dict:
    """A 429 that names the quota, what is left and when it renews. Returns its metadata."""
    soon = int(response.headers["retry-after-ms"]) <= 60_000  # of a day that is nearly over
    error = check_error(response, 429, "quota_exceeded", retry=soon)
    told = error["metadata"]
    assert (told["quota"], told["period"], told["scope"]) == (quota, period, scope)
    ends = datetime.datetime.fromisoformat(told["resets_at"])
    assert ends == next_start(period)
    assert told["resets_at"][:19] in error["message"]
    wait_s = (ends - datetime.datetime.now(datetime.UTC)).total_seconds()
    assert wait_s - 60 <= int(response.headers["retry-after"]) <= wait_s + 60
    assert "left" in error["message"]
    return told


@pytest.mark.parametrize("period", ["day", "month"])
@pytest.mark.parametrize("scope", ["key", "user", "group", "all"])
def test_requests(limited, provider, scope, period):
    customer = limited(f'scope = "{scope}", requests_per_{period} = 2').customer()
    left = []
    for _ in range(2):
        response = customer.ask()
        assert response.status_code == 200
        assert response.headers["x-ratelimit-limit-requests"] == "2"
        left.append(response.headers["x-ratelimit-remaining-requests"])
        customer.wait_for_no_hold()
    assert left == ["1", "0"]
    told = check_refused(customer.ask(), "requests", period, scope)
    assert (told["limit"], told["left"], told["required"]) == (2, 0, 1)
    assert len(provider.requests) == 2
    first = customer.create_key()
    assert (customer.ask().status_code == 200) == (scope == "key"), first


def test_tokens_are_those_used(limited, provider):
    customer = limited('scope = "key", tokens_per_day = 2500').customer()
    provider.answer = answers.chat(usage=Usage(100, 900))
    for _ in range(3):
        assert customer.ask(max_tokens=900).status_code == 200
        customer.wait_for_no_hold()
    told = check_refused(customer.ask(max_tokens=900), "tokens", "day")
    assert (told["used"], told["held"], told["left"]) == (3000, 0, 0)


def test_money_is_that_charged(limited, provider):
    customer = limited('scope = "key", usd_per_day = "0.002"').customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    while (response := customer.ask(max_tokens=1000)).status_code == 200:
        assert response.headers["x-ratelimit-limit-usd"] == "0.002"
        customer.wait_for_no_hold()
    told = check_refused(response, "usd", "day")
    assert Decimal(told["used"]) + Decimal(told["left"]) == Decimal("0.002")
    assert Decimal(told["required"]) > Decimal(told["left"])
    key = customer.get("/key").json()["data"]
    assert Decimal(told["used"]) == Decimal(key["spent"])


def test_holds_count(limited, provider):
    """Calls that run at the same time do not overdraw a quota, and the rest comes back."""
    customer = limited('scope = "user", usd_per_day = "0.0015"').customer()
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat(usage=Usage(10, 10)))
    held = []

    def ask():
        held.append(customer.ask(max_tokens=1000).status_code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    wait_until(lambda: held.count(429) >= 1, 20, "a refusal")
    refused = customer.ask(max_tokens=1000)
    error = check_error(refused, 429, "quota_exceeded", retry=True)
    assert "that run hold the rest" in error["message"]
    assert 0 < int(refused.headers["retry-after-ms"]) <= 5000
    assert Decimal(error["metadata"]["held"]) > 0
    assert Decimal(error["metadata"]["held"]) <= Decimal("0.0015")
    gate.set()
    for thread in threads:
        thread.join(30)
    assert 0 < held.count(200) < 12
    customer.wait_for_no_hold()
    assert customer.ask(max_tokens=1000).status_code == 200


@pytest.mark.parametrize(("named", "most"), [(900, 4), (None, 3), (100, 20)])
def test_tokens_hold_the_answer(limited, provider, named, most):
    """Calls that run at the same time do not pass by their prompts alone."""
    customer = limited('scope = "key", tokens_per_day = 1900').customer()
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat(usage=Usage(10, 10)))
    asked = []
    body = {"max_tokens": named} if named else {}

    def ask():
        asked.append(customer.ask(**body).status_code)

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    wait_until(lambda: asked.count(429) >= 30 - most, 20, "refusals")
    gate.set()
    for thread in threads:
        thread.join(30)
    assert most / 2 <= asked.count(200) <= most
    customer.wait_for_no_hold()
    (quota,) = customer.get("/key").json()["data"]["quotas"]
    assert quota["used"] == 20 * asked.count(200)
    assert customer.ask(**body).status_code == 200


def test_an_answer_is_capped(limited, provider):
    """As for a budget: who names no longest answer gets what the quota pays."""
    customer = limited('scope = "key", usd_per_month = "0.0003"').customer()
    provider.answer = answers.chat(usage=Usage(10, 10))
    assert customer.ask().status_code == 200
    assert provider.last.json["max_tokens"] < 1000


def test_a_stream_ends(limited, provider):
    """Its quota ends before its answer: it is told why."""
    customer = limited('scope = "key", usd_per_day = "0.001"').customer()
    provider.answer = answers.stream_of(Chat(("word " * 100,) * 100, usage=Usage(10, 10000)))
    response = customer.ask(stream=True)
    assert "quota_exceeded" in response.text
    customer.wait_for_no_hold()
    data = customer.get("/key").json()["data"]
    assert Decimal(data["spent"]) <= Decimal("0.001")


def test_what_can_never_pass(limited, provider):
    customer = limited('scope = "key", usd_per_day = "0.000001"').customer()
    refused = customer.ask(max_tokens=1000)
    error = check_error(refused, 429, "quota_exceeded", retry=False)
    assert "never" in error["message"]
    assert "retry-after" not in refused.headers
    assert not provider.requests


@pytest.mark.parametrize("durability", ["power", "process"])
def test_a_kill_forgets_nothing(limited, provider, durability):
    """What was used is known again, and what was held is free."""
    gateway = limited(
        'scope = "key", requests_per_day = 3, tokens_per_month = 100000, usd_per_month = "1"',
        durability=durability,
    )
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    for _ in range(2):
        assert customer.ask(max_tokens=1000).status_code == 200
    before = customer.ask(max_tokens=1000)
    assert before.headers["x-ratelimit-remaining-requests"] == "0"
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    told = check_refused(customer.ask(max_tokens=1000), "requests", "day")
    assert (told["used"], told["held"]) == (3, 0)


def test_longest_wait_is_told(limited, provider):
    """Who has come back after it is let through; what is refused takes from no other quota."""
    customer = limited(
        'scope = "key", requests_per_day = 2, requests_per_month = 2',
        'scope = "user", requests_per_month = 3, tokens_per_day = 1000000',
    ).customer()
    for _ in range(2):
        assert customer.ask().status_code == 200
        customer.wait_for_no_hold()
    for _ in range(3):
        check_refused(customer.ask(), "requests", "month")
    customer.create_key()
    assert customer.ask().status_code == 200, "the user has one left"


SEED_MODELS = '{ "gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "demo" }'


def test_many_models(limited, provider):
    """Their names are long together."""
    gateway = limited(f'scope = "key", models = {SEED_MODELS}, requests_per_day = 2')
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    assert customer.ask(model="gpt-4o").status_code == 200
    assert len(check_refused(customer.ask(), "requests", "day")["models"]) == 6


def test_money_of_a_minute(limited, provider):
    """It renews soon, so clients may wait for it."""
    customer = limited('scope = "key", usd_per_minute = "0.001"').customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    while (response := customer.ask(max_tokens=1000)).status_code == 200:
        customer.wait_for_no_hold()
    error = check_error(response, 429, "quota_exceeded", retry=True)
    assert error["metadata"]["period"] == "minute"
    assert 0 < int(response.headers["retry-after-ms"]) <= 60_000


@pytest.mark.parametrize("durability", ["power", "process"])
def test_kills_under_load(limited, provider, durability):
    """Whatever is killed when, a quota has used what the customer was charged, and no more than it
    allows."""
    gateway = limited('scope = "user", usd_per_month = "0.02"', durability=durability)
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    for round_of in range(4):
        asked = []

        def ask(asked=asked):
            for _ in range(6):
                try:
                    asked.append(customer.ask(max_tokens=1000).status_code)
                except httpx.HTTPError:
                    return  # it was killed

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda asked=asked, most=2 + round_of: len(asked) >= most, 20, "some answers")
        gateway.kill()
        for thread in threads:
            thread.join(30)
        gateway.start()
        customer.web.base_url = gateway.origin + "/api"
    (quota,) = customer.get("/key").json()["data"]["quotas"]
    charged = Decimal(10) - Decimal(customer.wallet()["balance"])
    assert Decimal(quota["used"]) == charged > 0
    while (refused := customer.ask(max_tokens=1000)).status_code == 200:
        customer.wait_for_no_hold()
    told = check_refused(refused, "usd", "month", "user")
    charged = Decimal(10) - Decimal(customer.wallet()["balance"])
    assert Decimal(told["used"]) == charged <= Decimal("0.02")


def test_models_count_apart(limited, provider):
    customer = limited('scope = "key", models = { "gpt-4o-mini" }, requests_per_day = 1').customer()
    assert customer.ask().status_code == 200
    told = check_refused(customer.ask(), "requests", "day")
    assert told["models"] == ["gpt-4o-mini"]
    assert customer.ask(model="gpt-4o").status_code == 200


def test_a_reload_counts_what_passed_meanwhile(limited, provider):
    """A rule that was away for a time knows what was used then."""
    rules = 'return { { scope = "key", requests_per_day = 3 } }\n'
    gateway = limited('scope = "key", requests_per_day = 3')
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    gateway.policies.write("limits", "return {}\n")
    gateway.reload()
    assert customer.ask().status_code == 200
    gateway.policies.write("limits", rules)
    gateway.reload()
    assert customer.ask().status_code == 200
    told = check_refused(customer.ask(), "requests", "day")
    assert told["used"] + told["held"] == 3
