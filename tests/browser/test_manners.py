"""Small manners: the focus stays, limits are named, numbers are whole, the console is quiet."""

import re

import pytest
from held import Held
from person import KOREAN, View
from places import PLACES
from playwright.sync_api import expect
from test_everywhere import violations

PASSWORD_OFTEN = "1234567890"
BROKEN = """
[...document.querySelectorAll(".figures")].filter((it) => {
    const range = document.createRange();
    range.selectNodeContents(it);
    const rows = new Set([...range.getClientRects()].map((box) => Math.round(box.bottom)));
    return it.checkVisibility() && it.children.length === 0 && rows.size > 1;
}).map((it) => it.outerHTML)
"""


STICKING_OUT = """
[...document.querySelectorAll("td, th, dd, dt")]
    .filter((it) => it.checkVisibility() && it.scrollWidth > it.clientWidth + 1)
    .map((it) => it.outerHTML)
"""
# "< 1 ms", "1.24 s": amounts with their unit, in any text of a page.
TORN = """
[...document.querySelectorAll("main *")].flatMap((it) => [...it.childNodes])
    .filter((it) => it.nodeType === Node.TEXT_NODE && it.parentElement.checkVisibility())
    .flatMap((it) => [...it.data.matchAll(/(< )?[\\d.,]+[ \u00a0](ms|s|min)\\b/g)].map((found) => {
        const range = document.createRange();
        range.setStart(it, found.index);
        range.setEnd(it, found.index + found[0].length);
        return [new Set([...range.getClientRects()].map(({ bottom }) => bottom)).size, it.data];
    }))
    .filter(([rows]) => rows > 1)
"""
RAW = re.compile(r"\d\.\d{8}0(?!\d)")  # "2.500000000", as the API has an amount
A_TIME = re.compile(rb'"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d')
LATE_IN_THE_YEAR = b'"2026-12-28T13:46:17'  # nothing is longer


def lengthen(route) -> None:
    """Every time of an answer is one of the longest to write."""
    answer = route.fetch()
    route.fulfill(response=answer, body=A_TIME.sub(LATE_IN_THE_YEAR, answer.body()))


@pytest.mark.parametrize("place", [place for place in PLACES if place.who != "nobody"],
                         ids=lambda place: place.name)  # fmt: skip
def test_no_number_is_broken_over_two_lines(people, town, place):
    person = people(KOREAN)
    person.complaints.clear()
    person.page.route("**/api/**", lengthen)
    try:
        town.visit(person, place)
    finally:
        person.page.unroute_all(behavior="ignoreErrors")
    assert not person.page.evaluate(BROKEN)
    assert not person.page.evaluate(STICKING_OUT)
    assert not person.page.evaluate(TORN)
    assert not RAW.findall(person.main.inner_text())
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 360


def focused(person) -> str:
    return person.page.evaluate("document.activeElement.textContent")


def test_the_focus_stays_on_a_busy_button(user, customer):
    user.open("/dashboard/credits")
    add = user.button("credits.addAmount", amount="$10.00")
    user.page.route("**/api/balance/charge", lambda route: None)  # no answer for now
    add.focus()
    user.page.keyboard.press("Enter")
    expect(add).to_have_attribute("aria-busy", "true")
    expect(add).to_have_attribute("aria-disabled", "true")
    user.page.keyboard.press("Enter")  # does nothing
    assert focused(user) == user.t("credits.addAmount", amount="$10.00")
    assert not violations(user)


def test_the_focus_stays_on_an_icon_and_a_choice_that_are_off(user, customer):
    """While an answer is on its way no other conversation can be chosen or removed."""
    user.open("/dashboard/playground")
    held = Held(user.page, "**/playground/chat/completions?*")
    user.field("playground.message").fill("Hello")
    user.button("playground.send").click()
    held.wait_for(1)
    for control in (user.button("playground.removeTalk"), user.field("playground.kept")):
        expect(control).to_have_attribute("aria-disabled", "true")
        control.focus()
        expect(control).to_be_focused()
        user.page.keyboard.press("Enter")  # does nothing
        user.page.keyboard.press("Escape")
    expect(user.field("playground.kept").locator("option")).to_have_count(1)
    expect(user.page.get_by_role("log").get_by_text("Hello", exact=True)).to_be_visible()
    assert not violations(user)
    held.let_go()
    expect(user.field("playground.kept")).not_to_have_attribute("aria-disabled", "true")
    expect(user.field("playground.kept")).to_be_focused()


def test_the_focus_stays_in_the_pager(make_person, gateway):
    customer = gateway.customer()
    for _ in range(52):
        customer.ask("demo")
    person = make_person().become(customer)
    person.open("/dashboard/usage")
    forth = person.button("pager.next")
    forth.focus()
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_text(person.t("pager.page", page=2))).to_be_visible()
    expect(forth).to_have_attribute("aria-disabled", "true")
    assert focused(person) == person.t("pager.next")


@pytest.mark.parametrize("typed", ["1000001", "0", "x"])
def test_amounts_name_their_limits(user, typed):
    user.open("/dashboard/credits")
    user.field("credits.amount").fill(typed)
    user.main.locator("form").first.get_by_role("button").last.click()
    user.sees(user.t("limits.amountAbove", most="$1,000,000"))


def test_what_is_typed_can_be_looked_at(make_person, gateway, view):
    person = make_person(view)
    person.open("/dashboard/signin")
    field = person.page.locator("input[autocomplete=current-password]")
    field.fill("a secret")
    expect(field).to_have_attribute("type", "password")
    eye = person.button("auth.showPassword")
    eye.click()
    expect(field).to_have_attribute("type", "text")
    expect(eye).to_have_attribute("aria-pressed", "true")
    expect(field).to_have_value("a secret")
    assert not violations(person)
    eye.click()
    expect(field).to_have_attribute("type", "password")


def test_a_password_that_is_often_used(person):
    person.open("/dashboard/signup")
    person.field("auth.email").fill("often@example.com")
    person.field("auth.password").fill(PASSWORD_OFTEN)
    person.button("auth.signUp").click()
    person.sees(person.t("weakness.common"))


def listen(person) -> list[str]:
    """Whatever the console has, also what the browser itself says about answers."""
    heard: list[str] = []
    person.page.on("console", lambda message: heard.append(message.text))
    return heard


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_console_is_quiet_at_the_first_visit(make_person, town, place):
    """Of who may come and, in a browser of their own, of who must sign in first."""
    person = make_person(View())
    heard = listen(person)
    town.visit(person, place)
    stranger = make_person(View())
    heard_outside = listen(stranger)
    stranger.open(town.path_of(place))
    stranger.page.wait_for_load_state("networkidle")
    assert not heard + heard_outside


def test_the_console_is_quiet_at_the_door(make_person):
    person = make_person(View())
    heard = listen(person)
    person.open("/")
    person.page.wait_for_load_state("networkidle")
    assert not heard
