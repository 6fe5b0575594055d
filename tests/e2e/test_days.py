"""Days begin where the viewer lives: compared with Python's zoneinfo, in zones of half and quarter
hours and over the days on which the clocks are set."""

import contextlib
import csv
import io
import random
import sqlite3
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from test_admin_api import make_admin

ZONES = ("Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide", "America/New_York",
         "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo", "UTC")  # fmt: skip
# Around these the clocks are set, in one or the other of them.
DAYS = tuple(date(2026, *day) for day in ((3, 8), (4, 5), (4, 24), (10, 4), (11, 1)))
FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)

INSERT = """INSERT INTO usage (seq, exchange_id, account_id, user_id, key_id, model, provider,
    provider_model, policy_revision, error_code, finish_reason, status, attempts, streamed, source,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, input_price_pusd,
    cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd, charge_nusd, overrun_nusd,
    created_ms, first_byte_us, total_us)
    SELECT value ->> 0, 'req_' || (value ->> 0), '{account}', '{user}', '{key}', 'gpt-4o', 'p',
    'pm', 'r', '', 'stop', 200, 1, 0, 'reported', 1, 0, 1, 0, 1, 1, 1, 0, 1, value ->> 0, 0,
    value ->> 1, 5, 9 FROM json_each(?)"""
SUMS = """
    INSERT INTO hourly SELECT account_id, created_ms / 3600000, key_id, model, count(*), 0,
        sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
        FROM usage GROUP BY 1, 2, 3, 4;
    INSERT INTO sales SELECT created_ms / 900000, model, provider, count(*), 0,
        sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
        FROM usage GROUP BY 1, 2, 3;
"""


def moments() -> list[int]:
    """Milliseconds: right before and at each midnight of each zone around those days, at other
    quarters of an hour, and at random."""
    dice = random.Random(20261129)
    found = set()
    for zone in ZONES:
        for day in DAYS:
            for days in (-1, 0, 1, 2):
                there = day + timedelta(days=days)
                midnight = datetime(there.year, there.month, there.day, tzinfo=ZoneInfo(zone))
                at = round(midnight.timestamp() * 1000)
                found |= {at - 1, at, at + 1, at + 900_000 * dice.randrange(96)}
    span = round((LAST - FIRST).total_seconds() * 1000)
    found |= {round(FIRST.timestamp() * 1000) + dice.randrange(span) for _ in range(500)}
    return sorted(found)


class House:
    """A customer with a call at each of the moments; the n-th cost n nano-dollars."""

    def __init__(self, gateway):
        self.gateway, self.customer, self.admin = gateway, gateway.customer(), make_admin(gateway)
        self.moments = moments()
        user = self.customer.call("GET", "/auth/me", 200)["user"]
        rows = [[n, at] for n, at in enumerate(self.moments, 1)]
        database = sqlite3.connect(gateway.database, timeout=10)
        with contextlib.closing(database), database:
            names = {"account": user["account_id"], "user": user["id"], "key": self.customer.key_id}
            database.execute(INSERT.format(**names), [str(rows)])
            database.executescript("BEGIN;" + SUMS + "COMMIT")
        gateway.customers.clear()

    def days(self, zone: str, first_ms: int = 0, end_ms: int = 1 << 60) -> Counter:
        """Calls by day there, as Python has it."""
        return Counter(
            datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date().isoformat()
            for at in self.moments
            if first_ms <= at < end_ms
        )


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("days"), shared_provider).start()
    yield House(gateway)
    gateway.abandon()  # the ledger knows nothing of these calls


def by_day(answer: dict) -> dict[str, int]:
    return {row["day"]: row["requests"] for row in answer["data"]}


def ask(house, path: str, **params) -> dict:
    who = house.admin if path.startswith("/admin") else house.customer
    return who.call("GET", path, 200, params=params)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("path", ["/usage/summary", "/admin/sales"])
def test_by_day(house, path, zone):
    assert by_day(ask(house, path, by="day", tz=zone)) == house.days(zone)


def test_sums_of_days_add_up(house):
    """To the nano-dollar, with the other groups, too."""
    whole = ask(house, "/usage/summary", by="model")
    for zone in ZONES:
        split = ask(house, "/usage/summary", by="day,model,key", tz=zone)
        assert split["totals"] == whole["totals"]
        nano = sum(round(float(row["cost"]) * 1e9) for row in split["data"])
        assert nano == sum(range(1, len(house.moments) + 1))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_by_its_date(house, zone, day):
    """from and to as dates are midnights there: 23, 24 or 25 hours, whoever is asked."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    wanted = house.days(zone)[day.isoformat()]
    window = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat(), "tz": zone}
    assert ask(house, "/usage/summary", **window)["totals"]["requests"] == wanted
    listed = ask(house, "/usage", limit=1000, **window)
    assert len(listed["data"]) == listed["totals"]["requests"] == wanted
    assert ask(house, "/admin/sales", **window)["totals"]["requests"] == wanted
    customers = ask(house, "/admin/sales", by="customer", **window)["data"]
    assert sum(row["requests"] for row in customers) == wanted
    today = {"from": start.astimezone(UTC).isoformat().replace("+00:00", "Z"), "tz": zone}
    since = house.days(zone, round(start.timestamp() * 1000))
    assert by_day(ask(house, "/usage/summary", by="day", **today)) == since, "as the pages ask"


@pytest.mark.parametrize(("minutes", "zone"), [(330, "Asia/Kolkata"), (345, "Asia/Kathmandu"),
                                               (540, "Asia/Seoul"), (0, "UTC")])  # fmt: skip
def test_minutes(house, minutes, zone):
    assert by_day(ask(house, "/usage/summary", by="day", tz=minutes)) == house.days(zone)
    assert by_day(ask(house, "/admin/sales", by="day", tz=minutes)) == house.days(zone)


def test_what_browsers_call_india(house):
    answer = ask(house, "/usage/summary", by="day", tz="Asia/Calcutta")
    assert by_day(answer) == house.days("Asia/Kolkata")


@pytest.mark.parametrize("zone", ["Australia/Adelaide", "America/New_York", "UTC"])
def test_csv(house, zone):
    params = {"tz": zone, "from": "2026-10-01", "to": "2026-11-05"}
    response = house.customer.web.get("/usage.csv", params=params)
    name = "usage-2026-10-01-until-2026-11-05.csv"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    text = response.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    start, end = (datetime(2026, *at, tzinfo=ZoneInfo(zone)).timestamp() * 1000
                  for at in ((10, 1), (11, 5)))  # fmt: skip
    assert len(rows) == house.days(zone, round(start), round(end)).total()
    for row in rows:
        at = datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        assert row["local_time"] == at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../../etc/passwd", "", "30x", "7", "855"])
def test_no_such_zone(house, zone):
    for path in ("/usage/summary", "/usage", "/usage.csv", "/admin/sales"):
        who = house.admin if path.startswith("/admin") else house.customer
        response = who.web.get(path, params={"tz": zone})
        assert response.status_code == 400, path
        assert response.json()["error"]["code"] == "invalid_value"
        assert response.json()["error"]["param"] == "tz"
