"""`models` in a request, as OpenRouter's clients send it: the next model is asked where the one
before does not answer, and everything is of the one that does."""

import json
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from answers import Usage, error
from customer import QUESTION
from errors import check_error
from fake_provider import Gate
from gateway import Gateway
from policies import Lua
from prices import Price, charge, usd
from wait import wait_until

CHEAP, DEAR = Price("0.15", "0.60"), Price("3", "12")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
DOWN = error(500, "no", None, "server_error")


def prepare(policies) -> None:
    policies.write("examples", "return {}\n")
    policies.provider("fake")
    policies.provider("claude", dialect="anthropic")
    for name, price in (("one", CHEAP), ("two", DEAR), ("three", CHEAP), ("four", CHEAP)):
        candidate = {"provider": "fake", "model": f"at-{name}"}
        policies.model(name, price, candidates=[candidate])
    for name, price, capabilities in (
        ("chatty", Price("1", "10"), []),
        ("thinks", Price("1", "9"), ["reasoning"]),
    ):
        candidate = {"provider": "fake", "model": f"at-{name}"}
        policies.model(name, price, candidates=[candidate], capabilities=capabilities,
                       max_output=50000)  # fmt: skip
    policies.model("unset", CHEAP, providers=("empty",))
    policies.provider("empty", api_key=Lua('env("GW_NO_SUCH_KEY")'))
    policies.model("translated", DEAR, candidates=[{"provider": "claude", "model": "at-claude"}])
    pair = [{"provider": "fake", "model": name} for name in ("at-pair", "at-pair-2")]
    policies.model("pair", CHEAP, candidates=pair)
    policies.model("pictures", CHEAP, providers=("fake",), endpoints=["images"])


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("models"), shared_provider, {})
    prepare(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider):
    provider.answer = GOOD
    return house.customer()


def asked(provider) -> list[str]:
    for request in provider.requests:
        assert not {"models", "route", "provider"} & set(request.json), request.json
    names = [request.model.removeprefix("at-") for request in provider.requests]
    provider.requests.clear()
    return names


def ask(customer, **members):
    return customer.post({"messages": list(QUESTION), **members})


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_model_answers(customer, provider, stream):
    """The charge, the record and the name in the answer are its own."""
    provider.script("at-one", DOWN)
    response = ask(customer, model="one", models=["two", "three"], route="fallback", stream=stream)
    assert response.status_code == 200, response.text
    assert asked(provider) == ["one", "two"]
    assert b'"model":"two"' in response.content.replace(b": ", b":")
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(DEAR, USAGE)
    record = customer.wait_for_record()
    assert (record["model"], record["attempts"]) == ("two", 2)


@pytest.mark.parametrize(
    ("members", "who"),
    [
        ({"models": ["two", "one"]}, "two"),
        ({"models": ["one"]}, "one"),
        ({"models": [], "model": "one"}, "one"),
        ({"models": None, "model": "one", "route": None}, "one"),
        ({"model": "one", "models": ["two"]}, "one"),
        ({"model": "one", "models": ["one", "one"]}, "one"),
        ({"models": ["unset", "one"]}, "one"),
    ],
)
def test_the_first_that_can(customer, provider, members, who):
    body = json.dumps({**members, "messages": list(QUESTION)}).encode()
    response = customer.post(body)
    assert response.status_code == 200, response.text
    assert asked(provider) == [who]
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(DEAR if who == "two" else CHEAP, USAGE)
    assert customer.wait_for_record()["model"] == who


def test_all_fail(customer, provider):
    provider.answer = DOWN
    response = ask(customer, models=["one", "two", "three"])
    check_error(response, 502, "provider_unavailable")
    assert asked(provider) == ["one", "two", "three"]
    customer.wait_for_no_hold()
    assert customer.balance == 10


REFUSALS = {
    "too long": error(400, "This model's maximum context length is 8192 tokens.",
                      "context_length_exceeded", "invalid_request_error"),
    "filtered": error(400, "Your prompt was flagged.", "content_policy_violation",
                      "invalid_request_error"),
    "no such member": error(400, "no such tool", "invalid_value", "invalid_request_error"),
    "too large": error(413, "too large", None, "request_too_large"),
    "unprocessable": error(422, "no", None, "invalid_request_error"),
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refused_request_goes_to_the_next_model(house, customer, provider, kind, stream):
    """As at OpenRouter, whose documentation names length and filters: asked once of each model, and
    only the answer is paid."""
    provider.script("at-one", REFUSALS[kind])
    response = ask(customer, models=["one", "two", "three"], stream=stream)
    assert response.status_code == 200, response.text
    assert asked(provider) == ["one", "two"]
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(DEAR, USAGE)
    record = customer.wait_for_record()
    assert (record["model"], record["attempts"]) == ("two", 2)


def test_what_all_models_refuse(customer, provider):
    """The client reads what the last one said; nothing is charged."""
    for name in ("one", "two", "three"):
        refusal = error(400, f"not of {name}", "invalid_value", "invalid_request_error")
        provider.script(f"at-{name}", refusal)
    response = ask(customer, models=["one", "two", "three"])
    assert response.status_code == 400
    assert "not of three" in response.json()["error"]["message"]
    assert asked(provider) == ["one", "two", "three"]
    customer.wait_for_no_hold()
    assert customer.balance == 10


def test_a_refusal_is_asked_of_no_other_candidate(customer, provider):
    """Two candidates of one model are the same model: the second one would say the same."""
    refusal = error(400, "too long", "context_length_exceeded", "invalid_request_error")
    provider.script("at-pair", refusal)
    provider.script("at-pair-2", refusal)
    assert ask(customer, models=["pair", "two"]).status_code == 200
    assert asked(provider) == ["pair", "two"]
    assert ask(customer, model="pair").status_code == 400
    assert asked(provider) == ["pair"]


def test_a_member_that_cannot_be_carried_goes_to_the_next_model(customer, provider):
    """The gateway itself refuses it for that model: its provider is not asked."""
    wish = {"models": ["translated", "one"], "logit_bias": {"50256": -100}}
    response = ask(customer, **wish)
    assert response.status_code == 200, response.text
    assert asked(provider) == ["one"]
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(CHEAP, USAGE)


def test_a_translated_model_answers(customer, provider):
    """Of another dialect, whose copy has no such members either."""
    provider.script("at-one", DOWN)
    provider.script("at-claude", error(500, "no", None, "api_error"))
    response = ask(customer, models=["one", "translated", "three"])
    assert response.status_code == 200, response.text
    assert asked(provider) == ["one", "claude", "three"]


def test_the_dearest_is_held(house, provider):
    """Who cannot pay the dearest is refused before anybody is asked."""
    customer = house.customer("0.0010")
    ask_both = {"models": ["one", "two"], "max_tokens": 400}
    check_error(ask(customer, **ask_both), 402, "insufficient_credits")
    assert asked(provider) == []
    provider.answer = GOOD
    assert ask(customer, models=["one", "three"], max_tokens=400).status_code == 200


def test_a_model_that_streams_no_thoughts_is_held_whole(house, provider):
    """A stream of the first holds a piece after the other; the next one needs all at once, which
    the wallet has not."""
    provider.script("at-chatty", DOWN)
    customer = house.customer("0.05")
    wish = {"models": ["chatty", "thinks"], "stream": True, "max_tokens": 40_000}
    check_error(ask(customer, **wish), 402, "insufficient_credits")
    assert asked(provider) == ["chatty"]
    customer.wait_for_no_hold()
    rich = house.customer("10")
    assert ask(rich, **wish).status_code == 200
    assert asked(provider) == ["chatty", "thinks"]


BAD = {
    "no list": ({"model": "one", "models": "two"}, 400, "invalid_value"),
    "no names": ({"model": "one", "models": [1]}, 400, "invalid_value"),
    "too many": ({"model": "one", "models": ["two", "three", "four", "unset"]}, 400,
                 "invalid_value"),
    "unknown": ({"model": "one", "models": ["nothing-like-it"]}, 404, "model_not_found"),
    "elsewhere": ({"model": "one", "models": ["pictures"]}, 404, "wrong_endpoint"),
    "another route": ({"models": ["one"], "route": "sideways"}, 400, "invalid_value"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_had(customer, provider, kind):
    members, status, code = BAD[kind]
    check_error(ask(customer, **members), status, code)
    assert asked(provider) == []
    assert customer.balance == 10


def test_a_key_gets_no_further_models(house, customer, provider):
    customer.create_key(models=["one"])
    assert ask(customer, model="one").status_code == 200
    asked(provider)
    check_error(ask(customer, model="one", models=["two"]), 403, "model_not_allowed")
    assert asked(provider) == []


def test_an_estimate_is_of_one_model(customer):
    response = customer.post({"models": ["one", "two"], "messages": list(QUESTION)}, "/estimate")
    check_error(response, 400, "invalid_value")


def test_where_it_is_not_granted(make_gateway, provider):
    def prepare_strict(policies):
        prepare(policies)
        policies.write("routes", 'return { wishes = { "sort" } }\n')

    gateway = make_gateway(prepare=prepare_strict)
    customer = gateway.customer()
    provider.answer = GOOD
    error = check_error(ask(customer, models=["one", "two"]), 400, "invalid_value")
    assert error["param"] == "models"
    assert ask(customer, models=["one"]).status_code == 200


def test_each_model_s_own_rates_bound_the_hold(house, provider):
    """How many tokens a text has is learned of each model: the first one's says nothing of the
    next."""
    text = [{"role": "user", "content": "some words of it " * 200}]
    customer = house.customer("100")
    provider.script("at-four", answers.chat(usage=Usage(400, 10)))
    provider.script("at-two", answers.chat(usage=Usage(3000, 10)))
    for model in ("four", "two"):
        for _ in range(30):
            assert customer.post({"model": model, "messages": text}).status_code == 200
    customer.wait_for_no_hold()

    def held(**members) -> str:
        with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:
            for model in ("at-four", "at-two"):
                provider.script(model, answers.behind(gate, GOOD))
            call = pool.submit(
                customer.post, {"messages": text, "max_tokens": 10, **members}, timeout=30
            )
            wait_until(lambda: usd(customer.wallet()["held"]) > 0, 10, "a hold")
            amount = customer.wallet()["held"]
            gate.set()
            assert call.result().status_code == 200
        customer.wait_for_no_hold()
        return amount

    assert held(models=["four", "two"]) == held(model="two")
