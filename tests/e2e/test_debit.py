"""Corrections downwards: what is there is taken, what is not there is owed, blocks new calls, and
is paid by whatever comes in. Nothing that a call has reserved is touched."""

import threading
from decimal import Decimal

import answers
import pytest
from answers import Usage
from customer import Customer
from errors import check_error
from prices import charge, usd
from rawhttp import chat_bytes
from test_admin_api import make_admin
from test_gone import BODY
from wait import wait_until

COST = charge("gpt-4o-mini", Usage(1000, 500))


@pytest.fixture
def admin(gateway) -> Customer:
    admin = gateway.customer()
    email = f"debit.{admin.email}"
    admin.password = gateway.value_of("user", "create", email, "--admin")
    admin.email = email
    admin.sign_in()
    return admin


def user_id(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


def debit(admin, customer, amount: str, reason="a mistake", status=201, **how) -> dict:
    body = {"user_id": user_id(customer), "amount": amount, "reason": reason}
    return admin.call("POST", "/admin/debits", status, json=body, **how)


def owed(customer) -> Decimal:
    return usd(customer.wallet()["owed"])


def test_what_is_there_is_taken(gateway, customer, admin):
    done = debit(admin, customer, "4")
    assert (usd(done["taken"]), usd(done["owed"]), usd(done["balance"])) == (4, 0, 6)
    assert (customer.balance, owed(customer)) == (6, 0)
    assert customer.ask().status_code == 200
    line = customer.call("GET", "/balance/transfers", 200)["data"]
    shown = next(one for one in line if one["kind"] == "debit")
    assert (usd(shown["amount"]), shown["reason"]) == (-4, "a mistake")
    credits = customer.get("/credits").json()["data"]
    assert usd(credits["total_credits"]) == 6
    gateway.verify_ledger()


def test_what_is_not_there_is_owed_and_blocks(gateway, customer, admin, provider):
    done = debit(admin, customer, "12.5")
    assert (usd(done["taken"]), usd(done["owed"]), usd(done["balance"])) == (10, Decimal("2.5"), 0)
    refused = customer.ask()
    error = check_error(refused, 402, "insufficient_credits", retry=False)
    assert "owes $2.5" in error["message"]
    assert usd(error["metadata"]["owed"]) == Decimal("2.5")
    assert provider.requests == []
    customer.charge("1")
    assert (customer.balance, owed(customer)) == (0, Decimal("1.5"))
    assert customer.ask().status_code == 402
    customer.charge("2")
    assert (customer.balance, owed(customer)) == (Decimal("0.5"), 0)
    assert customer.ask().status_code == 200
    kinds = [one["kind"] for one in customer.call("GET", "/balance/transfers", 200)["data"]]
    assert kinds.count("repayment") == 2
    shown = admin.call("GET", f"/admin/users/{user_id(customer)}", 200)
    assert usd(shown["owed"]) == 0
    assert usd(shown["total_credits"]) == Decimal("0.5")
    gateway.verify_ledger()


def test_a_call_under_way_keeps_its_hold_and_its_rest_is_collected(
    gateway, customer, admin, provider
):
    gate = threading.Event()
    provider.answer = answers.behind(gate, answers.chat(usage=Usage(1000, 500)))
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, BODY))
        provider.wait_for_requests(1)
        held = usd(customer.wallet()["held"])
        done = debit(admin, customer, "10")
        assert usd(done["taken"]) == 10 - held
        assert usd(done["owed"]) == held
        gate.set()
        assert connection.read_reply().status == 200
    wait_until(lambda: owed(customer) == COST, 10, "the rest of the hold")
    assert customer.balance == 0
    gateway.verify_ledger()


def test_command_line_beside_the_server(gateway, customer):
    assert usd(gateway.value_of("debit", customer.email, "15", "--reason", "both")) == 15
    wait_until(lambda: (customer.balance, owed(customer)) == (0, 5), 10, "what the server collects")
    assert customer.ask().status_code == 402
    gateway.value_of("credit", customer.email, "6")
    wait_until(lambda: (customer.balance, owed(customer)) == (1, 0), 10, "the credit")
    assert customer.ask().status_code == 200


def test_debtors_without_money_keep_no_others_waiting(make_gateway):
    """More than are collected from at once, and never paying: the one with money comes after."""
    gateway = make_gateway()
    admin = make_admin(gateway)
    for _ in range(260):
        debtor = Customer(gateway)
        body = {"user_id": debtor.sign_up()["user"]["id"], "amount": "1", "reason": "a mistake"}
        admin.call("POST", "/admin/debits", 201, json=body)
    customer = gateway.customer()
    gateway.value_of("debit", customer.email, "4", "--reason", "a mistake")
    wait_until(lambda: (owed(customer), customer.balance) == (0, 6), 10, "the collection")
    assert customer.ask().status_code == 200


def test_command_line_without_a_server(make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    gateway.stop()
    assert usd(gateway.value_of("debit", customer.email, "4", "--reason", "x")) == 4
    gateway.verify_ledger()
    gateway.value_of("debit", customer.email, "10", "--reason", "y")
    exported = gateway.command("ledger", "export").stdout
    assert exported.count("correction") >= 4  # two transfers to the account "corrections"
    assert exported.count("debt:acct_") == 4
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert (customer.balance, owed(customer)) == (0, 4)
    assert customer.ask().status_code == 402


def test_reason_and_amount_are_needed(gateway, customer, admin):
    assert gateway.command("debit", customer.email, "1").returncode == 1
    assert gateway.command("debit", customer.email, "0", "--reason", "x").returncode == 1
    assert gateway.command("debit", "nobody@example.com", "1", "--reason", "x").returncode == 1
    debit(admin, customer, "1", reason=" ", status=400)
    debit(admin, customer, "-1", status=400)
    debit(customer, customer, "1", status=404)
    assert customer.balance == 10


def test_it_is_audited_and_done_once(gateway, customer, admin):
    key = {"Idempotency-Key": f"debit {customer.email}"}
    first = debit(admin, customer, "3", headers=key)
    assert debit(admin, customer, "3", headers=key) == first
    assert customer.balance == 7
    entries = admin.call("GET", f"/admin/audit?user_id={user_id(customer)}", 200)["data"]
    assert [entry["action"] for entry in entries] == ["debit.create"]
    detail = entries[0]["detail"]
    assert (usd(detail["amount"]), detail["reason"]) == (3, "a mistake")
    gateway.verify_ledger()


def test_many_at_once_never_take_what_is_held(make_gateway, provider):
    """Calls and corrections race for one balance; the books stay right, and nothing is lost."""
    gateway = make_gateway(workers=2)
    customer = gateway.customer(credit="1")
    usage = Usage(10, 500)  # no more than a hold covers: a debtor's hold is not extended
    provider.answer = answers.chat(usage=usage)
    answered = []

    def ask():
        for _ in range(20):
            if customer.ask(max_tokens=600).status_code == 200:
                answered.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        gateway.value_of("debit", customer.email, "0.2", "--reason", "race")
    for thread in threads:
        thread.join()
    customer.wait_for_no_hold()
    left = 1 - Decimal("1.2") - len(answered) * charge("gpt-4o-mini", usage)
    wait_until(lambda: customer.balance - owed(customer) == left, 10, "what is owed at last")
    # The server collects what is left for the debt a moment later.
    wait_until(lambda: customer.balance == 0, 10, "what is left pays the debt")
    gateway.verify_ledger()
