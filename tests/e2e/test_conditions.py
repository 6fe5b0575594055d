"""Prices under conditions (`when` in models.lua): a long prompt re-prices the whole call; a service
tier, a speed and a region are charged as the answer says; what the answer does not say is charged
as asked. Charges are computed again in exact fractions."""

import json
import math
import threading
from contextlib import ExitStack
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
from gateway import Gateway
from policies import Lua
from prices import Price, usd
from test_unit_holds import overrun
from wait import wait_until

PRICE = Price("2", "10", "0.2")
LONG = Price("4", "15", "0.4")
WHEN = Lua(
    """{
    { prompt_above = 1000, input = "4", output = "15", cached_input = "0.4" },
    { service_tier = "flex", factor = "0.5" },
    { service_tier = { "fast", "priority" }, factor = "2" },
    { speed = "fast", factor = 2 },
    { region = "us", factor = "1.1" },
}"""
)


def charge(price: Price, prompt: int, completion: int, factor: str = "1", cached: int = 0):
    exact = (
        Fraction(price.input) * (prompt - cached)
        + Fraction(price.cached) * cached
        + Fraction(price.output) * completion
    ) / 1_000_000
    exact *= Fraction(factor) * Fraction("1.2")
    return Decimal(math.ceil(exact * 10**9)) / 10**9


def answer(prompt: int = 1000, completion: int = 100, cached: int = 0, tier=None, **usage):
    """`tier` stands in the answer, the rest in its usage."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion,
              "prompt_tokens_details": {"cached_tokens": cached}} | usage  # fmt: skip
    outer = {} if tier is None else {"service_tier": tier}
    return answers.counted_as("hello world " * 30, counts, **outer)


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("conditions"), shared_provider, {})
    policies = gateway.policies
    policies.model("m", PRICE, when=WHEN)
    policies.model("plain", PRICE)
    policies.model("allowed", PRICE, when=WHEN, allow=["service_tier.turbo"])
    policies.model("alarmed", PRICE, when=WHEN)
    policies.model("big", Price("1", "100"), when=Lua(
        '{ { service_tier = "priority", factor = "2" } }'))  # fmt: skip
    policies.provider("second")
    own = {"provider": "second", "input": "3", "output": "12"}
    dearer = own | {"when": Lua('{ { service_tier = "flex", factor = "0.9" } }')}
    policies.model("two", PRICE, when=WHEN, candidates=[
        {"provider": "openai"}, dearer | {"allow_loss": True}])  # fmt: skip
    policies.write("examples", "return {}\n")
    yield from gateway.served()


ANSWERS = {
    "a prompt at the threshold": ({}, {"prompt": 1000}, PRICE, "1"),
    "one token above it": ({}, {"prompt": 1001}, LONG, "1"),
    "cached tokens count": ({}, {"prompt": 1001, "cached": 900}, LONG, "1"),
    "flex, as the answer says": ({"service_tier": "flex"}, {"tier": "flex"}, PRICE, "0.5"),
    "flex, and the answer is silent": ({"service_tier": "flex"}, {}, PRICE, "0.5"),
    "flex was asked, default given": ({"service_tier": "flex"}, {"tier": "default"}, PRICE, "1"),
    "another name": ({"service_tier": "fast"}, {"tier": "priority"}, PRICE, "2"),
    "auto, priority given": ({"service_tier": "auto"}, {"tier": "priority"}, PRICE, "2"),
    "nothing asked, priority given": ({}, {"tier": "priority"}, PRICE, "2"),
    "an unknown tier": ({}, {"tier": "ultrafast"}, PRICE, "2"),
    "a speed": ({"speed": "fast"}, {"speed": "fast"}, PRICE, "2"),
    "a speed that was not given": ({"speed": "fast"}, {"speed": "standard"}, PRICE, "1"),
    "a region": ({"inference_geo": "us"}, {"inference_geo": "us"}, PRICE, "1.1"),
    "all at once": (
        {"service_tier": "flex", "inference_geo": "us"},
        {"prompt": 2000, "tier": "flex", "inference_geo": "us"},
        LONG,
        "0.55",
    ),
    "tier in the usage": ({"service_tier": "flex"}, {"service_tier": "flex"}, PRICE, "0.5"),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_answer_decides(house, provider, name, streamed):
    asked, said, price, factor = ANSWERS[name]
    customer = house.customer()
    provider.answer = answer(**said)
    response = customer.ask("m", stream=streamed, **asked)
    assert response.status_code == 200, response.text
    record = customer.wait_for_record()
    wanted = charge(price, said.get("prompt", 1000), 100, factor, said.get("cached", 0))
    assert usd(record["cost"]) == 10 - customer.balance == wanted
    for member, value in asked.items():
        assert provider.last.json[member] == value
    explained = house.command("ledger", "explain", record["id"])
    assert explained.returncode == 0, explained.stdout


KEPT = {
    # asked, said -> the conditions in the record
    "nothing": ({}, {}, {}),
    "plain words": (
        {"service_tier": "auto"},
        {"tier": "default", "speed": "standard", "inference_geo": "global"},
        {},
    ),
    "as asked": (
        {"service_tier": "flex", "inference_geo": "us"},
        {},
        {"service_tier": "flex", "region": "us"},
    ),
    "as the answer says": (
        {"service_tier": "flex", "speed": "fast"},
        {"tier": "priority", "speed": "standard"},
        {"service_tier": "priority"},
    ),
    "what no rule names": ({}, {"tier": "ultrafast"}, {"service_tier": "ultrafast"}),
}


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_record_says_what_decided(house, provider, name, streamed):
    asked, said, conditions = KEPT[name]
    customer = house.customer()
    provider.answer = answer(**said)
    assert customer.ask("m", stream=streamed, **asked).status_code == 200
    record_id = customer.wait_for_record()["id"]
    assert customer.get(f"/generation?id={record_id}").json()["data"]["conditions"] == conditions
    assert customer.call("GET", f"/usage/{record_id}", 200)["conditions"] == conditions
    explained = house.command("ledger", "explain", record_id).stdout
    for word in ("service tier", "speed", "region"):
        value = conditions.get(word.replace(" ", "_"))
        line = f"  {word:16} {value}\n"
        assert (line in explained) if value else (f"\n  {word} " not in explained)
    house.verify_ledger()


def test_conditions_survive_a_crash(make_gateway, provider):
    """From the journal into the tables, at the next start."""
    gateway = make_gateway(prepare=lambda policies: policies.model("m", PRICE, when=WHEN))
    customer = gateway.customer()
    provider.answer = answer(tier="priority")
    response = customer.ask("m")
    assert response.status_code == 200
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    explained = gateway.command("ledger", "explain", response.headers["x-request-id"])
    assert explained.returncode == 0, explained.stdout
    assert f"  {'service tier':16} priority\n" in explained.stdout
    gateway.verify_ledger()


def test_an_unknown_tier_alarms(house, provider):
    customer = house.customer()
    provider.answer = answer(tier="ultra\u00e9fast\x00!")
    for model in ("alarmed", "plain"):
        response = customer.ask(model)
        assert response.status_code == 200
        asked = {"request_id": response.headers["x-request-id"]}
        wait_until(
            lambda asked=asked: house.logged("service tier that has no price", **asked),
            5,
            "the alarm",
        )
    records = customer.wait_for_record(2), customer.records()[1]
    assert {usd(record["cost"]) for record in records} == {
        charge(PRICE, 1000, 100, "2"), charge(PRICE, 1000, 100)}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "word", "factor"),
    [({"inference_geo": "mars"}, "region", "1.1"), ({"speed": "warp"}, "speed", "2"),
     ({"inference_geo": "us", "speed": "slow", "tier": "new"}, "service tier", "4.4")],
)  # fmt: skip
def test_an_unknown_speed_or_region_alarms(house, provider, said, word, factor):
    """Each is charged like the dearest of its kind; where no rule names any, plainly."""
    customer = house.customer()
    provider.answer = answer(**said)
    for model, costs in (("alarmed", factor), ("plain", "1")):
        asked = {"request_id": customer.ask(model).headers["x-request-id"]}
        wait_until(
            lambda asked=asked: house.logged(f"bills a {word} that has no price", **asked),
            5,
            "the alarm",
        )
        record = customer.call("GET", f"/usage/{asked['request_id']}", 200)
        assert usd(record["cost"]) == charge(PRICE, 1000, 100, costs)


def test_plain_speeds_and_regions_alarm_nobody(house, provider):
    customer = house.customer()
    for said in ({"inference_geo": "global"}, {"inference_geo": "not_available"},
                 {"speed": "Standard"}):  # fmt: skip
        provider.answer = answer(**said)
        for model in ("m", "plain"):
            asked = customer.ask(model).headers["x-request-id"]
            record = customer.wait_for_record()
            assert usd(record["cost"]) == charge(PRICE, 1000, 100)
            assert house.never_logged("that has no price", request_id=asked)


def test_an_alarm_is_raised_once_a_minute(make_gateway, provider):
    gateway = make_gateway(workers=1, prepare=lambda policies: policies.model("m", PRICE))
    customer = gateway.customer()
    provider.answer = answer(tier="ultrafast", server_tool_use={"web_search_requests": 1})
    for _ in range(20):
        assert customer.ask("m").status_code == 200
    customer.wait_for_record(20)
    assert len(gateway.logs("service tier that has no price", service_tier="ultrafast")) == 1
    assert len(gateway.logs("bills what has no price", unit="web_search")) == 1


def test_a_tier_that_allow_sells_has_the_plain_price(make_gateway, provider):
    priority = Lua('{ { service_tier = "priority", factor = "2" } }')
    gateway = make_gateway(prepare=lambda policies: policies.model(
        "m", PRICE, allow=["service_tier.flex"], when=priority))  # fmt: skip
    for said in ({}, {"tier": "flex"}, {"tier": "Default"}):
        customer = gateway.customer()
        provider.answer = answer(**said)
        assert customer.ask("m", service_tier="flex").status_code == 200
        assert usd(customer.wait_for_record()["cost"]) == charge(PRICE, 1000, 100)
    assert gateway.never_logged("service tier that has no price")


def test_what_follows_a_price_follows_its_rule(make_gateway, provider):
    """Cached tokens and pictures without a price of their own."""
    dear = Lua('{ { prompt_above = 1000, input = "40", output = "15" } }')
    gateway = make_gateway(prepare=lambda policies: policies.model(
        "m", Price("2", "10"), when=dear, capabilities=["vision"],
        image_tokens_max=50000))  # fmt: skip
    picture = {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}
    messages = [{"role": "user", "content": [picture]}]
    provider.answer = answer(prompt=50010, cached=9000)
    customer = gateway.customer()
    assert customer.ask("m", messages=messages, max_tokens=200).status_code == 200
    wanted = charge(Price("40", "15", "40"), 50010, 100)
    assert usd(customer.wait_for_record()["cost"]) == wanted
    poor = gateway.customer("0.2")
    assert poor.ask("m", messages=messages, max_tokens=200).status_code == 402


def test_a_stream_that_turns_dearer_is_covered(house, provider):
    """Its first chunk tells another tier than was asked for: the budget grows by that price."""
    customer = house.customer("2")
    gate = threading.Event()
    said = {"id": "1", "service_tier": "priority",
            "choices": [{"index": 0, "delta": {"content": "x" * 400}}]}  # fmt: skip
    usage = {"prompt_tokens": 10, "completion_tokens": 16000}
    last = {"id": "1", "service_tier": "priority", "choices": [], "usage": usage}
    stop = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = [b"data: " + json.dumps(event).encode() + b"\n\n"
              for event in [said] * 160 + [stop, last]]  # fmt: skip
    provider.answer = answers.stream([*events, answers.DONE], gates={1: gate}, gap_s=0.001)
    body = {"model": "big", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    with ExitStack() as opened:
        streams = []
        for _ in range(6):
            response = opened.enter_context(
                house.http.stream("POST", "/api/v1/chat/completions", json=body,
                                  headers=customer.authorization))  # fmt: skip
            if response.status_code == 200:
                streams.append(response)
        gate.set()
        for response in streams:
            response.read()
    assert len(streams) > 1
    assert overrun(house, customer) < Decimal("0.1")


def test_a_tier_that_allow_sells_may_come_unasked(house, provider):
    """As POLICIES.md says: the plain price; and a replay says the same."""
    customer = house.customer()
    provider.answer = answer(tier="turbo")
    assert customer.ask("allowed").status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, 1000, 100)
    priced = house.command("price", "allowed", "--usage", '{"input": 1000, "output": 100}',
                           "--service-tier", "turbo")  # fmt: skip
    assert f"charge ${charge(PRICE, 1000, 100).normalize():f}" in priced.stdout, priced.stderr


def test_what_no_rule_names_is_not_sold(house, provider):
    customer = house.customer()
    for asked in ({"service_tier": "ultrafast"}, {"service_tier": "scale"}):
        refused = customer.ask("m", **asked)
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "service_tier"
    assert customer.ask("plain", service_tier="flex").status_code == 400
    assert customer.ask("plain", speed="fast").status_code == 400
    assert customer.balance == 10


def test_the_hold_covers_what_is_asked(house, provider):
    """1,024 tokens of an answer at double the price, of a stream's chunk or of a whole answer."""
    plain = charge(PRICE, 30, 1024)
    poor = house.customer(str(plain))
    provider.answer = answer(prompt=10, completion=100)
    assert poor.ask("m", max_tokens=1000, service_tier="priority").status_code == 402
    assert poor.ask("m", max_tokens=1000).status_code == 200
    poor.wait_for_no_hold()


def test_a_candidate_has_its_own_rules(house, provider):
    """What we pay is by the candidate's; what is sold is by the model's."""
    customer = house.customer()
    provider.then(answers.error(500, "no", None, "server_error"))
    provider.answer = answer(tier="flex")
    assert customer.ask("two", service_tier="flex").status_code == 200
    record = customer.wait_for_record()
    assert record["provider"] == "second"
    assert usd(record["cost"]) == charge(PRICE, 1000, 100, "0.5")
    explained = house.command("ledger", "explain", record["id"]).stdout
    bought = (Fraction(3) * 1000 + Fraction(12) * 100) * Fraction("0.9") / 1_000_000
    assert f"cost             {Decimal(int(bought * 10**9)) / 10**9:.9f}\n" in explained
    house.verify_ledger()


def test_conditions_are_published(house):
    """What OpenRouter's form can say is in `overrides`; the rest has a member of its own."""
    customer = house.customer()
    pricing = customer.get("/models/m").json()["pricing"]
    assert pricing["prompt"] == "0.0000024"
    assert pricing["overrides"] == [{"min_prompt_tokens": 1000, "prompt": "0.0000048",
                                     "input_cache_read": "0.00000048",
                                     "completion": "0.000018"}]  # fmt: skip
    factors = [({"service_tier": "flex"}, "0.5"), ({"service_tier": "fast"}, "2"),
               ({"service_tier": "priority"}, "2"), ({"speed": "fast"}, "2"),
               ({"region": "us"}, "1.1")]  # fmt: skip
    conditions = [{"when": when, "factor": factor} for when, factor in factors]
    assert pricing["conditions"] == conditions
    shown = customer.call("GET", "/models", 200)["data"]
    (one,) = [model for model in shown if model["id"] == "m"]
    long = {"input": "4.8", "cached_input": "0.48", "output": "18"}
    assert one["pricing"]["conditions"] == [{"when": {"prompt_above": 1000}, "prices": long},
                                            *conditions]  # fmt: skip


def test_check_prints_them(house):
    printed = house.command("check").stdout
    for line in ("m of openai: prompt above 1000: input 4, cached_input 0.4, output 15\n",
                 "m of openai: service tier flex: x 0.5\n",
                 "two of second: service tier flex: x 0.9\n"):  # fmt: skip
        assert line in printed
