"""Budget, expiry and models of a key are changed; a budget is there anew each day, week, month."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from errors import check_error


def change(customer, **members) -> dict:
    return customer.call("PATCH", f"/keys/{customer.key_id}", 200, json=members)


def test_budget_is_changed(gateway, provider, customer):
    customer.create_key(budget="0")
    check_error(customer.ask(), 402, "key_budget_exceeded", retry=False)
    assert change(customer, budget="5")["budget"] == "5.000000000"
    assert customer.ask().status_code == 200
    shown = change(customer, budget="0.000000001")
    assert shown["remaining"] == "0.000000000"
    check_error(customer.ask(), 402, "key_budget_exceeded", retry=False)
    assert change(customer, budget=None)["budget"] is None
    assert customer.ask().status_code == 200
    done = gateway.command("ledger", "verify")
    assert done.returncode == 0, done.stdout


def test_expiry_is_changed(customer, gateway):
    soon = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert change(customer, expires_at=soon)["expires_at"].startswith(soon[:-1])
    assert change(customer, expires_at=None)["expires_at"] is None
    customer.call("PATCH", f"/keys/{customer.key_id}", 400, json={"expires_at": "2001-01-01"})


def test_models_are_changed(customer):
    assert change(customer, models=["gpt-4o"])["models"] == ["gpt-4o"]
    check_error(customer.ask(), 403, "model_not_allowed", retry=False)
    assert change(customer, models=None)["models"] is None
    assert customer.ask().status_code == 200
    customer.call("PATCH", f"/keys/{customer.key_id}", 400, json={"models": ["no-such-model"]})


def test_all_at_once_or_nothing(customer):
    shown = change(customer, name="other", budget="3", budget_period="week", models=["gpt-4o"])
    assert (shown["name"], shown["budget_period"]) == ("other", "week")
    path = f"/keys/{customer.key_id}"
    customer.call("PATCH", path, 400, json={"name": "third", "budget": "-1"})
    (shown,) = [key for key in customer.call("GET", "/keys", 200)["data"]
                if key["id"] == customer.key_id]  # fmt: skip
    assert (shown["name"], shown["budget"]) == ("other", "3.000000000")
    assert change(customer, budget="4")["budget_period"] == "week", "what is not said stays"
    assert change(customer, budget_period=None)["resets_at"] is None


def test_others_keys(gateway, customer):
    other = gateway.customer()
    other.call("PATCH", f"/keys/{customer.key_id}", 404, json={"budget": "1"})


@pytest.mark.parametrize("members", [{"budget_period": "year", "budget": "1"},
                                     {"budget_period": "day"}, {"budget": True}])  # fmt: skip
def test_wrong_budgets(customer, members):
    customer.call("POST", "/keys", 400, json={"name": "x", **members})


def starts(period: str) -> tuple[datetime, datetime]:
    """Of this period and of the next one."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return today, today + timedelta(days=1)
    if period == "week":
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=7)
    first = today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_budget_renews(make_gateway, period):
    """What was spent before this period does not count; a restart changes nothing."""
    gateway = make_gateway()
    customer = gateway.customer()
    customer.create_key(budget="2", budget_period=period)
    assert customer.ask().status_code == 200
    customer.wait_for_record()
    start, end = starts(period)
    shown = change(customer, budget="0.000000001")
    assert shown["budget_period"] == period
    assert shown["resets_at"] == end.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert shown["period_spent"] == shown["spent"] != "0.000000000"
    error = check_error(customer.ask(), 402, "key_budget_exceeded", retry=False)
    assert error["metadata"]["resets_at"] == shown["resets_at"]
    gateway.kill()
    make_older(gateway.database, start - timedelta(seconds=1))
    start_again(gateway, customer)
    change(customer, budget="2")
    (shown,) = [key for key in customer.call("GET", "/keys", 200)["data"]
                if key["id"] == customer.key_id]  # fmt: skip
    assert shown["period_spent"] == "0.000000000"
    assert shown["spent"] != "0.000000000"
    assert customer.ask().status_code == 200
    gateway.kill()
    start_again(gateway, customer)
    (shown,) = [key for key in customer.call("GET", "/keys", 200)["data"]
                if key["id"] == customer.key_id]  # fmt: skip
    assert shown["period_spent"] != "0.000000000"
    gateway.customers.clear()
    gateway.kill()  # nobody verifies the books: they were changed by hand


def start_again(gateway, customer) -> None:
    """On another port."""
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"


def make_older(database, when: datetime) -> None:
    """As if all that was used had been used then: the sums by hour, which budgets are read from."""
    with sqlite3.connect(database) as books:
        books.execute("UPDATE hourly SET hour = ?", (int(when.timestamp()) // 3600,))


def test_verify_finds_an_overspent_period(make_gateway):
    gateway = make_gateway()
    customer = gateway.customer()
    customer.create_key(budget="2", budget_period="day")
    assert customer.ask().status_code == 200
    customer.wait_for_record()
    assert gateway.command("ledger", "verify").returncode == 0
    gateway.stop()
    with sqlite3.connect(gateway.database) as books:
        books.execute("UPDATE keys SET budget_nusd = 1 WHERE budget_period = 'day'")
    done = gateway.command("ledger", "verify")
    assert done.returncode == 1
    assert "of a budget of 0.000000001 a day" in done.stdout
