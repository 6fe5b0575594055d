"""What a customer is told: a forgotten password, a confirmed address, wishes, a webhook."""

import pytest
from playwright.sync_api import expect
from receivers import Receiver, token_of
from standardwebhooks import Webhook
from test_account import new_email
from test_doors import check_page
from wait import wait_until

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def newest(mailbox, address: str):
    wait_until(lambda: mailbox.to(address), 20, f"a mail to {address}")
    return mailbox.to(address)[-1]


def test_a_forgotten_password(person, customer, mailbox):
    before = len(mailbox.to(customer.email))
    person.open("/dashboard/signin")
    person.link("auth.forgot").click()
    person.sees_title("forgot.title")
    person.field("auth.email").fill(customer.email)
    person.button("forgot.action").click()
    person.sees(person.t("forgot.sent", email=customer.email))
    wait_until(lambda: len(mailbox.to(customer.email)) > before, 20, "a mail")
    mail = mailbox.wait_for_one(customer.email, "password")
    person.open("/dashboard/password#" + token_of(mail, "password"))
    person.sees_title("setPassword.title")
    person.sees(customer.email)
    person.sees(person.t("setPassword.takesOver"))  # nobody has confirmed the address
    expect(person.field("setPassword.disableKeys")).to_be_checked()
    check_page(person)
    person.field("setPassword.disableKeys").uncheck()
    person.field("account.next").fill(NEW_PASSWORD)
    person.button("setPassword.action").click()
    person.sees_title("nav.home")
    customer.password = NEW_PASSWORD
    customer.sign_in()  # all its sessions have ended
    (key,) = customer.call("GET", "/keys", 200)["data"]
    assert key["disabled"] is False


def test_nobody_learns_whether_there_is_an_account(person):
    person.open("/dashboard/forgot")
    person.field("auth.email").fill("nobody@example.com")
    person.button("forgot.action").click()
    person.sees(person.t("forgot.sent", email="nobody@example.com"))


def test_an_address_is_confirmed(person, mailbox):
    email = new_email()
    person.sign_up(email)
    person.sees_title("nav.home")
    person.open("/dashboard/account")
    person.sees(person.t("notices.unverified", email=email))
    person.button("notices.sendVerification").click()
    mail = newest(mailbox, email)
    korean = person.view.language == "ko"
    assert ("확인" in mail["subject"]) == korean
    person.open("/dashboard/verify#" + token_of(mail, "verify"))
    person.button("verify.action").click()
    person.sees(person.t("verify.done", email=email))
    person.link("verify.on").click()
    person.sees_title("nav.home")
    person.open("/dashboard/account")
    person.sees(person.t("notices.verified"))
    person.open("/dashboard/verify#" + token_of(mail, "verify"))
    person.page.reload()
    person.button("verify.action").click()
    person.sees(person.t("error.link_invalid"))


def test_wishes_are_kept(user, customer):
    user.open("/dashboard/account")
    low = user.field("notices.low")
    expect(low).to_have_value("")
    low.fill("2.5")
    user.field("notices.receipts").uncheck()
    user.field("notices.language").select_option("ko")
    user.button("notices.save").click()
    wait_until(lambda: customer.call("GET", "/notices", 200)["low_balance"], 10, "a change")
    said = customer.call("GET", "/notices", 200)
    assert (said["low_balance"], said["receipts"], said["key_expiry"], said["language"]) == (
        "2.500000000", False, True, "ko")  # fmt: skip
    user.page.reload()
    expect(user.field("notices.low")).to_have_value("2.5")
    expect(user.field("notices.receipts")).not_to_be_checked()
    user.field("notices.low").fill("nothing")
    user.button("notices.save").click()
    user.sees(user.t("limits.amountAbove", most="$1,000,000"))
    expect(user.field("notices.low")).to_have_attribute("aria-invalid", "true")
    user.field("notices.low").fill("")
    user.button("notices.save").click()
    wait_until(lambda: customer.call("GET", "/notices", 200)["low_balance"] is None, 10, "none")


def test_a_webhook(user, customer, receiver):
    user.open("/dashboard/account")
    user.field("webhook.url").fill("ftp://example.com")
    user.button("webhook.set").click()
    user.sees(user.t("error.invalid_value"))
    user.field("webhook.url").fill(receiver.url)
    user.button("webhook.set").click()
    user.sees(user.t("webhook.secretTitle"))
    secret = user.main.get_by_text("whsec_").inner_text()
    user.button("webhook.test").click()
    (hook,) = receiver.wait_for_type("webhook.test")
    assert Webhook(secret).verify(hook.body, hook.headers)
    wait_until(lambda: customer.call("GET", "/notices", 200)["webhook"]["delivered_at"], 10, "it")
    user.open("/dashboard/account")
    user.sees(user.t("webhook.inUse"))
    user.sees(user.t("webhook.delivered"))
    expect(user.main.get_by_text("whsec_")).to_have_count(0)
    receiver.answer = lambda _: 410
    user.button("webhook.test").click()
    wait_until(lambda: customer.call("GET", "/notices", 200)["webhook"]["disabled_at"], 10, "it")
    user.open("/dashboard/account")
    user.sees(user.t("webhook.disabled"))
    user.sees("status 410")
    expect(user.button("webhook.test")).to_have_count(0)
    user.button("webhook.remove").click()
    expect(user.button("webhook.set")).to_be_visible()


def test_without_mail_and_webhooks_there_is_no_such_part(make_gateway, make_person):
    gateway = make_gateway(customer_webhooks="off")
    customer = gateway.customer()
    gateway.customers.clear()
    person = make_person(at=gateway)
    person.open("/dashboard/signin")
    expect(person.link("auth.forgot")).to_have_count(0)
    person.become(customer)
    person.open("/dashboard/account")
    person.sees(person.t("account.password"))
    expect(person.main.get_by_text(person.t("notices.title"))).to_have_count(0)
