"""Addresses that take no mail: nothing more is sent there but what verifies them."""

import pytest
from receivers import is_empty, outbox, token_of
from test_admin_api import make_admin
from test_customer_mail import newcomer, post
from wait import wait_until

__all__ = ["post"]  # a fixture

UNKNOWN = "550 5.1.1 no such user"


def notices(customer) -> dict:
    return customer.call("GET", "/notices", 200)


def states(gateway) -> list[str]:
    return [row["state"] for row in outbox(gateway)]


@pytest.mark.quick
def test_a_refused_address_gets_no_more_until_it_is_verified(post, mailbox):
    gateway = post()
    customer = newcomer(gateway)
    mailbox.refuse = lambda address: UNKNOWN if address == customer.email else None
    customer.charge("5")
    wait_until(lambda: notices(customer)["mail_refused_at"], 20, "a refusal")
    assert notices(customer)["mail_refused_why"] == UNKNOWN
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    seen = make_admin(gateway).call("GET", f"/admin/users/{user_id}", 200)
    assert seen["mail_refused_why"] == UNKNOWN
    mailbox.refuse = lambda _: None
    count = len(outbox(gateway))
    customer.charge("6")
    customer.call("POST", "/auth/verify/send", 202, json={})
    mail = mailbox.wait_for_one(customer.email)
    assert len(outbox(gateway)) == count + 1
    customer.call("POST", "/auth/verify", 200, json={"token": token_of(mail, "verify")})
    assert notices(customer)["mail_refused_at"] is None
    customer.charge("7")
    mailbox.wait_for_one(customer.email, "$7.00")


def test_a_new_password_by_mail_verifies_it(post, mailbox):
    gateway = post()
    customer = newcomer(gateway)
    assert gateway.command("mail", "bounced", customer.email).returncode == 0
    customer.call("POST", "/auth/forgot", 202, json={"email": customer.email})
    token = token_of(mailbox.wait_for_one(customer.email), "password")
    body = {"token": token, "password": "another long password"}
    customer.call("POST", "/auth/link/password", 200, json=body)
    assert notices(customer)["mail_refused_at"] is None


@pytest.mark.parametrize("why", ["450 4.2.0 later", "550 5.7.1 you are blocked", "552 5.2.2 full"])
def test_what_is_not_about_the_address(post, mailbox, why):
    gateway = post()
    customer = newcomer(gateway)
    mailbox.refuse = lambda _: why
    customer.charge("5")
    wait_until(lambda: any(row["last_error"] for row in outbox(gateway)), 20, "a refusal")
    assert notices(customer)["mail_refused_at"] is None


def test_the_sender_is_not_the_receiver(post, mailbox):
    """A 550 without an enhanced code counts as an answer to RCPT only."""
    gateway = post()
    customer = newcomer(gateway)
    mailbox.after = lambda _: "550 we do not like this mail"
    customer.charge("5")
    wait_until(lambda: "given_up" in states(gateway), 20, "an end")
    assert notices(customer)["mail_refused_at"] is None
    mailbox.refuse = lambda _: "550 who is that"
    customer.charge("6")
    wait_until(lambda: notices(customer)["mail_refused_at"], 20, "a refusal")


def test_bounces_that_come_later(post, mailbox):
    """A program of the operator's tells of them."""
    gateway = post()
    customer = newcomer(gateway)
    mailbox.refuse = lambda _: "450 later"
    customer.charge("5")
    wait_until(lambda: any(row["tries"] for row in outbox(gateway)), 20, "a try")
    done = gateway.command("mail", "bounced", customer.email.upper(), "5.1.1 unknown")
    assert (done.returncode, customer.email.upper() in done.stdout) == (0, True)
    assert notices(customer)["mail_refused_why"] == "5.1.1 unknown"
    wait_until(lambda: states(gateway) == ["given_up"], 20, "an end of what waits")
    mailbox.refuse = lambda _: None
    customer.charge("6")
    assert gateway.command("mail", "restored", customer.email).returncode == 0
    customer.charge("7")
    mailbox.wait_for_one(customer.email, "$7.00")
    wait_until(lambda: is_empty(gateway))
    assert len(mailbox.mails) == 1
    for word in ("bounced", "restored"):
        nobody = gateway.command("mail", word, "nobody@example.com")
        assert (nobody.returncode, "no such user" in nobody.stderr) == (1, True)
