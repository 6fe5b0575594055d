"""The second factor in front of the pages, and the end of an account."""

import json
import re

from customer import PASSWORD
from person import Person
from phone import Phone, with_phone
from playwright.sync_api import expect
from test_quota_pages import check_page


def set_up(person: Person) -> Phone:
    """By the card that is shown; returns the phone."""
    person.field("factor.password").fill(PASSWORD)
    person.button("factor.setUp").click()
    secret = person.page.get_by_role("status", name=person.t("factor.secret"))
    expect(person.page.get_by_role("img", name=person.t("factor.qr"))).to_be_visible()
    phone = Phone(secret.inner_text().replace(" ", ""))
    person.field("factor.firstCode").fill(phone.wrong_code())
    person.button("factor.turnOn").click()
    person.sees(person.t("error.wrong_code"))
    person.field("factor.firstCode").fill(phone.code())
    person.button("factor.turnOn").click()
    codes = person.page.get_by_role("list", name=person.t("factor.codes"))
    expect(codes.get_by_role("listitem")).to_have_count(10)
    phone.recovery_codes = codes.get_by_role("listitem").all_inner_texts()
    check_page(person)
    person.button("factor.kept").click()
    return phone


def password_step(person: Person, email: str) -> None:
    person.context.clear_cookies()
    person.open("/dashboard/signin")
    person.field("auth.email").fill(email)
    person.field("auth.password").fill(PASSWORD)
    person.button("auth.signIn").click()
    person.sees_title("factor.stepTitle")


def test_set_up_and_signed_in_with_a_code(user, customer):
    user.open("/dashboard/account")
    user.sees_title("account.title")
    phone = set_up(user)
    user.sees(user.t("factor.codesLeft", n=10))
    password_step(user, customer.email)
    user.field("factor.code").fill(phone.wrong_code())
    user.button("auth.signIn").click()
    user.sees(user.t("error.wrong_code"))
    check_page(user)
    user.field("factor.code").fill(phone.recovery_code())
    user.button("auth.signIn").click()
    user.sees_title("nav.home")
    user.open("/dashboard/account")
    user.sees(user.t("factor.codesLeft", n=9))


def test_renewed_and_turned_off(user, customer):
    customer.sign_in()
    phone = with_phone(customer)
    password_step(user, customer.email)
    user.field("factor.code").fill(phone.code())
    user.button("auth.signIn").click()
    user.sees_title("nav.home")
    user.open("/dashboard/account")
    user.button("factor.renew").click()
    dialog = user.page.get_by_role("dialog")
    dialog.get_by_label(user.t("factor.password")).fill("not it, alas")
    dialog.get_by_label(user.t("factor.code"), exact=True).fill(phone.recovery_codes[0])
    dialog.get_by_role("button", name=user.t("factor.renew")).click()
    user.sees(user.t("error.wrong_password"))
    check_page(user)
    dialog.get_by_label(user.t("factor.password")).fill(PASSWORD)
    dialog.get_by_role("button", name=user.t("factor.renew")).click()
    codes = user.page.get_by_role("list", name=user.t("factor.codes")).get_by_role("listitem")
    expect(codes).to_have_count(10)
    phone.recovery_codes = codes.all_inner_texts()
    user.button("factor.kept").click()
    user.button("factor.turnOff").click()
    dialog.get_by_label(user.t("factor.password")).fill(PASSWORD)
    dialog.get_by_label(user.t("factor.code"), exact=True).fill(phone.recovery_code())
    dialog.get_by_role("button", name=user.t("factor.turnOff")).click()
    expect(user.button("factor.setUp")).to_be_visible()
    customer.sign_in()


def test_who_must_set_it_up_sees_nothing_else(user, customer, gateway):
    gateway.settings["second_factor"] = "all"
    gateway.write_config()
    gateway.reload()
    try:
        user.open("/dashboard/keys")
        user.sees_title("factor.requiredTitle")
        check_page(user)
        set_up(user)
        user.sees_title("nav.keys")
    finally:
        gateway.settings["second_factor"] = "optional"
        gateway.write_config()
        gateway.reload()


def test_sessions_in_words_and_out_everywhere(user, customer):
    customer.web.cookies.clear()
    customer.web.headers["User-Agent"] = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
    )
    customer.sign_in()
    user.open("/dashboard/account")
    rows = user.rows("account.sessions")
    name = user.t("account.agent", browser="Safari", system="iPhone")
    expect(rows.filter(has_text=name)).to_be_visible()
    expect(rows.filter(has_text=user.t("account.here"))).to_have_count(1)
    user.button("account.everywhere").click()
    user.sees_title("auth.signIn")
    assert customer.web.get("/auth/me").status_code == 401
    customer.sign_in()


def test_copy_and_end_of_the_account(user, customer, gateway):
    user.open("/dashboard/account")
    with user.page.expect_download() as download:
        user.page.get_by_role("link", name=user.t("data.copy")).click()
    copy = json.loads(download.value.path().read_text())
    assert copy["profile"]["email"] == customer.email
    user.button("data.erase").click()
    dialog = user.page.get_by_role("dialog")
    dialog.get_by_label(user.t("data.typeEmail", email=customer.email)).fill(customer.email)
    dialog.get_by_label(user.t("factor.password")).fill(PASSWORD)
    act = dialog.get_by_role("button", name=user.t("data.erase"))
    act.click()
    user.sees(user.t("error.balance_left"))
    check_page(user)
    dialog.get_by_label(user.t("data.forfeit")).check()
    act.click()
    user.sees_title("auth.signIn")
    gateway.customers.remove(customer)
    assert customer.ask().status_code == 401


def test_operator_helps_and_erases(boss, customer, gateway):
    with_phone(customer)
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    boss.open(f"/dashboard/admin/customers/{user_id}")
    boss.button("factor.remove").click()
    dialog = boss.page.get_by_role("dialog")
    dialog.get_by_role("button", name=boss.t("factor.remove")).click()
    expect(boss.button("factor.remove")).to_have_count(0)
    with boss.page.expect_download() as download:
        boss.page.get_by_role("link", name=boss.t("data.copy")).click()
    assert customer.email in download.value.path().read_text()
    boss.button("data.erase").click()
    dialog.get_by_label(boss.t("data.typeEmail", email=customer.email)).fill(customer.email)
    dialog.get_by_label(boss.t("data.forfeitCustomer")).check()
    check_page(boss)
    dialog.get_by_role("button", name=boss.t("data.erase")).click()
    expect(boss.page.get_by_role("heading", level=1)).to_have_text(re.compile(f"erased-{user_id}"))
    boss.sees(boss.t("data.isErased"))
    gateway.customers.remove(customer)
