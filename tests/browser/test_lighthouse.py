"""Lighthouse, as a phone sees the pages. What does not depend on time must be perfect; the score of
speed, which depends on how busy this machine is, is printed, the best of three: 1 for each page on
a quiet one."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from subprocess import PIPE

import pytest
from gateway import ROOT
from places import PLACES, Place, Town

SCRIPT = Path(__file__).parent / "lighthouse/run.mjs"
PACKAGES = Path(os.environ.get("LIGHTHOUSE") or ROOT / "build/lighthouse")
PAGE_S = 3 * 90  # three tries
BYTES_MAX = 200 * 1024  # of all that a first visit of a page fetches, compressed
# Of the documentation the first page, a translated one, and the longest of each kind.
DOCS = tuple(
    Place("docs" + path.replace("/", "-"), "/docs" + path, who, "")
    for path, who in (
        ("", "nobody"),
        ("/developers/quickstart-ko", "nobody"),
        ("/developers/dialects", "nobody"),
        ("/developers/reference/chat", "nobody"),
        ("/operators/policies", "operator"),
        ("/operators/settings", "operator"),
    )
)
PAGES = PLACES + DOCS
pytestmark = [pytest.mark.long, pytest.mark.timeout(PAGE_S * len(PAGES))]
# Of the audits of performance, those that tell the same however busy the machine is.
STEADY = {
    "render-blocking-insight", "render-blocking-resources", "unused-css-rules",
    "unused-javascript", "unminified-css", "unminified-javascript", "uses-text-compression",
    "total-byte-weight", "legacy-javascript", "legacy-javascript-insight",
    "duplicated-javascript", "duplicated-javascript-insight", "cumulative-layout-shift",
    "uses-long-cache-ttl", "redirects", "font-display-insight",
}  # fmt: skip
# Pages for search engines; all others are behind the sign-in.
PUBLIC = {"signin", "signup", "prices"} | {place.name for place in DOCS if place.who == "nobody"}


def cookie_of(town: Town, place: Place) -> str:
    if place.who not in town.people:
        return ""
    cookies = town.people[place.who].web.cookies.items()
    return "; ".join(f"{name}={value}" for name, value in cookies)


@pytest.fixture(scope="module")
def found(request, town) -> dict:
    """Of the pages whose tests run, in one browser."""
    if not (PACKAGES / "node_modules/lighthouse").exists() or not shutil.which("node"):
        pytest.skip("Lighthouse is not installed: ./dev test --long")
    chosen = [
        item.callspec.params["place"]
        for item in request.session.items
        if item.path == Path(__file__)
    ]
    pages = [
        {
            "name": place.name,
            "url": town.gateway.origin + town.path_of(place),
            "cookie": cookie_of(town, place),
        }
        for place in chosen
    ]
    command = ["node", SCRIPT, PACKAGES]
    with subprocess.Popen(
        command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    ) as process:
        try:
            output, complaint = process.communicate(json.dumps(pages))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # it ends its browser
    assert process.returncode == 0, complaint
    return json.loads(output)


@pytest.mark.parametrize("place", PAGES, ids=lambda place: place.name)
def test_perfect(found, place):
    page = found[place.name]
    print(place.name, page["scores"], page["figures"], page["bytes"])
    assert ("signin" in page["url"]) == (place.name == "signin"), "who it is for is signed in"
    judged = {"accessibility", "best-practices"} | ({"seo"} if place.name in PUBLIC else set())
    assert {name: page["scores"][name] for name in judged} == dict.fromkeys(judged, 1), [
        one for one in page["failed"] if one["category"] in judged and one["weight"]
    ]
    for one in page["failed"]:
        print("  ", one["id"], one["score"], one.get("displayValue"))
    assert not [one for one in page["failed"] if one["id"] in STEADY]
    assert page["urgent"] == [], "the first paint waits for nothing, and is counted so"
    assert page["shifted"] == [], "nothing moves when it is to be seen"
    assert page["bytes"] <= BYTES_MAX
