"""docs/screenshots: every page as it is now. Only with --screenshots: it writes into docs/."""

import shutil
import subprocess

import pytest
from conftest import make_operator
from gateway import ROOT
from person import SIZES, View
from places import PLACES, Town

FOLDER = ROOT / "docs/screenshots"
VIEWS = [View("en", "wide", "light"), View("en", "wide", "dark"), View("ko", "narrow", "light")]


@pytest.fixture(scope="module")
def town(shared_gateway, shared_provider):
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield Town(shared_gateway, shared_provider, make_operator(shared_gateway))
    shared_provider.reset()


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_taken(make_person, town, place, view):
    person = make_person(view)
    town.visit(person, place)
    person.page.evaluate("scrollTo(0, 0)")  # else what sticks to the top hangs in the middle
    width, height = SIZES[view.width]
    whole = person.page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(whole, 2 * height)}
    path = FOLDER / f"{place.name}-{view}.png"
    person.page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", "64", path], check=True)
