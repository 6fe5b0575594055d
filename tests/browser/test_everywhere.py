"""What holds for every page: axe finds nothing, nothing sticks out, the keyboard is enough."""

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from gateway import ROOT
from person import SIZES, Person, View
from places import PLACES, Place
from playwright.sync_api import expect
from wait import wait_until

AXE = ROOT / "webui/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUMP_MAX = 0.1  # above that people notice (web.dev, "cumulative layout shift")
# Each language, width and theme in the ordinary run; the other pairs of them with --long.
USUAL_CORNERS = [View("en", "wide", "light"), View("ko", "narrow", "dark")]
OTHER_CORNERS = [View("ko", "wide", "dark"), View("en", "narrow", "light")]
CORNERS = [
    *USUAL_CORNERS,
    *(pytest.param(corner, marks=pytest.mark.long) for corner in OTHER_CORNERS),
]


@cache
def axe_source() -> str:
    return AXE.read_text()


def violations(person: Person) -> list[str]:
    """What axe finds, one line a finding."""
    return axe_finds(person, "(options) => axe.run(document, options)")


def axe_finds(person: Person, run: str) -> list[str]:
    person.page.evaluate(axe_source())
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = person.page.evaluate(run, options)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


LOOK = """
(() => {
    const open = document.querySelector("dialog[open]") ?? document;
    const kinds = "a[href], button, input, select, textarea, summary, [tabindex]";
    const isStop = (it) => it.checkVisibility() && !it.disabled && it.tabIndex >= 0 &&
        !(it.type === "radio" && !it.checked); // arrows choose among radio buttons
    window.stops = new Set([...open.querySelectorAll(kinds)].filter(isStop));
    window.unseen = [];
    document.addEventListener("focusin", ({ target }) => {
        window.stops.delete(target);
        const shown = target.type === "radio" ? target.closest("label") : target;
        if (getComputedStyle(shown).outlineStyle === "none") {
            window.unseen.push(target.outerHTML);
        }
    });
    document.activeElement.blur();
    return window.stops.size;
})()
"""


def unreachable(person: Person) -> list[str]:
    """What can be used but not come to by Tab, or not be seen to have the focus."""
    # On the way round the page itself is a stop, and a date's field is several.
    for _ in range(person.page.evaluate(LOOK) + 8):
        person.page.keyboard.press("Tab")
    return person.page.evaluate("[...[...stops].map((it) => it.outerHTML), ...unseen]")


@pytest.mark.parametrize("corner", CORNERS, ids=str)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_accessible_and_within_its_width(people, town, place: Place, corner: View):
    person = people(corner)
    person.complaints.clear()
    town.visit(person, place)
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[corner.width][0], f"{width} px wide"
    assert person.page.evaluate("document.documentElement.lang") == corner.language
    assert person.page.evaluate("window.jumped") < JUMP_MAX
    # What is off for now keeps the focus, and says so: aria-disabled (ui/button.tsx).
    expect(person.page.locator("button:disabled, select:disabled")).to_have_count(0)
    assert not violations(person)
    if corner.theme == "light":
        assert not unreachable(person)
    person.check_calm()


def test_keyboard_alone(make_person, customer, view):
    """From the first page to a key that is made and deleted."""
    person = make_person(view)
    page = person.page

    def tab_to(label: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(() => { const it = document.activeElement; return it.getAttribute('aria-label')"
                " ?? it.labels?.[0]?.textContent ?? it.textContent; })()"
            )
            if focused and focused.strip() == label:
                return
        raise AssertionError(f"Tab never came to {label!r}")

    person.open("/dashboard/signin")
    tab_to(person.t("auth.email"))
    page.keyboard.type(customer.email)
    tab_to(person.t("auth.password"))
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    person.sees_title("nav.home")
    if view.width == "narrow":
        tab_to(person.t("nav.open"))
        page.keyboard.press("Enter")
    tab_to(person.t("nav.keys"))
    page.keyboard.press("Enter")
    person.sees_title("nav.keys")
    tab_to(person.t("keys.create"))
    page.keyboard.press("Enter")
    expect(person.field("keys.name", person.dialog)).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(person.dialog).to_contain_text(person.t("keys.shownOnce"))
    for _ in range(3):  # the browser itself would close it at the second one
        page.keyboard.press("Escape")
        expect(person.dialog).to_contain_text(person.t("keys.notCopied"))
    tab_to(person.t("keys.leaveAnyway"))
    page.keyboard.press("Enter")
    expect(person.dialog).to_have_count(0)
    expect(person.rows("nav.keys").filter(has_text="by keyboard")).to_be_visible()
    tab_to(person.t("keys.deleteNamed", name="by keyboard"))
    page.keyboard.press("Enter")
    tab_to(person.t("keys.deleteAction"))
    page.keyboard.press("Enter")
    expect(person.rows("nav.keys").filter(has_text="by keyboard")).to_have_count(0)


def test_the_focus_is_seen_and_content_can_be_skipped_to(user):
    user.open("/dashboard/usage")
    user.page.keyboard.press("Tab")
    skip = user.link("nav.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    user.page.keyboard.press("Enter")
    assert user.page.url.endswith("#content")
    user.page.keyboard.press("Tab")
    outline = user.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_language_is_switched_and_kept(make_person):
    person = make_person(View("ko"))
    person.open("/dashboard/signin")
    person.sees_title("auth.signIn")
    person.field("preferences.language").select_option("en")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    person.page.reload()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert person.page.evaluate("document.documentElement.lang") == "en"


def test_theme_is_switched_and_kept(make_person):
    person = make_person(View(theme="light"))
    person.open("/dashboard/signin")
    html = person.page.locator("html")
    light, dark = "rgb(246, 247, 249)", "rgb(14, 17, 22)"
    expect(html).to_have_css("background-color", light)
    person.page.get_by_title(person.t("theme.dark")).click()
    expect(html).to_have_css("background-color", dark)
    person.page.reload()
    expect(html).to_have_css("background-color", dark)
    person.page.get_by_title(person.t("theme.system")).click()
    expect(html).to_have_css("background-color", light)
    person.page.emulate_media(color_scheme="dark")
    expect(html).to_have_css("background-color", dark)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_times_are_the_viewers(make_person, customer, zone):
    customer.ask("demo")
    person = make_person(View(zone=zone)).become(customer)
    person.open("/dashboard/usage")
    shown = person.rows("usage.view.requests").locator("time")
    at = datetime.fromisoformat(shown.get_attribute("datetime")).astimezone(ZoneInfo(zone))
    expect(shown).to_contain_text(f"{at:%H:%M:%S}")
    for path, answer in (("?view=day", "/api/usage/summary?*by=day*"), ("", "/api/usage?*")):
        with person.page.expect_response("**" + answer) as response:
            person.page.goto("/dashboard/usage" + path)
        asked = parse_qs(urlsplit(response.value.url).query)
        name = "Asia/Calcutta" if zone == "Asia/Kolkata" else zone  # Chromium's word for it
        assert asked["tz"] == [name]
        assert asked["from"] == [f"{datetime.now(ZoneInfo(zone)).date() - timedelta(days=29)}"]


def test_the_gateway_is_gone_and_comes_back(make_person, make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    person = make_person(at=gateway).become(customer)
    person.open("/dashboard/keys")
    disable = person.button("keys.disableNamed", name="test")
    expect(disable).to_be_visible()
    gateway.stop()
    disable.click()
    person.sees(person.t("error.offline"))
    # The browser itself notes each call that got no answer.
    person.complaints = [one for one in person.complaints if "ERR_CONNECTION" not in one]


def test_first_visit_stays_small(browser, gateway, customer):
    """All that the home page loads, compressed, the chart and the Korean texts included."""
    person = Person(browser, gateway, View("ko")).become(customer)
    customer.ask("demo")
    session = person.context.new_cdp_session(person.page)
    session.send("Network.enable")
    sizes: dict[str, int] = {}
    urls: dict[str, str] = {}

    def begun(event: dict) -> None:
        urls[event["requestId"]] = event["response"]["url"]

    def ended(event: dict) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", begun)
    session.on("Network.loadingFinished", ended)
    person.open("/dashboard")
    person.rows("home.latest")
    expect(person.page.locator("canvas")).to_be_visible()
    loaded = {urls[one]: size for one, size in sizes.items() if one in urls}
    total = sum(loaded.values())
    person.leave()
    assert any("/assets/" in url for url in loaded)
    assert total < 120 * 1024, json.dumps(loaded, indent=1)


def scripts_of(person: Person) -> set[str]:
    """Those of the page, as they are asked for; the code of charts may come later."""
    asked: set[str] = set()

    def note(request) -> None:
        name = request.url.rpartition("/")[2]
        if "/assets/" in request.url and name.endswith(".js") and not name.startswith("bars-"):
            asked.add(name)

    person.page.on("request", note)
    return asked


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_scripts_are_asked_for_at_once(make_person, town, place: Place):
    """The page names all that it needs before any of it runs: the first script never comes here."""
    person = make_person(View("ko"))
    needed = scripts_of(person)
    town.visit(person, place)
    assert any(name.startswith("ko-") for name in needed)
    first = person.page.locator("head script[src]").get_attribute("src")
    other = make_person(View("ko"))
    other.context.add_cookies(person.context.cookies())
    asked = scripts_of(other)
    other.page.route("**" + first, lambda route: None)
    other.page.goto(town.path_of(place), wait_until="commit")
    wait_until(lambda: other.page.evaluate("1") and needed <= asked, what=f"{needed}")


def test_the_page_comes_before_who_follows_the_link(user):
    user.open("/dashboard")
    asked = scripts_of(user)
    user.page.locator("a[href='/dashboard/playground']").first.dispatch_event("pointerover")
    wait_until(lambda: user.page.evaluate("1") and asked)
    assert user.page.url.endswith("/dashboard")


def hash_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_what_the_pages_are_served_with(gateway):
    page = gateway.http.get("/dashboard", headers={"Accept-Encoding": "identity"})
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    inline = re.findall(r"<(script|style)>(.*?)</\1>", page.text, re.DOTALL)
    assert [kind for kind, _ in inline] == ["script", "style"]
    allowed = [f"{kind}-src 'self' 'sha256-{hash_of(text)}'" for kind, text in inline]
    assert set(allowed) <= set(policy.split("; "))
    assert "style=" not in page.text
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    packed = gateway.http.get("/dashboard", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == page.text
    assert int(packed.headers["content-length"]) < 12 * 1024
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert gateway.http.get("/dashboard", headers=known).status_code == 304
    refused = gateway.http.get("/dashboard", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    script = page.text.split('src="/assets/')[1].split('"')[0]
    for encoding in ("br", "gzip"):
        asset = gateway.http.get(f"/assets/{script}", headers={"Accept-Encoding": encoding})
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == encoding
        assert "sha256" not in asset.headers["content-security-policy"]
