"""Payments through Stripe: a page to pay on, credit by signed events only, refunds and disputes."""

import gzip
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx2 as httpx
import pytest
from customer import Customer
from errors import check_error
from gateway import Gateway
from prices import usd
from stripe_server import POLICY, StripeServer, deliver, post, signed
from test_admin_api import make_admin
from wait import wait_until


@pytest.fixture(scope="module")
def stripe():
    server = StripeServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, shared_provider, stripe):
    """A gateway with payments."""
    settings = stripe.settings | {"public_url": "https://llm.example.com"}
    gateway = Gateway(tmp_path_factory.mktemp("payments"), shared_provider, settings)
    gateway.policies.write("payments", POLICY)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def buyer(world, stripe):
    stripe.answer = lambda _: None
    buyer = Customer(world)
    buyer.user_id = buyer.sign_up()["user"]["id"]
    return buyer


def charge(buyer, status: int = 201, headers: dict | None = None, **body) -> dict:
    body = {"amount": "10"} | body
    return buyer.call("POST", "/balance/charge", status, json=body, headers=headers or {})


def look(buyer, payment: dict) -> dict:
    return buyer.call("GET", f"/payments/{payment['id']}", 200)


def refuse(buyer, status: int, code: str, **body):
    response = buyer.web.post("/balance/charge", json=body)
    check_error(response, status, code, on_api=False)
    return response.json()["error"]


def owed(buyer) -> Decimal:
    return usd(buyer.call("GET", "/balance", 200)["owed"])


def alerts_about(world, payment: dict) -> list[str]:
    """The ledger thread writes them a moment later."""
    admin = make_admin(world)

    def found():
        listed = admin.call("GET", "/admin/alerts", 200)
        return [a["kind"] for a in listed["open"] if a["subject"] == payment["id"]]

    return wait_until(found)


# ---- to begin one ----


@pytest.mark.quick
def test_a_payment_is_credited_by_its_event(world, stripe, buyer):
    payment = charge(buyer, amount="12.5")
    assert payment["state"] == "open"
    assert payment["amount"] == "12.50"
    assert usd(payment["credit"]) == usd("12.5")
    assert payment["checkout_url"].startswith("https://checkout.stripe.test/")
    customer, page = stripe.asked[-2:]
    assert customer.path == "/v1/customers"
    assert customer.form["email"] == buyer.email
    assert page.form == {
        "mode": "payment",
        "customer": stripe.session_of(payment)["customer"],
        "client_reference_id": payment["id"],
        "metadata[payment]": payment["id"],
        "payment_intent_data[metadata][payment]": payment["id"],
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1250",
        "line_items[0][price_data][product_data][name]": "Credit & more",
        "adaptive_pricing[enabled]": "false",
        "success_url": f"https://llm.example.com/dashboard/credits?payment={payment['id']}",
        "cancel_url": f"https://llm.example.com/dashboard/credits?payment={payment['id']}&left=1",
    }
    assert page.headers["idempotency-key"] == payment["id"]
    assert buyer.balance == 0
    deliver(world, stripe.complete(payment))
    assert buyer.balance == usd("12.5")
    paid = look(buyer, payment)
    assert paid["state"] == "paid"
    assert paid["checkout_url"] is None
    transfers = buyer.call("GET", "/balance/transfers", 200)["data"]
    assert [(t["kind"], t["reason"], t["id"]) for t in transfers] == [
        ("payment", f"payment {payment['id']}", paid["transfer_id"])
    ]
    second = charge(buyer)
    assert stripe.asked[-1].form["customer"] == customer_of(stripe, payment)
    assert [p["id"] for p in buyer.call("GET", "/payments", 200)["data"]] == [
        second["id"],
        payment["id"],
    ]


def customer_of(stripe, payment) -> str:
    return stripe.session_of(payment)["customer"]


def test_what_can_be_paid(buyer):
    options = buyer.call("GET", "/payment-options", 200)
    assert options["processor"] == "stripe"
    assert options["live"] is False
    assert options["card"] is None
    assert options["automatic"] is None
    by_code = {c["currency"]: c for c in options["currencies"]}
    assert list(by_code) == ["usd", "krw", "kwd"]
    offers = {
        code: [(offer["amount"], usd(offer["credit"])) for offer in currency["offers"]]
        for code, currency in by_code.items()
    }
    assert offers == {
        "usd": [("10.00", usd("10")), ("100.00", usd("110"))],
        "krw": [("15000", usd("10.2"))],
        "kwd": [("5.500", usd("17.875"))],
    }


@pytest.mark.parametrize(
    ("currency", "amount", "minor", "credit"),
    [
        ("usd", "100", 10000, "110"),  # an offer with a bonus
        ("usd", "100.01", 10001, "100.01"),
        ("krw", "7001", 7001, "4.76068"),
        ("kwd", "2.01", 2010, "6.5325"),
    ],
)
def test_currencies(world, stripe, buyer, currency, amount, minor, credit):
    payment = charge(buyer, currency=currency, amount=amount)
    session = stripe.session_of(payment)
    assert (session["currency"], session["amount_subtotal"]) == (currency, minor)
    deliver(world, stripe.complete(payment))
    assert buyer.balance == usd(credit) == usd(payment["credit"])


BOUNDS = {
    "usd": {"currency": "usd", "least": "5.00", "most": "1000.00"},
    "krw": {"currency": "krw", "least": "7000", "most": "1400000"},
    "kwd": {"currency": "kwd", "least": "2.000", "most": "100.000"},
}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"amount": "4.99"}, "invalid_amount"),
        ({"amount": "1000.01"}, "invalid_amount"),
        ({"amount": "10.001"}, "invalid_amount"),
        ({"amount": "-10"}, "invalid_amount"),
        ({"amount": "1e2"}, "invalid_amount"),
        ({"amount": "0x10"}, "invalid_amount"),
        ({"amount": "99999999999999999999"}, "invalid_value"),
        ({"amount": True}, "invalid_amount"),
        ({}, "missing_field"),
        ({"amount": "15000.5", "currency": "krw"}, "invalid_amount"),
        ({"amount": "2.001", "currency": "kwd"}, "invalid_amount"),
        ({"amount": "10", "currency": "eur"}, "invalid_value"),
        ({"amount": "10", "save_card": "yes"}, "invalid_value"),
    ],
)
def test_what_cannot_be_paid(stripe, buyer, body, code):
    before = len(stripe.asked)
    error = refuse(buyer, 400, code, **body)
    assert len(stripe.asked) == before
    if code == "invalid_amount":
        bounds = BOUNDS[body.get("currency", "usd")]
        assert error["metadata"] == bounds
        assert f"from {bounds['least']} to {bounds['most']} {bounds['currency'].upper()}" in (
            error["message"])  # fmt: skip


def test_an_idempotency_key_makes_one_payment(stripe, buyer):
    headers = {"idempotency-key": "once"}
    first = charge(buyer, headers=headers)
    assert charge(buyer, headers=headers) == first
    other = buyer.web.post("/balance/charge", json={"amount": "11"}, headers=headers)
    check_error(other, 422, "idempotency_key_reused", on_api=False)
    customer = customer_of(stripe, first)
    assert sum(s["customer"] == customer for s in stripe.sessions.values()) == 1


def test_a_page_that_stripe_never_gave_is_asked_for_again(stripe, buyer):
    stripe.answer = lambda asked: (500, {}) if "checkout" in asked.path else None
    headers = {"idempotency-key": "again"}
    response = buyer.web.post("/balance/charge", json={"amount": "10"}, headers=headers)
    check_error(response, 502, "payment_unavailable", on_api=False)
    stripe.answer = lambda _: None
    payment = charge(buyer, headers=headers)
    assert payment["checkout_url"]
    keys = [a.headers["idempotency-key"] for a in stripe.asked if "checkout" in a.path][-2:]
    assert keys == [payment["id"], payment["id"]]


@pytest.mark.parametrize(("status", "state"), [(400, "failed"), (409, "open"), (401, "open")])
def test_stripe_says_why_it_refuses(stripe, buyer, status, state):
    """What it may take later stays open, for a repetition."""
    refusal = status, {"error": {"message": "Amount too small."}}
    stripe.answer = lambda asked: refusal if "checkout" in asked.path else None
    assert "Amount too small." in refuse(buyer, 502, "payment_unavailable", amount="10")["message"]
    (payment,) = buyer.call("GET", "/payments", 200)["data"]
    assert payment["state"] == state


def test_a_customer_sees_no_other_payments(buyer, world, stripe):
    payment = charge(buyer)
    other = Customer(world)
    other.sign_up()
    assert other.web.get(f"/payments/{payment['id']}").status_code == 404
    assert other.call("GET", "/payments", 200)["data"] == []


# ---- signatures ----


def event_text(stripe, buyer) -> tuple[dict, str]:
    payment = charge(buyer)
    return payment, json.dumps(stripe.complete(payment))


@pytest.mark.parametrize(
    "header",
    [
        lambda text: None,
        lambda text: "",
        lambda text: "t=,v1=",
        lambda text: signed(text, "whsec_another"),
        lambda text: signed(text + " "),
        lambda text: signed(text, at_s=int(time.time()) - 301),
        lambda text: signed(text, at_s=int(time.time()) + 400),
        lambda text: signed(text).replace("v1=", "v0="),
        lambda text: signed(text)[:-1],
        lambda text: signed(text).replace(",", " ,t=0,"),
    ],
    ids=["none", "empty", "hollow", "foreign", "changed", "old", "future", "v0", "cut", "twice"],
)
def test_an_event_without_a_good_signature_does_nothing(world, stripe, buyer, header):
    payment, text = event_text(stripe, buyer)
    response = post(world, text, header(text))
    check_error(response, 400, "invalid_signature", on_api=False)
    assert buyer.balance == 0
    assert look(buyer, payment)["state"] == "open"


def test_several_signatures_of_which_one_is_ours(world, stripe, buyer):
    """Stripe signs with both secrets while one is replaced."""
    _, text = event_text(stripe, buyer)
    own = signed(text)
    other = signed(text, "whsec_another").split(",v1=")[1]
    assert post(world, text, own.replace(",v1=", f",v1={other},v1=")).status_code == 200
    assert buyer.balance == usd("10")


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json", '{"object":"event"}', "[" * 500])
def test_a_signed_text_that_is_no_event(world, text):
    check_error(post(world, text, signed(text)), 400, "invalid_value", on_api=False)


def test_events_of_others_are_taken_and_do_nothing(world, stripe, buyer):
    payment = charge(buyer)
    event = stripe.complete(payment)
    thing = event["data"]["object"]
    strangers = [
        stripe.event("customer.created", {"id": "cus_1", "object": "customer"}),
        stripe.event("checkout.session.completed", thing | {"metadata": {}}),
        stripe.event("checkout.session.completed", thing | {"metadata": None}),
        stripe.event("checkout.session.completed", thing | {"metadata": {"payment": "pay_x"}}),
        event | {"id": "evt_live", "livemode": True},
    ]
    deliver(world, *strangers)
    assert buyer.balance == 0
    deliver(world, event)
    assert buyer.balance == usd("10")


# ---- repeated, late, out of order ----


@pytest.mark.quick
def test_each_event_once_and_each_payment_once(world, stripe, buyer):
    payment = charge(buyer)
    event = stripe.complete(payment)
    again = event | {"id": "evt_other_" + payment["id"]}
    async_event = again | {"id": "evt_async_" + payment["id"],
                           "type": "checkout.session.async_payment_succeeded"}  # fmt: skip
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda e: deliver(world, e), [event, again, async_event] * 8))
    assert buyer.balance == usd("10")
    deliver(world, event, again)
    assert buyer.balance == usd("10")


def test_a_payment_that_takes_days(world, stripe, buyer):
    payment = charge(buyer)
    deliver(world, stripe.complete(payment, "unpaid"))
    assert look(buyer, payment)["state"] == "processing"
    assert buyer.balance == 0
    session = stripe.session_of(payment) | {"payment_status": "paid"}
    deliver(world, stripe.event("checkout.session.async_payment_succeeded", session))
    assert buyer.balance == usd("10")
    deliver(world, stripe.complete(payment, "unpaid"))  # late
    assert look(buyer, payment)["state"] == "paid"


@pytest.mark.parametrize("kind", ["async_payment_failed", "expired"])
def test_a_payment_that_is_never_made(world, stripe, buyer, kind):
    payment = charge(buyer)
    deliver(world, stripe.event(f"checkout.session.{kind}", stripe.session_of(payment)))
    state = look(buyer, payment)["state"]
    assert state == {"async_payment_failed": "failed"}.get(kind, kind)
    assert buyer.balance == 0
    deliver(world, stripe.complete(payment))  # money wins
    assert look(buyer, payment)["state"] == "paid"
    assert buyer.balance == usd("10")


@pytest.mark.parametrize(
    "change",
    [
        {"amount_subtotal": 999},
        {"amount_subtotal": 1001},
        {"currency": "krw"},
        {"amount_total": 900},
    ],
    ids=str,
)
def test_what_is_paid_is_what_was_asked_for(world, stripe, buyer, change):
    payment = charge(buyer)
    event = stripe.complete(payment)
    event["data"]["object"] |= change
    deliver(world, event)
    assert buyer.balance == 0
    seen = look(buyer, payment)
    assert seen["state"] == "disagreed"
    assert seen["failure"]
    assert alerts_about(world, payment) == ["payment_unclear"]


# ---- refunds and disputes ----


def test_a_refund_takes_its_part(world, stripe, buyer):
    payment = charge(buyer, amount="100")  # with a bonus of 10
    deliver(world, stripe.complete(payment, tax=2000))
    assert buyer.balance == usd("110")
    deliver(world, stripe.refund(payment, 6000))
    assert buyer.balance == usd("55")
    assert usd(look(buyer, payment)["reversed"]) == usd("55")
    deliver(world, stripe.refund(payment, 1, number=2))
    assert buyer.balance == usd("55") - usd("0.009166666")
    deliver(world, stripe.refund(payment, 5999, number=3))
    assert buyer.balance == 0
    assert owed(buyer) == 0


@pytest.mark.parametrize(
    ("currency", "amount", "total"),
    [("usd", "7.77", 777), ("krw", "7001", 7001), ("kwd", "2.01", 2010)],
)
def test_a_refund_in_each_currency(world, stripe, buyer, currency, amount, total):
    """In its smallest units, whatever they are; all of it takes all of the credit, and no less."""
    payment = charge(buyer, currency=currency, amount=amount)
    deliver(world, stripe.complete(payment))
    credit_nusd = int(usd(payment["credit"]) * 10**9)
    taken = 0
    for number, part in enumerate((1, total // 3, 1, total - total // 3 - 3, 1), start=1):
        taken += part
        deliver(world, stripe.refund(payment, part, number=number))
        left_nusd = credit_nusd - credit_nusd * taken // total
        assert buyer.balance * 10**9 == left_nusd, part
    assert (taken, buyer.balance, owed(buyer)) == (total, 0, 0)
    deliver(world, stripe.dispute(payment, total, "needs_response"))  # as well: never twice
    assert (buyer.balance, owed(buyer)) == (0, 0)
    deliver(world, stripe.dispute(payment, total, "won", "closed"))
    assert (buyer.balance, owed(buyer)) == (0, 0)
    assert usd(look(buyer, payment)["reversed"]) == usd(payment["credit"])


def test_a_refund_in_all_orders(world, stripe):
    """Whatever order the events come in, the account comes to the same."""
    now = int(time.time())
    for seed in range(12):
        buyer = Customer(world)
        buyer.sign_up()
        payment = charge(buyer)
        events = [
            stripe.complete(payment),
            stripe.refund(payment, 400, "pending", at_s=now + 1),
            stripe.refund(payment, 400, "succeeded", kind="refund.updated", at_s=now + 2),
            stripe.refund(payment, 300, "pending", number=2, at_s=now + 3),
            stripe.refund(payment, 300, "failed", number=2, kind="refund.failed", at_s=now + 4),
            stripe.dispute(payment, 200, "needs_response", at_s=now + 5),
            stripe.dispute(payment, 200, "won", kind="closed", at_s=now + 6),
        ]
        random.Random(seed).shuffle(events)
        for event in events:
            deliver(world, event, event)
        wait_until(lambda buyer=buyer: owed(buyer) == 0)
        assert buyer.balance == usd("6"), [e["type"] for e in events]


@pytest.mark.parametrize("letter", ["e", "증"])
def test_an_event_with_all_evidence(world, stripe, buyer, letter):
    """Stripe takes 150,000 characters for a dispute, and tells them with each event of it."""
    payment = charge(buyer)
    deliver(world, stripe.complete(payment), stripe.dispute(payment, 1000, "needs_response"))
    assert usd(buyer.wallet()["balance"]) == 0
    won = stripe.dispute(payment, 1000, "won", "closed")
    won["data"]["object"]["evidence"] = {"uncategorized_text": letter * 150_000}
    text = json.dumps(won, indent=2)
    assert len(text) > 150_000
    assert post(world, text, signed(text + " ")).status_code == 400
    assert usd(buyer.wallet()["balance"]) == 0
    deliver(world, won)
    assert usd(buyer.wallet()["balance"]) == 10


@pytest.mark.parametrize("how", ["larger", "packed", "chunked", "elsewhere"])
def test_what_is_no_event_is_not_read(world, stripe, buyer, how):
    """Its bound holds before the body is read: nobody knows yet who sends it."""
    payment = charge(buyer)
    event = stripe.complete(payment) | {"more": "x" * (2**20 if how == "larger" else 100_000)}
    text = json.dumps(event)
    headers, body = {"stripe-signature": signed(text)}, text.encode()
    if how == "packed":  # its bytes hardly shrink, and are more than 64 KB
        body = gzip.compress(random.Random(1).randbytes(100_000))
        headers["content-encoding"] = "gzip"
    where = "other" if how == "elsewhere" else "stripe"
    url = f"{world.origin}/api/payment-events/{where}"
    sent = iter([body]) if how == "chunked" else body
    response = httpx.post(url, content=sent, headers=headers, verify=False, trust_env=False)
    check_error(response, 413, "request_too_large", on_api=False)
    assert look(buyer, payment)["state"] == "open"


def test_a_dispute_takes_the_credit_and_a_won_one_gives_it_back(world, stripe, buyer):
    payment = charge(buyer)
    deliver(world, stripe.complete(payment))
    now = int(time.time())
    deliver(world, stripe.dispute(payment, 1000, "warning_needs_response", at_s=now))
    assert buyer.balance == usd("10")
    deliver(world, stripe.dispute(payment, 1000, "needs_response", "updated", now + 1))
    assert buyer.balance == 0
    deliver(world, stripe.dispute(payment, 1000, "won", "closed", now + 2))
    assert buyer.balance == usd("10")
    deliver(world, stripe.dispute(payment, 1000, "lost", "closed", now + 3))
    assert buyer.balance == 0
    assert alerts_about(world, payment) == ["payment_disputed"]


def test_what_is_spent_is_owed(world, stripe, buyer):
    payment = charge(buyer)
    deliver(world, stripe.complete(payment))
    admin = make_admin(world)
    body = {"user_id": buyer.user_id, "amount": "7", "reason": "spent"}
    admin.call("POST", "/admin/debits", 201, json=body)
    deliver(world, stripe.dispute(payment, 1000, "lost", "closed"))
    assert buyer.balance == 0
    assert owed(buyer) == usd("7")
    second = charge(buyer)
    deliver(world, stripe.complete(second))
    wait_until(lambda: owed(buyer) == 0)
    assert buyer.balance == usd("3")


# ---- the operator ----


def test_the_operator_sees_all(world, stripe, buyer):
    payment = charge(buyer)
    deliver(world, stripe.complete(payment))
    admin = make_admin(world)
    found = admin.call("GET", "/admin/payments?limit=1000", 200)["data"]
    seen = next(p for p in found if p["id"] == payment["id"])
    assert seen["email"] == buyer.email
    assert seen["charge_id"] == f"pi_{payment['id']}"
    mine = admin.call("GET", f"/admin/payments?user_id={buyer.user_id}&state=paid", 200)["data"]
    assert [p["id"] for p in mine] == [payment["id"]]
    assert buyer.web.get("/admin/payments").status_code == 404


def test_the_ledger_agrees(world):
    world.verify_ledger()
