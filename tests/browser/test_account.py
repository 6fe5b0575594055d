"""Signing up, in and out."""

import itertools
import os

import httpx2 as httpx
from customer import PASSWORD
from held import Held
from playwright.sync_api import expect

numbers = itertools.count(1)


def new_email() -> str:
    return f"person{next(numbers)}.{os.getpid()}@example.com"


def test_sign_up_and_reload(person):
    person.sign_up(new_email())
    person.sees_title("nav.home")
    person.page.reload()
    person.sees_title("nav.home")
    person.sees(person.t("steps.title"))


def test_password_rules_are_shown_before_they_bite(person):
    person.open("/dashboard/signup")
    rules = person.page.get_by_role("list", name=person.t("auth.rules"))
    expect(rules).to_contain_text(person.t("auth.rule.length", n=10))
    person.field("auth.email").fill("somebody@example.com")
    person.field("auth.password").fill("short")
    met = person.t("auth.rule.met")
    expect(rules.get_by_text(met)).to_have_count(2)
    person.field("auth.password").fill("somebody@example.com")
    expect(rules.get_by_text(met)).to_have_count(2)
    person.field("auth.password").fill(PASSWORD)
    expect(rules.get_by_text(met)).to_have_count(3)


def test_each_error_is_a_sentence_at_its_field(person, customer):
    person.sign_up(new_email())
    person.sees_title("nav.home")
    person.context.clear_cookies()

    def refused(email: str, password: str, name: str) -> None:
        person.open("/dashboard/signup")
        person.field("auth.email").fill(email)
        person.field("auth.password").fill(password)
        person.button("auth.signUp").click()
        person.sees(person.t(name))

    refused(new_email(), "password123", "weakness.common")
    expect(person.field("auth.password")).to_have_attribute("aria-invalid", "true")
    refused("somebody@localhost", PASSWORD, "error.invalid_email")
    expect(person.field("auth.email")).to_have_attribute("aria-invalid", "true")
    refused(customer.email, PASSWORD, "error.email_taken")


def test_sign_in_and_out(person, customer):
    person.open("/dashboard/signin")
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill("not the password")
    person.button("auth.signIn").click()
    expect(person.page.get_by_role("alert")).to_contain_text(person.t("error.invalid_credentials"))
    person.sign_in(customer.email, customer.password)
    if person.view.width == "narrow":
        person.button("nav.open").click()
    person.button("auth.signOut").click()
    person.sees_title("auth.signIn")
    person.page.goto("/dashboard/keys")
    person.sees_title("auth.signIn")


def test_after_signing_in_one_is_where_one_wanted_to_be(person, customer):
    person.page.goto("/dashboard/credits")
    person.sees_title("auth.signIn")
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill(customer.password)
    person.field("auth.password").press("Enter")
    person.sees_title("nav.credits")


def test_a_session_that_ends_elsewhere_ends_here(user, customer):
    user.open("/dashboard/keys")
    user.sees_title("nav.keys")
    user.context.clear_cookies()
    user.sees_title("auth.signIn")  # the next question of the live page finds out


def test_nobody_is_sent_away_by_an_address(person, customer):
    person.page.goto("/dashboard/signin?next=https://example.com/")
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill(customer.password)
    person.button("auth.signIn").click()
    person.sees_title("nav.home")
    assert person.page.url.startswith(person.gateway.origin)


def test_the_password_is_changed(user, customer):
    user.open("/dashboard/account")
    user.sees_title("account.title")
    user.field("account.current").fill("not the password")
    user.field("account.next").fill("another long phrase")
    user.button("account.changePassword").click()
    user.sees(user.t("error.wrong_password"))
    user.field("account.current").fill(PASSWORD)
    user.button("account.changePassword").click()
    expect(user.page.get_by_text(user.t("account.passwordChanged")).first).to_be_visible()
    customer.password = "another long phrase"
    customer.sign_in()


def test_another_session_is_ended(user, customer):
    customer.web.cookies.clear()
    customer.web.headers["User-Agent"] = "Elsewhere/1.0"
    customer.sign_in()
    user.open("/dashboard/account")
    rows = user.rows("account.sessions")
    expect(rows.filter(has_text="Elsewhere/1.0")).to_be_visible()
    user.button("account.endNamed", agent="Elsewhere/1.0").click()
    expect(rows.filter(has_text="Elsewhere/1.0")).to_have_count(0)
    assert customer.web.get("/auth/me").status_code == 401
    customer.sign_in()


def test_two_sessions_are_ended_one_right_after_the_other(user, customer, gateway):
    """The second click comes while the first is under way, and is not lost."""
    others = []
    for name in ("First/1.0", "Second/1.0"):
        web = httpx.Client(base_url=gateway.origin + "/api", headers={"User-Agent": name})
        body = {"email": customer.email, "password": customer.password}
        assert web.post("/auth/signin", json=body).status_code == 200
        others.append(web)
    user.open("/dashboard/account")
    held = Held(user.page, "**/api/auth/sessions/*")
    for name in ("First/1.0", "Second/1.0"):
        user.button("account.endNamed", agent=name).click()
    held.wait_for(2)
    held.let_go()
    rows = user.rows("account.sessions")
    expect(rows.filter(has_text="/1.0")).to_have_count(0)
    for web in others:
        assert web.get("/auth/me").status_code == 401
        web.close()
