"""The accountant's statement against the ledger: whatever was posted and whenever, each customer's
month has exactly what its transfers add up to."""

import contextlib
import csv
import io
import random
import sqlite3
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from customer import Customer
from test_admin_api import api_error, make_admin
from test_days import INSERT

MONTHS = ["2026-08", "2026-09", "2026-10", "2026-11"]
KINDS = {
    "manual": "credit_manual", "payment": "credit_payment", "promotion": "credit_promotion",
    "test": "credit_test", "reinstatement": "credit_other", "refund": "refunds",
    "charge": "charges", "debit": "debits", "repayment": "repayments",
}  # fmt: skip
OUT = {"charge", "debit", "repayment"}
ZONES = ["UTC", "Asia/Seoul", "Asia/Kolkata", "America/New_York"]
POSTINGS = 1500
HOURLY = """INSERT INTO hourly SELECT account_id, created_ms / 3600000, key_id, model, count(*), 0,
    sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
    FROM usage GROUP BY 1, 2, 3, 4"""
DAYS = """INSERT INTO customer_days SELECT account_id, created_ms / 86400000, count(*), 0,
    sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
    FROM usage WHERE created_ms / 86400000 < {day} GROUP BY 1, 2"""
DAY_SUMS_END = 20740  # 2026-10-14: later days are only in the hours


def month_begins_ms(month: str, zone: str) -> int:
    year, number = map(int, month.split("-"))
    return round(datetime(year, number, 1, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def month_of(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime("%Y-%m")


class House:
    """Customers with postings of all kinds at random times, many around the ends of months."""

    def __init__(self, gateway):
        self.admin = make_admin(gateway)
        self.customers = [gateway.customer(credit=None) for _ in range(4)]
        self.users = [c.call("GET", "/auth/me", 200)["user"] for c in self.customers]
        self.postings: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        dice = random.Random(20261202)
        edges = [month_begins_ms(month, zone) for month in MONTHS for zone in ZONES]
        first, last = edges[0] - 40 * 86400_000, edges[-1] + 30 * 86400_000
        with contextlib.closing(sqlite3.connect(gateway.database, timeout=10)) as db, db:
            for number in range(1, POSTINGS + 1):
                place = dice.randrange(3)  # the last customer has none
                near = dice.choice(edges) + dice.randrange(-7200_000, 7200_000)
                at = near if dice.random() < 0.5 else dice.randrange(first, last)
                kind = dice.choice([*KINDS, *["charge"] * 6])
                self.post(db, place, kind, dice.randrange(1, 10**12), at, number)
            db.execute(HOURLY)
            db.execute(DAYS.format(day=DAY_SUMS_END))
            db.execute("UPDATE summed_days SET until_day = ?", [DAY_SUMS_END])
            self.settle(db)
        gateway.customers.clear()

    def post(self, db, place: int, kind: str, nusd: int, at: int, number: int) -> None:
        account = self.users[place]["account_id"]
        self.postings[account].append((kind, nusd, at))
        own, other = account, "revenue" if kind == "charge" else "funding:manual"
        if kind in ("debit", "repayment"):
            other = "debt:" + account
        sides = (own, other) if kind in OUT else (other, own)
        ids = (None, f"req_{nusd}_{number}") if kind == "charge" else (f"tx_{number}", None)
        db.execute(
            "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind,"
            " exchange_id, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (ids[0], *sides, nusd, kind, ids[1], at),
        )
        if kind == "charge":
            names = {"account": account, "user": self.users[place]["id"],
                     "key": self.customers[place].key_id}  # fmt: skip
            row = f"[[{number}, {at}]]"
            sql = INSERT.format(**names).replace("1, value ->> 0, 0,", f"1, {nusd}, 0,")
            db.execute(sql, [row])

    def settle(self, db) -> None:
        """The balances as the transfers make them; nobody is below zero."""
        for user in self.users:
            account = user["account_id"]
            missing = 10**9 - min(0, self.balance(account))
            self.postings[account].append(("manual", missing, 0))
            db.execute(
                "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind,"
                " created_ms) VALUES (?, 'funding:manual', ?, ?, 'manual', 0)",
                ("tx_first_" + account, account, missing),
            )
            sums = [sum(n for kind, n, _ in self.postings[account] if (kind in OUT) == out)
                    for out in (False, True)]  # fmt: skip
            db.execute(
                "UPDATE balances SET credited_nusd = ?, debited_nusd = ? WHERE account_id = ?",
                [*sums, account],
            )

    def balance(self, account: str, before_ms: int = 1 << 60) -> int:
        return sum(
            -nusd if kind in OUT else nusd
            for kind, nusd, at in self.postings[account]
            if at < before_ms
        )

    def wanted(self, account: str, month: str, zone: str) -> dict[str, int]:
        sums = dict.fromkeys(KINDS.values(), 0)
        for kind, nusd, at in self.postings[account]:
            if month_of(at, zone) == month:
                sums[KINDS[kind]] += nusd
        return sums


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("statement"), shared_provider).start()
    yield House(gateway)
    gateway.abandon()  # its records are no real calls


def rows_of(response) -> list[dict]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def nano(text: str) -> int:
    return int(Decimal(text).scaleb(9))


def statement(person, **params) -> list[dict]:
    return rows_of(person.web.get("/admin/statement.csv", params=params))


@pytest.mark.parametrize("zone", ZONES)
def test_random_postings(house, zone):
    rows = statement(house.admin, month=MONTHS[0], months=len(MONTHS), tz=zone)
    mine = {(row["account_id"], row["month"]): row for row in rows}
    for customer, user in zip(house.customers, house.users, strict=True):
        account = user["account_id"]
        for month in MONTHS:
            row = mine[account, month]
            assert (row["email"], row["user_id"]) == (customer.email, user["id"])
            sums = {name: nano(row[name]) for name in KINDS.values()}
            assert sums == house.wanted(account, month, zone)
            opening = house.balance(account, month_begins_ms(month, zone))
            assert nano(row["opening_balance"]) == opening
            change = sum(-sums[KINDS[kind]] if kind in OUT else sums[KINDS[kind]] for kind in KINDS)
            assert nano(row["closing_balance"]) == opening + change
        assert len([key for key in mine if key[0] == account]) == len(MONTHS)


def test_a_month_alone_and_what_it_is_called(house):
    whole = statement(house.admin, month=MONTHS[0], months=len(MONTHS), tz="Asia/Seoul")
    for month in MONTHS:
        one = statement(house.admin, month=month, tz="Asia/Seoul")
        assert one == [row for row in whole if row["month"] == month]
    answer = house.admin.web.get("/admin/statement.csv", params={"month": "2026-11"})
    name = 'attachment; filename="statement-2026-11.csv"'
    assert answer.headers["content-disposition"] == name


def test_calls_and_corrections(gateway):
    """A real ledger: the month closes with the balance that the customer sees, and its debt."""
    admin, customer = make_admin(gateway), gateway.customer()
    user = customer.call("GET", "/auth/me", 200)["user"]
    customer.ask("gpt-4")
    record = customer.wait_for_record()
    customer.wait_for_no_hold()
    body = {"exchange_id": record["id"], "amount": "0.000001", "reason": "x"}
    admin.call("POST", "/admin/refunds", 201, json=body)
    body = {"user_id": user["id"], "amount": "12.5", "reason": "x"}
    taken = admin.call("POST", "/admin/debits", 201, json=body)
    month = record["created_at"][:7]
    (row,) = [r for r in statement(admin, month=month) if r["user_id"] == user["id"]]
    assert row["opening_balance"] == "0.000000000"
    assert row["credit_test"] == "10.000000000"
    assert (row["charges"], row["refunds"]) == (record["cost"], "0.000001000")
    assert row["debits"] == taken["taken"]
    assert (row["closing_balance"], row["closing_owed"]) == (taken["balance"], taken["owed"])


@pytest.mark.parametrize(
    ("params", "param"),
    [({}, "month"), ({"month": "2026-13"}, None), ({"month": "2026-1"}, None),
     ({"month": "soon"}, None), ({"month": "2026-11", "months": 13}, "months"),
     ({"month": "2026-11", "months": 0}, "months"), ({"month": "2026-11", "tz": "x"}, "tz")],
)  # fmt: skip
def test_nonsense(gateway, params, param):
    answer = make_admin(gateway).web.get("/admin/statement.csv", params=params)
    api_error(answer, 400, "missing_field" if not params else "invalid_value", param=param)


def test_who_may(gateway):
    admin, support = make_admin(gateway), Customer(gateway)
    support.sign_up()
    user_id = support.call("GET", "/auth/me", 200)["user"]["id"]
    admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"role": "support"})
    for path in ("statement.csv?month=2026-11", "sales.csv"):
        api_error(support.web.get("/admin/" + path), 403, "not_permitted")
