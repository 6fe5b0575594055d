"""Usage: filters, sorting, pages, sums, CSV, and a request's own page."""

import csv
import io
import re
from decimal import Decimal

import answers
import pytest
from answers import Usage
from hoard import hoard
from money import exact
from playwright.sync_api import expect
from prices import usd


def ids(person) -> list[str]:
    """Of the requests in the order of the list."""
    rows = person.rows("usage.view.requests")
    links = rows.locator("a").evaluate_all("links => links.map((link) => link.href)")
    return [link.rpartition("/")[2] for link in links]


def check_list(person, expected: list[str]) -> None:
    """These requests in this order, once the list begins with the first of them."""
    first = person.rows("usage.view.requests").first.locator("a")
    expect(first).to_have_attribute("href", f"/dashboard/usage/{expected[0]}")
    assert ids(person) == expected


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


def sort_by(person, name: str) -> None:
    """With the head of the column; where there is no room for heads, with a list."""
    if person.view.width == "narrow":
        person.field("usage.sort").select_option(label=person.t(name))
    else:
        person.button(name).click()


def test_sorted_by_cost_and_by_tokens(user, customer, provider):
    for model, tokens in (("gpt-4", 10), ("gpt-4o-mini", 900), ("gpt-4o", 50)):
        provider.answer = answers.chat(usage=Usage(prompt=5, completion=tokens))
        customer.ask(model)
    records = customer.records()
    by_cost = sorted(records, key=lambda record: -usd(record["cost"]))
    by_tokens = sorted(records, key=lambda record: -record["output_tokens"])
    user.open("/dashboard/usage")
    for name, order in (("cost", by_cost), ("tokens", by_tokens), ("time", records)):
        sort_by(user, f"request.{name}")
        check_list(user, [record["id"] for record in order])


def test_page_by_page(user, customer):
    made = [customer.ask("demo").headers["x-request-id"] for _ in range(112)]
    made.reverse()
    user.open("/dashboard/usage")
    check_list(user, made[:50])
    for number, expected in ((2, made[50:100]), (3, made[100:])):
        user.button("pager.next").click()
        user.sees(user.t("pager.page", page=number))
        check_list(user, expected)
    expect(user.button("pager.next")).to_be_disabled()
    user.button("pager.previous").click()
    check_list(user, made[50:100])


@pytest.fixture
def hoarder(make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    hoard(customer, 100_000)
    yield customer
    gateway.abandon()  # its ledger does not add up


@pytest.fixture
def browsing_hoarder(hoarder, make_person):
    return make_person(at=hoarder.gateway).become(hoarder)  # leaves before the gateway does


def test_a_hundred_thousand_records(browsing_hoarder):
    """Each page is one question and fifty rows."""
    person = browsing_hoarder
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    person.open("/dashboard/usage?period=custom&first=2023-11-01&last=2099-01-01")
    person.sees("100,000")
    for number in (1, 2, 3):
        if number > 1:
            asked.clear()
            person.button("pager.next").click()
        rows = [f"req_{100_050 - 50 * number - row}" for row in range(50)]
        check_list(person, rows)
        assert number == 1 or len([url for url in asked if "/api/usage?" in url]) == 1
    person.button("request.cost").click()
    expect(person.rows("usage.view.requests")).to_have_count(50)


def test_too_many_to_sort(hoarder, browsing_hoarder):
    hoarder.ask("demo")
    person = browsing_hoarder
    person.open("/dashboard/usage?period=custom&first=2023-11-01&last=2099-01-01")
    person.button("request.cost").click()
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text(person.t("usage.tooMany"))
    person.button("usage.sortNewest", alert).click()
    expect(person.rows("usage.view.requests")).to_have_count(50)


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


GERMAN = "Object.defineProperty(navigator, 'language', { get: () => 'de-DE' });"


@pytest.mark.parametrize("how", ["chosen", "by the browser's language"])
def test_exported_with_decimal_commas(user, customer, how):
    """As spreadsheets in German want it; the choice is kept."""
    customer.ask("gpt-4")
    decimal = user.page.get_by_label(user.t("csv.decimal"), exact=True)
    if how == "chosen":
        user.open("/dashboard/usage")
        expect(decimal).to_have_value("point")
        decimal.select_option("comma")
    else:
        user.context.add_init_script(GERMAN)
    user.open("/dashboard/usage")
    expect(decimal).to_have_value("comma")
    with user.page.expect_download() as download:
        user.link("usage.csv").click()
    data = download.value.path().read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(data), delimiter=";")
    assert "." not in row["cost"]
    assert usd(row["cost"].replace(",", ".")) == usd(customer.records()[0]["cost"])


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


def fact(person, name: str):
    """What stands beside a name of a list of facts."""
    term = person.main.locator("dt", has_text=re.compile(f"^{re.escape(person.t(name))}$")).first
    return term.locator("xpath=following-sibling::dd")


def test_timing_and_attempts_of_a_stream(user, customer, provider):
    provider.answer = answers.stream_of(answers.Chat(pieces=("One", " two")))
    assert customer.ask("gpt-4o-mini", stream=True).status_code == 200
    record = customer.wait_for_record()
    user.open(f"/dashboard/usage/{record['id']}")
    expect(fact(user, "request.attempts")).to_have_text(str(record["attempts"]))
    for name, ms in (("firstByte", record["first_byte_ms"]), ("total", record["total_ms"])):
        expect(fact(user, f"request.{name}")).to_have_text(f"{ms} ms" if ms else "< 1 ms")
    expect(fact(user, "request.stream")).to_have_text(user.t("request.streamed"))


@pytest.mark.parametrize(
    ("status", "code", "shown", "sentence"),
    [(500, None, 502, "error.provider_unavailable"),
     (400, "strange_code", 400, "error.provider_refused")],
)  # fmt: skip
def test_a_request_that_failed_says_why(user, customer, provider, status, code, shown, sentence):
    kind = "server_error" if status == 500 else "invalid_request_error"
    provider.answer = answers.error(status, "Something of the provider's", code, kind)
    answer = customer.ask("gpt-4o-mini")
    assert answer.status_code == shown
    customer.wait_for_record()
    user.open(f"/dashboard/usage/{answer.headers['x-request-id']}")
    user.sees(user.t(sentence))
    expect(fact(user, "request.status")).to_have_text(str(shown))


def test_refused(user, customer):
    """In a list of their own, by themselves, each with its reason and a page."""
    user.open("/dashboard/usage?view=refused")
    user.sees(user.t("refused.empty"))
    request_id = customer.ask("no-such-model").headers["x-request-id"]
    row = user.rows("usage.view.refused")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("no-such-model")
    expect(row).to_contain_text("404")
    expect(row).to_contain_text(user.t("error.model_not_found"))
    row.locator("a").click()
    user.sees(user.t("refused.title"))
    user.sees(request_id)
    user.sees(user.t("error.model_not_found"))
    expect(fact(user, "request.status")).to_have_text("404")
    user.open("/dashboard/usage")
    user.sees(user.t("usage.empty"))


def test_live(user, customer):
    user.open("/dashboard/usage")
    user.sees(user.t("usage.empty"))
    customer.ask("gpt-4")
    expect(user.rows("usage.view.requests")).to_have_count(1)
    cost = exact(customer.records()[0]["cost"])
    expect(user.main.get_by_text(re.compile(re.escape(cost))).first).to_be_visible()


@pytest.mark.parametrize("view", ["day", "model", "key", "refused"])
def test_the_totals_are_live_beside_each_list(make_person, customer, view):
    customer.ask("gpt-4")
    person = make_person().become(customer)
    person.open(f"/dashboard/usage?view={view}")
    before, after = (exact(n * usd(customer.records()[0]["cost"])) for n in (1, 2))
    totals = person.main.locator(".panel").filter(has_text=person.t("usage.cost")).first
    expect(totals).to_contain_text(before)
    customer.ask("gpt-4")
    expect(totals).to_contain_text(after)


def test_a_request_that_is_not_there(user):
    user.open("/dashboard/usage/req_nothing")
    user.sees(user.t("error.not_found"))
