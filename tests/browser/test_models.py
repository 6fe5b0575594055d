"""The price list, from the policies in force."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from prices import SELL_PRICES


def price(text: str) -> str:
    return f"${Decimal(text):.2f}"


@pytest.mark.parametrize("model", SELL_PRICES)
def test_prices(make_person, customer, model):
    person = make_person().become(customer)
    person.open("/dashboard/models")
    row = person.rows("nav.models").filter(has=person.page.get_by_text(model, exact=True))
    for amount in SELL_PRICES[model]:
        expect(row).to_contain_text(price(amount))


def test_search(user):
    user.open("/dashboard/models")
    everything = user.rows("nav.models").count()
    user.field("models.search").fill("MINI vision")
    expect(user.rows("nav.models")).to_have_count(1)
    user.field("models.search").fill("no such thing")
    user.sees(user.t("models.notFound"))
    user.field("models.search").fill("")
    expect(user.rows("nav.models")).to_have_count(everything)


def test_copied_and_tried(user):
    user.open("/dashboard/models?search=gpt-4o-mini")
    row = user.rows("nav.models").first
    user.button("action.copy", row).click()
    assert user.copied() == "gpt-4o-mini"
    user.link("models.try", row).click()
    user.sees_title("nav.playground")
    expect(user.field("request.model")).to_have_value("gpt-4o-mini")


def test_a_new_price_after_a_reload(make_person, make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    person = make_person(at=gateway).become(customer)
    gateway.policies.replace("margins", 'default = "20%"', 'default = "50%"')
    gateway.policies.write("examples", "return {}\n")
    gateway.reload()
    person.open("/dashboard/models")
    row = person.rows("nav.models").filter(has=person.page.get_by_text("gpt-4", exact=True))
    expect(row).to_contain_text("$45.00")
    expect(row).to_contain_text("$90.00")
