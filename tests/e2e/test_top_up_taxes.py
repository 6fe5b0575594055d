"""Automatic top-ups with taxes: the processor works them out before the card is charged."""

import threading

import pytest
from gateway import Gateway
from prices import usd
from receivers import words_of
from stripe_server import POLICY, deliver
from test_top_ups import (
    asked_for,
    automatic,
    intents,
    look,
    make_buyer,
    newest,
    spend,
    wait_for_a_look,
    wish,
)
from wait import wait_until

TAXED = POLICY.replace("product =", "automatic_tax = true, product =")


@pytest.fixture
def taxed_house(tmp_path, shared_provider, stripe, mailbox):
    settings = stripe.settings | mailbox.settings
    gateway = Gateway(tmp_path / "house", shared_provider, settings)
    gateway.policies.write("payments", TAXED)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def buyer(taxed_house, stripe):
    return make_buyer(taxed_house, stripe)


def calculations(stripe) -> list:
    return [asked for asked in stripe.asked if asked.path == "/v1/tax/calculations"]


@pytest.mark.quick
def test_the_card_is_charged_with_taxes_and_the_net_is_credited(
    taxed_house, stripe, buyer, mailbox
):
    wish(buyer)
    spend(taxed_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    [payment] = automatic(buyer)
    [calculation], [charge] = calculations(stripe), intents(stripe)
    customer = next(iter(stripe.sessions.values()))["customer"]
    assert calculation.form == {
        "currency": "usd",
        "customer": customer,
        "line_items[0][amount]": "2000",
        "line_items[0][reference]": "Credit & more",
        "line_items[0][tax_behavior]": "exclusive",
    }
    assert calculation.headers["idempotency-key"] == payment["id"] + "-tax"
    assert charge.form["amount"] == "2200"
    assert charge.form["hooks[inputs][tax][calculation]"] in stripe.calculations
    assert charge.form["metadata[net]"] == "2000"
    assert charge.headers["idempotency-key"] == payment["id"]
    deliver(taxed_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("21")
    [paid] = automatic(buyer)
    assert (paid["state"], paid["amount"], paid["total"]) == ("paid", "20.00", "22.00")
    words = "Payment, 22.00 USD of which 2.00 USD are taxes"
    wait_until(lambda: any(words in words_of(mail)[0] for mail in mailbox.to(buyer.email)))
    taxed_house.verify_ledger()


def test_a_country_without_taxes(taxed_house, stripe, buyer):
    stripe.tax = lambda net: 0
    wish(buyer)
    spend(taxed_house, buyer, "9")
    wait_until(lambda: stripe.intents)
    assert intents(stripe)[0].form["amount"] == "2000"
    deliver(taxed_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert (buyer.balance, automatic(buyer)[0]["total"]) == (usd("21"), "20.00")


WHERE = "The customer's tax location could not be determined."


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((400, {"error": {"code": "customer_tax_location_invalid", "message": WHERE}}), WHERE),
        ((200, {"id": "taxcalc_1"}), "not understood"),
        ((200, {"id": "taxcalc_1", "amount_total": "1&amount=1"}), "not understood"),
        ((200, {"id": None, "amount_total": 2200}), "not understood"),
    ],
)
def test_without_the_taxes_nothing_is_charged(taxed_house, stripe, buyer, answer, why):
    stripe.answer = lambda asked: answer if "calculations" in asked.path else None
    wish(buyer)
    spend(taxed_house, buyer, "9")
    wait_until(lambda: look(buyer)["paused"])
    assert why in look(buyer)["paused"]
    assert not look(buyer)["paused"].startswith("status")  # the words, for people
    assert [(p["state"], why in p["failure"]) for p in automatic(buyer)] == [("failed", True)]
    assert not intents(stripe)


def test_taxes_that_cannot_be_asked_for_now_are_asked_for_again(taxed_house, stripe, buyer):
    stripe.answer = lambda asked: (503, {}) if "calculations" in asked.path else None
    wish(buyer)
    spend(taxed_house, buyer, "9")
    wait_until(lambda: len(calculations(stripe)) >= 2, 20)
    assert not intents(stripe)
    stripe.answer = lambda _: None
    wait_until(lambda: stripe.intents, 30)
    assert len({asked.headers["idempotency-key"] for asked in calculations(stripe)}) == 1


@pytest.mark.parametrize("step", ["calculations", "intents"])
def test_a_kill_at_either_step_charges_once(taxed_house, stripe, buyer, step):
    """Also where the processor would now work out other taxes: the first ones count."""
    wish(buyer)
    killed = threading.Event()

    def kill(asked):
        if step in asked.path and not killed.is_set():
            taxed_house.kill()
            killed.set()
            if step == "intents":
                stripe.tax = lambda net: net // 5
        return None

    stripe.answer = kill
    spend(taxed_house, buyer, "9")
    assert killed.wait(20)
    taxed_house.start()
    buyer.web.base_url = taxed_house.origin + "/api"
    wait_until(lambda: len(intents(stripe)) == (2 if step == "intents" else 1), 20)
    assert {asked.form["amount"] for asked in intents(stripe)} == {"2200"}
    assert len({asked.headers["idempotency-key"] for asked in intents(stripe)}) == 1
    assert len(stripe.intents) == 1
    deliver(taxed_house, stripe.event("payment_intent.succeeded", newest(stripe)))
    assert buyer.balance == usd("21")
    taxed_house.verify_ledger()


def pay(taxed_house, stripe, buyer, count: int) -> None:
    """The card is charged for the time `count`, and the money comes."""
    wait_until(lambda: len(stripe.intents) == count)
    deliver(taxed_house, stripe.event("payment_intent.succeeded", newest(stripe)))


def test_the_most_of_a_month_is_of_what_the_card_is_charged(taxed_house, stripe, buyer):
    """Two of 20 would be less than it; two of 22 are not. The next month goes on by itself."""
    wish(buyer, month_max="43")
    spend(taxed_house, buyer, "9")
    pay(taxed_house, stripe, buyer, 1)
    spend(taxed_house, buyer, "20")
    wait_for_a_look(taxed_house, stripe)
    assert len(asked_for(stripe, buyer)) == 1
    assert look(buyer)["paused"] is None
    wish(buyer, month_max="44")
    wait_until(lambda: len(asked_for(stripe, buyer)) == 2)


@pytest.mark.parametrize(("before", "most"), [(0, "21"), (1, "50")])
def test_taxes_that_nobody_knew_exceed_it(taxed_house, stripe, buyer, before, most):
    """At the first charge, or because they have changed: the card is not charged."""
    wish(buyer, month_max=most)
    spend(taxed_house, buyer, "9")
    for number in range(before):
        pay(taxed_house, stripe, buyer, number + 1)
        stripe.tax = lambda net: net // 2
        spend(taxed_house, buyer, "20")
    wait_until(lambda: look(buyer)["paused"])
    assert "above the most of a month" in look(buyer)["paused"]
    newest_first = automatic(buyer)
    assert [p["state"] for p in newest_first] == ["failed"] + ["paid"] * before
    assert newest_first[0]["failure"] == look(buyer)["paused"]
    wait_for_a_look(taxed_house, stripe)
    assert len(asked_for(stripe, buyer)) == before
    wish(buyer, month_max="100")
    wait_until(lambda: len(asked_for(stripe, buyer)) == before + 1)
    taxed_house.verify_ledger()


def test_who_has_agreed_to_other_terms_is_asked_first(taxed_house, stripe, buyer):
    wish(buyer)
    taxed_house.policies.write("payments", POLICY)
    taxed_house.reload()
    spend(taxed_house, buyer, "9")
    wait_until(lambda: look(buyer)["paused"])
    assert "Whether taxes are added has changed" in look(buyer)["paused"]
    assert not automatic(buyer)
    wish(buyer)
    wait_until(lambda: stripe.intents)
    assert (intents(stripe)[0].form["amount"], calculations(stripe)) == ("2000", [])


def test_a_reload_that_ends_top_ups_ends_them(taxed_house, stripe, buyer):
    wish(buyer)
    ended = TAXED.replace("return {", "return { automatic_top_ups = false,")
    taxed_house.policies.write("payments", ended)
    taxed_house.reload()
    spend(taxed_house, buyer, "9")
    threading.Event().wait(1.5)  # longer than from one look to the next
    assert not automatic(buyer)
    taxed_house.policies.write("payments", TAXED)
    taxed_house.reload()
    wait_until(lambda: stripe.intents)
