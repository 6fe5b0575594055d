"""docs/screenshots: every page as it is now. Only with --screenshots: it writes into docs/."""

import pytest
from conftest import make_operator
from gateway import ROOT
from person import View
from places import PLACES, Town

FOLDER = ROOT / "docs/screenshots"
VIEWS = [View("en", "wide", "light"), View("en", "wide", "dark"), View("ko", "narrow", "light")]


@pytest.fixture(scope="module")
def town(shared_gateway, shared_provider, pytestconfig):
    if not pytestconfig.getoption("--screenshots"):
        pytest.skip("writes into docs/: --screenshots")
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield Town(shared_gateway, shared_provider, make_operator(shared_gateway))
    shared_provider.reset()


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_taken(make_person, town, place, view):
    person = make_person(view)
    town.visit(person, place)
    person.page.screenshot(
        path=FOLDER / f"{place.name}-{view}.png", full_page=True, animations="disabled"
    )
