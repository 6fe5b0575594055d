"""The price list for everybody: what somebody sees who has no account. (Width, theme, keyboard and
axe: test_everywhere.py.)"""

import pytest
from playwright.sync_api import expect
from policies import Lua
from prices import SELL_PRICES, Price
from test_models import price


def names(person) -> list[str]:
    """The ids of the models that are shown, in their order."""
    return person.rows("prices.title").locator(".font-mono").all_inner_texts()


def test_every_model_by_unit_without_an_account(person):
    person.open("/dashboard/signin")
    person.link("prices.link").click()
    person.sees_title("prices.title")
    for model, amounts in SELL_PRICES.items():
        row = person.rows("prices.title").filter(
            has=person.page.get_by_text(model, exact=True).first
        )
        for amount in amounts:
            expect(row.first).to_contain_text(price(amount))
    expect(person.of_row("models.try", person.main, "link")).to_have_count(0)
    person.link("auth.signUp").click()
    person.sees_title("auth.signUp")


def test_search_and_order(person):
    person.open("/prices")
    person.field("models.search").fill("MINI vision")
    expect(person.rows("prices.title")).to_have_count(1)
    person.field("models.search").fill("gpt-4")
    expect(person.rows("prices.title")).to_have_count(4)
    person.field("models.sort").select_option("output")
    person.page.wait_for_url("**sort=output*")
    assert names(person) == ["gpt-4o-mini", "gpt-4o", "gpt-4-turbo", "gpt-4"]
    person.field("models.sort").select_option("context")
    person.page.wait_for_url("**sort=context*")
    assert names(person)[-1] == "gpt-4"
    person.page.reload()  # both are in the address
    person.rows("prices.title")
    expect(person.field("models.search")).to_have_value("gpt-4")
    assert names(person)[-1] == "gpt-4"
    person.field("models.search").fill("no such thing")
    person.sees(person.t("models.notFound"))


def prepare(policies) -> None:
    policies.model("fancy", Price("2", "10", "0.2"), web_search="0.01", web_search_max=5,
                   when=Lua('{ { prompt_above = 200000, input = "4" },'
                            ' { service_tier = "flex", factor = "0.5" } }'))  # fmt: skip
    policies.write("examples", "return {}\n")


def test_units_and_conditions(make_person, make_gateway, view):
    gateway = make_gateway(prepare=prepare)
    person = make_person(view, at=gateway).open("/prices?search=fancy")
    (row,) = person.rows("prices.title").all()
    for text in ("$2.40", "$0.24", "$12.00", f"{person.t('charge.webSearch')} $0.012",
                 person.t("price.promptAbove", n="200,000"), "$4.80",
                 person.t("price.tier", name="flex"), "\u00d7 0.5"):  # fmt: skip
        expect(row).to_contain_text(text)
    for ours in ("$2.00", "$10.00", "20%"):
        expect(row).not_to_contain_text(ours)


def prepare_long(policies) -> None:
    """As a model of the catalogue: a condition with many prices is a long line."""
    units = {"cache_write": "2.5", "cache_write_long": "5", "audio_input": "3"}
    rule = ", ".join(f'{name} = "7"' for name in ("input", "cached_input", "output", *units))
    policies.model(
        "fancy",
        Price("2", "10", "0.2"),
        **units,
        when=Lua(f'{{ {{ prompt_above = 200000, service_tier = "flex", {rule} }} }}'),
    )
    policies.write("examples", "return {}\n")


def test_a_long_condition_does_not_push_the_prices_out(make_person, make_gateway):
    """On a wide screen, too, where numbers do not wrap: everywhere where prices stand."""
    from conftest import make_operator

    gateway = make_gateway(prepare=prepare_long)
    person = make_person(at=gateway).open("/prices?search=fancy")
    (row,) = person.rows("prices.title").all()
    cell = row.get_by_text("$12.00").bounding_box()
    page = person.page.get_by_role("main").bounding_box()
    assert cell["x"] + cell["width"] <= page["x"] + page["width"], (cell, page)
    boss = make_person(at=gateway).become(make_operator(gateway))
    for path in ("/dashboard/models?search=fancy", "/dashboard/admin/policies"):
        boss.open(path)
        expect(
            boss.page.get_by_text("$2.40").or_(boss.page.get_by_text("$12.00")).first
        ).to_be_visible()
        excess = boss.page.evaluate(
            "Math.max(...[...document.querySelectorAll('table')].map("
            "(table) => table.scrollWidth - table.parentElement.clientWidth))"
        )
        assert excess <= 0, (path, excess)


def test_somebody_with_an_account(user):
    """Sees the same page, with the way back in place of the way to sign in."""
    user.open("/prices")
    expect(user.rows("prices.title").first).to_be_visible()
    expect(user.link("auth.signIn")).to_have_count(0)
    user.link("prices.dashboard").click()
    user.sees_title("nav.home")


@pytest.mark.parametrize("path", ["/dashboard/signin", "/dashboard/signup"])
def test_nothing_tells_of_a_page_that_is_not_there(make_person, make_gateway, path):
    person = make_person(at=make_gateway(public_prices="off")).open(path)
    expect(person.link("prices.link")).to_have_count(0)
    assert person.context.request.get(person.gateway.origin + "/prices").status == 404
