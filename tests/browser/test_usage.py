"""Usage: filters, sorting, pages, sums, CSV, and a request's own page."""

import csv
import io
import re
from decimal import Decimal

import answers
import pytest
from answers import Usage
from money import exact
from playwright.sync_api import expect
from prices import usd


def ids(person) -> list[str]:
    """Of the requests in the order of the list."""
    rows = person.rows("usage.view.requests")
    links = rows.locator("a").evaluate_all("links => links.map((link) => link.href)")
    return [link.rpartition("/")[2] for link in links]


def test_filtered_by_model_and_key(user, customer):
    customer.ask("gpt-4")
    customer.create_key("second")
    customer.ask("gpt-4")
    customer.ask("demo")
    user.open("/dashboard/usage")
    expect(user.rows("usage.view.requests")).to_have_count(3)
    user.field("request.model").select_option("gpt-4")
    expect(user.rows("usage.view.requests")).to_have_count(2)
    user.field("request.key").select_option(label="second")
    expect(user.rows("usage.view.requests")).to_have_count(1)
    user.page.reload()  # the filter is in the address
    expect(user.rows("usage.view.requests")).to_have_count(1)
    expect(user.rows("usage.view.requests")).to_contain_text("second")


def test_filtered_by_time(user, customer):
    customer.ask()
    user.open("/dashboard/usage")
    expect(user.rows("usage.view.requests")).to_have_count(1)
    user.field("usage.period").select_option("custom")
    user.field("usage.first").fill("2020-01-01")
    user.field("usage.last").fill("2020-01-31")
    user.sees(user.t("usage.empty"))
    user.field("usage.last").fill("2099-01-01")
    expect(user.rows("usage.view.requests")).to_have_count(1)


def test_sorted_by_cost_and_by_tokens(make_person, customer, provider):
    person = make_person().become(customer)
    for model, tokens in (("gpt-4", 10), ("gpt-4o-mini", 900), ("gpt-4o", 50)):
        provider.answer = answers.chat(usage=Usage(prompt=5, completion=tokens))
        customer.ask(model)
    records = customer.records()
    by_cost = sorted(records, key=lambda record: -usd(record["cost"]))
    by_tokens = sorted(records, key=lambda record: -record["output_tokens"])
    person.open("/dashboard/usage")
    person.button("request.cost").click()
    expect(person.rows("usage.view.requests").first).to_contain_text(by_cost[0]["model"])
    assert ids(person) == [record["id"] for record in by_cost]
    person.button("request.tokens").click()
    expect(person.rows("usage.view.requests").first).to_contain_text("gpt-4o-mini")
    assert ids(person) == [record["id"] for record in by_tokens]
    person.button("request.time").click()
    expect(person.rows("usage.view.requests").first).to_contain_text(records[0]["model"])
    assert ids(person) == [record["id"] for record in records]


def test_page_by_page(user, customer):
    made = [customer.ask("demo").headers["x-request-id"] for _ in range(112)]
    made.reverse()
    user.open("/dashboard/usage")
    expect(user.rows("usage.view.requests")).to_have_count(50)
    assert ids(user) == made[:50]
    for number, expected in ((2, made[50:100]), (3, made[100:])):
        user.button("pager.next").click()
        user.sees(user.t("pager.page", page=number))
        expect(user.rows("usage.view.requests")).to_have_count(len(expected))
        assert ids(user) == expected
    expect(user.button("pager.next")).to_be_disabled()
    user.button("pager.previous").click()
    expect(user.rows("usage.view.requests")).to_have_count(50)
    assert ids(user) == made[50:100]


@pytest.mark.parametrize("by", ["day", "model", "key"])
def test_sums(make_person, customer, by):
    person = make_person().become(customer)
    customer.ask("gpt-4")
    customer.create_key("second")
    customer.ask("gpt-4o")
    records = customer.records()
    person.open(f"/dashboard/usage?view={by}")
    rows = person.rows(f"usage.view.{by}")
    groups = {"day": [records], "model": [[one] for one in records],
              "key": [[one] for one in records]}[by]  # fmt: skip
    expect(rows).to_have_count(len(groups))
    for group in groups:
        cost = sum((usd(record["cost"]) for record in group), Decimal(0))
        expect(rows.filter(has_text=exact(cost))).to_have_count(1)
    total = sum((usd(record["cost"]) for record in records), Decimal(0))
    person.sees(exact(total))


def test_exported(user, customer):
    customer.ask("gpt-4")
    customer.ask("demo")
    user.open("/dashboard/usage?model=demo")
    with user.page.expect_download() as download:
        user.link("usage.csv").click()
    data = download.value.path().read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(data))
    record = customer.records()[0]
    assert row["id"] == record["id"]
    assert usd(row["cost"]) == usd(record["cost"])


def test_a_request_with_every_number_of_its_charge(user, customer, provider, gateway):
    provider.answer = answers.chat(usage=Usage(prompt=1001, completion=333, cached=1))
    customer.ask("gpt-4o-mini")
    record = customer.records()[0]
    user.open("/dashboard/usage")
    user.rows("usage.view.requests").locator("a").click()
    user.sees_title("request.title")
    user.sees(record["id"])
    charge = user.page.get_by_role("region", name=user.t("charge.title"), exact=True)
    charge = charge.get_by_role("table")
    explained = customer.call("GET", f"/usage/{record['id']}", 200)["charge"]
    for index, line in enumerate(explained["lines"]):
        row = charge.locator("tbody tr").nth(index)
        expect(row).to_contain_text(f"{line['tokens']:,}")
        expect(row).to_contain_text(short(line["amount"]))
    for name in ("exact", "rounding", "charged"):
        row = charge.locator("tfoot tr").filter(has_text=user.t(f"charge.{name}"))
        expect(row.first).to_contain_text(short(explained[name]))
    expect(charge).to_contain_text(exact(record["cost"]))
    user.sees("openai")
    user.sees(user.t("request.source.reported"))


def short(amount: str) -> str:
    """A decimal of any length without the zeros at its end."""
    whole, _, decimals = amount.partition(".")
    return f"${whole}." + decimals.rstrip("0").ljust(2, "0")


def test_a_request_that_failed_says_why(user, customer, provider):
    provider.answer = answers.error(500, "The server had an error", None, "server_error")
    answer = customer.ask("gpt-4o-mini")
    assert answer.status_code == 502
    user.open(f"/dashboard/usage/{answer.headers['x-request-id']}")
    user.sees(user.t("error.provider_unavailable"))
    user.sees("502")


def test_live(user, customer):
    user.open("/dashboard/usage")
    user.sees(user.t("usage.empty"))
    customer.ask("gpt-4")
    expect(user.rows("usage.view.requests")).to_have_count(1)
    cost = exact(customer.records()[0]["cost"])
    expect(user.main.get_by_text(re.compile(re.escape(cost))).first).to_be_visible()


def test_a_request_that_is_not_there(user):
    user.open("/dashboard/usage/req_nothing")
    user.sees(user.t("error.not_found"))
