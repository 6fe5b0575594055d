"""Automatic top-ups: a kept card is charged when the balance gets low, once each time."""

import threading

import pytest
from customer import Customer
from errors import check_error
from prices import usd
from stripe_server import deliver
from test_admin_api import make_admin
from wait import wait_until


def make_buyer(paid_house, stripe) -> Customer:
    """Has paid 10 with a card that is kept."""
    buyer = Customer(paid_house)
    buyer.user_id = buyer.sign_up()["user"]["id"]
    body = {"amount": "10", "save_card": True}
    payment = buyer.call("POST", "/balance/charge", 201, json=body)
    deliver(paid_house, stripe.complete(payment), *stripe.kept_card(payment))
    assert buyer.call("GET", "/payment-options", 200)["card"] == "visa 4242"
    return buyer


@pytest.fixture
def buyer(paid_house, stripe):
    return make_buyer(paid_house, stripe)


def wish(buyer, status: int = 200, **changes) -> dict:
    body = {"threshold": "5", "amount": "20", "month_max": "50", "currency": "usd"} | changes
    return buyer.call("PUT", "/payment-automatic", status, json=body)


def spend(paid_house, buyer, amount: str) -> None:
    body = {"user_id": buyer.user_id, "amount": amount, "reason": "spent"}
    make_admin(paid_house).call("POST", "/admin/debits", 201, json=body)


def intents(stripe) -> list:
    return [asked for asked in stripe.asked if asked.path == "/v1/payment_intents"]


def newest(stripe) -> dict:
    return list(stripe.intents.values())[-1]


def wait_for_a_look(paid_house, stripe) -> None:
    """Another customer's card is charged, so the ledger thread has looked for all that is due."""
    other = make_buyer(paid_house, stripe)
    wish(other)
    spend(paid_house, other, "9")
    wait_until(lambda: asked_for(stripe, other))


def asked_for(stripe, buyer) -> list:
    return [asked for asked in intents(stripe) if asked.form["receipt_email"] == buyer.email]


def automatic(buyer) -> list[dict]:
    return [p for p in buyer.call("GET", "/payments", 200)["data"] if p["origin"] == "automatic"]


def look(buyer) -> dict:
    return buyer.call("GET", "/payment-options", 200)["automatic"]


@pytest.mark.quick
def test_a_low_balance_charges_the_kept_card(paid_house, stripe, buyer):
    seen = wish(buyer)
    assert (usd(seen["threshold"]), seen["amount"], seen["month_max"]) == (5, "20.00", "50.00")
    spend(paid_house, buyer, "5")  # not below it
    spend(paid_house, buyer, "0.01")
    wait_until(lambda: intents(stripe))
    payment = wait_until(lambda: automatic(buyer))[0]
    asked = intents(stripe)[0]
    assert asked.form == {
        "amount": "2000",
        "currency": "usd",
        "customer": next(iter(stripe.sessions.values()))["customer"],
        "payment_method": "pm_1",
        "off_session": "true",
        "confirm": "true",
        "description": "Credits",
        "receipt_email": buyer.email,
        "metadata[origin]": "automatic",
        "metadata[payment]": payment["id"],
    }
    assert asked.headers["idempotency-key"] == payment["id"]
    assert payment["state"] == "open"
    deliver(paid_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("24.99")
    assert [p["state"] for p in automatic(buyer)] == ["paid"]
    assert len(intents(stripe)) == 1


def test_there_is_never_a_second_one_under_way(paid_house, stripe, buyer):
    wish(buyer, month_max="1000")
    spend(paid_house, buyer, "9")
    wait_until(lambda: intents(stripe))
    spend(paid_house, buyer, "0.5")
    wait_for_a_look(paid_house, stripe)
    assert len(automatic(buyer)) == len(asked_for(stripe, buyer)) == 1


def test_the_most_of_a_month(paid_house, stripe, buyer):
    wish(buyer)
    spend(paid_house, buyer, "6")
    for number in (1, 2):
        wait_until(lambda number=number: len(intents(stripe)) == number)
        deliver(paid_house, stripe.event("payment_intent.succeeded", newest(stripe)))
        spend(paid_house, buyer, "20")
    wait_for_a_look(paid_house, stripe)
    assert len(asked_for(stripe, buyer)) == 2
    assert look(buyer)["paused"] is None
    wish(buyer, month_max="60")
    wait_until(lambda: len(asked_for(stripe, buyer)) == 3)


def test_a_card_that_is_refused_is_not_tried_again(paid_house, stripe, buyer):
    refusal = {"error": {"type": "card_error", "message": "Your card was declined."}}
    stripe.answer = lambda asked: (402, refusal) if "intents" in asked.path else None
    wish(buyer)
    spend(paid_house, buyer, "9")
    wait_until(lambda: look(buyer)["paused"])
    assert "declined" in look(buyer)["paused"]
    assert [p["state"] for p in automatic(buyer)] == ["failed"]
    stripe.answer = lambda _: None
    wait_for_a_look(paid_house, stripe)
    assert len(asked_for(stripe, buyer)) == 1
    wish(buyer)  # the customer has looked
    wait_until(lambda: len(asked_for(stripe, buyer)) == 2)
    keys = {asked.headers["idempotency-key"] for asked in asked_for(stripe, buyer)}
    assert len(keys) == 2


def test_a_refusal_that_is_told_by_event(paid_house, stripe, buyer):
    wish(buyer)
    spend(paid_house, buyer, "9")
    wait_until(lambda: automatic(buyer) and stripe.intents)
    failed = newest(stripe) | {"last_payment_error": {"message": "The bank says no."}}
    deliver(paid_house, stripe.event("payment_intent.payment_failed", failed))
    assert look(buyer)["paused"] == "The bank says no."
    assert [(p["state"], p["failure"]) for p in automatic(buyer)] == [
        ("failed", "The bank says no.")
    ]


WORDS = {
    "empty": "",
    "blank": " ",
    "long": "The bank says no. " * 20,
    "cut in a letter": "x은행이 거절했습니다" * 20,
    "none": None,
    "a number": 1,
    "a list": [],
}


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("told", ["by event", "at once"])
def test_a_refusal_pauses_whatever_its_words(paid_house, stripe, buyer, words, told):
    """Or the card would be charged again and again, or never again."""
    error = {"message": WORDS[words]}
    if told == "at once":
        stripe.answer = lambda asked: (402, {"error": error}) if "intents" in asked.path else None
    wish(buyer)
    spend(paid_house, buyer, "9")
    if told == "by event":
        wait_until(lambda: automatic(buyer) and stripe.intents)
        failed = newest(stripe) | {"last_payment_error": error}
        deliver(paid_house, stripe.event("payment_intent.payment_failed", failed))
    why = wait_until(lambda: look(buyer)["paused"])
    assert why.strip()
    [payment] = automatic(buyer)
    assert (payment["state"], payment["failure"]) == ("failed", why)
    wait_for_a_look(paid_house, stripe)
    assert len(automatic(buyer)) == 1


def test_a_payment_service_that_is_down_is_asked_again_for_the_same(paid_house, stripe, buyer):
    stripe.answer = lambda asked: (503, {}) if "intents" in asked.path else None
    wish(buyer)
    spend(paid_house, buyer, "9")
    wait_until(lambda: len(intents(stripe)) >= 2, 20)
    stripe.answer = lambda _: None
    wait_until(lambda: stripe.intents, 30)
    keys = {asked.headers["idempotency-key"] for asked in intents(stripe)}
    assert keys == {automatic(buyer)[0]["id"]}


def test_a_kill_in_between_charges_once(paid_house, stripe, buyer):
    wish(buyer)
    killed = threading.Event()

    def kill(asked):
        if "intents" not in asked.path or killed.is_set():
            return None
        paid_house.kill()
        killed.set()
        return 503, {}

    stripe.answer = kill
    spend(paid_house, buyer, "9")
    assert killed.wait(20)
    paid_house.start()
    buyer.web.base_url = paid_house.origin + "/api"
    wait_until(lambda: stripe.intents, 20)
    wait_for_a_look(paid_house, stripe)
    keys = [asked.headers["idempotency-key"] for asked in asked_for(stripe, buyer)]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    mine = [i for i in stripe.intents.values() if i["metadata"]["payment"] == keys[0]]
    assert len(mine) == 1
    deliver(paid_house, stripe.event("payment_intent.succeeded", mine[0]))
    assert buyer.balance == usd("21")


def test_what_is_wished_must_make_sense(paid_house, buyer):
    for changes in (
        {"month_max": "19"},
        {"threshold": "0"},
        {"threshold": "-1"},
        {"amount": "4"},
        {"currency": "eur"},
        {"month_max": None},
    ):
        body = {"threshold": "5", "amount": "20", "month_max": "50", "currency": "usd"} | changes
        response = buyer.web.put("/payment-automatic", json=body)
        check_error(response, 400, on_api=False)
    stranger = Customer(paid_house)
    stranger.sign_up()
    body = {"threshold": "5", "amount": "20", "month_max": "50"}
    check_error(stranger.web.put("/payment-automatic", json=body), 409, "no_card", on_api=False)


def test_it_ends(paid_house, stripe, buyer):
    wish(buyer)
    assert buyer.web.delete("/payment-automatic").status_code == 204
    assert look(buyer) is None
    wish(buyer)
    card = {"id": "pm_1", "object": "payment_method", "customer": None}
    deliver(paid_house, stripe.event("payment_method.detached", card))
    assert look(buyer)["paused"] == "The saved card was removed."
    assert buyer.call("GET", "/payment-options", 200)["card"] is None
    spend(paid_house, buyer, "9")
    wait_for_a_look(paid_house, stripe)
    assert not asked_for(stripe, buyer)


def test_the_page_of_the_processor(stripe, buyer):
    answer = buyer.call("POST", "/payment-portal", 201)
    assert answer["url"].startswith("https://billing.stripe.test/")
    assert stripe.asked[-1].form["return_url"].endswith("/dashboard/credits")


@pytest.mark.parametrize(
    ("changes", "param", "bounds"),
    [
        ({"threshold": "0"}, "threshold", {"above_zero": True, "most": "1000000"}),
        ({"amount": "4.99"}, "amount", {"currency": "usd", "least": "5.00", "most": "1000.00"}),
        ({"month_max": "19.99"}, "month_max",
         {"currency": "usd", "least": "20.00", "most": "999999.99"}),
        ({"month_max": "1e3"}, "month_max",
         {"currency": "usd", "least": "20.00", "most": "999999.99"}),
    ],
)  # fmt: skip
def test_what_is_too_little_or_too_much_is_told(buyer, changes, param, bounds):
    body = {"threshold": "5", "amount": "20", "month_max": "50", "currency": "usd"} | changes
    answer = buyer.web.put("/payment-automatic", json=body)
    error = check_error(answer, 400, "invalid_amount", param=param, on_api=False)
    assert error["metadata"] == bounds
