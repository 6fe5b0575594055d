"""Providers that state what they charge: believed where providers.lua says so, posted as the cost,
compared with our own prices, and never shown to customers. Amounts are computed again here, in
exact fractions."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import answers
import pytest
from gateway import Gateway
from policies import Lua
from prices import Price, usd
from wait import wait_until

PRICE = Price("2", "10")
COUNTS = '"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100'
COMPUTED = Decimal("0.003")  # by PRICE
SOLD = Decimal("0.0036")  # with 20 %
SECRET = ("0.0029", "29000000", "upstream")

OPENROUTER = Lua("""{
    { path = "usage.cost" },
    { path = "usage.cost_details.upstream_inference_cost", only_if = "usage.is_byok" },
}""")
PROVIDERS = {
    "router": OPENROUTER,
    "grok": Lua('{ path = "usage.cost_in_usd_ticks", unit = "ticks" }'),
    "perplexity": Lua('{ path = "usage.cost.total_cost" }'),
    "deepinfra": Lua('{ path = "usage.estimated_cost" }'),
    "vercel": Lua('{ path = "provider_metadata.gateway.cost" }'),
    "odd": Lua('{ path = "usage.billing.total", unit = "cents" }'),
    "silent": None,
}

# The members beside the counts -> what is posted.
STATED = {
    "OpenRouter": ("router", '"cost": 0.00298, "cost_details":'
                   ' {"upstream_inference_cost": 0.0029}, "is_byok": false', "", "0.00298"),
    "OpenRouter, own key": ("router", '"cost": 0.0001, "cost_details":'
                            ' {"upstream_inference_cost": 0.0029}, "is_byok": true', "", "0.003"),
    "an exponent": ("router", '"cost": 2.98e-3', "", "0.00298"),
    "a double": ("router", '"cost": 0.0029800000000000004', "", "0.002980001"),
    "xAI": ("grok", '"cost_in_usd_ticks": 29800000', "", "0.00298"),
    "a part of a nano-dollar": ("grok", '"cost_in_usd_ticks": 29800001', "", "0.002980001"),
    "Perplexity": ("perplexity", '"cost": {"input_tokens_cost": 0.002, "output_tokens_cost":'
                   ' 0.00098, "total_cost": 0.00298}', "", "0.00298"),
    "DeepInfra": ("deepinfra", '"estimated_cost": 0.00298', "", "0.00298"),
    "Vercel": ("vercel", '"x": 1', '"provider_metadata": {"gateway": {"cost": "0.00298"}}',
               "0.00298"),
    "cents": ("odd", '"billing": {"total": 0.298}', "", "0.00298"),
}  # fmt: skip


def answer(members: str, outer: str = "", completion: str = "hello world " * 30):
    """With `members` in its usage and `outer` beside it, as they stand: whole or streamed."""
    usage = f'"usage": {{{COUNTS}, {members}}}' + (f", {outer}" if outer else "")
    choice = {"index": 0, "message": {"role": "assistant", "content": completion}}
    body = json.dumps({"id": "1", "choices": [choice | {"finish_reason": "stop"}]})
    whole = answers.reply(200, f"{body[:-1]}, {usage}}}".encode())
    streamed = answers.stream([*said(completion), chunk(usage), answers.DONE])

    async def reply(connection, request):
        await (streamed if request.json.get("stream") else whole)(connection, request)

    return reply


def chunk(members: str, choices: str = "[]") -> bytes:
    return f'data: {{"id": "1", "choices": {choices}, {members}}}\n\n'.encode()


def said(text: str) -> list[bytes]:
    delta = json.dumps([{"index": 0, "delta": {"content": text}}])
    stop = json.dumps([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    return [chunk('"object": "chat.completion.chunk"', choices) for choices in (delta, stop)]


def with_margin(cost: str | Decimal, margin: str = "0.2") -> Decimal:
    return Decimal(math.ceil(Fraction(cost) * (1 + Fraction(margin)) * 10**9)) / 10**9


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("stated"), shared_provider, {})
    policies = gateway.policies
    for name, cost in PROVIDERS.items():
        policies.provider(name, **({"cost": cost} if cost else {}))
        policies.model(name, PRICE, providers=(name,))
        if cost:
            policies.model(f"{name}-by-cost", PRICE, providers=(name,), price_by="cost")
    for name in ("differs", "absurd", "malformed", "pieces"):
        policies.model(name, PRICE, providers=("router",))
    policies.model("free", Price("0", "0"), providers=("router",))
    policies.model("two", PRICE, providers=("grok", "router"))
    policies.write("examples", "return {}\n")
    yield from gateway.served()


@pytest.fixture(scope="module")
def admin(house):
    admin = house.customer()
    admin.email, admin.password = (
        "stated@example.com",
        house.value_of("user", "create", "stated@example.com", "--admin"),
    )
    admin.sign_in()
    return admin


def audited(house, admin, record_id: str) -> dict:
    """As the operator sees it; and the ledger proves it."""
    explained = house.command("ledger", "explain", record_id)
    assert explained.returncode == 0, explained.stdout
    house.verify_ledger()
    return admin.call("GET", f"/admin/usage/{record_id}", 200)


def alarms(house, response, what: str) -> list[dict]:
    return house.logged(what, request_id=response.headers["x-request-id"])


DIFFERS = "another cost than models.lua has"
UNBELIEVED = "states a cost that is not believed"


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_stated_cost_is_posted(house, admin, provider, name, streamed):
    """We pay what the provider says; the customer pays the published price."""
    model, members, outer, cost = STATED[name]
    customer = house.customer()
    provider.answer = answer(members, outer)
    options = {"include_usage": True}
    response = customer.ask(
        model, stream=streamed, **({"stream_options": options} if streamed else {})
    )
    assert response.status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == SOLD == 10 - customer.balance
    detail = audited(house, admin, record["id"])
    assert usd(detail["provider_cost"]) == usd(detail["stated_cost"]) == Decimal(cost)
    assert usd(detail["computed_cost"]) == COMPUTED
    assert usd(detail["profit"]) == SOLD - Decimal(cost)
    for secret in ("0029", "00298", "298"):
        assert secret not in response.text.replace(record["id"], "")
    assert '"cost":0.0036' in response.text.replace('"cost": ', '"cost":')
    shown = json.dumps(customer.call("GET", f"/usage/{record['id']}", 200))
    shown += customer.get(f"/generation?id={record['id']}").text
    assert "stated" not in shown
    assert "0.00298" not in shown


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_model_is_sold_by_cost(house, admin, provider, name, streamed):
    model, members, outer, cost = STATED[name]
    customer = house.customer()
    provider.answer = answer(members, outer)
    assert customer.ask(f"{model}-by-cost", stream=streamed).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == with_margin(cost) == 10 - customer.balance
    detail = customer.call("GET", f"/usage/{record['id']}", 200)["charge"]
    assert detail["by"] == "cost"
    assert detail["lines"] == []
    assert usd(detail["price"]) == usd(detail["charged"]) == with_margin(cost)
    exact = Fraction(detail["exact"])
    assert exact == Fraction(cost) * Fraction("1.2")
    assert exact + Fraction(detail["rounding"]) == Fraction(detail["price"])
    assert usd(audited(house, admin, record["id"])["provider_cost"]) == Decimal(cost)


def test_the_schedule_counts_where_nothing_is_stated(house, admin, provider):
    customer = house.customer()
    provider.answer = answer('"cost": null')
    assert customer.ask("router-by-cost").status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == SOLD
    detail = audited(house, admin, record["id"])
    assert detail["stated_cost"] is detail["computed_cost"] is None
    assert usd(detail["provider_cost"]) == COMPUTED
    assert detail["charge"]["by"] == "units"


def test_a_provider_that_is_not_to_be_believed(house, admin, provider):
    customer = house.customer()
    provider.answer = answer('"cost": 0.00298')
    assert customer.ask("silent").status_code == 200
    detail = audited(house, admin, customer.wait_for_record()["id"])
    assert detail["stated_cost"] is None
    assert usd(detail["provider_cost"]) == COMPUTED


def test_a_difference_alarms(house, admin, provider):
    """Once a minute, with both figures; a per cent is none."""
    customer = house.customer()
    provider.answer = answer('"cost": 0.00303')
    small = customer.ask("differs")
    provider.answer = answer('"cost": 0.0045')
    large = customer.ask("differs")
    again = customer.ask("differs")
    records = [customer.wait_for_record(3), *customer.records()[1:]]
    assert {usd(record["cost"]) for record in records} == {SOLD}
    wait_until(lambda: alarms(house, large, DIFFERS), 5, "the alarm")
    (alarm,) = alarms(house, large, DIFFERS)
    assert (alarm["stated_nusd"], alarm["computed_nusd"]) == (4500000, 3000000)
    assert (alarm["provider"], alarm["model"]) == ("router", "differs")
    assert not alarms(house, small, DIFFERS)
    assert not alarms(house, again, DIFFERS)
    assert usd(audited(house, admin, records[0]["id"])["provider_cost"]) == Decimal("0.0045")


@pytest.mark.parametrize(
    ("model", "cost"),
    [("absurd", "1000"), ("malformed", "-0.003"), ("malformed", '"free"'), ("malformed", "{}"),
     ("malformed", '0.003, "cost": 0.003')],
)  # fmt: skip
def test_what_cannot_be_true_is_not_believed(make_gateway, provider, model, cost):
    gateway = make_gateway(
        workers=1,
        prepare=lambda policies: (
            policies.provider("router", cost=OPENROUTER),
            policies.model(model, PRICE, providers=("router",), price_by="cost"),
        ),
    )
    customer = gateway.customer()
    provider.answer = answer(f'"cost": {cost}')
    response = customer.ask(model)
    assert response.status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == SOLD
    wait_until(lambda: alarms(gateway, response, UNBELIEVED), 5, "the alarm")
    explained = gateway.command("ledger", "explain", record["id"])
    assert explained.returncode == 0
    assert "stated" not in explained.stdout
    for secret in ("1000", "-0.003", "free"):
        assert f'"cost":{secret}' not in response.text.replace(" ", "")
    gateway.verify_ledger()


def test_nothing_is_free_by_accident(house, admin, provider):
    """A stated zero is posted and alarms, but a customer does not get the call for nothing."""
    customer = house.customer()
    provider.answer = answer('"cost": 0')
    response = customer.ask("router-by-cost")
    assert response.status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == SOLD
    wait_until(lambda: alarms(house, response, DIFFERS), 5, "the alarm")
    assert usd(audited(house, admin, record["id"])["provider_cost"]) == 0


def test_a_price_of_ours_that_is_zero(house, admin, provider):
    """Up to a cent is believed; the difference alarms."""
    customer = house.customer()
    provider.answer = answer('"cost": 0.00298')
    response = customer.ask("free")
    assert response.status_code == 200
    record = customer.wait_for_record()
    wait_until(lambda: alarms(house, response, DIFFERS), 5, "the alarm")
    detail = audited(house, admin, record["id"])
    assert usd(detail["cost"]) == 0
    assert usd(detail["profit"]) == Decimal("-0.00298")


def test_the_last_of_several_counts(house, admin, provider):
    """Perplexity states a cost in each chunk."""
    customer = house.customer()
    first, stop = said("hello world " * 30)
    usages = [f'"usage": {{{COUNTS}, "cost": {cost}}}' for cost in ("0", "0.001", "0.00298")]
    text = json.dumps([{"index": 0, "delta": {"content": "a"}}])
    provider.answer = answers.stream(
        [first, *(chunk(usage, text) for usage in usages), stop, answers.DONE])  # fmt: skip
    response = customer.ask("pieces", stream=True)
    record = customer.wait_for_record()
    assert usd(audited(house, admin, record["id"])["stated_cost"]) == Decimal("0.00298")
    for secret in ("0.001", "0.00298"):
        assert secret not in response.text


def test_a_cost_of_another_attempt_does_not_count(house, admin, provider):
    """What a failed attempt stated before it said anything is forgotten."""
    customer = house.customer()
    first = chunk(f'"usage": {{{COUNTS}, "cost_in_usd_ticks": 77000000}}')
    provider.then(answers.stream([first], ending="cut"))
    provider.answer = answer('"cost_in_usd_ticks": 1')
    assert customer.ask("two", stream=True).status_code == 200
    record = customer.wait_for_record()
    assert record["provider"] == "router"
    detail = audited(house, admin, record["id"])
    assert detail["stated_cost"] is None
    assert usd(detail["provider_cost"]) == COMPUTED


@pytest.mark.parametrize("stated", [True, False])
def test_a_cut_stream_is_charged_by_what_came(house, admin, provider, stated):
    """Its last cost never came; one from before the cut is not the whole."""
    customer = house.customer()
    text = said("hello world " * 30)[0]
    early = '"usage": {"prompt_tokens": 1000, "completion_tokens": 90, "cost": 0.0029}'
    events = [text, chunk(early if stated else '"x": 1'), text, text]
    provider.answer = answers.stream(events, ending="cut")
    customer.ask("router-by-cost", stream=True)
    record = customer.wait_for_record()
    assert record["usage_source"] == "partial"
    assert audited(house, admin, record["id"])["stated_cost"] is None


def test_what_request_and_model_do_not_allow_is_ours(house, admin, provider):
    """A count above them is no customer's, also where the cost decides."""
    customer = house.customer()
    provider.answer = answers.counted_as(
        "hello world " * 30,
        {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200, "cost": 0.004},
    )
    assert customer.ask("router-by-cost", max_tokens=100).status_code == 200
    record = customer.wait_for_record()
    assert usd(record["cost"]) == SOLD
    detail = audited(house, admin, record["id"])
    assert detail["charge"]["by"] == "units"
    assert usd(detail["provider_cost"]) == Decimal("0.004")


def test_a_charge_by_cost_stays_within_the_wallet(house, admin, provider):
    """The hold is the schedule's worst case; what is above it is taken as far as there is money."""
    customer = house.customer("0.005")
    provider.answer = answer('"cost": 0.1')
    assert customer.ask("router-by-cost", max_tokens=150).status_code == 200
    record = customer.wait_for_record()
    assert customer.balance == 0
    assert usd(record["cost"]) == Decimal("0.005")
    detail = audited(house, admin, record["id"])
    assert usd(detail["overrun"]) == with_margin("0.1") - Decimal("0.005")
    assert usd(detail["provider_cost"]) == Decimal("0.1")


def test_stated_costs_survive_a_crash(make_gateway, provider):
    """From the journal into the tables, at the next start."""
    gateway = make_gateway(
        prepare=lambda policies: (
            policies.provider("router", cost=OPENROUTER),
            policies.model("m", PRICE, providers=("router",), price_by="cost"),
        )
    )
    customer = gateway.customer()
    provider.answer = answer('"cost": 0.00298')
    response = customer.ask("m")
    assert response.status_code == 200
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    explained = gateway.command("ledger", "explain", response.headers["x-request-id"])
    assert explained.returncode == 0, explained.stdout
    assert f"  {'stated cost':16} 0.002980000\n" in explained.stdout
    assert 10 - customer.balance == with_margin("0.00298")
    gateway.verify_ledger()


def test_check_says_what_is_sold_by_cost(house):
    checked = house.command("check")
    assert checked.returncode == 0, checked.stderr
    assert "router-by-cost of router: sold by cost: " in checked.stdout
    assert "router of router: sold by cost" not in checked.stdout


MISTAKES = {
    "a name twice dotted": ('{ path = "usage..cost" }', 'cost.path: must be names of members'),
    "no path": ("{ unit = \"usd\" }", "cost.path: is missing"),
    "an unknown unit": ('{ path = "a", unit = "eur" }', "cost.unit: "),
    "an unknown member": ('{ path = "a", units = "usd" }', 'did you mean "unit"?'),
    "no first path": ('{ { path = "a", only_if = "b" } }', "cost[1]: must have no only_if"),
    "too many": ("{ " + '{ path = "a" }, ' * 5 + "}", "cost: must be at most 4 paths, not 5"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(make_gateway, name):
    cost, message = MISTAKES[name]
    gateway = make_gateway(start=False)
    gateway.policies.provider("odd", cost=Lua(cost))
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert "providers.lua:" in checked.stderr + checked.stdout
    assert message in checked.stderr + checked.stdout


def test_a_model_by_cost_needs_a_provider_that_states_one(make_gateway):
    gateway = make_gateway(start=False)
    gateway.policies.model("m", PRICE, price_by="cost")
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert 'price_by: is "cost", but no provider' in checked.stderr + checked.stdout


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_cost_that_is_repeated_very_often_stops_nothing(house, provider, streamed):
    """It is hidden at one go, however often it stands there: a provider that sends a megabyte of
    it neither holds up other customers nor ends the process."""
    members = ", ".join(['"cost": 7.77'] * 100_000)
    provider.answer = answer(members)
    customer = house.customer()
    response = customer.ask("router", stream=streamed)
    assert response.status_code == 200
    assert "7.77" not in response.text
    assert customer.wait_for_record()["cost"] is not None
