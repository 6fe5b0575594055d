"""An operator's days: what is found at once, sold yesterday, stated for the accountant, and who did
what."""

import csv
import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from csv_files import check_name_of_today
from money import exact
from playwright.sync_api import Page, expect
from test_admin import user_id_of
from test_everywhere import violations
from wait import wait_until


@pytest.fixture
def boss_at(make_person, operator, view):
    """Goes to an operator's page."""
    person = make_person(view).become(operator)

    def go(path: str):
        return person.open("/dashboard/admin" + path)

    return go


def box(person):
    return person.page.get_by_role("combobox", name=person.t("find.label"))


def go_to_box(person) -> None:
    """By "/". The box is fetched behind the page: nobody hears the key before it is there."""

    def is_there() -> bool:
        person.page.keyboard.press("/")
        return box(person).evaluate("(it) => it === document.activeElement")

    wait_until(is_there, what="the search box")
    expect(box(person)).to_have_value("")


def options(person):
    return person.page.get_by_role("search").get_by_role("option")


def fits(person) -> None:
    """Nothing for axe to say, and nothing beside the page."""
    assert violations(person) == []
    width = person.page.evaluate("document.documentElement.scrollWidth")
    assert width <= person.page.viewport_size["width"]


def rows_of(page: Page, button) -> tuple[str, list[dict]]:
    """The file behind a button: its name, and its rows."""
    with page.expect_download() as download:
        button.click()
    text = download.value.path().read_text("utf-8-sig")
    return download.value.suggested_filename, list(csv.DictReader(io.StringIO(text, newline="")))


# ---- the search ----


def test_what_is_exact_is_opened(boss_at, customer):
    """By "/", what one has, Enter: a request, also a refused one, a key, an address."""
    request_id = customer.ask("gpt-4").headers["x-request-id"]
    refused_id = customer.ask("no-such-model").headers["x-request-id"]
    customer.wait_for_record()
    customer.wait_for_refusal(refused_id)
    user_id = user_id_of(customer)
    boss = boss_at("/audit")
    for text, path in (
        (request_id, f"/requests/{request_id}"),
        (refused_id, f"/requests/{refused_id}"),
        (customer.key, f"/customers/{user_id}?view=keys"),
        (customer.email.upper(), f"/customers/{user_id}"),
    ):
        go_to_box(boss)
        boss.page.keyboard.insert_text(f" {text} ")
        boss.page.keyboard.press("Enter")
        boss.page.wait_for_url("**/dashboard/admin" + path)
        expect(boss.main.locator(".skeleton")).to_have_count(0)
        expect(box(boss)).to_have_value("")
    boss.page.go_back()
    boss.page.wait_for_url("**/customers/*?view=keys")
    expect(boss.rows("nav.keys").first).to_be_visible()


def test_a_whole_key_stands_nowhere(boss_at, customer):
    """In no address that is asked for, and in none of the browser's."""
    boss = boss_at("/customers")
    asked: list[str] = []
    boss.page.on("request", lambda request: asked.append(request.url))
    box(boss).fill(customer.key)
    expect(options(boss)).to_have_count(1)
    boss.field("customers.search").fill(customer.key)
    box(boss).fill(customer.key)
    box(boss).press("Enter")
    boss.page.wait_for_url("**?view=keys")
    assert any(url.endswith("/api/admin/search") for url in asked)
    kept = boss.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.URL])"
    )
    assert not [url for url in [*asked, kept] if customer.key in url]


def test_a_list_by_keyboard(boss_at, gateway):
    """Parts of names give a short list; arrows choose, Escape leaves."""
    people = [gateway.customer(credit=None) for _ in range(3)]
    part = people[0].email.split(".")[1]
    boss = boss_at("")
    box(boss).fill(part)
    expect(options(boss).first).to_be_visible()
    expect(box(boss)).to_have_attribute("aria-expanded", "true")
    fits(boss)
    box(boss).press("ArrowDown")
    box(boss).press("ArrowDown")
    chosen = boss.page.get_by_role("search").locator('[aria-selected="true"]')
    expect(chosen).to_have_count(1)
    assert box(boss).get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    box(boss).press("Escape")
    expect(options(boss)).to_have_count(0)
    expect(box(boss)).to_have_value(part)
    box(boss).press("ArrowDown")
    text = options(boss).nth(2).inner_text()
    box(boss).press("Enter")
    boss.page.wait_for_url("**/admin/customers/user_*")
    expect(boss.page.get_by_role("heading", level=1)).to_contain_text("@")
    assert boss.page.get_by_role("heading", level=1).inner_text() in text


def test_nothing_is_found(boss_at):
    boss = boss_at("/policies")
    box(boss).fill("no such thing")
    box(boss).press("Enter")
    expect(boss.page.get_by_text(boss.t("find.none"))).to_be_visible()
    fits(boss)
    boss.page.goto("/dashboard")
    boss.sees_title("nav.home")
    expect(box(boss)).to_have_count(0)


# ---- sales ----


def test_profit_of_a_model_yesterday(make_person, customer, operator, view):
    """Two clicks: yesterday, by model. The browser's clock is a day ahead of what was sold."""
    customer.ask("gpt-4")
    sold = datetime.fromisoformat(customer.wait_for_record()["created_at"])
    boss = make_person(view).become(operator)
    boss.page.clock.set_fixed_time(sold + timedelta(1))
    boss.open("/dashboard/admin")
    boss.choice("period.yesterday").click()
    boss.tab("sales.by.model").click()
    day = sold.astimezone(ZoneInfo(view.zone)).date()
    params = {"from": str(day), "to": str(day + timedelta(1)), "tz": view.zone, "by": "model"}
    rows = operator.call("GET", "/admin/sales", 200, params=params)["data"]
    shown = boss.rows("sales.title").filter(has_text="gpt-4").first
    (profit,) = (row["profit"] for row in rows if row["model"] == "gpt-4")
    expect(shown.get_by_title(exact(profit)).first).to_be_visible()
    name, lines = rows_of(boss.page, boss.link("sales.csv"))
    assert name == f"sales-{day}-until-{day + timedelta(1)}-by-model.csv"
    assert [line["profit"] for line in lines] == [row["profit"] for row in rows]
    fits(boss)


def test_sorted_by_profit_and_chosen_days(boss_at, gateway, operator, provider):
    for model in ("gpt-4", "gpt-4o-mini"):
        customer = gateway.customer()
        customer.ask(model)
        customer.wait_for_record()
    boss = boss_at("?period=custom&first=2026-01-01&last=2099-01-01&view=model&sort=profit")
    rows = operator.call("GET", "/admin/sales", 200, params={"by": "model"})["data"]
    wanted = sorted(rows, key=lambda row: -float(row["profit"]))
    shown = boss.rows("sales.title")
    expect(shown).to_have_count(len(rows))
    for place, row in enumerate(wanted):
        expect(shown.nth(place)).to_contain_text(row["model"])
        expect(shown.nth(place).get_by_title(exact(row["profit"])).first).to_be_visible()
    if boss.view.width == "wide":
        head = boss.page.get_by_role("columnheader", name=boss.t("sales.profit"))
        expect(head).to_have_attribute("aria-sort", "descending")
        head.get_by_role("button").click()
        expect(head).not_to_have_attribute("aria-sort", "descending")
    boss.field("usage.first").fill("2001-01-01")
    boss.field("usage.last").fill("2001-01-02")
    boss.sees(boss.t("sales.empty"))
    fits(boss)


def test_sales_by_group_and_a_chart_of_one_model(boss_at, customer, operator):
    """Also where that one has lost money."""
    request_id = customer.ask("gpt-4").headers["x-request-id"]
    customer.wait_for_record()
    refund = {"exchange_id": request_id, "reason": "a bad answer"}
    operator.call("POST", "/admin/refunds", 201, json=refund)
    boss = boss_at("?period=today&view=group")
    expect(boss.rows("sales.title").first).to_contain_text(boss.t("sales.noGroup"))
    boss.choice("sales.profit").click()
    boss.field("sales.only").select_option("gpt-4")
    figure = boss.main.get_by_role("figure")
    expect(figure.locator("li")).to_have_count(1)
    expect(figure.locator("li")).to_contain_text("gpt-4")
    fits(boss)


def test_a_statement(boss_at, customer):
    boss = boss_at("")
    month = boss.page.evaluate("new Date().toLocaleDateString('sv').slice(0, 7)")
    form = {"en": "%B %Y", "ko": "%Y년 %-m월"}[boss.view.language]
    named = datetime.fromisoformat(month + "-01").strftime(form)
    boss.field("statement.month").select_option(label=named)
    name, rows = rows_of(boss.page, boss.link("statement.csv"))
    assert name == f"statement-{month}.csv"
    (mine,) = [row for row in rows if row["email"] == customer.email]
    assert (mine["month"], mine["closing_balance"]) == (month, "10.000000000")


def test_usage_of_a_customer(boss_at, customer):
    customer.ask("gpt-4")
    record = customer.wait_for_record()
    boss = boss_at(f"/customers/{user_id_of(customer)}")
    name, rows = rows_of(boss.page, boss.link("usage.csv"))
    handle = customer.email.partition("@")[0].replace(".", "")
    check_name_of_today(name, f"usage-{handle}-{{}}.csv", boss.view.zone)
    assert [row["id"] for row in rows] == [record["id"]]


# ---- the audit log ----


def test_the_audit_log_is_filtered(boss_at, customer, operator):
    user_id = user_id_of(customer)
    for path, body in (
        ("/admin/credits", {"user_id": user_id, "amount": "1", "reason": "for patience"}),
        ("/admin/debits", {"user_id": user_id, "amount": "1", "reason": "a mistake"}),
    ):
        operator.call("POST", path, 201, json=body)
    boss = boss_at("/audit")
    boss.field("audit.whom").fill(customer.email)
    expect(boss.rows("nav.audit")).to_have_count(2)
    boss.field("audit.action").select_option("credit.create")
    expect(boss.rows("nav.audit")).to_have_count(1)
    boss.field("audit.who").fill(operator.email)
    expect(boss.rows("nav.audit")).to_contain_text("for patience")
    name, rows = rows_of(boss.page, boss.link("audit.csv"))
    check_name_of_today(name, "audit-{}.csv", boss.view.zone)
    assert len(rows) == 1
    boss.field("audit.last").fill("2001-01-02")
    boss.sees(boss.t("audit.nothing"))
    fits(boss)
    boss.page.reload()
    boss.sees(boss.t("audit.nothing"))


def test_old_and_new_role_and_group(boss_at, customer, operator):
    path = f"/admin/users/{user_id_of(customer)}"
    operator.call("PATCH", path, 200, json={"role": "support", "reason": "x"})
    boss = boss_at(f"/audit?on={customer.email}")
    row = boss.rows("nav.audit").first
    expect(row).to_contain_text(f"{boss.t('roles.user')} → {boss.t('roles.support')}")
    operator.call("PATCH", path, 200, json={"role": "user"})
