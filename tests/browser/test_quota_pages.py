"""Limits: what a customer sees of them and sets for a key, and what the operator sets."""

import pytest
from person import ENGLISH, KOREAN
from playwright.sync_api import expect
from test_admin import user_id_of
from test_everywhere import violations

GOING = """    going = { context = 1000, max_output = 100, input = "1", output = "1",
        candidates = { { provider = "openai" } } },
"""
BOTH = pytest.mark.parametrize("looks", [ENGLISH, KOREAN], ids=str)


def check_page(person) -> None:
    """axe finds nothing, and nothing sticks out."""
    assert violations(person) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert person.page.evaluate(wide) <= 0


def fill_in(person, unit: str, period: str | None, amount: str) -> None:
    person.field("quotas.what", person.dialog).select_option(unit)
    if period:
        person.field("quotas.period", person.dialog).select_option(period)
    person.field("quotas.amount", person.dialog).fill(amount)
    check_page(person)
    person.button("quotas.set", person.dialog).click()


@BOTH
def test_a_customer_sets_one_for_a_key(make_person, customer, looks):
    person = make_person(looks).become(customer).open("/dashboard/keys")
    person.rows("quotas.title")
    person.button("quotas.add").click()
    fill_in(person, "requests", "day", "lots")
    expect(person.dialog).to_be_visible()  # and says what is wrong
    fill_in(person, "requests", "day", "1")
    expect(person.dialog).to_have_count(0)
    row = person.rows("quotas.title").filter(has_text=person.t("quotas.what.requests_day"))
    expect(row).to_contain_text(person.t("quotas.by.you"))
    expect(row).to_contain_text(person.t("quotas.usedOf", used="0", amount="1"))
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    assert customer.ask().status_code == 429
    expect(row).to_contain_text(person.t("quotas.reached"))  # the page follows by itself
    expect(row).to_contain_text(person.t("quotas.usedOf", used="1", amount="1"))
    person.sees(person.t("quotas.warning", names="|").split("|")[0])
    check_page(person)
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    assert customer.ask().status_code == 200


@BOTH
def test_the_operator_sets_one_for_a_customer(make_person, customer, operator, looks):
    person = make_person(looks).become(operator)
    person.open(f"/dashboard/admin/customers/{user_id_of(customer)}")
    person.tab("customers.view.quotas").click()
    person.rows("quotas.title")
    person.button("quotas.add").click()
    fill_in(person, "usd", "month", "0.0000001")
    row = person.rows("quotas.title").filter(has_text=person.t("quotas.what.usd_month"))
    expect(row).to_contain_text(person.t("quotas.by.operator"))
    check_page(person)
    assert customer.ask().status_code == 429
    client = make_person(looks).become(customer).open("/dashboard/keys")
    seen = client.rows("quotas.title").filter(has_text=client.t("quotas.what.usd_month"))
    expect(seen).to_contain_text(client.t("quotas.allKeys"))
    expect(seen.get_by_role("button")).to_have_count(0)  # it is the operator's
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    assert customer.ask().status_code == 200


@BOTH
def test_a_limit_of_a_model_that_is_gone(make_person, customer, gateway, looks):
    """It is told where its use stands, and can be taken away."""
    before = gateway.policies.read("models")
    gateway.policies.replace("models", "return {\n", f"return {{\n{GOING}")
    gateway.reload()
    quota = {"key_id": customer.key_id, "unit": "tokens", "period": "month", "amount": 5}
    customer.call("POST", "/quotas", 201, json=quota | {"model": "going"})
    gateway.policies.write("models", before)
    gateway.reload()
    person = make_person(looks).become(customer).open("/dashboard/keys")
    row = person.rows("quotas.title").filter(has_text="going")
    expect(row).to_contain_text(person.t("quotas.gone"))
    check_page(person)
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
