"""`provider` in a request, as OpenRouter's clients send it: who answers is the client's to choose,
as far as the operator grants it, at the price of the one that answers; and no provider sees it."""

import json

import answers
import pytest
from answers import Usage, error
from customer import QUESTION
from dialect_answers import anthropic_body
from endpoint_calls import CALLS, model_of, sell
from errors import check_error
from gateway import Gateway
from openai import BadRequestError, NotFoundError
from prices import Price, charge, usd

CHEAP, DEAR = Price("0.15", "0.60"), Price("0.30", "1.20")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
DOWN = error(500, "no", None, "server_error")


def candidate(name: str, price: Price, **members) -> dict:
    """The provider's own name of the model tells who was asked."""
    prices = {"input": price.input, "output": price.output}
    return {"provider": name, "model": f"at-{name}", **prices, **members}


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    for name in ("alpha", "beta", "gamma"):
        policies.provider(name)
    policies.provider("claude", dialect="anthropic")
    alpha, beta = candidate("alpha", DEAR), candidate("beta", CHEAP)
    own = {"price_by": "candidate"}
    policies.model("pair", DEAR, candidates=[alpha, beta], **own)
    policies.model("shared", DEAR, candidates=[alpha | {"weight": 0}, beta], sort="weight", **own)
    policies.model("one-price", CHEAP, candidates=[
        candidate("beta", CHEAP), candidate("alpha", DEAR, allow_loss=True),
        candidate("gamma", CHEAP)])  # fmt: skip
    policies.model("fee", CHEAP, providers=("alpha",), request="0.01")
    policies.model("translated", CHEAP, candidates=[candidate("claude", CHEAP)])
    sell(policies)


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("wishes"), shared_provider, {})
    prepare(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.answer = GOOD
    return house.customer()


def ask(customer, model: str = "pair", **wishes):
    return customer.openai().chat.completions.create(
        model=model, messages=list(QUESTION), extra_body={"provider": wishes}
    )


def asked(provider) -> list[str]:
    """Who was asked since the last time, in order."""
    names = [request.model.removeprefix("at-") for request in provider.requests]
    assert all("provider" not in request.json for request in provider.requests)
    provider.requests.clear()
    return names


def refused(kind, customer, model: str = "pair", **wishes) -> dict:
    with pytest.raises(kind) as caught:
        ask(customer, model, **wishes)
    customer.wait_for_no_hold()
    assert customer.balance == 10
    return caught.value.body


# ---- by name ----


@pytest.mark.parametrize(
    ("wishes", "who"),
    [
        ({}, "alpha"),
        ({"order": ["beta"]}, "beta"),
        ({"order": ["Beta", "alpha"]}, "beta"),  # OpenRouter's slugs are small, its names are not
        ({"order": ["unknown", "beta"]}, "beta"),
        ({"order": ["unknown"]}, "alpha"),
        ({"only": ["beta"]}, "beta"),
        ({"ignore": ["alpha"]}, "beta"),
        ({"ignore": ["unknown"], "only": [], "order": None}, "alpha"),
        ({"sort": "price"}, "beta"),
        ({"sort": {"by": "price", "partition": "none"}}, "beta"),
        ({"sort": "price", "order": ["alpha"]}, "alpha"),
        ({"max_price": {"prompt": 0.18, "completion": "0.72"}}, "beta"),
        ({"max_price": {"completion": 1.44}}, "alpha"),
        ({"allow_fallbacks": True, "require_parameters": True}, "alpha"),
        ({"data_collection": "allow", "zdr": False, "quantizations": []}, "alpha"),
        ({"preferred_max_latency": {"p50": 1}, "preferred_min_throughput": 9}, "alpha"),
    ],
)
def test_who_answers_and_what_it_costs(house, customer, provider, wishes, who):
    answer = ask(customer, **wishes)
    assert asked(provider) == [who]
    assert answer.model == "pair"
    customer.wait_for_no_hold()
    cost = charge(DEAR if who == "alpha" else CHEAP, USAGE)
    assert 10 - customer.balance == cost
    assert usd(answer.usage.cost) == cost


def test_the_next_is_asked(customer, provider):
    provider.script("at-beta", DOWN)
    ask(customer, order=["beta"])
    assert asked(provider) == ["beta", "alpha"]


def test_the_operator_s_order_stays(customer, provider):
    for _ in range(3):
        ask(customer, "shared", ignore=["gamma"])
    assert set(asked(provider)) == {"beta"}


@pytest.mark.parametrize(
    ("wishes", "who"),
    [
        ({"allow_fallbacks": False}, ["alpha"]),
        ({"allow_fallbacks": False, "sort": "price"}, ["beta"]),
        ({"allow_fallbacks": False, "sort": "latency"}, ["alpha"]),
        ({"allow_fallbacks": False, "order": ["beta"]}, ["beta"]),
        ({"allow_fallbacks": False, "order": ["beta", "alpha"]}, ["beta", "alpha"]),
        ({"only": ["alpha"]}, ["alpha"]),
    ],
)
def test_no_other_is_asked(house, provider, wishes, who):
    customer = house.customer()
    provider.script("at-alpha", DOWN)
    provider.script("at-beta", DOWN)
    if wishes.get("sort") == "latency":
        wishes = wishes | {"only": ["alpha"]}
    response = customer.ask("pair", provider=wishes)
    assert response.status_code == 502
    assert asked(provider) == who
    customer.wait_for_no_hold()
    assert customer.balance == 10


async def slowly(connection, request) -> None:
    await connection.pause(0.2)
    await GOOD(connection, request)


@pytest.mark.parametrize("word", ["latency", "throughput"])
def test_the_quickest(make_gateway, provider, word):
    customer = make_gateway(prepare=prepare).customer()
    provider.script("at-alpha", slowly)
    provider.script("at-beta", GOOD)
    for name in ("alpha", "beta"):
        ask(customer, only=[name])
    asked(provider)
    for _ in range(3):
        ask(customer, sort=word)
    assert asked(provider) == ["beta"] * 3


# ---- what leaves nobody ----


@pytest.mark.parametrize(
    ("model", "wishes", "said"),
    [
        ("pair", {"only": ["gamma"]}, "which has alpha, beta"),
        ("pair", {"ignore": ["alpha", "beta"]}, "which has alpha, beta"),
        ("pair", {"order": ["gamma"], "allow_fallbacks": False}, "which has alpha, beta"),
        ("pair", {"max_price": {"prompt": "0.179999999"}}, "max_price' is below"),
        ("fee", {"max_price": {"request": 0.0119}}, "max_price' is below"),
        ("one-price", {"only": ["alpha"]}, "only where others fail"),
    ],
)
def test_nobody_is_left(customer, provider, model, wishes, said):
    body = refused(NotFoundError, customer, model, **wishes)
    assert (body["code"], body["param"]) == ("no_provider_left", "provider")
    assert said in body["message"]
    assert asked(provider) == []


def test_what_it_costs_is_enough(customer, provider):
    ask(customer, "fee", max_price={"request": 0.012, "prompt": 1, "image": 0})
    assert len(provider.requests) == 1


@pytest.mark.parametrize("wishes", [{"order": ["alpha"]}, {"ignore": ["beta"]},
                                    {"sort": "price", "ignore": ["beta"]}])  # fmt: skip
def test_nobody_chooses_the_operator_s_loss(customer, provider, wishes):
    """Who may be asked at a loss is asked where others fail, not where a client prefers it."""
    ask(customer, "one-price", **wishes)
    assert "alpha" not in asked(provider)


def test_a_loss_where_others_fail(customer, provider):
    provider.script("at-beta", DOWN)
    ask(customer, "one-price")
    assert asked(provider) == ["beta", "alpha"]


# ---- what is no wish ----


@pytest.mark.parametrize(
    ("wishes", "param"),
    [
        ({"odrer": ["alpha"]}, "odrer"),
        ({"options": {"alpha": {}}}, "options"),
        ({"order": "alpha"}, "order"),
        ({"order": ["a"] * 33}, "order"),
        ({"only": [1]}, "only"),
        ({"ignore": ["a" * 129]}, "ignore"),
        ({"allow_fallbacks": "no"}, "allow_fallbacks"),
        ({"sort": "cheap"}, "sort"),
        ({"sort": {"by": 1}}, "sort.by"),
        ({"sort": {"on": "price"}}, "sort.on"),
        ({"max_price": 1}, "max_price"),
        ({"max_price": {"prompt": -1}}, "max_price.prompt"),
        ({"max_price": {"prompt": "cheap"}}, "max_price.prompt"),
        ({"max_price": {"audio": 1}}, "max_price.audio"),
        ({"data_collection": "deny"}, "data_collection"),
        ({"zdr": True}, "zdr"),
        ({"enforce_distillable_text": True}, "enforce_distillable_text"),
        ({"quantizations": ["fp8"]}, "quantizations"),
    ],
)
def test_what_is_refused(customer, provider, wishes, param):
    body = refused(BadRequestError, customer, **wishes)
    assert body["param"].endswith(param)
    assert "provider" in body["message"]
    assert asked(provider) == []


@pytest.mark.parametrize(
    "text",
    [
        b'"alpha"',
        b"[]",
        b'{"only":["alpha"],"only":["beta"]}',
        b'{"only":["alpha"],"on\\u006cy":["beta"]}',
        b'{"only":["' + b"a" * 4096 + b'"]}',
        b'{},"provider":{}',
        b'{},"Provider":{}',
    ],
)
def test_forms_that_are_refused(customer, provider, text):
    body = b'{"model":"pair","messages":[{"role":"user","content":"a"}],"provider":' + text + b"}"
    response = customer.post(body)
    check_error(response, 400)
    assert provider.requests == []


# ---- what the operator grants ----


def granting(make_gateway, granted, **settings):
    def prepare_routes(policies):
        prepare(policies)
        policies.write("routes", f"return {{ wishes = {lua(granted)} }}\n")

    return make_gateway(prepare=prepare_routes, **settings).customer()


def lua(value) -> str:
    if isinstance(value, list):
        return "{ " + ", ".join(f'"{word}"' for word in value) + " }"
    return {None: "nil", True: "true", False: "false"}[value]


@pytest.mark.parametrize(
    ("shown", "granted", "refuses"),
    [
        ("yes", None, ""),
        ("no", None, "order only ignore"),
        ("no", True, ""),
        ("yes", False, "order only ignore allow_fallbacks sort max_price"),
        ("no", ["only", "sort"], "order ignore allow_fallbacks max_price"),
    ],
)
def test_what_is_granted(make_gateway, provider, shown, granted, refuses):
    customer = granting(make_gateway, granted, show_providers=shown)
    provider.answer = GOOD
    wishes = {"order": ["beta"], "only": ["beta"], "ignore": ["alpha"], "allow_fallbacks": False,
              "sort": "price", "max_price": {"prompt": 1}}  # fmt: skip
    for name, wish in wishes.items():
        response = customer.ask("pair", provider={name: wish})
        assert response.status_code == (400 if name in refuses.split() else 200), name
        if response.status_code == 400:
            assert "is not granted here" in check_error(response, 400)["message"]
        assert "alpha" not in response.text
    assert customer.ask("pair", provider={"allow_fallbacks": True}).status_code == 200


def test_hidden_names_stay_hidden(make_gateway):
    customer = granting(make_gateway, granted=True, show_providers="no")
    response = customer.ask("pair", provider={"only": ["gamma"]})
    assert "alpha" not in check_error(response, 404)["message"]


# ---- no provider sees it ----

WISH = '"provider":{"ignore":["nobody"],"sort":{"by":"price"}}'
MODEL, TEXT = '"model":"pair"', '"messages":[{"role":"user","content":"a"}]'
INCLUDED = '"usage":{"include":true}'


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"{{{WISH},{MODEL},{TEXT}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{MODEL},{WISH},{TEXT}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{MODEL},{TEXT},{WISH}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{ {WISH} , {MODEL} , {TEXT} }}", f"{{ {MODEL} , {TEXT} }}"),
        (f"{{ {MODEL} ,\n {WISH} ,\t{TEXT} }}", f"{{ {MODEL}  ,\t{TEXT} }}"),
        (f"{{ {MODEL} , {TEXT} , {WISH} }}", f"{{ {MODEL} , {TEXT}  }}"),
        (f"{{{WISH},{INCLUDED},{MODEL},{TEXT}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{INCLUDED},{WISH},{MODEL},{TEXT}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{MODEL},{TEXT},{WISH},{INCLUDED}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{MODEL},{TEXT},{INCLUDED},{WISH}}}", f"{{{MODEL},{TEXT}}}"),
        (f"{{{INCLUDED},{MODEL},{TEXT},{WISH}}}", f"{{{MODEL},{TEXT}}}"),
        (f'{{{MODEL},"provider":null,{TEXT}}}', f"{{{MODEL},{TEXT}}}"),
        (f'{{{MODEL},"p\\u0072ovider":{{}},{TEXT}}}', f"{{{MODEL},{TEXT}}}"),
    ],
)
def test_the_rest_arrives_as_it_was_sent(customer, provider, body, kept):
    assert customer.post(body.encode()).status_code == 200
    sent = provider.requests[-1].body.decode()
    assert sent.replace('"at-beta"', '"pair"').replace('"at-alpha"', '"pair"') == kept


SENT_AS_JSON = [name for name, call in CALLS.items()
                if isinstance(call.body, dict) and "{model}" not in call.path]  # fmt: skip


@pytest.mark.parametrize("name", SENT_AS_JSON)
def test_at_every_endpoint(house, provider, name):
    call = CALLS[name]
    provider.answer = call.answer(call.used)
    customer = house.customer()
    wished = call.body | {"provider": {"only": [call.provider]}}
    response = customer.post({"model": model_of(name)} | wished, call.path, headers=call.headers)
    assert response.status_code == 200, response.text
    assert "provider" not in provider.requests[-1].json
    nobody = call.body | {"provider": {"only": ["nobody"]}}
    response = customer.post({"model": model_of(name)} | nobody, call.path, headers=call.headers)
    assert response.status_code == 404, response.text


def test_a_translation_leaves_it_out(house, provider):
    told = {"parts": [("text", "Hi")], "usage": (20, 0, 10, 0), "ended": "stop"}
    provider.answer = answers.reply(200, json.dumps(anthropic_body(told)).encode())
    response = house.customer().ask("translated", max_tokens=9, provider={"only": ["claude"]})
    assert response.status_code == 200, response.text
    assert "provider" not in provider.requests[-1].json


# ---- what it would cost ----


def test_an_estimate_by_the_wish(customer):
    costs = []
    for name in ("alpha", "beta"):
        body = {"model": "pair", "messages": list(QUESTION), "provider": {"only": [name]}}
        response = customer.post(body, "/estimate")
        assert response.status_code == 200, response.text
        costs.append(usd(response.json()["max_cost_exact"]))
    assert costs[0] == 2 * costs[1]
