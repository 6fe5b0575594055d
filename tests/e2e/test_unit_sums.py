"""Sums of the units beside plain tokens, by every group that the pages ask for, and as a file: what
they add up to is compared with the lines of the calls themselves."""

import csv
import io
import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import openapi
import pytest
from gateway import BINARY, Gateway
from prices import Price, usd
from tables import await_tables
from test_admin_api import make_admin
from test_units import FORMS, MEDIA, PRICE, UNITS, answer

USUAL = {"input", "cached_input", "output"}
TODAY = ("id,time,local_time,model,provider,key_id,key_name,status,stream,input_tokens,"
         "cached_input_tokens,output_tokens,reasoning_tokens,cost,usage_source,finish_reason,"
         "error_code,attempts,first_byte_ms,total_ms")  # fmt: skip
# In the order in which they were added; a new one is the last.
FIRST_UNITS = ("cache_write,cache_write_long,audio_input,image_input,reasoning,audio_output,"
               "image_output,web_search,request")  # fmt: skip


def prepare(policies) -> None:
    reads = {"capabilities": ["audio", "vision"], "image_tokens_max": 1000}
    policies.model("all", PRICE, web_search_max=10, **reads, **UNITS)
    policies.model("searching", Price("1", "2"), web_search="0.01", web_search_max=10)
    policies.model("plain", PRICE, **reads)


class Shop:
    """Two customers, one with two keys, who have made calls of all forms. `lines` has the units of
    each call, as its own page shows them."""

    def __init__(self, gateway, provider):
        self.gateway = gateway
        self.ann, self.bob = gateway.customer(), gateway.customer()
        self.admin = make_admin(gateway)
        for customer in (self.ann, self.bob):
            for form in FORMS:
                provider.answer = answer(FORMS[form][0])
                for model in ("all", "searching", "plain"):
                    media = MEDIA if model == "all" else {}
                    assert customer.ask(model, **media).status_code == 200
        self.ann.create_key("second")
        provider.answer = answer(FORMS["Anthropic"][0])
        assert self.ann.ask("searching").status_code == 200
        self.lines = {}
        for customer, calls in ((self.ann, 10), (self.bob, 9)):
            customer.wait_for_record(calls)
            customer.wait_for_no_hold()
            self.lines |= {record["id"]: self.units_of(customer, record)
                           for record in customer.records()}  # fmt: skip

    def units_of(self, customer, record) -> Counter:
        lines = customer.call("GET", f"/usage/{record['id']}", 200)["charge"]["lines"]
        return Counter({line["kind"]: line["quantity"] for line in lines
                        if line["kind"] not in USUAL})  # fmt: skip

    def sums(self, customer, *members) -> dict[tuple, Counter]:
        """The units of the customer's calls, by members of their records."""
        found: dict[tuple, Counter] = {}
        for record in customer.records():
            group = tuple(record[member] for member in members)
            found.setdefault(group, Counter()).update(self.lines[record["id"]])
        return found


@pytest.fixture(scope="module")
def shop(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("sums"), shared_provider, {})
    prepare(gateway.policies)
    yield Shop(gateway.start(), shared_provider)
    gateway.check_holds()
    gateway.stop()


def shown(answer: dict, *members) -> dict[tuple, Counter]:
    return {tuple(row[member] for member in members): Counter(row.get("units", {}))
            for row in answer["data"]}  # fmt: skip


@pytest.mark.parametrize("members", [("model",), ("key_id",), ("model", "key_id")])
def test_a_customers_sums(shop, members):
    by = ",".join(member.removesuffix("_id") for member in members)
    summary = shop.ann.call("GET", "/usage/summary", 200, params={"by": by})
    assert shown(summary, *members) == shop.sums(shop.ann, *members)
    assert Counter(summary["totals"]["units"]) == shop.sums(shop.ann)[()]
    assert sum(row["requests"] for row in summary["data"]) == 10
    for row in summary["data"]:
        assert ("units" in row) == (row.get("model") != "plain"), "absent where there are none"
        assert all(row.get("units", {"request": 1}).values()), "and no unit that was not used"


def test_parts_count_once(shop):
    """They are in the tokens of the prompt and of the answer; the units do not add to those."""
    summary = shop.ann.call("GET", "/usage/summary", 200, params={"by": "model"})
    records = shop.ann.records()
    for row in summary["data"]:
        of_model = [record for record in records if record["model"] == row["model"]]
        for member in ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"):
            assert row[member] == sum(record[member] for record in of_model)
        units = row.get("units", {})
        assert units.get("reasoning", 0) <= row["reasoning_tokens"] <= row["output_tokens"]
        assert units.get("cache_write", 0) <= row["input_tokens"]


def test_totals_of_a_list(shop):
    totals = shop.ann.call("GET", "/usage", 200, params={"model": "searching"})["totals"]
    assert totals["units"] == {"web_search": 6}
    plain = shop.ann.call("GET", "/usage", 200, params={"model": "plain"})["totals"]
    assert "units" not in plain


def test_the_operators_sums(shop):
    both = shop.sums(shop.ann)[()] + shop.sums(shop.bob)[()]
    for by in ("day", "model", "provider", "day,model,provider", "customer"):
        sales = shop.admin.call("GET", "/admin/sales", 200, params={"by": by})
        assert Counter(sales["totals"]["units"]) == both
        assert sum((Counter(row.get("units", {})) for row in sales["data"]), Counter()) == both
    by_customer = {row["customer"]["email"]: Counter(row["units"]) for row in sales["data"]}
    assert by_customer == {one.email: shop.sums(one)[()] for one in (shop.ann, shop.bob)}
    user_id = shop.ann.call("GET", "/auth/me", 200)["user"]["id"]
    params = {"user_id": user_id, "by": "model"}
    summary = shop.admin.call("GET", "/admin/usage/summary", 200, params=params)
    assert shown(summary, "model") == shop.sums(shop.ann, "model")


def rows_of(customer, **params) -> list[dict]:
    response = customer.web.get("/usage.csv", params=params)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_the_columns_of_the_file(shop):
    """The same for every customer and content. Those of before there were units stand where they
    stood, and a new unit comes last."""
    heads = {
        one.web.get("/usage.csv", params=params).content.decode("utf-8-sig").splitlines()[0]
        for one in (shop.ann, shop.bob, shop.admin)
        for params in ({}, {"model": "plain"}, {"to": "2001-01-01"})
    }
    (head,) = heads
    assert head.startswith(f"{TODAY},{FIRST_UNITS}")
    known = openapi.load()["components"]["schemas"]["Unit"]["enum"]
    assert head.split(",")[len(TODAY.split(",")) :] == [unit for unit in known if unit not in USUAL]


def test_the_file_adds_up_to_the_ledger(shop):
    """Row by row, and in all: to the unit and to the nano-dollar."""
    await_tables(shop.gateway.database)
    query = f"file:{shop.gateway.database}?mode=ro"
    with closing(sqlite3.connect(query, uri=True)) as db:
        ledger = Counter(dict(db.execute("SELECT unit, sum(quantity) FROM sales_units GROUP BY 1")))
        charged = db.execute("SELECT sum(charge_nusd) FROM hourly").fetchone()[0]
    rows = [row for one in (shop.ann, shop.bob) for row in rows_of(one)]
    units = list(rows[0])[len(TODAY.split(",")) :]
    for row in rows:
        assert Counter({unit: int(row[unit]) for unit in units}) == shop.lines[row["id"]]
    assert Counter({unit: sum(int(row[unit]) for row in rows) for unit in units}) == ledger
    assert sum(usd(row["cost"]) for row in rows) * 10**9 == charged


# ---- the operator's file ----

OPERATORS = ("account_id,user_id,email,group,provider_model,policy_revision,margin,provider_cost,"
             "overrun,profit,stated_cost,computed_cost,sold_by_cost,service_tier,speed,region,"
             "choice,search_context,size,quality,resolution")  # fmt: skip


def exported(gateway, *args: str) -> str:
    command = [BINARY, "--config", gateway.config, "usage", "export", *args]
    result = subprocess.run(command, capture_output=True, timeout=60, env=gateway.env, check=True)
    assert result.stderr == b""
    return result.stdout.decode()


def exported_rows(gateway, *args: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(exported(gateway, *args), newline="")))


def test_the_operators_file_has_what_all_customers_files_have(shop):
    await_tables(shop.gateway.database)
    text = exported(shop.gateway)
    rows = exported_rows(shop.gateway)
    head = text.split("\r\n")[0]
    assert head.startswith(f"{TODAY},{OPERATORS},{FIRST_UNITS}")
    assert text.count("\r\n") == len(rows) + 1 == 20
    theirs = {row["id"]: row | {"email": one.email} for one in (shop.ann, shop.bob)
              for row in rows_of(one)}  # fmt: skip
    for row in rows:
        same = {name: row[name] for name in theirs[row["id"]]}
        assert same == theirs[row["id"]] | {"provider": row["provider"]}
        assert row["provider"] == "openai"
        assert usd(row["profit"]) == usd(row["cost"]) - usd(row["provider_cost"])


def test_the_operators_file_adds_up_to_the_ledger(shop):
    await_tables(shop.gateway.database)
    with closing(sqlite3.connect(f"file:{shop.gateway.database}?mode=ro", uri=True)) as db:
        booked = dict(db.execute("SELECT kind, sum(amount_nusd) FROM transfers GROUP BY kind"))
    rows = exported_rows(shop.gateway)
    for column, kind in (("cost", "charge"), ("provider_cost", "cost"), ("overrun", "overrun")):
        assert sum(usd(row[column]) for row in rows) * 10**9 == booked.get(kind, 0)


def test_the_operators_file_in_lines_of_json(shop):
    """The same calls and values; a time has its calls."""
    rows = exported_rows(shop.gateway)
    lines = [json.loads(line) for line in
             exported(shop.gateway, "--format", "jsonl").splitlines()]  # fmt: skip
    assert [list(line) for line in lines] == [list(row) for row in rows]
    assert [{name: str("" if value is None else value) for name, value in line.items()}
            for line in lines] == rows  # fmt: skip
    fifth = rows[4]["time"]
    later = [row for row in rows if row["time"] >= fifth]
    assert exported_rows(shop.gateway, "--from", fifth) == later
    earlier = exported_rows(shop.gateway, "--to", fifth)
    assert earlier == [row for row in rows if row["time"] < fifth]
    (local,) = {row["local_time"][10:13] != row["time"][10:13].replace("T", " ")
                for row in exported_rows(shop.gateway, "--tz", "Asia/Kolkata")}  # fmt: skip
    assert local, "half past another hour"


@pytest.mark.parametrize(
    ("args", "words"),
    [(["--format", "xml"], "csv or jsonl"), (["--from", "soon"], "--from must be a date"),
     (["--tz", "Mars/Base"], "the name of a time zone")],
)  # fmt: skip
def test_an_operators_file_that_cannot_be(shop, args, words):
    result = shop.gateway.command("usage", "export", *args)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_the_operators_file_on_a_full_disk(shop):
    with Path("/dev/full").open("wb") as full:
        command = [BINARY, "--config", shop.gateway.config, "usage", "export"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE,
                                env=shop.gateway.env, check=False)  # fmt: skip
    assert result.returncode == 1
    assert b"cannot be written" in result.stderr


def test_sums_survive_a_crash(make_gateway, provider):
    """From the journal, at the next start, once."""
    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    provider.answer = answer(FORMS["Anthropic"][0])
    for _ in range(3):
        assert customer.ask("all").status_code == 200
    gateway.kill()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    customer.wait_for_record(3)
    totals = customer.call("GET", "/usage/summary", 200)["totals"]
    assert totals["units"] == {"cache_write": 810, "cache_write_long": 300, "web_search": 9,
                               "request": 3}  # fmt: skip
    gateway.verify_ledger()
