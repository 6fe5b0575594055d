"""Automatic top-ups: a kept card is charged when the balance gets low, once each time."""

import threading

import pytest
from customer import Customer
from errors import check_error
from prices import usd
from stripe_server import POLICY, deliver
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


# ---- the terms change ----


def coin(code: str, credit: str, least: str, most: str, offers: str = "") -> str:
    """A currency of payments.lua."""
    return (
        f'{{ currency = "{code}", credit = "{credit}", min = "{least}", max = "{most}",'
        f" offers = {{ {offers} }} }}"
    )


def policy_of(currencies: str) -> str:
    return f"return {{ currencies = {{ {currencies} }} }}"


def sell(paid_house, currencies: str) -> None:
    paid_house.policies.write("payments", policy_of(currencies))
    paid_house.reload()


HALF = coin("usd", "0.5", "5", "1000", '{ amount = "30", credit = "29" }')


def test_the_credit_is_that_of_the_day(paid_house, stripe, buyer):
    """A new rate counts for kept cards, too, and is shown before the card is charged."""
    assert usd(wish(buyer, month_max="100")["credit"]) == 20
    sell(paid_house, HALF)
    assert usd(look(buyer)["credit"]) == 10
    spend(paid_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    assert intents(stripe)[0].form["amount"] == "2000"
    [payment] = automatic(buyer)
    assert usd(payment["credit"]) == 10
    deliver(paid_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("11")
    assert usd(wish(buyer, amount="30", month_max="100")["credit"]) == 29
    paid_house.verify_ledger()


TWELVE = '{ amount = "15000", credit = "12.000000001" }, "20000"'


@pytest.mark.parametrize(
    ("amount", "code", "sold", "credit"),
    [
        ("15000", "krw", ("0.000333333", "7000", "15000"), "4.999995"),
        ("15000", "krw", ("0.0007", "15000", "90000", TWELVE), "12.000000001"),
        ("7.77", "kwd", ("3.123456789", "2", "100"), "24.26925925"),
        ("999999.99", "usd", ("9.007199254", "5", "999999.99"), "9007199.163928007"),
    ],
    ids=["no decimals", "an offer", "three decimals", "the most"],
)
def test_the_credit_is_exact_in_each_currency(
    paid_house, stripe, buyer, amount, code, sold, credit
):
    """It is what the same amount brings on the processor's page, to the nano-dollar."""
    sell(paid_house, coin(code, "1", "2", "90000" if code != "usd" else "999999.99"))
    wish(buyer, currency=code, amount=amount, month_max=amount)
    sell(paid_house, coin(code, *sold))
    page = buyer.call("POST", "/balance/charge", 201, json={"currency": code, "amount": amount})
    assert usd(page["credit"]) == usd(look(buyer)["credit"]) == usd(credit)
    spend(paid_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    [payment] = automatic(buyer)
    assert (payment["amount"], usd(payment["credit"])) == (page["amount"], usd(credit))
    deliver(paid_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("1") + usd(credit)
    paid_house.verify_ledger()


@pytest.mark.parametrize("killed", [False, True], ids=["reload", "kill and restart"])
def test_what_was_promised_at_the_charge_holds(paid_house, stripe, buyer, killed):
    """The terms change while the processor is asked, and before it tells that it is paid."""
    asked, go_on = threading.Event(), threading.Event()

    def wait(question):
        if "intents" not in question.path or asked.is_set():
            return None
        asked.set()
        assert go_on.wait(30)
        return (503, {}) if killed else None

    stripe.answer = wait
    wish(buyer)
    spend(paid_house, buyer, "9")
    assert asked.wait(20)
    if killed:
        paid_house.kill()
        paid_house.policies.write("payments", policy_of(HALF))
        go_on.set()
        paid_house.start()
        buyer.web.base_url = paid_house.origin + "/api"
    else:
        sell(paid_house, HALF)
        go_on.set()
    wait_until(lambda: stripe.intents, 30)
    deliver(paid_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("21")
    assert {asked.headers["idempotency-key"] for asked in intents(stripe)} == {
        payment["id"] for payment in automatic(buyer)
    }
    assert usd(look(buyer)["credit"]) == 10
    paid_house.verify_ledger()


@pytest.mark.parametrize(
    "sold",
    [("usd", "1", "21", "1000"), ("usd", "1", "5", "19.99"), ("eur", "1", "5", "1000")],
    ids=["more", "less", "another"],
)
def test_what_is_not_taken_is_not_charged(paid_house, stripe, buyer, sold):
    """And is charged when it is taken again: the customer has agreed to it."""
    other = make_buyer(paid_house, stripe)
    wish(buyer)
    sell(paid_house, coin(*sold))
    assert look(buyer)["paused"] == "This amount is not taken at the moment."
    spend(paid_house, buyer, "9")
    code, _, least, _ = sold
    wish(other, currency=code, amount=least, threshold="100")
    wait_until(lambda: asked_for(stripe, other))
    assert not automatic(buyer)
    sell(paid_house, HALF)
    assert look(buyer)["paused"] is None
    wait_until(lambda: asked_for(stripe, buyer))


@pytest.mark.parametrize("taxed", [False, True], ids=["plain", "taxed"])
def test_the_card_that_the_page_names_is_charged(paid_house, stripe, buyer, taxed):
    """A customer who pays with another card, and lets it be kept, is not charged on the first."""
    if taxed:
        paid_house.policies.write(
            "payments", POLICY.replace("product", "automatic_tax=true,product")
        )
        paid_house.reload()
    wish(buyer)
    body = {"amount": "10", "save_card": True}
    payment = buyer.call("POST", "/balance/charge", 201, json=body)
    attached, kept = stripe.kept_card(payment, "pm_newer")
    attached["data"]["object"]["card"] = {"brand": "amex", "last4": "0005"}
    deliver(paid_house, stripe.complete(payment), attached, kept)
    assert buyer.call("GET", "/payment-options", 200)["card"] == "amex 0005"
    old = {"id": "pm_1", "object": "payment_method", "customer": None}
    deliver(paid_house, stripe.event("payment_method.detached", old))
    spend(paid_house, buyer, "19")
    wait_until(lambda: stripe.intents)
    assert intents(stripe)[0].form["payment_method"] == "pm_newer"
