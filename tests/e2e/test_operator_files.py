"""What operators take away as files: sales, a customer's usage, the audit log; and its filter."""

import csv
import io
from datetime import date, timedelta

import answers
import pytest
from answers import Usage
from csv_files import check_name_of_today, name_of
from test_admin_api import api_error, make_admin


@pytest.fixture
def admin(gateway):
    return make_admin(gateway)


@pytest.fixture
def grouped(make_gateway):
    """A gateway whose policies name groups."""
    gateway = make_gateway()
    gateway.policies.write("margins", 'return { default = "20%", groups = { vip = "0%" } }')
    gateway.policies.write("examples", "return {}")
    gateway.reload()
    return gateway


def rows_of(response, name: str, zone: str = "UTC") -> list[dict]:
    """`name` may have a {} where the day stands."""
    assert response.status_code == 200, response.text
    check_name_of_today(name_of(response), name, zone)
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def id_of(customer) -> str:
    return customer.call("GET", "/auth/me", 200)["user"]["id"]


# ---- sales ----

SUMS = ("requests", "errors", "input_tokens", "revenue", "refunded", "cost", "overrun", "profit")


@pytest.mark.parametrize("by", ["day", "model", "provider", "day,model,provider", "group"])
def test_sales_as_a_file_have_what_the_page_has(admin, gateway, provider, by):
    provider.answer = answers.chat(usage=Usage(1000, 500))
    for model in ("gpt-4o", "gpt-4"):
        customer = gateway.customer()
        customer.ask(model)
        customer.wait_for_no_hold()
    params = {"by": by, "tz": "Asia/Seoul"}
    shown = admin.call("GET", "/admin/sales", 200, params=params)["data"]
    name = f"sales-{{}}-by-{by.replace(',', '-')}.csv"
    rows = rows_of(admin.web.get("/admin/sales.csv", params=params), name, "Asia/Seoul")
    assert len(rows) == len(shown) > 0
    for row, told in zip(rows, shown, strict=True):
        for column in (*SUMS, *by.split(",")):
            assert row[column] == ("" if told[column] is None else str(told[column]))


def test_sales_by_customer_are_all(admin, customer):
    customer.ask("gpt-4")
    customer.wait_for_no_hold()
    answer = admin.web.get("/admin/sales.csv", params={"by": "customer"})
    (mine,) = [
        r for r in rows_of(answer, "sales-{}-by-customer.csv") if r["email"] == customer.email
    ]
    assert mine["user_id"] == id_of(customer)
    assert mine["revenue"] == customer.records()[0]["cost"]


def test_sales_of_days_are_named_by_them(admin):
    params = {"from": "2026-11-01", "to": "2026-12-01", "by": "model", "tz": "Asia/Seoul"}
    answer = admin.web.get("/admin/sales.csv", params=params)
    rows_of(answer, "sales-2026-11-01-until-2026-12-01-by-model.csv")
    for by in ("day,group", "customer,group", "week"):
        api_error(admin.web.get("/admin/sales.csv", params={"by": by}), 400, "invalid_value")


def test_sales_by_group(grouped):
    """Customers count in the group that they are in; all groups add up to the totals."""
    gateway = grouped
    admin, customers = make_admin(gateway), [gateway.customer() for _ in range(3)]
    for customer in customers[1:]:
        admin.call("PATCH", f"/admin/users/{id_of(customer)}", 200, json={"group": "vip"})
    for customer in customers:
        customer.ask("gpt-4")
        customer.wait_for_no_hold()
    sales = admin.call("GET", "/admin/sales", 200, params={"by": "group"})
    rows = {row["group"]: row for row in sales["data"]}
    assert {name: row["requests"] for name, row in rows.items()} == {None: 1, "vip": 2}
    assert rows["vip"]["profit"] == "0.000000000" != rows[None]["profit"]
    for sum_name in ("requests", "input_tokens"):
        assert sum(row[sum_name] for row in rows.values()) == sales["totals"][sum_name]


# ---- usage ----


def test_usage_of_a_customer(admin, customer, gateway):
    gateway.customer().ask()
    customer.ask()
    customer.wait_for_record()
    params = {"user_id": id_of(customer), "tz": "Asia/Seoul", "from": "2020-01-01"}
    answer = admin.web.get("/admin/usage.csv", params=params)
    name = f"usage-{customer.email.split('@')[0].replace('.', '')}-2020-01-01.csv"
    (row,) = rows_of(answer, name)
    (record,) = customer.records()
    assert (row["id"], row["cost"], row["provider"]) == (record["id"], record["cost"], "openai")
    own = customer.web.get("/usage.csv", params={"tz": "Asia/Seoul"})
    assert own.content.split(b"\n", 1)[1] == answer.content.split(b"\n", 1)[1]
    api_error(admin.web.get("/admin/usage.csv"), 400, "missing_field", param="user_id")


# ---- the audit log ----


def entries(admin, **params) -> list[dict]:
    return admin.call("GET", "/admin/audit", 200, params=params)["data"]


def test_old_and_new_group_and_role(grouped):
    admin, customer = make_admin(grouped), grouped.customer()
    path = f"/admin/users/{id_of(customer)}"
    admin.call("PATCH", path, 200, json={"group": "vip"})
    admin.call("PATCH", path, 200, json={"group": "", "role": "support"})
    last, first = entries(admin, user_id=id_of(customer))
    assert first["detail"] == {"former_group": "", "group": "vip", "reason": None}
    assert last["detail"] == {
        "former_group": "vip",
        "group": "",
        "former_role": "user",
        "role": "support",
        "reason": None,
    }


def test_filter(admin, gateway, customer):
    """By who, what, whom and days, and all of them together."""
    other = make_admin(gateway)
    user_id = id_of(customer)
    body = {"user_id": user_id, "amount": "1", "reason": "x"}
    admin.call("POST", "/admin/credits", 201, json=body)
    other.call("POST", "/admin/credits", 201, json=body)
    other.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": ""})
    today, tz = date.today(), "UTC"
    ours = {"user_id": customer.email.upper()}
    acts = [(e["actor"]["id"], e["action"]) for e in entries(admin, **ours)]
    by_admin, by_other = (admin.user_id, "credit.create"), (other.user_id, "credit.create")
    update = (other.user_id, "customer.update")
    assert acts == [update, by_other, by_admin]
    for params, wanted in (
        ({"actor": other.user_id}, [update, by_other]),
        ({"actor": other.email.upper()}, [update, by_other]),
        ({"action": "credit.create"}, [by_other, by_admin]),
        ({"actor": other.email, "action": "credit.create"}, [by_other]),
        ({"from": str(today - timedelta(1)), "to": str(today + timedelta(2)), "tz": tz}, acts),
        ({"to": str(today - timedelta(1)), "tz": tz}, []),
        ({"from": str(today + timedelta(2)), "tz": tz}, []),
        ({"actor": "cli"}, []),
    ):
        found = entries(admin, **ours, **params)
        assert [(e["actor"]["id"], e["action"]) for e in found] == wanted, params
    commands = entries(admin, actor="cli", action="user.create", limit=1000)
    assert {e["actor"]["kind"] for e in commands} == {"cli"}
    api_error(admin.web.get("/admin/audit", params={"tz": "x"}), 400, "invalid_value", param="tz")


def test_audit_as_a_file(admin, customer):
    body = {"user_id": id_of(customer), "amount": "1", "reason": "=1+1"}
    for _ in range(3):
        admin.call("POST", "/admin/credits", 201, json=body)
    params = {"user_id": id_of(customer), "tz": "Asia/Seoul"}
    answer = admin.web.get("/admin/audit.csv", params=params)
    rows = rows_of(answer, "audit-{}.csv", "Asia/Seoul")
    shown = entries(admin, **params)
    assert [row["id"] for row in rows] == [str(entry["id"]) for entry in shown]
    assert {(row["action"], row["email"], row["actor_email"]) for row in rows} == {
        ("credit.create", customer.email, admin.email)
    }
    assert '"reason":"=1+1"' in rows[0]["detail"]


def test_the_whole_log_is_a_file_of_many_pages(admin, gateway):
    """More acts than one page of the store has, each once."""
    customer = gateway.customer(credit=None)
    path = f"/admin/users/{id_of(customer)}"
    for number in range(1005):
        admin.call("PATCH", path, 200, json={"reason": f"turn {number}"})
    params = {"user_id": id_of(customer)}
    rows = rows_of(admin.web.get("/admin/audit.csv", params=params), "audit-{}.csv")
    assert len({row["id"] for row in rows}) == len(rows) == 1005
