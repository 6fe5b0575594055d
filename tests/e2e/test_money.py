"""Prepaid: nobody spends what he has not got, and nobody is asked for more than it takes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import answers
import pytest
from answers import Chat, Usage
from errors import check_error
from prices import PRICES, SELL_PRICES, Price, charge, usd
from rawhttp import RawConnection, chat_bytes
from wait import wait_until

LONG = [{"role": "user", "content": "word " * 1000}]  # 1000 tokens or so
EXPENSIVE = Price("100", "1000")  # a dollar is 833 tokens of output, with margin


@pytest.mark.quick
def test_402(gateway, provider):
    customer = gateway.customer(credit="0.001")
    response = customer.ask(max_tokens=10_000)
    error = check_error(response, 402, "insufficient_credits", retry=False)
    assert error["type"] == "insufficient_quota"
    metadata = error["metadata"]
    assert usd(metadata["available"]) == Decimal("0.001")
    assert usd(metadata["required"]) >= charge("gpt-4o-mini", Usage(0, 10_000))
    assert metadata["topup_url"].startswith("http")
    affordable = metadata["affordable_max_tokens"]
    assert 0 < affordable < 1400
    assert provider.requests == []
    assert customer.ask(max_tokens=affordable).status_code == 200, "it says the truth"
    customer.wait_for_no_hold()
    assert customer.ask(max_tokens=affordable + 1).status_code == 402, "the whole truth"


def test_402_with_an_empty_wallet(gateway, provider):
    customer = gateway.customer(credit=None)
    error = check_error(customer.ask(stream=True), 402, "insufficient_credits", retry=False)
    assert usd(error["metadata"]["available"]) == 0
    assert error["metadata"]["affordable_max_tokens"] == 0
    assert provider.requests == []


def test_prompt_alone_is_too_dear(gateway, provider):
    customer = gateway.customer(credit="0.00001")
    error = check_error(customer.ask("gpt-4", messages=LONG), 402, "insufficient_credits")
    assert error["metadata"]["affordable_max_tokens"] == 0
    assert provider.requests == []


@pytest.mark.parametrize("streamed", [False, True])
def test_answer_is_capped_to_what_is_affordable(gateway, provider, streamed):
    """Without max_tokens: the upstream is asked for at most what the customer can pay."""
    customer = gateway.customer(credit="0.005")
    assert customer.ask(stream=streamed).status_code == 200
    sent = provider.last.json
    cap = sent["max_tokens"]
    assert 0 < charge("gpt-4o-mini", Usage(0, cap)) <= Decimal("0.005")
    assert cap > 6000, "0.005 USD is 6944 tokens of output"
    held = charge("gpt-4o-mini", Usage(100, cap))
    assert held <= Decimal("0.0051")


def test_cap_of_many_choices(gateway, provider):
    """n answers of the longest length must be affordable together."""
    customer = gateway.customer(credit="0.005")
    assert customer.ask(n=4).status_code == 200
    cap = provider.last.json["max_tokens"]
    assert charge("gpt-4o-mini", Usage(0, 4 * cap)) <= Decimal("0.005")
    assert cap > 1500


def test_no_cap_for_who_can_pay(customer, provider):
    assert customer.ask().status_code == 200
    assert "max_tokens" not in provider.last.json
    assert "max_completion_tokens" not in provider.last.json


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_limit_of_the_client_is_left_alone(gateway, provider, field):
    customer = gateway.customer(credit="0.005")
    assert customer.ask(**{field: 100}).status_code == 200
    assert provider.last.json[field] == 100
    error = check_error(customer.ask(**{field: 16000}), 402, "insufficient_credits")
    assert error["metadata"]["affordable_max_tokens"] < 7000


def test_both_limits(gateway, provider):
    """The hold covers the larger one, whichever the provider honours; or both are refused."""
    customer = gateway.customer(credit="0.005")
    for limits in ((10, 16000), (16000, 10)):
        fields = dict(zip(("max_tokens", "max_completion_tokens"), limits, strict=True))
        response = customer.ask(**fields)
        assert response.status_code in (400, 402)
        check_error(response, response.status_code)
    assert provider.requests == []


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-3.5-turbo"])
def test_hold_is_the_worst_case_at_the_output_price(gateway, provider, model):
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=Usage(20, 10)), gates={2: gate})
    stream = customer.openai().chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hi"}], stream=True, max_tokens=1000
    )
    wallet = customer.wallet()
    output = charge(model, Usage(0, 1000))
    assert output < usd(wallet["held"]) < output * 2
    assert usd(wallet["available"]) == usd(wallet["balance"]) - usd(wallet["held"])
    assert usd(wallet["balance"]) == 10
    gate.set()
    assert list(stream)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(model, Usage(20, 10))


@pytest.fixture
def dear(make_gateway):
    """A gateway whose model `dear` costs a dollar soon."""
    return make_gateway(prepare=lambda policies: policies.model("dear", EXPENSIVE))


def test_many_at_once_do_not_overdraw(dear, provider):
    """Of 40 calls at once, as many get through as the wallet holds; it never goes below zero."""
    customer = dear.customer(credit="3")
    provider.answer = answers.chat(usage=Usage(10, 200))
    each = charge(EXPENSIVE, Usage(10, 200))
    with ThreadPoolExecutor(20) as pool:
        asks = pool.map(lambda _: customer.ask("dear", max_tokens=200), range(40))
        codes = [response.status_code for response in asks]
    assert set(codes) == {200, 402}
    customer.wait_for_no_hold()
    assert customer.balance == 3 - codes.count(200) * each >= 0


def test_spent_to_the_last(dear, provider):
    customer = dear.customer(credit="1")
    provider.answer = answers.chat(usage=Usage(10, 100))
    while customer.ask("dear", max_tokens=100).status_code == 200:
        customer.wait_for_no_hold()
    assert 0 <= customer.balance < charge(EXPENSIVE, Usage(200, 100))
    customer.charge("1")
    assert customer.ask("dear", max_tokens=100).status_code == 200, "a charge counts at once"


# ---- budgets of keys ----


@pytest.mark.quick
def test_key_budget(dear, provider):
    customer = dear.customer(credit="100")
    customer.create_key(budget="0.4")
    provider.answer = answers.chat(usage=Usage(10, 200))
    codes = []
    while len(codes) < 10 and codes[-1:] != [402]:
        response = customer.ask("dear", max_tokens=200)
        codes.append(response.status_code)
        customer.wait_for_no_hold()
    assert codes == [200, 402]
    error = check_error(response, 402, "key_budget_exceeded", retry=False)
    metadata = error["metadata"]
    assert metadata["scope"] == "key"
    assert usd(metadata["limit"]) == Decimal("0.4")
    assert usd(metadata["spent"]) == charge(EXPENSIVE, Usage(10, 200))
    assert "resets_at" in metadata
    (shown,) = [key for key in customer.call("GET", "/keys", 200)["data"] if key["budget"]]
    assert shown["budget"] == "0.400000000"
    assert usd(shown["spent"]) == usd(metadata["spent"])
    customer.create_key()
    assert customer.ask("dear", max_tokens=200).status_code == 200, "another key"


def test_key_budget_caps_the_answer(gateway, provider):
    """As the wallet does, where the client asked for no limit."""
    customer = gateway.customer()
    customer.create_key(budget="0.001")
    assert customer.ask().status_code == 200
    cap = provider.last.json["max_tokens"]
    assert charge("gpt-4o-mini", Usage(0, cap)) <= Decimal("0.001")


def test_key_budget_of_nothing(gateway, provider):
    """Is no budget that is missing."""
    customer = gateway.customer()
    customer.create_key(budget="0")
    check_error(customer.ask(), 402, "key_budget_exceeded", retry=False)
    assert provider.requests == []


def test_key_budget_holds_at_once(dear, provider):
    """Calls at the same time do not spend it together."""
    customer = dear.customer(credit="100")
    customer.create_key(budget="1")
    provider.answer = answers.chat(usage=Usage(10, 200))
    with ThreadPoolExecutor(16) as pool:
        asks = pool.map(lambda _: customer.ask("dear", max_tokens=200), range(32))
        codes = [response.status_code for response in asks]
    customer.wait_for_no_hold()
    spent = 100 - customer.balance
    assert spent == codes.count(200) * charge(EXPENSIVE, Usage(10, 200)) <= 1


# ---- payments ----


def test_payments_off(make_gateway):
    gateway = make_gateway(payments="off")
    customer = gateway.customer(credit=None)
    response = customer.web.post("/balance/charge", json={"amount": "5"})
    check_error(response, 403, "payments_disabled", on_api=False)
    assert customer.balance == 0
    gateway.value_of("credit", customer.email, "2.5", "--reason", "a gift")
    wait_until(lambda: customer.balance == Decimal("2.5"), 5, "the credit")
    assert customer.ask(max_tokens=10).status_code == 200


def test_credit_of_the_operator_counts_at_once(gateway):
    """`llm-gateway credit` writes from another process: no call behind it is refused, however soon
    it comes; and who has no money is refused at once."""
    for customer in [gateway.customer(credit=None) for _ in range(8)]:
        assert customer.ask(max_tokens=10).status_code == 402
        gateway.value_of("credit", customer.email, "0.25")
        assert customer.ask(max_tokens=10).status_code == 200
        customer.wait_for_no_hold()
        assert customer.balance == Decimal("0.25") - charge("gpt-4o-mini", Usage())


@pytest.mark.parametrize("streamed", [False, True])
def test_a_client_leaves_while_its_hold_waits(gateway, provider, streamed):
    """Nothing was asked, nothing is charged, and what waited is not left behind."""
    customer = gateway.customer(credit=None)
    message = {"role": "user", "content": "Hello!"}
    body = json.dumps({"model": "gpt-4o-mini", "stream": streamed, "messages": [message]}).encode()
    for _ in range(20):
        with RawConnection(gateway.address) as connection:
            connection.send(chat_bytes(customer.key, body))
    gateway.value_of("credit", customer.email, "0.25")
    assert customer.ask(max_tokens=10).status_code == 200
    customer.wait_for_no_hold()
    assert len(provider.requests) == 1
    assert customer.balance == Decimal("0.25") - charge("gpt-4o-mini", Usage())


def test_the_price_table_of_the_test_is_whole():
    """Every model of the issue has its price in both tables of prices.py."""
    for model, (prompt, completion) in SELL_PRICES.items():
        assert Decimal(PRICES[model].input) * Decimal("1.2") == Decimal(prompt)
        assert Decimal(PRICES[model].output) * Decimal("1.2") == Decimal(completion)


def test_file_is_held_at_the_whole_context(gateway, provider):
    """Nobody knows how many tokens a file is."""
    customer = gateway.customer(credit="0.01")
    content = [{"type": "file", "file": {"filename": "file-1"}}]
    messages = [{"role": "user", "content": content}]
    response = customer.ask("gpt-4o", messages=messages, max_tokens=10)
    check_error(response, 402, "insufficient_credits", retry=False)
    assert not provider.requests
