"""The operator's page asks what the files in the folder would have changed: one question at a time,
on a thread of its own, bounded, and never in the way of a call."""

import contextlib
import signal
import sqlite3
import time

import answers
import pytest
from answers import Usage
from gateway import Gateway
from replays import make_admin, nusd, replay, rows_of, start, time_of
from tables import await_tables
from wait import wait_until

CALLS = 150


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("replay-page"), shared_provider, {})
    yield start(gateway, shared_provider, CALLS)
    gateway.stop()


SLOW = """return {
    default = "20%",
    rule = function(request)
        local at = 0
        for i = 1, 200000 do
            at = at + i
        end
        return nil
    end,
    groups = { vip = "5%", slow = "250%" },
}
"""


def wait_for_answer(admin, **params) -> dict:
    """The state of that replay once it has ended."""
    seen = []

    def ended() -> bool:
        seen.append(admin.call("GET", "/admin/replay", 200, params=params))
        return seen[-1]["state"] != "running"

    wait_until(ended, 30, "a replay")
    return seen[-1]


def test_the_page_gets_what_the_command_prints(house):
    """For the last 30 days, or the days that were asked for; nobody but the operator."""
    rows = rows_of(house)
    state = wait_for_answer(house.admin, tz="Asia/Seoul")
    assert (state["state"], state["error"]) == ("done", None)
    wanted = replay(house, "--tz", "Asia/Seoul", "--from", state["from"], status=None)
    assert state["answer"] == wanted | {"to": None}
    assert wanted["totals"]["calls"] == len(rows)
    first = time_of(rows[0]["created_ms"] + 86_400_000)[:10]
    state = wait_for_answer(house.admin, **{"from": first, "to": "2030-01-01"})
    assert state["answer"]["totals"]["calls"] == 0
    customer = house.customer()
    house.customers.clear()
    assert customer.web.get("/admin/replay").status_code == 404


@pytest.mark.parametrize(
    "params", [{"from": "yesterday"}, {"to": "soon"}, {"tz": "x" * 80}, {"from": "1" * 50}]
)
def test_the_page_refuses_what_is_no_time(house, params):
    error = house.admin.call("GET", "/admin/replay", 400, params=params)["error"]
    assert error["code"] == "invalid_value"
    assert error["param"] in params
    state = wait_for_answer(house.admin, tz="Mars/Base")
    assert (state["state"], state["error"]["code"]) == ("error", "invalid_value")


def test_files_that_are_not_in_force_yet(house):
    """They are pending; the page can ask what they would change, and hears why they do not load."""
    policies, admin = house.policies, house.admin
    before = policies.read("margins")
    assert admin.call("GET", "/admin/policies", 200)["pending"] is False
    try:
        policies.write("margins", before.replace('"20%"', '"21%"'))
        told = admin.call("GET", "/admin/policies", 200)
        assert told["pending"] is True
        state = wait_for_answer(admin, **{"from": "2020-01-01"})
        assert state["answer"]["revision"] != told["revision"]
        assert nusd(state["answer"]["totals"]["charge_change"]) > 0
        policies.write("margins", before.replace('"20%"', '"-20%"'))
        house.reload(refused=True)
        assert admin.call("GET", "/admin/policies", 200)["refused"] is not None
        state = wait_for_answer(admin, **{"from": "2020-01-01"})  # not the answer of before
        assert (state["state"], state["answer"]) == ("error", None)
        assert state["error"]["code"] == "policy_invalid"
        assert "margins.lua:2: margins.default" in state["error"]["message"]
    finally:
        policies.write("margins", before)
        house.reload()
    assert admin.call("GET", "/admin/policies", 200)["pending"] is False


def ask_while_it_runs(admin, customer, first: str) -> int:
    """How many calls were answered while this replay ran. Each is another one by its time."""
    asked = 0
    while admin.call("GET", "/admin/replay", 200, params={"from": first})["state"] == "running":
        assert customer.ask().status_code == 200
        asked += 1
    return asked


def test_one_at_a_time_and_no_worker_waits(house, provider):
    policies, admin = house.policies, house.admin
    before = policies.read("margins")
    try:
        policies.write("margins", SLOW)
        state = admin.call("GET", "/admin/replay", 200, params={"from": "2020-01-01"})
        assert state["state"] == "running"
        error = admin.call("GET", "/admin/replay", 409, params={"from": "2020-01-02"})["error"]
        assert error["code"] == "replay_running"
        customer = house.customer()
        provider.answer = answers.chat(usage=Usage(100, 50))
        asked = 0
        for day in range(1, 10):  # again, until other programs leave the processors to us
            asked = max(asked, ask_while_it_runs(admin, customer, f"2020-01-0{day}"))
            if asked > 3:
                break
        assert asked > 3, "calls are answered while it runs"
        house.customers.clear()
        state = wait_for_answer(admin, **{"from": "2020-01-01"})
        assert (state["state"], state["error"]) == ("done", None)
    finally:
        policies.write("margins", before)


def multiply_records(gateway: Gateway, times: int) -> None:
    """Each record so many times more; the books do not add up any more."""
    await_tables(gateway.database)
    with contextlib.closing(sqlite3.connect(gateway.database, timeout=10)) as db:
        columns = ", ".join(
            row[1] for row in db.execute("PRAGMA table_info(usage)") if row[1] != "seq"
        )
        db.execute(
            f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times})
            INSERT INTO usage ({columns}) SELECT {columns} FROM usage, n"""
        )
        db.commit()


def test_a_stop_does_not_wait_for_it(make_gateway, provider):
    """A replay that takes more than a minute, by a slow rule for each of 30,000 records."""
    gateway = make_gateway()
    gateway.policies.write("margins", SLOW)
    admin = make_admin(gateway, "stop@example.com")
    provider.answer = answers.chat(usage=Usage(100, 50))
    for _ in range(30):
        assert admin.ask().status_code == 200
    gateway.check_holds()
    multiply_records(gateway, 1000)
    state = admin.call("GET", "/admin/replay", 200)
    assert state["state"] == "running"
    wait_until(lambda: admin.call("GET", "/admin/replay", 200)["records_done"] > 0, 60, "progress")
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit()
    assert time.monotonic() - began < 10
