"""What is asked of Stripe has the form that Stripe's own OpenAPI document wants: stripe-mock, which
is Stripe's, refuses what it does not know."""

import os
import re
import sqlite3
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from customer import Customer
from gateway import ROOT, Gateway
from stripe_server import SECRET, StripeServer, deliver
from wait import wait_until

BUILT = Path(os.environ.get("CLIENTS") or ROOT / "build/clients")
ENDED = "SELECT state, last_error FROM outbox WHERE state <> 'waiting'"
POLICY = """
return {
    currencies = {
        { currency = "usd", credit = "1", min = "5", max = "1000", offers = { "10" } },
        { currency = "krw", credit = "0.0007", min = "7000", max = "700000", offers = { "15000" } },
    },
    automatic_top_ups = %s,
    automatic_tax = %s,
    invoices = true,
}
"""


@contextmanager
def running_mock():
    """Its address. The system chooses the ports: unasked, it takes 12112 for HTTPS, too."""
    command = [BUILT / "stripe-mock", "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        found = None
        while found is None:
            line = process.stdout.readline().decode()
            assert line, "stripe-mock has ended"
            found = re.search(r"HTTP at address: (\S+)", line)
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        yield f"http://{found[1]}"
        assert process.poll() is None, "stripe-mock has ended"
        process.kill()


@pytest.fixture(scope="module")
def mock():
    with running_mock() as address:
        yield address


@pytest.fixture
def make_house(mock, tmp_path, shared_provider):
    made = []

    def make(top_ups: str, tax: str) -> Gateway:
        settings = {"payments": "stripe", "stripe_secret_key": "sk_test_123",
                    "stripe_webhook_secret": SECRET, "stripe_api_url": mock}  # fmt: skip
        gateway = Gateway(tmp_path / f"house{len(made)}", shared_provider, settings)
        gateway.policies.write("payments", POLICY % (top_ups, tax))
        made.append(gateway)
        return gateway.start()

    yield make
    for gateway in made:
        gateway.stop()


def pay(gateway, **body) -> tuple[Customer, dict]:
    buyer = Customer(gateway)
    buyer.user_id = buyer.sign_up()["user"]["id"]
    body = {"amount": "10"} | body
    return buyer, buyer.call("POST", "/balance/charge", 201, json=body)


@pytest.mark.parametrize(("top_ups", "tax"), [("true", "false"), ("true", "true")])
def test_pages_to_pay_on(make_house, top_ups, tax):
    gateway = make_house(top_ups, tax)
    for currency, amount in (("usd", "12.50"), ("krw", "15000")):
        _, payment = pay(gateway, currency=currency, amount=amount, save_card=top_ups == "true")
        assert payment["checkout_url"].startswith("https://checkout.stripe.com/")


def test_several_run_at_once(mock):
    """The processes of one run have one each."""
    with running_mock() as second:
        headers = {"Authorization": "Bearer sk_test_1"}
        for address in (mock, second):
            answer = httpx.get(f"{address}/v1/prices", headers=headers)
            assert answer.status_code == 200


def test_the_page_of_receipts(make_house):
    buyer, _ = pay(make_house("true", "false"))
    assert buyer.call("POST", "/payment-portal", 201, json={})["url"].startswith("https://")


@pytest.mark.parametrize("tax", ["false", "true"])
def test_a_charge_of_a_kept_card(make_house, tax):
    gateway = make_house("true", tax)
    buyer, payment = pay(gateway, save_card=True)
    intent = {"id": "pi_1", "object": "payment_intent", "payment_method": "pm_1",
              "customer": "cus_1", "setup_future_usage": "off_session",
              "metadata": {"payment": payment["id"]}}  # fmt: skip
    deliver(gateway, StripeServer.event("payment_intent.succeeded", intent))
    wish = {"threshold": "5", "amount": "20", "month_max": "50"}
    buyer.call("PUT", "/payment-automatic", 200, json=wish)

    def sent() -> list:
        with sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True) as books:
            return books.execute(
                "SELECT state, last_error FROM outbox WHERE state <> 'waiting'"
            ).fetchall()

    assert wait_until(sent) == [("delivered", "")]
