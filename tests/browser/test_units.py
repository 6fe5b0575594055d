"""What was used beside plain tokens: in the sums of a customer and of the operator."""

import answers
import pytest
from conftest import make_operator
from playwright.sync_api import expect
from prices import Price
from test_everywhere import violations

COUNTS = {"prompt_tokens": 4000, "completion_tokens": 100,
          "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 1234},
          "server_tool_use": {"web_search_requests": 3}}  # fmt: skip


def prepare(policies) -> None:
    policies.model("searching", Price("2", "10"), cache_write="2.5", web_search="0.01",
                   web_search_max=5)  # fmt: skip


@pytest.fixture
def shop(make_gateway, provider):
    """Two calls with units, and one without."""
    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    provider.answer = answers.counted_as("hello world " * 30, COUNTS)
    for model in ("searching", "searching", "gpt-4o-mini"):
        assert customer.ask(model).status_code == 200
    customer.wait_for_record(3)
    gateway.shopper = customer
    return gateway


def check_sums(person, caption: str) -> None:
    """The totals, and the row of the model that has units; the other row has none."""
    totals = person.page.get_by_role("region", name=person.t("units.title"))
    for key, quantity in (("charge.cacheWrite", "2,468"), ("charge.webSearch", "6")):
        expect(totals).to_contain_text(f"{person.t(key)}{quantity}")
        row = person.rows(caption).filter(has_text="searching")
        expect(row).to_contain_text(f"{person.t(key)} {quantity}")
    plain = person.rows(caption).filter(has_text="gpt-4o-mini")
    expect(plain).not_to_contain_text(person.t("charge.cacheWrite"))
    assert not violations(person)
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= person.page.viewport_size["width"]


def test_a_customers_sums(make_person, shop, view):
    person = make_person(view, at=shop).become(shop.shopper)
    person.open("/dashboard/usage?view=model")
    check_sums(person, "usage.view.model")


def test_nothing_is_told_where_there_is_nothing(make_person, shop):
    person = make_person(at=shop).become(shop.shopper)
    person.open("/dashboard/usage?view=model&model=gpt-4o-mini")
    expect(person.rows("usage.view.model")).to_have_count(1)
    expect(person.page.get_by_role("region", name=person.t("units.title"))).to_have_count(0)


def test_the_operators_sums(make_person, shop, view):
    person = make_person(view, at=shop).become(make_operator(shop))
    person.open("/dashboard/admin")
    person.tab("sales.by.model").click()
    check_sums(person, "sales.title")
