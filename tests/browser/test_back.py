"""Back leads to what one has left: the page of the list, its filters, also through signing in."""

import re

import answers
import pytest
from conftest import make_operator
from playwright.sync_api import expect
from trials import candidate, sell
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


# A list of more than one page each, and what its filter is set to.
LISTS = [
    ("/dashboard/usage?view=refused&model=nobody-has-it", "usage.view.refused", "customer"),
    ("/dashboard/credits?kind=credits", "credits.history", "customer"),
    ("/dashboard/admin/customers?search=crowd", "nav.customers", "operator"),
    ("/dashboard/admin/customers/{user}?view=notes", "notes.title", "operator"),
    ("/dashboard/admin/customers/{user}?view=transfers", "customers.view.transfers", "operator"),
    ("/dashboard/admin/customers/{user}?view=audit", "nav.audit", "operator"),
    ("/dashboard/admin/invitations", "invitations.title", "operator"),
    ("/dashboard/admin/vouchers", "nav.vouchers", "operator"),
    ("/dashboard/admin/audit?action=credit.create", "nav.audit", "operator"),
]  # fmt: skip


@pytest.fixture(scope="module")
def crowd(shared_gateway, shared_provider):
    """A customer and an operator whose lists are all longer than a page."""
    shared_provider.reset()
    people = {"customer": shared_gateway.customer(), "operator": make_operator(shared_gateway)}
    customer, operator = people["customer"], people["operator"]
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    for number in range(ROWS + 5):
        customer.ask("nobody-has-it")
        given = {"user_id": user_id, "amount": "1", "reason": f"the {number}th of a crowd"}
        operator.call("POST", "/admin/credits", 201, json=given)
        named = f"crowd{number}-{user_id}@example.com".lower()
        operator.call("POST", "/admin/users", 201, json={"email": named})
        note = {"user_id": user_id, "text": str(number)}
        operator.call("POST", "/admin/notes", 201, json=note)
        operator.call("POST", "/admin/invitations", 201, json={"uses": 1})
        batch = {"name": f"crowd {number}", "amount": "1", "count": 1, "kind": "manual"}
        operator.call("POST", "/admin/vouchers", 201, json=batch)
    return people, user_id


@pytest.mark.parametrize(("path", "listed", "who"), LISTS, ids=[path for path, *_ in LISTS])
def test_every_list(make_person, crowd, path, listed, who):
    """Its page and its filter are there again: after another page, and after a reload."""
    people, user_id = crowd
    person = make_person().become(people[who])
    person.open(path.format(user=user_id))
    next_page(person, 2, listed)
    shown, address = person.rows(listed).first.inner_text(), person.page.url
    person.link("nav.models").click()
    person.sees_title("nav.models")
    person.page.go_back()
    for again in (lambda: None, person.page.reload):
        again()
        expect(person.page.get_by_text(person.t("pager.page", page=2))).to_be_visible()
        expect(person.rows(listed).first).to_have_text(shown, use_inner_text=True)
        assert person.page.url == address
    person.button("pager.previous").click()
    expect(person.page.get_by_text(person.t("pager.page", page=1))).to_be_visible()


def test_where_one_was_on_a_long_page(make_person, busy):
    person = make_person().become(busy)
    person.open("/dashboard/usage")
    last = person.rows("usage.view.requests").last.get_by_role("link").first
    last.scroll_into_view_if_needed()
    was = person.page.evaluate("scrollY")
    last.click()
    person.sees_title("request.title")
    wait_until(lambda: person.page.evaluate("scrollY") == 0)
    person.page.go_back()
    person.rows("usage.view.requests")
    wait_until(lambda: abs(person.page.evaluate("scrollY") - was) < 2, 5, "the same scroll")


def test_the_attempts_of_a_provider(make_person, operator, customer, provider):
    provider.answer = answers.error(503, "No capacity", "busy", "server_error")
    customer.ask("gpt-4o-mini")
    person = make_person().become(operator)
    person.open("/dashboard/admin/providers")
    card = person.main.get_by_role("region", name="openai", exact=True)
    person.button("providers.attempts", card).click()
    card.locator("label", has_text=person.t("providers.attemptsAll")).click()
    card.get_by_role("listitem").first.get_by_role("link").click()
    person.sees_title("request.title")
    person.page.go_back()
    expect(card.get_by_role("radio", name=person.t("providers.attemptsAll"))).to_be_checked()
    expect(card.get_by_role("listitem").first).to_contain_text("No capacity")
    person.button("providers.attempts", card).click()
    expect(card.get_by_role("listitem")).to_have_count(0)
    assert "attempts" not in person.page.url


def test_what_a_chart_shows(make_person, operator, customer):
    """Its measure, what it is split by, of which model; the list beside it is not begun anew."""
    customer.ask("gpt-4o-mini")
    person = make_person().become(operator)
    person.open("/dashboard/admin?view=provider&sort=profit")
    for chosen in ("sales.profit", "sales.by.provider"):
        person.main.get_by_role("radio", name=person.t(chosen), exact=True).locator("..").click()
    person.field("sales.only").select_option("openai")
    address = person.page.url
    person.link("nav.models").click()
    person.sees_title("nav.models")
    person.page.go_back()
    expect(person.field("sales.only")).to_have_value("openai")
    expect(person.main.get_by_role("radio", name=person.t("sales.profit"))).to_be_checked()
    assert person.page.url == address
    assert "view=provider&sort=profit" in address


def test_what_is_asked_of_a_replay(make_person, operator, customer):
    """Its days, and what its answer is split by."""
    customer.ask("gpt-4o-mini")
    person = make_person().become(operator)
    person.open("/dashboard/admin/policies")
    form = person.main.get_by_role("form", name=person.t("replay.title"))
    today = person.field("usage.last", form).input_value()
    person.field("usage.first", form).fill(today)
    person.button("replay.compute", form).click()
    person.tab("replay.by.customers").click()
    expect(person.rows("replay.changes")).to_contain_text([customer.email])
    address = person.page.url
    person.link("nav.models").click()
    person.sees_title("nav.models")
    person.page.go_back()
    expect(person.tab("replay.by.customers")).to_have_attribute("aria-selected", "true")
    expect(person.rows("replay.changes")).to_contain_text([customer.email])
    assert person.field("usage.first", form).input_value() == today
    assert person.page.url == address


def test_which_trial_one_compares(make_gateway, make_person):
    """Its model and its days."""

    def prepare(policies):
        for model in ("tried", "tried-too"):
            sell(policies, model, canary={"candidate": candidate("young"), "share": "50%"})

    gateway = make_gateway(prepare=prepare)
    person = make_person(at=gateway).become(make_operator(gateway))
    person.open("/dashboard/admin/policies")
    card = person.main.get_by_role("region", name=person.t("trials.title"))
    person.field("request.model", card).select_option("tried-too")
    card.get_by_role("radio", name=person.t("period.90d")).locator("..").click()
    address = person.page.url
    person.link("nav.models").click()
    person.sees_title("nav.models")
    person.page.go_back()
    expect(person.field("request.model", card)).to_have_value("tried-too")
    expect(card.get_by_role("radio", name=person.t("period.90d"))).to_be_checked()
    assert person.page.url == address
