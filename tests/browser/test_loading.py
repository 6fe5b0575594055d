"""What a person does while the answers are on their way counts: no click is lost, nothing moves."""

from contextlib import contextmanager

import pytest
from held import Held
from person import ENGLISH, KOREAN, Person
from places import PLACES, Place
from playwright.sync_api import Locator, Route, expect

NEEDED = ("/api/auth/session", "/api/site")  # without these there is no page yet
# The pages that have something to click on before anything has arrived.
LATER = ("playground", "keys-new")
AT_ONCE = [place for place in PLACES if place.who != "nobody" and place.name not in LATER]
OF_A_CUSTOMER = [place for place in AT_ONCE if place.who == "customer" and place.ready]
WITH_CHOICES = [
    place for place in AT_ONCE
    if place.name in ("usage", "credits", "admin-overview", "admin-customer")
]  # fmt: skip
CONTROLS = "main button, main a, main label, main select, main input"
REMEMBER = f"""() => {{
    window.controls = [...document.querySelectorAll("{CONTROLS}")].filter(
        (it) => it.checkVisibility());
    window.placeOf = (it) => [it.getBoundingClientRect().x + scrollX,
        it.getBoundingClientRect().y + scrollY];
    window.before = controls.map(placeOf);
}}"""
MOVED = """() => controls
    .map((it, index) => [it.textContent || it.id, before[index], placeOf(it), it.isConnected])
    .filter(([, [x, y], [newX, newY], isThere]) =>
        !isThere || Math.abs(x - newX) > 1 || Math.abs(y - newY) > 1)"""

NUMBER_FORMATS_MAX = 8  # one of a kind
COUNT_FORMATS = """
window.formatsMade = 0;
Intl.NumberFormat = new Proxy(Intl.NumberFormat, {
    construct(...all) {
        window.formatsMade++;
        return Reflect.construct(...all);
    },
});
"""


def let_arrive(held: Held) -> None:
    held.let_go()
    busy = held.page.get_by_role("main").locator(".skeleton, [aria-busy=true]")
    expect(busy).to_have_count(0)


@contextmanager
def loading(person: Person, path: str):
    """The page at `path`, whose answers are held back."""
    held = Held(person.page, "**/api/**", lambda url: not any(path in url for path in NEEDED))
    try:
        person.open(path)
        yield held
    finally:
        held.let_go()
        person.page.unroute_all(behavior="wait")


def asked(person: Person, path: str) -> list[str]:
    """What the page at `path` asks the API for until nothing has happened for two pulses."""
    urls: list[str] = []
    pulses = 0

    def is_second_pulse(response) -> bool:
        nonlocal pulses
        pulses += response.url.endswith("/api/pulse")
        return pulses == 2

    person.page.on("request", lambda request: urls.append(request.url))
    with person.page.expect_response(is_second_pulse):
        person.open(path)
    return [url for url in urls if "/api/" in url and not url.endswith("/api/pulse")]


def last_of_each(person: Person, group: str, one: str) -> list[Locator]:
    """In each group of choices the last: none of them is chosen at first."""
    groups = person.main.locator(group).all()
    return [found.locator(one).last for found in groups]


def middle_of(control: Locator) -> tuple[float, float]:
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def visitor(people, town):
    """visitor(place, corner): a person who may go there."""

    def at(who: str, corner) -> Person:
        person = people(corner)
        person.complaints.clear()
        person.context.clear_cookies()
        return person.become(town.people[who])

    return at


@pytest.mark.parametrize("corner", [ENGLISH, KOREAN], ids=str)
@pytest.mark.parametrize("place", AT_ONCE, ids=lambda place: place.name)
def test_nothing_moves(visitor, town, place: Place, corner):
    person = visitor(place.who, corner)
    with loading(person, town.path_of(place)) as held:
        person.page.evaluate(REMEMBER)
        let_arrive(held)
        assert person.page.evaluate(MOVED) == []
    person.check_calm()


@pytest.mark.parametrize("place", OF_A_CUSTOMER, ids=lambda place: place.name)
def test_nothing_is_asked_for_twice(visitor, town, place: Place):
    """The first pulse tells nothing new."""
    urls = asked(visitor(place.who, ENGLISH), town.path_of(place))
    assert len(urls) > len(NEEDED)
    assert sorted(urls) == sorted(set(urls))


@pytest.mark.parametrize("place", WITH_CHOICES, ids=lambda place: place.name)
def test_what_was_chosen_meanwhile_stays(visitor, town, place: Place, view):
    person = visitor(place.who, view)
    with loading(person, town.path_of(place)) as held:
        tabs = last_of_each(person, "[role=tablist]", "[role=tab]")
        radios = last_of_each(person, "fieldset", "label")
        assert tabs or radios
        for control in tabs + radios:
            person.page.mouse.click(*middle_of(control))
        for arrive in (lambda: None, lambda: let_arrive(held)):
            arrive()
            for tab in tabs:
                expect(tab).to_have_attribute("aria-selected", "true")
            for radio in radios:
                expect(radio.locator("input")).to_be_checked()
    person.check_calm()


def refuse(route: Route) -> None:
    route.fulfill(status=500, json={"error": {"code": "internal_error", "message": "Sorry."}})


@pytest.fixture
def overview(visitor):
    """The operator's overview, whose sums fail: a note pushes the tabs down."""
    person = visitor("operator", ENGLISH)
    with loading(person, "/dashboard/admin") as held:
        yield person, held


def press_while_it_moves(person: Person, held: Held, tab: Locator) -> tuple[float, float]:
    person.page.mouse.move(*middle_of(tab))
    before = tab.bounding_box()
    person.page.mouse.down()
    held.let_go(refuse)
    expect(person.page.get_by_role("alert").first).to_be_visible()
    after = tab.bounding_box()
    assert after["y"] > before["y"] + before["height"], "the note was to push the tabs away"
    return before["x"] + before["width"] / 2, before["y"] + before["height"] / 2


def test_a_click_belongs_to_what_was_pressed(overview):
    person, held = overview
    tab = person.tab("sales.by.customer")
    press_while_it_moves(person, held, tab)
    person.page.mouse.up()
    expect(tab).to_have_attribute("aria-selected", "true")


def test_who_slips_off_on_purpose_has_not_clicked(overview):
    person, held = overview
    tab = person.tab("sales.by.customer")
    x, y = press_while_it_moves(person, held, tab)
    person.page.mouse.move(x, y - 30)
    person.page.mouse.up()
    expect(tab).to_have_attribute("aria-selected", "false")
    person.tab("sales.by.model").click()
    expect(person.tab("sales.by.model")).to_have_attribute("aria-selected", "true")


def test_tabs_stay_in_sight_when_the_list_below_shrinks(visitor):
    person = visitor("customer", KOREAN)
    person.open("/dashboard/usage")
    person.rows("usage.view.requests")
    tab = person.tab("usage.view.key")
    tab.evaluate("(it) => scrollTo(0, it.getBoundingClientRect().y + scrollY - 80)")
    before = tab.bounding_box()["y"]
    tab.click()
    expect(person.rows("usage.view.key")).to_have_count(2)
    assert abs(tab.bounding_box()["y"] - before) <= 1


def test_an_operator_need_not_wait_for_the_customer(visitor, town, view):
    person = visitor("operator", view)
    with loading(person, f"/dashboard/admin/customers/{town.ids['user']}") as held:
        person.page.mouse.click(*middle_of(person.button("customers.give")))
        held.let_go()
        expect(person.field("credits.amount", person.dialog)).to_be_focused()


def test_the_next_page_of_the_next_page(visitor):
    """Two clicks on "next" are two pages, though the first has not come when the second is made."""
    person = visitor("operator", ENGLISH)

    def answer(route: Route) -> None:
        number = int(route.request.url.partition("cursor=")[2].partition("&")[0] or 1)
        act = {"id": number, "at": "2026-11-01T10:00:00Z", "action": "credit.create",
               "actor": {"kind": "cli", "id": None, "email": None}, "address": None,
               "target": {"user_id": None, "email": None, "id": f"act-{number}"},
               "detail": {}}  # fmt: skip
        route.fulfill(json={"data": [act], "next_cursor": str(number + 1)})

    person.page.route("**/api/admin/audit?*", answer)
    held = Held(person.page, "**/api/admin/audit?*", lambda url: "cursor=2" in url)
    person.open("/dashboard/admin/audit")
    expect(person.rows("nav.audit")).to_contain_text("act-1")
    for _ in range(2):
        person.button("pager.next").click()
    held.wait_for(1)
    held.let_go(answer)
    expect(person.rows("nav.audit")).to_contain_text("act-3")
    person.sees(person.t("pager.page", page=3))
    person.page.unroute_all(behavior="wait")


def test_trying_again_loads_all_that_failed(visitor):
    person = visitor("customer", ENGLISH)
    person.page.route("**/api/keys", refuse, times=1)
    person.page.goto("/dashboard/playground")
    person.button("action.retry").click()
    expect(person.field("playground.message")).to_be_visible()


def test_what_is_not_seen_is_not_built(make_person, customer):
    """One menu: beside the page, or behind a button. It follows the width."""
    person = make_person(KOREAN).become(customer).open("/dashboard")
    beside = person.page.get_by_role("complementary")
    assert person.page.locator("aside, nav a[href='/dashboard/usage']").count() == 0
    person.page.set_viewport_size({"width": 1280, "height": 800})
    expect(beside.get_by_role("link", name=person.t("nav.usage"), exact=True)).to_be_visible()
    expect(person.button("nav.open")).to_have_count(0)


def test_formats_of_numbers_are_made_once(make_person, customer):
    """Making one takes a thousand times as long as using it; a list has hundreds of numbers."""
    for _ in range(12):
        customer.ask("demo")
    person = make_person().become(customer)
    person.context.add_init_script(COUNT_FORMATS)
    person.open("/dashboard/usage")
    expect(person.rows("usage.view.requests")).to_have_count(12)
    assert person.page.evaluate("window.formatsMade") <= NUMBER_FORMATS_MAX
