"""What a sign-up is given: once for a mailbox, within the day's money, whatever happens between."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2 as httpx
import pytest
from customer import PASSWORD, Customer
from receivers import change
from test_admin_api import make_admin
from test_doors import count, sign_up
from test_invitations import invite, token


def test_a_promotion_is_given(make_gateway):
    gateway = make_gateway(sign_up_credit="1.25")
    assert Customer(gateway).call("GET", "/site", 200)["sign_up_credit"] == "1.250000000"
    customer = sign_up(gateway)
    assert customer.balance == 1.25
    (transfer,) = customer.call("GET", "/balance/transfers", 200)["data"]
    assert (transfer["kind"], transfer["reason"]) == ("promotion", "sign-up")
    make_admin(gateway)  # has not signed up
    assert count(gateway, "first_credits") == 1
    gateway.verify_ledger()


SAME = [
    [
        "ann.smith@gmail.com",
        "annsmith@gmail.com",
        "ANN.smith+x@googlemail.com",
        "a.n.n.smith@gmail.com",
    ],
    ["bob@example.com", "bob+1@example.com", "BOB+two@EXAMPLE.com"],
]
OTHERS = ["b.ob@example.com", "bob@example.org", "ann-smith@gmail.com", "+x@example.com"]


def test_one_for_each_mailbox(make_gateway):
    gateway = make_gateway(sign_up_credit="1")
    for emails in SAME:
        assert [sign_up(gateway, email=it).balance for it in emails] == [1] + [0] * (
            len(emails) - 1
        )
    assert [sign_up(gateway, email=it).balance for it in OTHERS] == [1] * len(OTHERS)


def test_the_days_money_is_exact_under_a_race_and_a_restart(make_gateway):
    gateway = make_gateway(sign_up_credit="1.5", sign_up_credits_max="10")
    with ThreadPoolExecutor(10) as pool:
        customers = list(pool.map(lambda _: sign_up(gateway), range(10)))
    assert sorted(it.balance for it in customers) == [0] * 4 + [1.5] * 6
    gateway.stop()
    gateway.start()
    assert sign_up(gateway).balance == 0
    change(gateway, "DROP TRIGGER first_credits_no_update")
    change(gateway, "UPDATE first_credits SET day = day - 1")  # a day later
    assert sign_up(gateway).balance == 1.5
    gateway.verify_ledger()


def test_an_invitation_gives_its_own_credit_instead(make_gateway):
    gateway = make_gateway(sign_up_credit="1", sign_up_credits_max="1")
    admin = make_admin(gateway)
    plain, rich = invite(admin, uses=5), invite(admin, uses=5, credit="7")
    assert sign_up(gateway, invitation=token(plain)).balance == 1
    assert sign_up(gateway, invitation=token(plain)).balance == 0  # the day's money is given
    assert sign_up(gateway, invitation=token(rich)).balance == 7  # which is not the operator's
    emails = ("ann+1@example.com", "ann+2@example.com")
    assert [sign_up(gateway, invitation=token(rich), email=it).balance for it in emails] == [7, 0]


@pytest.mark.parametrize("cap", ["0", "0.5"])
def test_a_cap_below_the_credit(make_gateway, cap):
    gateway = make_gateway(sign_up_credit="1", sign_up_credits_max=cap)
    assert sign_up(gateway).balance == 0


def try_to_sign_up(gateway, email: str) -> int:
    customer = Customer(gateway)
    body = {"email": email, "password": PASSWORD}
    with suppress(httpx.HTTPError):
        return customer.web.post("/auth/signup", json=body).status_code
    return 0


def sign_up_through_a_kill(gateway, emails):
    """All at once, and again after the gateway has died among them."""
    with ThreadPoolExecutor(len(emails)) as pool:
        tries = [pool.submit(try_to_sign_up, gateway, email) for email in emails]
        tries[0].result()
        gateway.kill()
    gateway.start()
    for email in emails:
        assert try_to_sign_up(gateway, email) in (201, 409)


def test_kills_between_pay_once(make_gateway):
    """An account that is there has its credit; one that is not has none; and no mailbox has two."""
    gateway = make_gateway(sign_up_credit="1")
    emails = [f"kill{number}@example.com" for number in range(24)]
    for round_ in range(6):
        sign_up_through_a_kill(gateway, emails[4 * round_ : 4 * round_ + 4])
    assert count(gateway, "users") == count(gateway, "first_credits") == len(emails)
    for email in emails:
        customer = Customer(gateway)
        customer.email = email
        customer.sign_in()
        assert customer.balance == 1
    gateway.verify_ledger()
