"""The operator's brand on the pages: there at the first paint, readable in both themes, with the
contact wherever customers are sent to the operator."""

import re

import pytest
from held import Held
from person import SIZES
from playwright.sync_api import expect
from test_everywhere import violations

NAME = "Example AI & Söhne"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<script>top.document.title = "mine"</script><path fill="#0f5132" d="M0 0h8v8H0z"/></svg>'
)
COLOURS = {"dark green": "#0f5132", "yellow": "#ffd400", "white": "#ffffff", "black": "#000000"}
PUBLIC = ("/dashboard/signin", "/dashboard/signup", "/prices")


@pytest.fixture
def branded(make_gateway, tmp_path):
    (tmp_path / "logo").write_text(SVG)

    def make(**settings):
        settings = {"brand_name": NAME, "brand_logo": tmp_path / "logo",
                    "brand_colour": "#0f5132", "contact": "help@example.com",
                    **settings}  # fmt: skip
        return make_gateway(**settings)

    return make


def check_page(person) -> None:
    assert not violations(person)
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[person.view.width][0], f"{width} px wide"


def test_public_pages(make_person, branded, view):
    gateway = branded()
    person = make_person(view, at=gateway)
    for path in PUBLIC:
        person.open(path)
        expect(person.page).to_have_title(re.compile(re.escape(NAME) + "$"))
        header = person.page.get_by_role("banner")
        expect(header).to_contain_text(NAME)
        logo = header.locator("img")
        assert logo.evaluate("(it) => it.decode().then(() => it.naturalWidth)") > 0
        help_link = person.page.get_by_role("contentinfo").get_by_role("link")
        expect(help_link).to_have_text("help@example.com")
        expect(help_link).to_have_attribute("href", "mailto:help@example.com")
        check_page(person)
    person.open("/dashboard/signin")
    person.sees(person.t("auth.at", name=NAME))
    person.link("prices.link").click()
    person.sees_title("prices.title")


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_can_be_read(make_person, branded, view, name):
    gateway = branded(brand_colour=COLOURS[name])
    person = make_person(view, at=gateway).become(gateway.customer())
    for path in ("/dashboard", "/dashboard/keys", "/dashboard/usage", "/dashboard/playground"):
        person.open(path)
        expect(person.main.locator(".skeleton")).to_have_count(0)
        check_page(person)


def test_there_is_no_other_brand_at_first(make_person, branded):
    """Before any script has run: the title, the icon and the colours."""
    gateway = branded()
    person = make_person(at=gateway)
    held = Held(person.page, "**/assets/*.js")
    person.page.goto("/dashboard/signin", wait_until="commit")
    expect(person.page).to_have_title(NAME)
    person.page.wait_for_function(
        "getComputedStyle(document.documentElement).getPropertyValue('--accent')"
        ".includes('#0f5132')"
    )
    icon = person.page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", "/brand-logo")
    assert "LLM Gateway" not in person.page.content()
    held.let_go()
    person.sees_title("auth.signIn")
    assert "LLM Gateway" not in person.page.content()
    person.page.unroute_all(behavior="wait")


def test_a_logo_that_is_opened_runs_no_script(make_person, branded):
    gateway = branded()
    person = make_person(at=gateway)
    person.page.goto(gateway.origin + "/brand-logo")
    expect(person.page.locator("path")).to_be_attached()
    assert person.page.title() != "mine"
    assert person.page.evaluate("document.defaultView.origin") == "null"
    person.complaints = [one for one in person.complaints if "sandboxed" not in one]


@pytest.mark.parametrize(
    ("contact", "href", "shown"),
    [("help@example.com", "mailto:help@example.com", "help@example.com"),
     ("https://example.com/help/", "https://example.com/help/", "example.com/help")],
)  # fmt: skip
def test_who_is_sent_to_the_operator_is_told_where(
    make_person, branded, view, contact, href, shown
):
    """With payments = off the first step is the operator's (a new account, and Credits)."""
    gateway = branded(payments="off", contact=contact)
    person = make_person(view, at=gateway).become(gateway.customer(None))
    for path in ("/dashboard", "/dashboard/credits"):
        person.open(path)
        person.sees(person.t("error.payments_disabled"))
        link = person.main.get_by_role("link", name=shown)
        expect(link).to_have_attribute("href", href)
        check_page(person)
    person.page.route("**/api/keys", lambda route: route.fulfill(
        status=500, json={"error": {"code": "internal_error", "message": "Sorry."}}))  # fmt: skip
    person.open("/dashboard/keys")
    alert = person.main.get_by_role("alert")
    expect(alert.get_by_role("link", name=shown)).to_have_attribute("href", href)
    person.page.unroute_all(behavior="wait")
    person.complaints = [one for one in person.complaints if "500" not in one]


def test_without_a_contact_nothing_is_promised(make_person, branded):
    gateway = branded(payments="off", contact="")
    person = make_person(at=gateway).become(gateway.customer(None))
    person.open("/dashboard/credits")
    person.sees(person.t("error.payments_disabled"))
    expect(person.page.get_by_text(person.t("contact.help"))).to_have_count(0)
