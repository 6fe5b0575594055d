"""The documentation, as a reader sees it: what axe finds, widths, the keyboard, the search,
copying, and all of it without JavaScript."""

import gzip
import re

import pytest
from conftest import make_operator
from gateway import ROOT
from person import KOREAN, SIZES, Person
from playwright.sync_api import expect
from test_everywhere import axe_finds, unreachable, violations

FIRST_VISIT_BYTES_MAX = 60_000
SITE = ROOT / "webui/dist/docs"
JUMP_MAX = 0.1
# Half of what axe does on a long page is to measure contrasts, a thousand times the same. Text is
# of a kind with other text where all that is around both looks alike; a kind is measured where it
# is met first. Kinds have numbers, which the session's storage keeps from page to page.
AXE_ONCE_A_KIND = """
async (options) => {
    const numbers = new Map(JSON.parse(sessionStorage.kinds ?? "[]"));
    const kinds = new Map([[null, 0]]);
    const kindOf = (it) => {
        if (!kinds.has(it)) {
            const { color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity,
                position, textShadow } = getComputedStyle(it);
            const kind = [kindOf(it.parentElement), it.localName, it.className, color,
                backgroundColor, backgroundImage, fontSize, fontWeight, opacity, position,
                textShadow].join(" ");
            numbers.has(kind) || numbers.set(kind, numbers.size + 1);
            kinds.set(it, numbers.get(kind));
        }
        return kinds.get(it);
    };
    const isText = (it) => it.nodeType === Node.TEXT_NODE && it.data.trim();
    const seen = new Set(JSON.parse(sessionStorage.measured ?? "[]"));
    const found = [];
    for (const it of document.body.querySelectorAll("*")) {
        const hasText = [...it.childNodes].some(isText) || it.matches("input, select, textarea");
        if (hasText && it.checkVisibility() && !seen.has(kindOf(it))) {
            seen.add(kindOf(it));
            found.push(it);
        }
    }
    sessionStorage.kinds = JSON.stringify([...numbers]);
    sessionStorage.measured = JSON.stringify([...seen]);
    const rules = { "color-contrast": { enabled: false } };
    const all = await axe.run(document, { ...options, rules });
    if (found.length) {
        const contrast = { ...options, runOnly: { type: "rule", values: ["color-contrast"] } };
        all.violations.push(...(await axe.run({ include: found }, contrast)).violations);
    }
    return all;
}
"""


def pages(part: str) -> list[str]:
    """The addresses of a part's pages."""
    names = [f"/docs/{path.relative_to(SITE).with_suffix('')}" for path in SITE.rglob("*.html")]
    own = [name for name in names if name.startswith("/docs/operators") == (part == "operators")]
    return sorted(re.sub("/index$", "", name) for name in own)


@pytest.fixture(scope="module")
def readers(browser, shared_gateway):
    """Somebody and an operator, in a view: they look at many pages."""
    people: dict = {}

    def reader(part: str, view) -> Person:
        if (part, view) not in people:
            person = Person(browser, shared_gateway, view)
            if part == "operators":
                person.become(make_operator(shared_gateway))
            people[part, view] = person
        return people[part, view]

    yield reader
    for person in people.values():
        person.leave()


@pytest.mark.parametrize("path", pages("developers") + pages("operators"))
def test_a_page(readers, path, view):
    person = readers("operators" if path.startswith("/docs/operators") else "developers", view)
    status = person.page.goto(path).status
    assert status == 200 or path.endswith(("not-found", "sign-in"))
    assert axe_finds(person, AXE_ONCE_A_KIND) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= SIZES[view.width][0]
    assert person.page.evaluate("window.jumped") <= JUMP_MAX
    assert person.page.evaluate("window.complaints") == []


@pytest.mark.parametrize("part", ["developers", "operators"])
def test_there_are_pages(built, part):
    assert len(pages(part)) > 15


@pytest.mark.parametrize("faint", ["color: #999", "background: #777", "opacity: 0.3"])
def test_one_faint_word_on_a_known_page_is_found(make_person, faint):
    person = make_person().open("/docs/developers/quickstart")
    assert axe_finds(person, AXE_ONCE_A_KIND) == axe_finds(person, AXE_ONCE_A_KIND) == []
    person.page.evaluate(
        "(faint) => document.querySelector('main p:last-of-type').style.cssText = faint", faint
    )
    found = axe_finds(person, AXE_ONCE_A_KIND)
    assert found
    assert all(one.startswith("color-contrast") for one in found)


@pytest.mark.parametrize("path", ["/docs/developers/quickstart", "/docs/developers/reference"])
def test_the_keyboard_reaches_everything(person, path):
    person.open(path)
    assert unreachable(person) == []


def test_the_menu_on_a_narrow_screen(make_person):
    person = make_person(KOREAN).open("/docs/developers/errors")
    menu = person.page.get_by_role("navigation", name="Documentation")
    expect(menu).to_be_hidden()
    person.page.get_by_role("button", name="Menu").press("Enter")
    expect(menu).to_be_visible()
    expect(menu.locator("[aria-current]")).to_have_text("Errors")
    assert not violations(person)
    person.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_searching_by_keyboard(person):
    person.open("/docs")
    person.page.keyboard.press("/")
    field = person.page.get_by_role("combobox", name="Search")
    expect(field).to_be_focused()
    field.type("idempotency_key_reused")
    results = person.page.get_by_role("option")
    expect(results.first).to_be_visible()
    expect(results.first).to_have_attribute("aria-selected", "true")
    assert not violations(person)
    assert not any("/operators" in one for one in urls(results))
    person.page.keyboard.press("ArrowUp")
    expect(results.last).to_have_attribute("aria-selected", "true")
    person.page.keyboard.press("ArrowDown")
    person.page.keyboard.press("Enter")
    person.page.wait_for_url(re.compile("/docs/developers/"))
    place = person.page.url.partition("#")[2]
    expect(person.page.locator(f"[id='{place}']")).to_be_in_viewport()


def urls(results) -> list[str]:
    return [one.get_attribute("data-url") for one in results.all()]


@pytest.mark.parametrize(
    ("words", "first"),
    [("quick start", "/docs/developers/quickstart"), ("streaming", "/docs/developers/streaming"),
     ("insufficient_credits", "/docs/developers/errors#money"),
     ("rerank cohere", "/docs/developers/reference/embeddings#post-v1rerank")],
)  # fmt: skip
def test_the_first_thing_that_is_found(person, words, first):
    person.open("/docs").page.get_by_role("combobox", name="Search").fill(words)
    results = person.page.get_by_role("option")
    expect(results.first).to_be_visible()
    assert first in urls(results)[:3]


def test_nothing_is_found(person):
    person.open("/docs")
    field = person.page.get_by_role("combobox", name="Search")
    field.fill("xyzzy")
    expect(person.page.get_by_role("search").get_by_role("status")).to_have_text("0 found")
    expect(person.page.get_by_role("listbox")).to_be_hidden()
    field.press("Escape")
    expect(field).to_have_value("")


def test_copying_a_program(person):
    """With the address by which the reader came, where the operator has set none."""
    person.open("/docs/developers/quickstart")
    person.page.get_by_role("button", name="Copy").first.click()
    expect(person.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = person.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl {person.gateway.origin}/v1/chat/completions")
    assert copied.endswith("}'")
    assert "127.0.0.1:3000" not in person.page.get_by_role("main").inner_text()


def test_without_javascript(browser, gateway):
    context = browser.new_context(base_url=gateway.origin, java_script_enabled=False,
                                  viewport={"width": 360, "height": 740})  # fmt: skip
    page = context.new_page()
    page.goto("/docs/developers/quickstart")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quick start")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Streaming").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Streaming")
    context.close()


def test_a_page_that_is_not_there_helps(person):
    person.page.goto("/docs/nothing")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("No such page")
    person.page.get_by_role("link", name="Quick start").click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Quick start")
    person.complaints.clear()  # the browser notes the 404


def test_the_theme_that_was_chosen_in_the_dashboard(person):
    person.open("/docs")
    other = "dark" if person.view.theme == "light" else "light"
    before = person.page.evaluate("getComputedStyle(document.body).color")
    person.page.evaluate(f"localStorage.setItem('theme', '{other}')")
    person.page.reload()
    expect(person.page.locator("html")).to_have_attribute("data-theme", other)
    assert person.page.evaluate("getComputedStyle(document.body).color") != before


@pytest.mark.parametrize("part", ["developers", "operators"])
def test_a_first_visit_is_small(part):
    """A page, packed, with its style and script; what is asked for later (the search) is not."""
    assets = ROOT / "webui/dist/assets"
    own = sum((assets / f"{path.name}.br").stat().st_size for path in assets.glob("docs-*.*s"))
    assert own > 0
    for path in SITE.rglob("*.html"):
        size = own + len(gzip.compress(path.read_bytes(), 6))
        assert size < FIRST_VISIT_BYTES_MAX, (path, size)


def test_the_dashboard_leads_there(user):
    user.open("/dashboard")
    if user.view.width == "narrow":
        user.button("nav.open").click()
    expect(user.link("nav.handbook")).to_have_count(0)
    user.link("nav.docs").click()
    expect(user.page.get_by_role("heading", level=1)).to_have_text("Call models with one key")


def test_so_does_the_page_for_signing_in(person):
    person.open("/dashboard/signin").link("docs.link").click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Call models with one key")


def test_an_operator_finds_what_to_do(boss):
    boss.open("/dashboard/admin")
    if boss.view.width == "narrow":
        boss.button("nav.open").click()
    boss.link("nav.handbook").click()
    expect(boss.page.get_by_role("heading", level=1)).to_have_text("Documentation")
    expect(boss.page.get_by_role("combobox", name="Search")).to_be_visible()


@pytest.mark.parametrize("docs", ["signed_in", "off"])
def test_nothing_leads_to_what_one_may_not_read(make_person, make_gateway, docs):
    person = make_person(at=make_gateway(docs=docs)).open("/dashboard/signin")
    expect(person.link("docs.link")).to_have_count(0)
    customer = person.gateway.customer()
    person.become(customer).open("/dashboard")
    expect(person.link("nav.docs")).to_have_count(int(docs == "signed_in"))


def test_of_a_long_page_is_laid_out_what_one_reads(person):
    """A layout of it all is what a phone waits for before it shows anything."""
    person.become(make_operator(person.gateway)).open("/docs/operators/policies")
    heading = person.page.locator("article section h2").last
    is_laid_out = "(it) => it.checkVisibility({ contentVisibilityAuto: true })"
    expect(person.page.locator("article h1")).to_be_visible()
    assert person.page.locator("article section").first.evaluate(is_laid_out)
    assert not heading.evaluate(is_laid_out)
    person.page.goto(f"/docs/operators/policies#{heading.get_attribute('id')}")
    expect(heading).to_be_in_viewport()
    assert heading.evaluate(is_laid_out)
