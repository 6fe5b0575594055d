"""Every endpoint, plain and streamed: what is charged is computed here again from the policy's own
files, in exact fractions; wallet, record and `ledger explain` say the same; an estimate is enough
for all that its lines name, and binds."""

import json
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from endpoint_calls import CALLS, model_of, sell
from errors import check_error
from gateway import Gateway
from policy_prices import TOKENS, exact_of, rounded_up
from prices import usd

MAX_COST = "x-llm-max-cost"
MARGIN = "12.3457%"


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    policies.replace("margins", 'default = "20%"', f'default = "{MARGIN}"')
    sell(policies)


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("each"), shared_provider, {})
    prepare(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


every_call = pytest.mark.parametrize("name", CALLS)


# ---- what the product says ----


def told_cost(response, streamed: bool) -> Decimal | None:
    """In the answer's own usage, if it is JSON or events."""
    if not response.headers["content-type"].startswith(("application/json", "text/event-stream")):
        return None
    if not streamed:
        usages = [response.json()]
    else:
        data = [line[6:] for line in response.text.splitlines() if line.startswith("data: {")]
        usages = [json.loads(each) for each in data]
    costs = re.findall(r'"cost": ?([\d.e-]+)', json.dumps(usages))
    return Decimal(costs[-1]) if costs else None


def explained(house, exchange: str) -> tuple[dict[str, int], Fraction, Decimal]:
    """The quantities, their sum with the margin, and the charge, of `ledger explain`."""
    result = house.command("ledger", "explain", exchange)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "DIFFERS" not in result.stdout
    lines = re.findall(r"^  (\w[\w ]*?) +(\d+) x +([\d.]+) = ([\d.]+)", result.stdout, re.MULTILINE)
    for unit, quantity, price, amount in lines:
        per = 10**6 if unit.replace(" ", "_") in TOKENS else 1
        assert Fraction(amount) == int(quantity) * Fraction(price) / per, unit
    margin = Fraction(re.search(r"^  margin +([\d.]+)%$", result.stdout, re.MULTILINE)[1])
    total = sum(Fraction(amount) for *_, amount in lines) * (1 + margin / 100)
    charge = Decimal(re.search(r"^  charge +([\d.]+)$", result.stdout, re.MULTILINE)[1])
    quantities = {unit.replace(" ", "_"): int(quantity) for unit, quantity, _, amount in lines
                  if Fraction(amount)}  # fmt: skip
    return quantities, total, charge


def ask(house, provider, customer, name: str, used: dict[str, int] | None = None, **headers):
    """The answer to a good call, and its record."""
    call = CALLS[name]
    provider.answer = call.answer(used or call.used)
    response = call.send(customer, model_of(name), headers=headers)
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    return response, customer.wait_for_record()


def sources_of(call) -> set[str]:
    """Who may have counted what was used: nobody has estimated it."""
    return {"reported"} if call.used.keys() & TOKENS else {"reported", "measured"}


@every_call
def test_what_is_charged_can_be_computed(house, provider, name):
    call, customer = CALLS[name], house.customer()
    response, record = ask(house, provider, customer, name)
    exact = exact_of(house.policies, model_of(name), call.used)
    charge = rounded_up(exact)
    assert charge > 0
    assert 10 - customer.balance == charge
    assert record["usage_source"] in sources_of(call)
    exchange = response.headers["x-request-id"]
    found = customer.get(f"/generation?id={exchange}").json()["data"]
    assert usd(found["cost"]) == usd(record["cost"]) == charge
    assert found["stream"] is call.streamed
    assert told_cost(response, call.streamed) in (charge, None)
    if not call.streamed:
        assert usd(response.headers.get("x-llm-cost", str(charge))) == charge
    lines = customer.call("GET", f"/usage/{exchange}", 200)["charge"]["lines"]
    priced = [line for line in lines if Fraction(line["amount"])]
    assert {line["kind"]: line["quantity"] for line in priced} == call.used
    assert sum(Fraction(line["amount"]) for line in lines) == exact
    assert explained(house, exchange) == (call.used, exact, charge)


@every_call
def test_a_retry_gets_the_first_answer(house, provider, name):
    """Also with another boundary. The provider is asked once, and paid once."""
    call, customer = CALLS[name], house.customer()
    provider.reset()
    headers = {"Idempotency-Key": "once"}
    first, _ = ask(house, provider, customer, name, **headers)
    balance = customer.balance
    again = call.send(customer, model_of(name), headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(provider.requests) == 1
    assert customer.balance == balance < 10


# ---- estimates ----


def estimate(customer, name: str) -> dict:
    response = CALLS[name].send(customer, model_of(name), before="/estimate")
    assert response.status_code == 200, response.text
    return response.json()


def lines_of(told: dict, name: str) -> dict[str, int]:
    """The line `output` has the dearest kind of an answer's tokens."""
    sold = CALLS[name].sold
    dearest = max(("output", "image_output", "audio_output"),
                  key=lambda unit: Fraction(sold.get(unit, "0")))  # fmt: skip
    return {dearest if line["unit"] == "output" else line["unit"]: line["quantity"]
            for line in told["lines"]}  # fmt: skip


@every_call
def test_an_estimate_is_enough_for_all_its_lines(house, provider, name):
    """It costs nothing, is what the call holds, and exactly what a call costs that uses it up."""
    provider.reset()
    customer = house.customer("100")
    told = estimate(customer, name)
    assert provider.requests == []
    assert customer.balance == 100
    assert told["model"] == model_of(name)
    assert told["affordable"] is True
    most = lines_of(told, name)
    exact = exact_of(house.policies, model_of(name), most)
    assert usd(told["max_cost_exact"]) == rounded_up(exact) > 0
    assert sum(Fraction(line["amount"]) for line in told["lines"]) == exact
    _, record = ask(house, provider, customer, name, most, **{MAX_COST: told["max_cost_exact"]})
    assert usd(record["cost"]) == 100 - customer.balance == usd(told["max_cost_exact"])
    if not CALLS[name].streamed:
        shown = customer.call("GET", f"/usage/{record['id']}", 200)
        assert usd(shown["hold"]) == usd(told["max_cost_exact"])


def test_an_estimate_binds_though_prices_rise(make_gateway, provider):
    """At every endpoint, whatever the boundary of its form; and for the account that asked."""
    gateway = make_gateway(prepare=prepare)
    customer, other = gateway.customer("500"), gateway.customer("500")
    told = {name: estimate(customer, name)["max_cost_exact"] for name in CALLS}
    sell(gateway.policies, factor=9)
    gateway.reload()
    for name, most in told.items():
        bound = {MAX_COST: most}
        refused = CALLS[name].send(other, model_of(name), headers=bound)
        assert refused.status_code == 400, name
        assert "max_cost" in refused.text
        provider.answer = CALLS[name].answer(CALLS[name].used)
        response = CALLS[name].send(customer, model_of(name), headers=bound)
        assert response.status_code == 200, f"{name}: {response.text}"
    customer.wait_for_no_hold()
    charged = [usd(record["cost"]) for record in customer.all_records()]
    assert len(charged) == len(told)
    assert all(usd(told[name]) >= cost > 0
               for name, cost in zip(reversed(told), charged, strict=True))  # fmt: skip


def test_an_estimate_of_one_model_is_none_of_another(house, customer, provider):
    """Google's clients name the model in the address: the bodies are the same."""
    cheap, dear = "embedContent", "generateContent"
    body = CALLS[dear].body | CALLS[cheap].body
    paths = {name: CALLS[name].path.replace("{model}", model_of(name)) for name in (cheap, dear)}
    told = customer.post(body, "/estimate" + paths[cheap]).json()
    bound = {MAX_COST: told["max_cost_exact"]}
    refused = customer.post(body, paths[dear], headers=bound)
    assert refused.status_code == 400
    assert "x-llm-max-cost" in refused.json()["error"]["message"]
    provider.answer = CALLS[cheap].answer(CALLS[cheap].used)
    assert customer.post(body, paths[cheap], headers=bound).status_code == 200


def test_what_the_prompt_is_likely_to_cost(customer, house):
    """Characters are known; pictures and sound are not of one size."""
    name = "speech, by characters"
    told = estimate(customer, name)["expected_prompt"]
    used = CALLS[name].used
    assert usd(told["cost_exact"]) == rounded_up(exact_of(house.policies, model_of(name), used))
    assert estimate(customer, "embeddings")["expected_prompt"]["tokens"] > 100
    for name in ("edits", "transcriptions", "translations"):
        assert estimate(customer, name)["expected_prompt"] is None
    assert estimate(customer, "embeddings")["context"] == 8192


WRONG = {
    "embeddings": ({"input": {}}, "input"),
    "completions": ({"n": 0}, "n"),
    "images": ({"n": 1000}, "n"),
    "moderations": ({"input": None}, "input"),
    "speech, by characters": ({"input": "x" * 4097}, "input"),
    "rerank, by tokens": ({"documents": "x"}, "documents"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_as_the_call_is(customer, name):
    fields, param = WRONG[name]
    body = {"model": model_of(name)} | CALLS[name].body | fields
    called, estimated = (customer.post(body, before + CALLS[name].path)
                         for before in ("", "/estimate"))  # fmt: skip
    assert estimated.json() == called.json()
    check_error(estimated, 400, param=param, retry=False)


NOWHERE = ["nothing", "models", "estimate", "responses/compact", "v1/embeddings", "embeddings/x"]


@pytest.mark.parametrize("path", NOWHERE)
def test_there_is_no_such_call(customer, path):
    error = check_error(customer.post({"model": "x"}, "/estimate/" + path), 404, "not_found")
    assert "/estimate/embeddings" in error["message"]


def test_a_model_is_estimated_where_it_is_sold(customer):
    body = {"model": "gpt-4o-mini", "input": "x"}
    error = check_error(customer.post(body, "/estimate/embeddings"), 404, "wrong_endpoint")
    assert "/v1/chat/completions" in error["message"]
    path = "/estimate/models/gpt-4o-mini:countTokens"
    assert "free" in customer.post(body, path).json()["error"]["message"]
