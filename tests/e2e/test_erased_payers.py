"""Who has paid, or was about to, erases the account: what comes of it afterwards."""

import pytest
from customer import PASSWORD
from stripe_server import deliver
from test_admin_api import make_admin
from test_customer_data import dump, rows
from test_top_ups import asked_for, look, make_buyer, spend, wish
from wait import wait_until


@pytest.fixture
def buyer(paid_house, stripe):
    return make_buyer(paid_house, stripe)


def erase(buyer) -> None:
    body = {"email": buyer.email, "password": PASSWORD, "forfeit": True}
    assert buyer.web.post("/account/erase", json=body).status_code == 204


def payment_of(gateway, payment: dict) -> tuple:
    (row,) = rows(gateway, "SELECT state, failure, checkout_url FROM payments WHERE id = ?",
                  payment["id"])  # fmt: skip
    return row


def test_a_page_that_stayed_open_is_paid(paid_house, stripe, buyer):
    """Nobody could spend it: the operator is told, and gives it back."""
    payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "30", "save_card": True})
    admin = make_admin(paid_house)
    erase(buyer)
    event = stripe.complete(payment)
    deliver(paid_house, event, event, event | {"id": "evt_again"}, *stripe.kept_card(payment))
    state, failure, page = payment_of(paid_house, payment)
    assert (state, page) == ("disagreed", None)
    assert "erased" in failure

    def told():
        alerts = admin.call("GET", "/admin/alerts", 200)["open"]
        return [a["kind"] for a in alerts if a["subject"] == payment["id"]]

    assert wait_until(told) == ["payment_unclear"]
    shown = admin.call("GET", f"/admin/users/{buyer.user_id}", 200)
    assert shown["balance"] == "0.000000000"
    assert rows(paid_house, "SELECT * FROM payment_customers") == []
    deliver(paid_house, stripe.refund(payment, 3000))  # given back: nothing to take
    assert rows(paid_house, "SELECT count(*) FROM transfers WHERE kind = 'payment'") == [(1,)]
    paid_house.verify_ledger()


def test_the_kept_card_does_not_come_back(paid_house, stripe):
    """Its event is late."""
    buyer = make_buyer(paid_house, stripe)
    payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "30", "save_card": True})
    events = [stripe.complete(payment), *stripe.kept_card(payment, "pm_late")]
    deliver(paid_house, events[0])
    erase(buyer)
    deliver(paid_house, *events[1:])
    assert rows(paid_house, "SELECT * FROM payment_customers") == []


def test_nothing_is_left_of_a_charge_that_was_refused(paid_house, stripe, buyer):
    """What was to be sent to the processor names the customer."""
    refusal = 402, {"error": {"message": "Your card was declined."}}
    stripe.answer = lambda asked: refusal if "intents" in asked.path else None
    wish(buyer)
    spend(paid_house, buyer, "9")
    wait_until(lambda: look(buyer)["paused"])
    assert asked_for(stripe, buyer)
    erase(buyer)
    for table, text in dump(paid_house).items():
        assert buyer.email not in text, table
        assert buyer.email.replace("@", "%40") not in text, table


def test_the_copy_has_card_and_wish(stripe, buyer):
    assert buyer.call("GET", "/account/data", 200)["automatic_top_up"] is None
    wished = wish(buyer)
    copy = buyer.call("GET", "/account/data", 200)
    assert copy["automatic_top_up"] == wished
    (session,) = stripe.sessions.values()
    assert copy["payment_customer"] == {
        "customer_id": session["customer"], "method_id": "pm_1", "method_name": "visa 4242",
    }  # fmt: skip
    assert [payment["state"] for payment in copy["payments"]] == ["paid"]


def test_a_balance_that_is_full(paid_house, stripe, buyer):
    """What the account cannot take is not lost either, and the event is not refused for ever."""
    paid_house.value_of("credit", buyer.email, "999999985", "--reason", "much")
    payment = buyer.call("POST", "/balance/charge", 201, json={"amount": "10"})
    deliver(paid_house, stripe.complete(payment))
    state, failure, _ = payment_of(paid_house, payment)
    assert (state, "balance" in failure) == ("disagreed", True)
    paid_house.verify_ledger()


def books(gateway, buyer) -> dict[str, int]:
    """What the accounts of one customer have, in nano-dollars."""
    account = buyer.account_id
    found = rows(gateway, "SELECT account_id, posted_nusd FROM balances WHERE account_id IN"
                 " (?, ?, ?, 'corrections')",
                 account, f"debt:{account}", f"forfeited:{account}")  # fmt: skip
    names = {account: "left", f"debt:{account}": "debt", f"forfeited:{account}": "forfeited"}
    return {names.get(name, name): amount // 10**7 for name, amount in found if amount}


@pytest.fixture
def payer(paid_house, stripe):
    """Has paid $20, and spent nothing."""
    buyer = make_buyer(paid_house, stripe)
    buyer.account_id = buyer.call("GET", "/auth/me", 200)["user"]["account_id"]
    (buyer.paid,) = buyer.call("GET", "/payments", 200)["data"]
    return buyer


def test_a_dispute_after_the_end_takes_what_was_forfeited(paid_house, stripe, payer):
    """What was spent is owed; what was given up is not: we have it."""
    paid = int(float(payer.paid["total"]) * 100)
    spend(paid_house, payer, "3")
    erase(payer)
    assert books(paid_house, payer) == {"corrections": 300, "forfeited": paid - 300}
    deliver(paid_house, stripe.dispute(payer.paid, paid - 400, "needs_response"))
    assert books(paid_house, payer) == {"corrections": 300 + paid - 400, "forfeited": 100}
    deliver(paid_house, stripe.refund(payer.paid, 400))
    assert books(paid_house, payer) == {"corrections": 300 + paid, "debt": -300}
    paid_house.verify_ledger()


def test_a_dispute_won_after_the_end(paid_house, stripe, payer):
    """Nobody could spend it: it is forfeited as the rest was, and taken first if it goes again."""
    paid = int(float(payer.paid["total"]) * 100)
    deliver(paid_house, stripe.dispute(payer.paid, paid, "needs_response"))
    erase(payer)
    assert books(paid_house, payer) == {"corrections": paid}
    deliver(paid_house, stripe.dispute(payer.paid, paid, "won", "closed"))
    assert books(paid_house, payer) == {"forfeited": paid}
    deliver(paid_house, stripe.refund(payer.paid, paid))
    assert books(paid_house, payer) == {"corrections": paid}
    paid_house.verify_ledger()


def test_operators_and_the_books_of_who_is_gone(paid_house, payer):
    """No credit for nobody; a correction takes what was forfeited, then is owed."""
    admin = make_admin(paid_house)
    paid = int(float(payer.paid["total"]) * 100)
    erase(payer)
    to = {"user_id": payer.user_id, "reason": "r"}
    refused = admin.web.post("/admin/credits", json=to | {"amount": "5", "kind": "manual"})
    assert refused.status_code == 409, refused.text
    admin.call("POST", "/admin/debits", 201, json=to | {"amount": "1"})
    assert books(paid_house, payer) == {"corrections": 100, "forfeited": paid - 100}
    admin.call("POST", "/admin/debits", 201, json=to | {"amount": "40"})
    assert books(paid_house, payer) == {"corrections": 4100, "debt": paid - 4100}
    paid_house.verify_ledger()
