"""`llm-gateway replay`: recorded calls, charged again under other policies. Under the policies that
charged them nothing differs, in no group, for no call; under others the difference is what exact
fractions say, and what cannot be charged is told."""

import contextlib
import csv
import io
import math
import random
import shutil
import sqlite3
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import answers
import pytest
from answers import Usage
from gateway import Gateway
from prices import Price
from replays import (
    NOTHING,
    PRICE,
    UNITS,
    change,
    groups_of,
    nusd,
    replay,
    rows_of,
    start,
    time_of,
    usd,
)

CALLS = 300


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    """A gateway with hundreds of records; it still serves."""
    gateway = Gateway(tmp_path_factory.mktemp("replay"), shared_provider, {})
    yield start(gateway, shared_provider, CALLS)
    gateway.stop()


@pytest.fixture
def other(house, tmp_path) -> Path:
    """A copy of the policies, to be changed."""
    folder = tmp_path / "policies"
    shutil.copytree(house.policies.folder, folder)
    return folder


# ---- the same policies ----


def test_the_records_are_of_all_kinds(house):
    """Else the next test would show little."""
    rows = rows_of(house)
    assert len(rows) == CALLS
    assert {"none", "reported", "estimated", "partial"} <= {row["source"] for row in rows}
    assert {"openai", "second"} <= {row["provider"] for row in rows}
    assert sum(row["overrun_nusd"] > 0 for row in rows) > 10
    with sqlite3.connect(house.database) as db:
        words = set(db.execute("SELECT service_tier, speed, region FROM usage_facts"))
        said = set(db.execute("SELECT choice, search_context, size, quality FROM usage_facts"))
        by_cost = db.execute("SELECT count(*), sum(sold_by_cost) FROM usage_facts"
                             " WHERE stated_cost_nusd IS NOT NULL").fetchone()  # fmt: skip
        units = {unit for (unit,) in db.execute("SELECT DISTINCT unit FROM usage_lines")}
    assert len(words) > 5
    assert {("streamed", "", "", ""), ("", "high", "", ""), ("", "", "4K", "low")} <= said
    assert by_cost[0] > by_cost[1] > 0
    assert set(UNITS) - {"audio_input", "cache_write_long"} | {"image"} <= units


def test_the_policies_that_charged_change_nothing(house):
    rows = rows_of(house)
    answer = replay(house, status=None)
    assert answer["totals"]["calls"] == len(rows)
    assert answer["totals"]["charge_then"] == usd(sum(row["charge_nusd"] for row in rows))
    assert answer["totals"]["cost_then"] == usd(sum(row["cost_nusd"] for row in rows))
    assert answer["refused"] == []
    assert {row["model"] for row in answer["models"]} == {row["model"] for row in rows}
    assert len(answer["customers"]) == len({row["user_id"] for row in rows})
    for group in groups_of(answer):
        assert group["charge_then"] == group["charge_now"], group
        assert group["cost_then"] == group["cost_now"], group
        changes = [group[f"{what}_change"] for what in ("charge", "cost", "margin")]
        assert changes == [NOTHING] * 3, group


def test_nothing_differs_for_any_call(house):
    """Differences of two calls could add up to nothing: so each by itself."""
    rows = rows_of(house)
    for row in random.Random(1).sample(rows, 40):
        # A time that only this record has; others of the same millisecond come along.
        begins, ends = time_of(row["created_ms"]), time_of(row["created_ms"] + 1)
        answer = replay(house, "--from", begins, "--to", ends, status=None)
        same = [each for each in rows if each["created_ms"] == row["created_ms"]]
        assert answer["totals"]["calls"] == len(same)
        assert answer["totals"]["charge_then"] == usd(sum(each["charge_nusd"] for each in same))
        assert answer["totals"]["charge_change"] == NOTHING
        assert answer["totals"]["cost_change"] == NOTHING


# ---- other policies ----


def price_of(row: dict, price: Price, margin: str, **units: str) -> int:
    """What the customer pays for the record's tokens, in nano-USD; `units`: reasoning apart."""
    reasoning = min(row["reasoning_tokens"], row["output_tokens"]) if units else 0
    exact = (
        Fraction(price.input) * row["input_tokens"]
        + Fraction(price.cached) * row["cached_input_tokens"]
        + Fraction(price.output) * (row["output_tokens"] - reasoning)
        + Fraction(units.get("reasoning", "0")) * reasoning
    ) / 1_000_000
    return math.ceil(exact * (1 + Fraction(margin)) * 10**9)


def part_of(row: dict, price: int) -> int:
    """What the customer pays of it: where the operator paid a part, the same part."""
    return price * row["charge_nusd"] // max(1, row["charge_nusd"] + row["overrun_nusd"])


def margin_of(row: dict, groups: dict, margins: dict) -> str:
    return margins[groups[row["user_id"]]]


def groups_by_user(gateway: Gateway) -> dict:
    with sqlite3.connect(gateway.database) as db:
        return dict(db.execute('SELECT id, "group" FROM users'))


def model_of(answer: dict, model: str) -> dict:
    return next(row for row in answer["models"] if row["model"] == model)


OLD_PLAIN = '["input"] = "0.333333", ["output"] = "0.777777", ["cached_input"] = "0.111111"'


def test_other_prices_by_exact_fractions(house, other):
    """By model, customer and day; a unit that gets a price of its own is taken out of the rest."""
    new = Price("0.5", "0.6", "0.05")
    change(other, "models", OLD_PLAIN, '["input"] = "0.5", ["output"] = "0.6", '
           '["cached_input"] = "0.05", ["reasoning"] = "0.9"')  # fmt: skip
    change(other, "margins", 'default = "20%"', 'default = "21.5%"')
    answer = replay(house, "--policies", str(other), status=None)
    groups, wanted, costs = groups_by_user(house), 0, 0
    for row in rows_of(house, "model = 'plain' AND source <> 'none'"):
        margin = margin_of(row, groups, {"": "0.215", "vip": "0.05", "slow": "2.5"})
        wanted += part_of(row, price_of(row, new, margin, reasoning="0.9"))
        costs += price_of(row, new, "0", reasoning="0.9")
    plain = model_of(answer, "plain")
    assert plain["charge_now"] == usd(wanted)
    assert plain["cost_now"] == usd(costs)
    assert plain["margin_now"] == usd(wanted - costs)
    assert nusd(plain["charge_change"]) == wanted - nusd(plain["charge_then"])
    for name in ("models", "customers", "days"):
        for member in ("charge_now", "cost_now", "charge_then", "margin_change"):
            parts = sum(nusd(row[member]) for row in answer[name])
            assert parts == nusd(answer["totals"][member]), (name, member)


def test_the_operators_part_stays_his(house, other):
    """Where more was counted than the model allows, the customer pays the same part."""
    change(other, "margins", 'default = "20%"', 'default = "80%"')
    answer = replay(house, "--policies", str(other), status=None)
    groups, wanted = groups_by_user(house), 0
    for row in rows_of(house, "model = 'tight'"):
        margin = margin_of(row, groups, {"": "0.8", "vip": "0.05", "slow": "2.5"})
        wanted += part_of(row, price_of(row, PRICE, margin))
    assert model_of(answer, "tight")["charge_now"] == usd(wanted)


def test_a_model_that_is_gone_is_told(house, other):
    change(other, "models", '["units"] = {', '["others"] = {')
    change(other, "models", OLD_PLAIN, "")
    answer = replay(house, "--policies", str(other), status=1)
    refused = {(row["code"], row["model"]): row for row in answer["refused"]}
    assert set(refused) == {("model_not_found", "units"), ("model_not_priced", "plain")}
    for (code, model), row in refused.items():
        rows = rows_of(house, f"model = '{model}' AND source <> 'none'")
        assert row["calls"] == len(rows), code
        assert row["charge_then"] == usd(sum(each["charge_nusd"] for each in rows))
        assert row["cost_then"] == usd(sum(each["cost_nusd"] for each in rows))
        assert model in row["message"]
    left = rows_of(house, "model NOT IN ('units', 'plain') OR source = 'none'")
    assert answer["totals"]["calls"] == len(left)
    assert answer["totals"]["charge_then"] == usd(sum(row["charge_nusd"] for row in left))
    assert answer["warns"] is True


def test_a_provider_that_is_no_candidate_any_more(house, other):
    """The first one's price counts, and the answer says so."""
    change(other, "models", '{ { ["provider"] = "openai" }, { ["provider"] = "second"',
           '{ { ["provider"] = "openai" }, { ["provider"] = "third"')  # fmt: skip
    change(other, "providers", '["second"]', '["third"]')
    answer = replay(house, "--policies", str(other), status=None)
    notes = {(note["kind"], note["model"], note["word"]): note for note in answer["notes"]}
    for model in ("two", "each"):
        rows = rows_of(house, f"model = '{model}'")
        note = notes["other_candidate", model, "second"]
        assert note["calls"] == sum(row["provider"] == "second" for row in rows) > 0
        costs = sum(price_of(row, PRICE, "0") for row in rows)
        assert model_of(answer, model)["cost_now"] == usd(costs)


def test_units_without_a_price_are_told(house, other):
    change(other, "models", '["web_search"] = "0.01", ', "")
    answer = replay(house, "--policies", str(other), status=None)
    notes = {(note["kind"], note["word"]): note for note in answer["notes"]}
    with sqlite3.connect(house.database) as db:
        query = """SELECT count(*) FROM usage_lines l JOIN usage u ON u.seq = l.usage_seq
                   WHERE l.unit = 'web_search' AND u.model = 'units'"""
        searched = db.execute(query).fetchone()[0]
    assert notes["unit_not_priced", "web_search"]["calls"] == searched


LOSSY = """return {
    default = "20%",
    rule = function(request)
        if request.model == "two" then
            return "0%"
        end
    end,
}
"""


@pytest.mark.parametrize("allowed", [False, True])
def test_a_loss_comes_first(house, other, allowed):
    """What `check` cannot know: a margin function. The fallback costs more than is asked."""
    (other / "margins.lua").write_text(LOSSY)
    routes = (other / "routes.lua").read_text()
    (other / "routes.lua").write_text(
        routes.replace("retry =", 'groups = { "vip", "slow" },\n    retry =')
    )
    change(other, "models", '["two"] = {', '["two"] = { ["allow"] = { "tools.x" },')
    if allowed:
        change(other, "models", '["model"] = "two-there"',
               '["allow_loss"] = true, ["model"] = "two-there"')  # fmt: skip
    answer = replay(house, "--policies", str(other), "--from", "2020-01-01", status=None)
    rows = {row["model"]: row for row in answer["models"]}
    assert rows["two"]["below_zero"] is True
    assert rows["two"]["loss_allowed"] is allowed
    below = [row["below_zero"] for row in answer["models"]]
    assert below == sorted(below, reverse=True), "below zero first"
    changes = [
        abs(nusd(row["charge_change"])) + abs(nusd(row["cost_change"]))
        for row in answer["models"]
        if not row["below_zero"]
    ]
    assert changes == sorted(changes, reverse=True), "then by change"


def test_a_function_that_fails_is_told_by_model(house, other):
    (other / "margins.lua").write_text(
        """return {
    default = "20%",
    rule = function(request)
        if request.model == "long" then
            return "much"
        end
    end,
}
"""
    )
    routes = (other / "routes.lua").read_text()
    (other / "routes.lua").write_text(
        routes.replace("retry =", 'groups = { "vip", "slow" },\n    retry =')
    )
    answer = replay(house, "--policies", str(other), status=1)
    (refused,) = answer["refused"]
    assert (refused["code"], refused["model"]) == ("policy_error", "long")
    assert "margins.lua: rule" in refused["message"]
    assert refused["calls"] == len(rows_of(house, "model = 'long' AND source <> 'none'"))


# ---- what is asked ----


def test_functions_see_what_the_record_knows(house, other, tmp_path):
    """The time of the call, its group, key, user, stream and prompt."""
    alone = "created_ms IN (SELECT created_ms FROM usage GROUP BY 1 HAVING count(*) = 1)"
    row = rows_of(house, f"model = 'plain' AND source = 'reported' AND {alone} ORDER BY seq")[-1]
    copy = tmp_path / "copy.db"
    with (
        contextlib.closing(sqlite3.connect(house.database)) as db,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        db.backup(target)
        target.execute("DROP TRIGGER usage_no_update")
        at_ms = int(datetime(2026, 3, 7, 4, 5, 6, tzinfo=UTC).timestamp() * 1000)
        moved = (at_ms - row["created_ms"],)  # all of them: they stand in the order of time
        target.execute("UPDATE usage SET created_ms = created_ms + ?", moved)
        target.commit()
    prompt = row["input_tokens"] + row["cached_input_tokens"]
    (other / "margins.lua").write_text(
        f"""return {{
    default = "20%",
    rule = function(request)
        local at = now()
        assert(request.model == "plain" and request.user_id == "{row["user_id"]}")
        assert(request.key_id == "{row["key_id"]}" and request.input_tokens == {prompt})
        assert(request.stream == {"true" if row["streamed"] else "false"})
        assert(at.year == 2026 and at.month == 3 and at.day == 7 and at.hour == 4)
        assert(at.minute == 5 and at.second == 6 and at.weekday == 6)
        return "100%"
    end,
}}
"""
    )
    routes = (other / "routes.lua").read_text()
    (other / "routes.lua").write_text(
        routes.replace("retry =", 'groups = { "vip", "slow" },\n    retry =')
    )
    window = ("--from", "2026-03-07T04:05:06Z", "--to", "2026-03-07T04:05:06.001Z")
    answer = replay(house, "--set", f"database={copy}", "--policies", str(other), *window)
    assert answer["totals"]["calls"] == 1
    plain = Price("0.333333", "0.777777", "0.111111")
    assert answer["totals"]["charge_now"] == usd(price_of(row, plain, "1"))


def test_a_day_is_the_zones(house):
    """A date is midnight there, and the days are the zone's. It is another date than that of UTC in
    one of these zones, at whatever time this runs."""
    rows = rows_of(house)
    for zone, ahead_h in (("Asia/Tokyo", 9), ("840", 14), ("-720", -12)):
        days = [time_of(row["created_ms"] + ahead_h * 3_600_000)[:10] for row in rows]
        answer = replay(house, "--tz", zone, status=None)
        assert {row["day"] for row in answer["days"]} == set(days)
        for day in set(days):
            after = date.fromisoformat(day) + timedelta(days=1)
            window = ("--tz", zone, "--from", day, "--to", after.isoformat())
            answer = replay(house, *window, status=None)
            assert answer["totals"]["calls"] == days.count(day)
            assert [row["day"] for row in answer["days"]] == [day]
        assert replay(house, "--tz", zone, "--to", min(days), status=None)["totals"]["calls"] == 0


FAULTS = {
    "a bad date": (["--from", "yesterday"], "--from must be a date"),
    "a bad end": (["--to", "2026-13-01"], "--to must be a date"),
    "a bad zone": (["--tz", "Mars/Base"], "must be the name of a time zone"),
    "both forms": (["--json", "--csv"], "either --json or --csv"),
    "no folder": (["--policies", "/nonexistent"], "/nonexistent"),
    "no database": (["--set", "database=/nonexistent/x.db"], "/nonexistent/x.db"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_question_that_cannot_be_answered(house, name):
    args, message = FAULTS[name]
    result = house.command("replay", *args)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


def test_policies_that_do_not_load_say_where(house, other):
    change(other, "models", '["plain"] = {', '["plain"] = { ["imput"] = "1",')
    result = house.command("replay", "--policies", str(other))
    assert result.returncode == 2
    assert "models.lua:" in result.stderr
    assert 'did you mean "input"?' in result.stderr


# ---- how it is told ----


def test_csv_and_text_say_what_json_does(house, other):
    change(other, "margins", 'default = "20%"', 'default = "19%"')
    change(other, "models", '["units"] = {', '["others"] = {')
    answer = replay(house, "--policies", str(other), status=1)
    result = house.command("replay", "--csv", "--policies", str(other))
    assert result.returncode == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    for name, key in (("model", "model"), ("customer", "user_id"), ("day", "day")):
        told = [row for row in rows if row["kind"] == name]
        assert [row["name"] for row in told] == [row[key] for row in answer[name + "s"]]
        for row, wanted in zip(told, answer[name + "s"], strict=True):
            assert int(row["calls"]) == wanted["calls"]
            for member in ("charge_then", "charge_now", "cost_now", "margin_then", "margin_now"):
                assert row[member] == wanted[member]
    (refused,) = [row for row in rows if row["kind"] == "refused"]
    assert (refused["name"], refused["label"]) == ("units", "model_not_found")
    text = house.command("replay", "--policies", str(other))
    assert text.returncode == 1
    assert answer["totals"]["charge_change"] in text.stdout
    assert "model_not_found" in text.stdout
    assert "in the groups that they have now" in text.stdout
    for row in answer["models"]:
        assert row["charge_now"] in text.stdout


def test_nothing_is_written(make_gateway, provider, tmp_path):
    """Also without a server, and from a database in which nothing was ever charged."""
    gateway = make_gateway()
    assert replay(gateway)["totals"]["calls"] == 0
    customer = gateway.customer()
    provider.answer = answers.chat(usage=Usage(100, 50))
    assert customer.ask().status_code == 200
    customer.wait_for_record()
    assert replay(gateway)["totals"]["calls"] == 1
    gateway.check_holds()
    gateway.stop()
    before = gateway.database.read_bytes()
    assert replay(gateway)["totals"]["calls"] == 1
    assert gateway.database.read_bytes() == before
