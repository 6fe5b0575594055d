"""For who sees little or must not see things move: the browser's own colours, and no movement."""

import pytest
from held import Held
from person import ENGLISH, View
from places import PLACES, Place
from playwright.sync_api import expect

INSIDE = [place for place in PLACES if place.who != "nobody"]
CHOSEN = (
    '[aria-current="page"], [aria-selected="true"], [aria-pressed="true"], '
    "label:has(> input.sr-only:checked)"
)
# What is chosen, and looks as what is not chosen beside it.
ALIKE = rf"""() => {{
    const behind = (it) => {{
        const {{ backgroundColor: colour }} = getComputedStyle(it);
        const isClear = /^rgba.*, 0\)$/.test(colour) && it.parentElement;
        return isClear ? behind(it.parentElement) : colour;
    }};
    const look = (it) => `${{behind(it)}} ${{getComputedStyle(it).color}}`;
    const group = (it) => it.closest("ul, [role=tablist], fieldset, form") ?? document.body;
    return [...document.querySelectorAll({CHOSEN!r})].filter((it) => it.checkVisibility())
        .filter((it) => [...group(it).querySelectorAll(it.localName)]
            .some((other) => !other.matches({CHOSEN!r}) && look(other) === look(it)))
        .map((it) => it.outerHTML);
}}"""
COLOURS = """() => {
    const painted = new Set();
    for (const canvas of document.querySelectorAll("figure canvas")) {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255) {
                painted.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
            }
        }
    }
    const dots = [...document.querySelectorAll("figcaption li span:first-child")];
    return [dots.map((it) => getComputedStyle(it).backgroundColor), [...painted]];
}"""
ENDLESS = """() => document.getAnimations()
    .filter((it) => it.effect.getTiming().iterations === Infinity).length"""


@pytest.fixture(scope="module")
def seer(people):
    """In colours that the browser forces."""
    person = people(View("en", "wide", "light", "Europe/Berlin"))  # nobody else's
    person.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    return person


@pytest.mark.parametrize("place", INSIDE, ids=lambda place: place.name)
def test_what_is_chosen_is_seen_in_forced_colours(seer, town, place: Place):
    seer.complaints.clear()
    town.visit(seer, place)
    assert not seer.page.evaluate(ALIKE)
    seer.check_calm()


def test_what_is_off_looks_so_in_forced_colours(seer, town):
    town.visit(seer, next(place for place in INSIDE if place.name == "account"))
    colour = "(it) => getComputedStyle(it).color"
    off, on = seer.button("account.endOthers"), seer.button("account.everywhere")
    expect(off).to_have_attribute("aria-disabled", "true")
    assert off.evaluate(colour) != on.evaluate(colour)


@pytest.mark.parametrize("name", ["home", "admin-overview"])
def test_a_chart_keeps_its_colours(seer, town, name):
    town.visit(seer, next(place for place in INSIDE if place.name == name))
    dots, painted = seer.page.evaluate(COLOURS)
    assert len(dots) > 2
    assert len(set(dots)) == len(dots), dots
    assert dots[0] in painted


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
@pytest.mark.parametrize(
    "place",
    [place for place in INSIDE if place.name in ("home", "usage", "admin-overview")],
    ids=lambda place: place.name,
)
def test_nothing_moves_on_for_who_does_not_want_it(people, town, place: Place, motion):
    """While its answers are on their way, too: then parts of it shimmer for the others."""
    person = people(ENGLISH)
    person.complaints.clear()
    person.context.clear_cookies()
    person.become(town.people[place.who])
    person.page.emulate_media(reduced_motion=motion)
    needed = ("/api/auth/session", "/api/site")
    held = Held(person.page, "**/api/**", lambda url: not any(path in url for path in needed))
    try:
        person.open(town.path_of(place))
        moving = person.page.evaluate(ENDLESS)
        assert not moving if motion == "reduce" else moving
    finally:
        held.let_go()
        person.page.unroute_all(behavior="wait")
        person.page.emulate_media(reduced_motion="reduce")
