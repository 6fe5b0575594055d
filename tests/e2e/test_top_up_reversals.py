"""Automatic top-ups beside money that goes back: a card is not charged for what it was given."""

import pytest
from prices import usd
from stripe_server import deliver
from test_top_ups import automatic, look, make_buyer, newest, spend, wait_for_a_look, wish
from wait import wait_until


@pytest.fixture
def buyer(paid_house, stripe):
    return make_buyer(paid_house, stripe)


def reversal(stripe, intent: dict, kind: str) -> dict:
    """Of all that a charge of the kept card has brought."""
    status = {"refund": "succeeded", "charge.dispute": "needs_response"}[kind]
    thing = {
        "id": f"re_{intent['id']}",
        "object": kind,
        "amount": intent["amount"],
        "payment_intent": intent["id"],
        "status": status,
    }
    return stripe.event(f"{kind}.created", thing)


def top_up_once(paid_house, stripe, buyer) -> dict:
    wish(buyer, month_max="1000")
    spend(paid_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    intent = newest(stripe)
    deliver(paid_house, stripe.event("payment_intent.succeeded", intent))
    assert buyer.balance == usd("21")
    return intent


@pytest.mark.parametrize("kind", ["refund", "charge.dispute"])
@pytest.mark.parametrize("early", [False, True], ids=["in order", "before the payment is told"])
def test_what_went_back_is_not_charged_again(paid_house, stripe, buyer, kind, early):
    """Else a refund would be undone within a second, and each dispute would cause another."""
    wish(buyer, month_max="1000")
    spend(paid_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    intent = newest(stripe)
    events = [stripe.event("payment_intent.succeeded", intent), reversal(stripe, intent, kind)]
    deliver(paid_house, *(reversed(events) if early else events))
    wait_until(lambda: buyer.balance == usd("1"))
    assert "taken back" in look(buyer)["paused"]
    wait_for_a_look(paid_house, stripe)
    assert len(automatic(buyer)) == 1
    wish(buyer, month_max="1000")  # the customer wants it nevertheless
    wait_until(lambda: len(automatic(buyer)) == 2)
    paid_house.verify_ledger()


def test_a_refund_of_what_was_paid_on_the_page(paid_house, stripe, buyer):
    wish(buyer, month_max="1000")
    [payment] = buyer.call("GET", "/payments", 200)["data"]
    deliver(paid_house, stripe.refund(payment, 1000))
    assert buyer.balance == 0
    wait_for_a_look(paid_house, stripe)
    assert "taken back" in look(buyer)["paused"]
    assert not automatic(buyer)


def test_the_reason_that_was_there_stays(paid_house, stripe, buyer):
    intent = top_up_once(paid_house, stripe, buyer)
    card = {"id": "pm_1", "object": "payment_method", "customer": None}
    deliver(paid_house, stripe.event("payment_method.detached", card))
    deliver(paid_house, reversal(stripe, intent, "refund"))
    assert look(buyer)["paused"] == "The saved card was removed."


def test_what_cannot_be_credited_is_charged_once(paid_house, stripe, buyer):
    """The most of a month would not end it: it counts what was credited."""
    wish(buyer, month_max="1000")
    spend(paid_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    other = newest(stripe) | {"amount": 1999, "amount_received": 1999}
    deliver(paid_house, stripe.event("payment_intent.succeeded", other))
    assert [p["state"] for p in automatic(buyer)] == ["disagreed"]
    wait_for_a_look(paid_house, stripe)
    assert len(automatic(buyer)) == 1
    assert "1999" in look(buyer)["paused"]
