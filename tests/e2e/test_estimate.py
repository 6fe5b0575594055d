"""POST estimate: what a call would cost at most, by the code that holds it. It costs nothing, asks
nobody, and binds for a minute: with x-llm-max-cost at its figure the same call is not refused for
its cost, not made shorter, and not charged more."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import answers
import pytest
from answers import Usage
from customer import QUESTION, question_of
from gateway import Gateway
from policies import Lua
from prices import Price, charge, usd
from tables import await_tables
from test_admin_api import make_admin
from test_max_cost import asked_for, overrun
from wait import wait_until

MAX_COST = "x-llm-max-cost"
PRICE = Price("100", "1000")
PICTURE = {"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}


def sold(policies) -> None:
    policies.model("dear", PRICE)
    policies.model("thinker", PRICE, capabilities=["reasoning"])
    policies.model("unpriced")
    policies.model("looks", PRICE, capabilities=["vision"], image_tokens_max=1000)
    policies.model("reads", PRICE, capabilities=["files"])
    policies.model("searches", Price("1", "1"), web_search="0.01", web_search_max=5,
                   request="0.001", allow=["web_search"])  # fmt: skip
    policies.model("tiered", PRICE, when=Lua(
        '{ { prompt_above = 1000, input = "200", output = "2000" },\n'
        '  { service_tier = "priority", factor = "3" } }'))  # fmt: skip
    policies.provider("keyless", api_key=Lua("nil"))
    policies.model("nobody", PRICE, providers=("keyless",))
    policies.model("free", Price("0", "0"))
    policies.model("small", Price("1", "1"), context=1000, max_output=1000)
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("estimate"), shared_provider, {})
    sold(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer("100")


def body_of(model="dear", **fields) -> dict:
    return {"model": model, "messages": list(QUESTION)} | fields


def estimate(customer, body: dict, **how) -> dict:
    response = customer.post(body, path="/estimate", **how)
    assert response.status_code == 200, response.text
    return response.json()


def quantity_of(told: dict, unit: str) -> int:
    return next((line["quantity"] for line in told["lines"] if line["unit"] == unit), 0)


def sum_of(told: dict) -> Decimal:
    return sum(Decimal(line["amount"]) for line in told["lines"])


# ---- the figure ----

BODIES = {
    "plain": body_of(),
    "a limit": body_of(max_tokens=100),
    "choices": body_of(n=3, max_tokens=100),
    "streamed": body_of(stream=True),
    "a long prompt": body_of(messages=question_of(3000)),
    "reasoning": body_of("thinker", stream=True),
    "a picture": body_of("looks", messages=[{"role": "user", "content": [PICTURE]}]),
    "a file": body_of("reads", max_tokens=10, messages=[{"role": "user", "content": [FILE]}]),
    "searches": body_of("searches", web_search_options={}),
    "a tier": body_of("tiered", service_tier="priority", max_tokens=100),
    "a small context": body_of("small"),
}


@pytest.mark.parametrize("name", BODIES)
def test_it_is_what_a_call_holds(house, provider, name):
    """The hold of the same call, where nothing is held by the chunk."""
    body = BODIES[name]
    customer = house.customer("1000")
    told = estimate(customer, body)
    exact = usd(told["max_cost_exact"])
    assert usd(told["max_cost"]) == exact > 0
    assert 0 <= exact - sum_of(told) < Decimal("0.000000001"), "rounded up once"
    assert told["currency"] == "USD"
    assert told["model"] == body["model"]
    whole = {name: value for name, value in body.items() if name != "stream"}
    assert customer.post(whole).status_code == 200
    record = customer.wait_for_record()
    assert usd(customer.call("GET", f"/usage/{record['id']}", 200)["hold"]) == exact


def test_its_members(customer):
    told = estimate(customer, body_of(n=2, max_tokens=100))
    lines = {line["unit"]: line for line in told["lines"]}
    assert lines.keys() == {"input", "output"}
    assert lines["output"] == {"unit": "output", "quantity": 200, "price": "1200",
                               "per": 1000000, "amount": "0.240000000000000000"}  # fmt: skip
    assert told["object"] == "estimate"
    assert (told["context"], told["max_tokens"], told["choices"]) == (128000, 100, 2)
    assert told["affordable"] is True
    assert told["reason"] is told["retry_after_ms"] is None
    assert (told["available"], told["affordable_max_tokens"]) == ("100.000000000", 100)
    now = datetime.now(UTC)
    assert 0 < (datetime.fromisoformat(told["valid_until"]) - now).total_seconds() <= 60


def test_what_stands_beside_tokens(customer):
    told = estimate(customer, body_of("searches", web_search_options={}))
    lines = {line["unit"]: line for line in told["lines"]}
    assert lines["web_search"] == {"unit": "web_search", "quantity": 5, "price": "0.012",
                                   "per": 1, "amount": "0.060000000000000000"}  # fmt: skip
    assert lines["request"]["quantity"] == 1


def test_the_worst_prices_count(customer):
    """A tier that is asked for; a prompt that may be longer than the threshold."""
    plain = estimate(customer, body_of("tiered", max_tokens=100))
    priority = estimate(customer, body_of("tiered", max_tokens=100, service_tier="priority"))
    assert usd(priority["max_cost_exact"]) == 3 * usd(plain["max_cost_exact"])
    long = estimate(customer, body_of("tiered", max_tokens=100, messages=question_of(4000)))
    assert {line["price"] for line in long["lines"]} == {"240", "2400"}


def test_what_the_prompt_alone_may_cost(customer):
    """At the prices of what is asked for, without an answer. Of pictures and files nobody knows."""
    for fields, factor in (({}, 1), ({"service_tier": "priority"}, 3)):
        told = estimate(customer, body_of("tiered", **fields))["expected_prompt"]
        assert 1 <= told["tokens"] < 20
        expected = factor * charge(PRICE, Usage(told["tokens"], 0))
        assert usd(told["cost_exact"]) == usd(told["cost"]) == expected
    fee = estimate(customer, body_of("searches"))["expected_prompt"]
    assert usd(fee["cost_exact"]) >= Decimal("0.0012")
    for name in ("a picture", "a file"):
        assert estimate(customer, BODIES[name])["expected_prompt"] is None


def test_the_operators_limit_counts(make_gateway):
    limits = 'return { { scope = "key", output_tokens_max = 50 } }\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    assert estimate(gateway.customer(), body_of("gpt-4o"))["max_tokens"] == 50


def test_nothing_happens(house, customer, provider):
    provider.reset()
    for body in BODIES.values():
        estimate(customer, body)
    assert not provider.requests
    assert usd(customer.wallet()["held"]) == 0
    assert customer.balance == 100
    assert customer.records() == []
    await_tables(house.database)
    with sqlite3.connect(house.database) as db:
        (holds,) = db.execute(
            "SELECT count(*) FROM holds WHERE account_id = (SELECT account_id FROM users"
            " WHERE email = ?)", (customer.email,)).fetchone()  # fmt: skip
    assert holds == 0


def test_it_is_no_lottery(house, customer):
    """A hold looks at samples of a long text; who could draw again would take the cheapest."""
    text = ("a" * 600 + "7" * 600) * 3
    body = body_of(max_tokens=1, messages=[{"role": "user", "content": text}])
    told = [estimate(customer, body)["max_cost_exact"] for _ in range(20)]
    assert len(set(told)) == 1


# ---- it is refused as the call would be ----

WRONG = {
    "no JSON": b"{",
    "no object": b"[]",
    "no model": {"messages": list(QUESTION)},
    "no messages": {"model": "dear"},
    "a wrong n": body_of(n=0),
    "an unknown model": body_of("none"),
    "a model without a price": body_of("unpriced"),
    "a picture to a blind model": BODIES["a picture"] | {"model": "dear"},
    "a file to a model without": BODIES["a file"] | {"model": "dear"},
    "a tier that is not sold": body_of(service_tier="flex"),
    "a tool that is not sold": body_of(tools=[{"type": "web_search"}]),
    "no provider is set up": body_of("nobody"),
    "a member twice": b'{"model":"dear","model":"dear","messages":[]}',
}


def same_refusal(customer, body, **how) -> dict:
    called, estimated = (
        customer.post(body, path=path, **how) for path in ("/chat/completions", "/estimate")
    )
    assert estimated.status_code == called.status_code >= 400
    assert estimated.json() == called.json()
    for name in ("x-should-retry", "retry-after"):
        assert estimated.headers.get(name) == called.headers.get(name)
    return estimated.json()["error"]


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_as_the_call_is(house, provider, name):
    same_refusal(house.customer("1000"), WRONG[name])


def test_keys_are_refused_as_in_a_call(house, provider):
    customer = house.customer(models=["gpt-4o"])
    assert same_refusal(customer, body_of())["code"] == "model_not_allowed"
    assert same_refusal(customer, body_of(), headers={MAX_COST: "x"})["param"] == MAX_COST
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    assert same_refusal(customer, body_of())["code"] == "key_disabled"
    customer.key = customer.key[:-1]
    assert same_refusal(customer, body_of())["code"] == "invalid_api_key"


def test_a_bound_of_its_own(customer, provider):
    """With the header it says what that call would get, or is refused like it."""
    error = same_refusal(customer, body_of(), headers={MAX_COST: "0.001"})
    assert error["code"] == "max_cost_exceeded"
    assert estimate(customer, body_of(), headers={MAX_COST: error["metadata"]["required"]})[
        "max_tokens"] == 1  # fmt: skip
    told = estimate(customer, body_of(), headers={MAX_COST: "0.5"})
    assert told["max_tokens"] < 500
    assert usd(told["max_cost_exact"]) <= Decimal("0.5")
    customer.post(body_of(), headers={MAX_COST: "0.5"})
    assert asked_for(provider) == told["max_tokens"]


# ---- whether it would pass now ----


def test_without_money_it_is_told(house, provider):
    for credit in (None, "0.5", "100"):
        customer = house.customer(credit)
        told = estimate(customer, body_of(max_tokens=1000))
        response = customer.ask("dear", max_tokens=1000)
        assert told["affordable"] is (response.status_code == 200)
        if response.status_code == 402:
            error = response.json()["error"]
            assert told["reason"] == error["code"] == "insufficient_credits"
            assert usd(told["available"]) == usd(error["metadata"]["available"])
            asked = error["metadata"]["affordable_max_tokens"]
            assert told["affordable_max_tokens"] == asked < 1000
            assert told["max_cost_exact"].rstrip("0") == error["metadata"]["required"]


def test_a_small_balance_makes_an_answer_shorter(house, provider):
    """Who names no longest answer gets what the money pays."""
    customer = house.customer("1")
    told = estimate(customer, body_of())
    assert told["affordable"] is True
    assert told["max_tokens"] == 16384
    assert customer.ask("dear").status_code == 200
    assert asked_for(provider) == told["affordable_max_tokens"] < 1000


def test_the_budget_of_the_key(house, provider):
    customer = house.customer("100", budget="0.5")
    told = estimate(customer, body_of(max_tokens=1000))
    assert (told["affordable"], told["reason"]) == (False, "key_budget_exceeded")
    assert told["available"] == "0.500000000"


LIMITED = {
    "requests": ("requests_per_minute = 1", "rate_limit_exceeded"),
    "tokens": ("tokens_per_minute = 60", "rate_limit_exceeded"),
    "money": ('usd_per_day = "0.00003"', "quota_exceeded"),
    "calls": ("requests_per_month = 1", "quota_exceeded"),
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits_are_told(make_gateway, provider, name):
    rule, reason = LIMITED[name]
    limits = f'return {{ {{ scope = "user", {rule} }} }}\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    customer = gateway.customer()
    body = body_of("gpt-4o-mini", max_tokens=10)
    if name not in ("requests", "calls"):
        for _ in range(3):
            assert estimate(customer, body)["affordable"] is True
    provider.answer = answers.chat(usage=Usage(100, 10))
    assert customer.post(body).status_code == 200
    customer.wait_for_record()
    customer.wait_for_no_hold()
    told = estimate(customer, body)
    refused = customer.post(body)
    assert refused.status_code == 429
    assert (told["affordable"], told["reason"]) == (False, reason)
    assert refused.json()["error"]["code"] == reason
    if reason == "rate_limit_exceeded":
        assert 0 < told["retry_after_ms"] <= 60000


USED_UP = {
    "requests": 'requests_per_month = 1',
    "tokens": 'tokens_per_month = 60',
    "money": 'usd_per_month = "0.00003"',
}  # fmt: skip


@pytest.mark.parametrize("name", USED_UP)
@pytest.mark.parametrize("how", ["kill", "reload"])
def test_a_quota_that_nobody_has_asked_since(make_gateway, provider, name, how):
    """What is used is known to the first estimate after a start or a change of the policies."""
    limits = f'return {{ {{ scope = "user", {USED_UP[name]} }} }}\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    customer = gateway.customer()
    body = body_of("gpt-4o-mini", max_tokens=10)
    provider.answer = answers.chat(usage=Usage(100, 10))
    assert customer.post(body).status_code == 200
    customer.wait_for_no_hold()
    if how == "reload":
        gateway.reload()
    else:
        gateway.kill()
        gateway.start()
        customer.web.base_url = gateway.origin + "/api"
    told = estimate(customer, body)
    assert (told["affordable"], told["reason"]) == (False, "quota_exceeded")
    assert customer.post(body).status_code == 429


@pytest.mark.parametrize("rule", ["tokens_per_day = 60", 'usd_per_day = "0.000010"'])
def test_what_a_quota_has_too_little_of(make_gateway, provider, rule):
    """Something is left, but less than this call takes, so it is refused; a smaller one passes."""
    limits = f'return {{ {{ scope = "user", {rule} }} }}\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    customer = gateway.customer()
    large = body_of("gpt-4o-mini", max_tokens=10)
    large["messages"] = question_of(2000)
    for body, passes in ((large, False), (body_of("gpt-4o-mini", max_tokens=1), True)):
        told = estimate(customer, body)
        assert told["affordable"] == passes, told
        assert told["reason"] == (None if passes else "quota_exceeded")
        assert told["retry_after_ms"] is None, "it can never pass"
        assert (customer.post(body).status_code == 200) == passes


def test_concurrency_is_told(make_gateway, provider):
    limits = 'return { { scope = "key", concurrency = 1 } }\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(answers.Chat(), gates={0: gate})
    body = body_of("gpt-4o-mini", stream=True)
    assert [estimate(customer, body)["affordable"] for _ in range(3)] == [True] * 3
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(customer.post, body)
        provider.wait_for_requests(1)
        told = estimate(customer, body)
        gate.set()
        assert call.result().status_code == 200
    assert (told["affordable"], told["reason"]) == (False, "rate_limit_exceeded")
    wait_until(lambda: estimate(customer, body)["affordable"], 5, "the call to have left")


def test_estimates_count_by_themselves(make_gateway, provider):
    """As many as calls may be made, and none of a call's."""
    limits = 'return { { scope = "key", requests_per_minute = 3, tokens_per_minute = 1000 } }\n'
    gateway = make_gateway(prepare=lambda policies: policies.write("limits", limits))
    customer = gateway.customer()
    body = body_of("gpt-4o-mini", max_tokens=10)
    for _ in range(3):
        response = customer.post(body, path="/estimate")
        assert response.status_code == 200
        assert "x-ratelimit-remaining-requests" not in response.headers
    refused = customer.post(body, path="/estimate")
    assert refused.status_code == 429
    assert refused.headers["x-should-retry"] == "true"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    left = [customer.post(body).headers["x-ratelimit-remaining-requests"] for _ in range(3)]
    assert left == ["2", "1", "0"]


# ---- it binds ----


@pytest.mark.parametrize("name", BODIES)
def test_its_figure_is_enough(house, provider, name):
    """Nothing is shortened, and a provider that uses all of it is charged exactly that."""
    body = BODIES[name]
    customer = house.customer("1000")
    told = estimate(customer, body)
    prompt = sum(quantity_of(told, unit) for unit in ("input", "image_input"))
    usage = Usage(prompt, quantity_of(told, "output")).as_json()
    usage["server_tool_use"] = {"web_search_requests": quantity_of(told, "web_search")}
    outer = {"service_tier": body["service_tier"]} if "service_tier" in body else {}
    provider.answer = answers.counted_as("word " * 20, usage, **outer)
    response = customer.post(body, headers={MAX_COST: told["max_cost_exact"]})
    assert response.status_code == 200, response.text
    assert asked_for(provider) == body.get("max_tokens"), "as the client has asked"
    record = customer.wait_for_record()
    assert record["cost"] == told["max_cost_exact"]
    assert overrun(house, record["id"]) == 0


def dearer(gateway, factor: int) -> None:
    price = Price(str(100 * factor), str(1000 * factor))
    gateway.policies.model("dear", price)
    gateway.reload()


@pytest.fixture
def changing(make_gateway):
    return make_gateway(prepare=sold)


def test_a_price_that_rises_meanwhile(changing, provider):
    """For a minute the house keeps its word; who has not asked pays the new price."""
    body = body_of(max_tokens=100)
    customer = changing.customer("100")
    told = estimate(customer, body)
    bound = {MAX_COST: told["max_cost_exact"]}
    dearer(changing, 50)
    provider.answer = answers.chat(usage=Usage(10, 100))
    response = customer.post(body, headers=bound)
    assert response.status_code == 200
    assert asked_for(provider) == 100
    assert usd(response.json()["usage"]["cost"]) == usd(told["max_cost_exact"])
    others = [
        (changing.customer("100"), body, bound),  # another account
        (customer, body | {"max_tokens": 99}, bound),  # another request
        (customer, body, {MAX_COST: str(usd(told["max_cost_exact"]) / 2)}),  # less than the figure
    ]
    for asker, asked, headers in others:
        assert asker.post(asked, headers=headers).json()["error"]["code"] == "max_cost_exceeded"
    assert usd(estimate(customer, body)["max_cost_exact"]) > 5
    assert customer.post(body, headers=bound).status_code == 400, "the last estimate counts"


def test_what_is_learned_meanwhile(changing, provider):
    """The model turns out to take a token for each byte, so the prompt alone costs more."""
    text = "Es war einmal ein kleines Haus am Rande der grossen Stadt. " * 10
    body = body_of(max_tokens=1, messages=[{"role": "user", "content": text}])
    customer, other = changing.customer("100"), changing.customer("100")
    told = estimate(customer, body)
    provider.answer = answers.chat(pieces=("x",), usage=Usage(len(text), 1))
    for _ in range(6):
        assert other.post(body).status_code == 200
        other.wait_for_no_hold()
    assert usd(estimate(other, body)["max_cost_exact"]) > 2 * usd(told["max_cost_exact"])
    bound = {MAX_COST: told["max_cost_exact"]}
    response = customer.post(body, headers=bound)
    assert response.status_code == 200
    assert usd(response.json()["usage"]["cost"]) == usd(told["max_cost_exact"])


def test_a_shortened_estimate_is_no_quote(house, customer, provider):
    """Else the header of an estimate could buy a long answer at the price of a short one."""
    body = body_of(max_tokens=1000)
    told = estimate(customer, body, headers={MAX_COST: "0.05"})
    assert told["max_tokens"] < 1000
    assert customer.post(body, headers={MAX_COST: "0.05"}).status_code == 200
    assert asked_for(provider) == told["max_tokens"]


def test_who_may_not_call_a_free_model(house, provider):
    """A debt and an overdrawn budget refuse calls that cost nothing; the estimate says so."""
    admin = make_admin(house)
    customer = house.customer("1")
    body = body_of("free")
    assert estimate(customer, body)["affordable"] is True
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    debt = {"user_id": user_id, "amount": "2", "reason": "a mistake"}
    admin.call("POST", "/admin/debits", 201, json=debt)
    told = estimate(customer, body)
    assert (told["affordable"], told["reason"]) == (False, "insufficient_credits")
    assert usd(told["max_cost_exact"]) == 0
    assert customer.post(body).json()["error"]["code"] == "insufficient_credits"
    assert provider.requests == []
    customer.charge("1")
    assert estimate(customer, body)["affordable"] is True
    assert customer.post(body).status_code == 200


# ---- as clients ask ----


@pytest.mark.parametrize("mount", ["/v1", "/api/v1"])
def test_all_mounts(house, customer, mount):
    response = house.http.post(
        house.origin + mount + "/estimate", headers=customer.authorization, json=body_of()
    )
    assert response.status_code == 200
    assert house.http.get(house.origin + mount + "/estimate").status_code == 405


def test_python_sdk(customer, provider):
    sdk = customer.openai()
    body = body_of(max_tokens=100)
    told = sdk.post("/estimate", body=body, cast_to=object)
    answer = sdk.chat.completions.create(**body, extra_headers={MAX_COST: told["max_cost_exact"]})
    assert answer.usage.cost <= told["max_cost"]


def test_the_playground_asks_with_a_session(house, customer):
    path = f"/playground/estimate?key_id={customer.key_id}"
    told = customer.call("POST", path, 200, json=body_of(max_tokens=100))
    same = estimate(customer, body_of(max_tokens=100))
    assert told["max_cost_exact"] == same["max_cost_exact"]
    foreign = {"Origin": "https://example.com"}
    refused = customer.web.post(path, json=body_of(), headers=foreign)
    assert refused.json()["error"]["code"] == "origin_not_allowed"
    other = house.customer()
    other.call("POST", path, 404, json=body_of())


def test_the_metrics_count_no_call(make_gateway, provider):
    gateway = make_gateway()
    customer, admin = gateway.customer(), make_admin(gateway)
    estimate(customer, body_of("gpt-4o-mini"))
    assert customer.ask("gpt-4o-mini").status_code == 200

    def live() -> int:
        return admin.call("GET", "/admin/live", 200)["requests"]

    wait_until(lambda: live() > 0, 5, "the call to be counted")
    assert live() == 1
