"""price_by = "candidate" with prices under conditions: a call is charged by the rules of the
candidate that answers; the hold and an estimate cover the dearest of them; /v1/models shows the
first's; a tier is sold only where every candidate has a price for it."""

from decimal import Decimal

import answers
import pytest
from answers import Usage
from gateway import Gateway
from policies import Lua
from prices import Price, charge, usd
from test_max_cost import MAX_COST

BROKEN = answers.error(500, "no", None, "server_error")
LONG = [{"role": "user", "content": "word " * 3000}]
FIRST = """{ { prompt_above = 2000, input = "6" },
    { service_tier = { "flex", "fast" }, factor = "0.5" } }"""
SECOND = '{ { prompt_above = 1000, input = "30" }, { service_tier = "FLEX", factor = "4" } }'


def sold(policies) -> None:
    policies.provider("second")
    second = {"provider": "second", "input": "3", "output": "12", "when": Lua(SECOND)}
    plain = {"provider": "second", "input": "100", "output": "100"}
    for name, other in (("two", second), ("plain", plain)):
        policies.model(name, Price("2", "10"), price_by="candidate", when=Lua(FIRST),
                       candidates=[{"provider": "openai"}, other])  # fmt: skip
    policies.model("one", Price("2", "10"), when=Lua(FIRST), candidates=[
        {"provider": "openai"}, second | {"allow_loss": True}])  # fmt: skip
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("candidate"), shared_provider, {})
    sold(gateway.policies)
    yield from gateway.served()


def counted(usage: Usage, **said):
    counts = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion}
    return answers.counted_as("word " * 50, counts, **said)


# What is asked and counted -> the charge by the first and by the second.
CALLS = {
    "plain": ({}, Usage(500, 100), Price("2", "10"), Price("3", "12")),
    "long for the second": ({}, Usage(1500, 100), Price("2", "10"), Price("30", "12")),
    "long for both": ({}, Usage(2500, 100), Price("6", "10"), Price("30", "12")),
    "a tier": ({"service_tier": "flex"}, Usage(500, 100), Price("1", "5"), Price("12", "48")),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("place", ["first", "second"])
def test_the_candidate_that_answers_is_charged(house, provider, name, streamed, place):
    asked, usage, *by = CALLS[name]
    customer = house.customer()
    if place == "second":
        provider.then(BROKEN)
    provider.answer = counted(usage, **asked)
    assert customer.ask("two", messages=LONG, stream=streamed, **asked).status_code == 200
    record = customer.wait_for_record()
    assert record["provider"] == ("second" if place == "second" else "openai")
    assert usd(record["cost"]) == 10 - customer.balance == charge(by[place == "second"], usage)
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout


@pytest.mark.parametrize("asked", [{}, {"service_tier": "flex"}], ids=["plain", "flex"])
def test_hold_and_estimate_cover_the_dearest(house, provider, asked):
    body = {"model": "two", "messages": LONG, "max_tokens": 100} | asked
    customer = house.customer("100")
    told = customer.post(body, path="/estimate").json()
    lines = {line["unit"]: line for line in told["lines"]}
    factor = 4 if asked else 1
    assert usd(lines["input"]["price"]) == Decimal("36") * factor
    assert usd(lines["output"]["price"]) == Decimal("14.4") * factor
    expected = told["expected_prompt"]
    assert expected["tokens"] > 1000
    price = Price(str(30 * factor), "0")
    assert usd(expected["cost_exact"]) == charge(price, Usage(expected["tokens"], 0))
    provider.then(BROKEN)
    provider.answer = counted(Usage(lines["input"]["quantity"], 100), **asked)
    exact = told["max_cost_exact"]
    assert customer.post(body, headers={MAX_COST: exact}).status_code == 200
    record = customer.wait_for_record()
    assert usd(customer.call("GET", f"/usage/{record['id']}", 200)["hold"]) == usd(exact)
    assert usd(record["cost"]) == usd(exact)


def test_a_candidate_without_rules_has_its_plain_prices(house, provider):
    """Its plain prices are dearer than what the other's rules make."""
    customer = house.customer("100")
    body = {"model": "plain", "messages": LONG, "max_tokens": 100}
    told = customer.post(body, path="/estimate").json()
    assert {line["price"] for line in told["lines"]} == {"120"}
    assert usd(told["expected_prompt"]["cost"]) == charge(
        Price("100", "0"), Usage(told["expected_prompt"]["tokens"], 0)
    )
    provider.then(BROKEN)
    provider.answer = answers.chat(usage=Usage(2500, 100))
    assert customer.post(body).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(Price("100", "100"), Usage(2500, 100))


@pytest.mark.parametrize(
    ("model", "tier", "status"),
    [("two", "flex", 200), ("two", "fast", 400), ("plain", "flex", 400), ("one", "fast", 200)],
)
def test_a_tier_needs_a_price_of_every_candidate(house, provider, model, tier, status):
    customer = house.customer()
    provider.answer = answers.chat(usage=Usage(10, 10))
    response = customer.ask(model, service_tier=tier)
    assert response.status_code == status, response.text
    if status == 400:
        assert response.json()["error"]["param"] == "service_tier"


def test_the_first_is_shown(house):
    pricing = house.customer().get("/models/two").json()["pricing"]
    assert Decimal(pricing["prompt"]) == Decimal("0.0000024")
    (override,) = pricing["overrides"]
    assert Decimal(override["prompt"]) == Decimal("0.0000072")


def test_check_shows_the_rules_of_each(house):
    checked = house.command("check")
    assert checked.returncode == 0, checked.stderr
    assert "two of openai: prompt above 2000" in checked.stdout
    assert "two of second: prompt above 1000" in checked.stdout
    assert "two of second: margin 20% under every rule" in checked.stdout
