"""Back leads to what one has left: the page of the list, its filters, also through signing in."""

import re

import pytest
from playwright.sync_api import expect
from wait import wait_until

ROWS = 50


@pytest.fixture
def busy(gateway, provider):
    customer = gateway.customer()
    for _ in range(2 * ROWS + 5):
        customer.ask("demo")
    wait_until(lambda: len(customer.all_records()) == 2 * ROWS + 5)
    return customer


def first_row(person, listed: str = "usage.view.requests") -> str:
    return person.rows(listed).first.get_by_role("link").first.get_attribute("href")


def next_page(person, number: int, listed: str = "usage.view.requests") -> None:
    person.button("pager.next").click()
    expect(person.page.get_by_text(person.t("pager.page", page=number))).to_be_visible()
    table = person.page.get_by_role("table", name=person.t(listed))
    expect(table).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("how", ["link", "browser"])
def test_from_a_request_to_its_page_of_the_list(person, busy, how):
    person.become(busy).open("/dashboard/usage?period=7d&model=demo")
    next_page(person, 2)
    next_page(person, 3)
    shown, address = first_row(person), person.page.url
    person.rows("usage.view.requests").first.get_by_role("link").click()
    person.sees_title("request.title")
    person.link("request.back").click() if how == "link" else person.page.go_back()
    person.sees_title("nav.usage")
    expect(person.page.get_by_text(person.t("pager.page", page=3))).to_be_visible()
    assert (first_row(person), person.page.url) == (shown, address)
    assert person.field("usage.period").input_value() == "7d"
    person.page.reload()
    expect(person.page.get_by_text(person.t("pager.page", page=3))).to_be_visible()
    assert first_row(person) == shown
    person.button("pager.previous").click()
    expect(person.page.get_by_text(person.t("pager.page", page=2))).to_be_visible()
    person.field("usage.period").select_option("today")
    expect(person.page.get_by_text(person.t("pager.page", page=1))).to_be_visible()


def test_an_address_that_was_sent(make_person, busy):
    person = make_person().become(busy)
    person.open("/dashboard/usage")
    next_page(person, 2)
    shown, address = first_row(person), person.page.url
    other = make_person().become(busy)
    other.open(address)
    expect(other.page.get_by_text(other.t("pager.page", page=2))).to_be_visible()
    assert first_row(other) == shown
    other.button("pager.previous").click()
    expect(other.page.get_by_text(other.t("pager.page", page=1))).to_be_visible()


def test_signing_in_again_keeps_the_filters(person, customer):
    path = "/dashboard/usage?period=7d&view=model"
    person.open(path)
    expect(person.page).to_have_url(re.compile("signin"))
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill(customer.password)
    person.button("auth.signIn").click()
    expect(person.page).to_have_url(person.gateway.origin + path)
    customer.sign_in()
    customer.call("DELETE", "/auth/sessions", 204)  # the page's among them
    expect(person.page).to_have_url(re.compile("signin"))
    person.field("auth.email").fill(customer.email)
    person.field("auth.password").fill(customer.password)
    person.button("auth.signIn").click()
    expect(person.page).to_have_url(person.gateway.origin + path)


def test_the_operators_lists_too(make_person, operator, busy):
    person = make_person().become(operator)
    user_id = busy.call("GET", "/auth/me", 200)["user"]["id"]
    person.open(f"/dashboard/admin/customers/{user_id}?view=requests")
    listed = "customers.view.requests"
    next_page(person, 2, listed)
    shown = first_row(person, listed)
    person.rows(listed).first.get_by_role("link").first.click()
    person.sees_title("request.title")
    person.page.go_back()
    expect(person.page.get_by_text(person.t("pager.page", page=2))).to_be_visible()
    assert first_row(person, listed) == shown
