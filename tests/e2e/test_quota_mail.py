"""A quota that is nearly used: one mail in each of its periods, in the customer's language."""

import answers
import pytest
from answers import Usage
from receivers import change, is_empty, outbox, rows, words_of
from test_admin_api import id_of, make_admin
from test_customer_mail import post
from test_quotas import no_midnight  # noqa: F401 (a fixture)
from wait import wait_until

__all__ = ["post"]  # a fixture

pytestmark = pytest.mark.usefixtures("no_midnight")


def limited(gateway, **quota):
    """A customer with a quota of five calls a day of the own key."""
    customer = gateway.customer(credit="10")
    quota = {"key_id": customer.key_id, "unit": "requests", "period": "day", "amount": 5} | quota
    customer.call("POST", "/quotas", 201, json=quota)
    return customer


def use(customer, calls: int) -> None:
    for _ in range(calls):
        customer.ask("gpt-4")


def told(gateway) -> set[str]:
    return {row["kind"] for row in rows(gateway, "SELECT kind FROM quota_events")}


def quota_mails(gateway) -> list:
    return [row for row in outbox(gateway) if row["kind"] == "mail"]


@pytest.mark.quick
def test_it_is_told_once_also_after_a_kill(post, mailbox):
    gateway = post(mail_receipts="off")
    customer = limited(gateway)
    use(customer, 3)
    assert not quota_mails(gateway)
    use(customer, 1)
    mail = mailbox.wait_for_one(customer.email)
    assert mail["subject"] == "A quota is nearly used: requests in a day"
    text, html = words_of(mail)
    for words in (text, html):
        assert "4 of 5" in words
        assert customer.key[-4:] in words
        assert "UTC" in words
        assert "/keys" in words
    wait_until(lambda: is_empty(gateway), 20, "a note")
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    use(customer, 2)
    wait_until(lambda: told(gateway) == {"near", "reached"}, 20, "all of it used")
    assert len(quota_mails(gateway)) == len(mailbox.mails) == 1


def test_it_is_told_again_in_the_next_period(post, mailbox):
    gateway = post(mail_receipts="off")
    customer = limited(gateway)
    use(customer, 4)
    mailbox.wait_for(1)
    gateway.kill()
    change(gateway, "UPDATE quota_events SET start_ms = start_ms - 86400000")
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    use(customer, 1)
    mailbox.wait_for(2)


def test_of_money_in_korean(post, mailbox, provider):
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit="10")
    customer.call("PATCH", "/notices", 200, json={"language": "ko"})
    quota = {"key_id": customer.key_id, "unit": "usd", "period": "month", "amount": "0.002"}
    customer.call("POST", "/quotas", 201, json=quota)
    while customer.ask(max_tokens=1000).status_code == 200:
        customer.wait_for_no_hold()
    mail = mailbox.wait_for_one(customer.email)
    assert mail["subject"] == "할당량을 거의 다 썼습니다: 한 달 사용 금액"
    assert "$0.00" in words_of(mail)[0]


def test_of_all_keys_of_some_models(post, mailbox):
    """A quota that the operator has set."""
    gateway = post(mail_receipts="off")
    customer = gateway.customer(credit="10")
    quota = {"user_id": id_of(customer), "unit": "requests", "period": "month", "amount": 2,
             "model": "gpt-4"}  # fmt: skip
    make_admin(gateway).call("POST", "/admin/quotas", 201, json=quota)
    use(customer, 2)
    text, _ = words_of(mailbox.wait_for_one(customer.email))
    assert "2 of 2 are used: requests in a month (gpt-4), for all of your keys." in text


@pytest.mark.parametrize("how", ["unwanted", "unverified", "a minute"])
def test_of_which_nothing_is_mailed(post, receiver, provider, how):
    settings = {"email_verification": "ask"} if how == "unverified" else {}
    gateway = post(mail_receipts="off", customer_webhooks="any", **settings)
    provider.answer = answers.chat(usage=Usage(1000, 1000))
    minute = {"unit": "usd", "period": "minute", "amount": "0.002"}
    customer = limited(gateway, **(minute if how == "a minute" else {}))
    customer.call("POST", "/notices/webhook", 201, json={"url": receiver.url})
    if how == "unwanted":
        customer.call("PATCH", "/notices", 200, json={"quotas": False})
    while customer.ask(max_tokens=1000).status_code == 200:
        customer.wait_for_no_hold()
    receiver.wait_for_type("quota.near")
    assert not [row for row in quota_mails(gateway) if "quota_near" in row["payload"]]
