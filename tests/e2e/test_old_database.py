"""A database from before units (migrations up to 0011): it is brought up to date in place, without
reading its calls again, however many there are; what they cost, and how, stays as it was."""

import hashlib
import sqlite3
from pathlib import Path

import answers
from answers import Usage
from gateway import ROOT
from prices import charge, usd

LAST = "0011_notes.sql"  # 0012 has units
GROWTH_PAGES_MAX = 200  # the new tables, their indexes and triggers; ten thousand calls take 700


def old_tables(database: sqlite3.Connection) -> None:
    database.executescript(
        "CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL,"
        " applied_at TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    for path in sorted((ROOT / "migrations").glob("*.sql")):
        if path.name > LAST:
            break
        database.executescript(path.read_text())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        row = (path.name, digest, "2026-11-29T00:00:00Z")
        database.execute("INSERT INTO migrations VALUES (?, ?, ?)", row)


def names_of(database: sqlite3.Connection, table: str, schema: str) -> list[str]:
    rows = database.execute(f"PRAGMA {schema}.table_info({table})")
    return [f'"{row[1]}"' for row in rows]


def copy_rows(database: sqlite3.Connection) -> None:
    """Of all tables that both have, as they are; triggers must not add to them."""
    schema = "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    kinds = {name: (kind, text) for kind, name, text in database.execute(schema)}
    triggers = {name: text for name, (kind, text) in kinds.items() if kind == "trigger"}
    for name in triggers:
        database.execute(f"DROP TRIGGER {name}")
    for name, (kind, _) in kinds.items():
        if kind != "table" or name == "migrations":
            continue
        both = ", ".join(names_of(database, name, "main"))
        database.execute(f"DELETE FROM main.{name}")
        database.execute(f"INSERT INTO main.{name} SELECT {both} FROM new.{name}")
    for text in triggers.values():
        database.execute(text)


def make_old(path: Path) -> None:
    old = path.with_suffix(".old")
    database = sqlite3.connect(old, isolation_level=None)
    old_tables(database)
    database.execute("ATTACH ? AS new", (str(path),))
    copy_rows(database)
    database.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    old.replace(path)


def add_calls(path: Path, count: int) -> None:
    """As many copies of a call, of an account that nobody looks at."""
    database = sqlite3.connect(path)
    names = names_of(database, "usage", "main")
    values = {'"seq"': "seq + ?", '"exchange_id"': "'req_copy' || ?", '"account_id"': "'acc_none'",
              '"transfer_seq"': "NULL"}  # fmt: skip
    chosen = ", ".join(values.get(name, name) for name in names)
    for i in range(1, count + 1):
        database.execute(
            f"INSERT INTO usage SELECT {chosen} FROM usage WHERE seq = 1", (i + 1000, i)
        )
    database.commit()
    database.close()


def pages(path: Path) -> int:
    database = sqlite3.connect(path)
    count = database.execute("PRAGMA page_count").fetchone()[0]
    database.close()
    return count


def told(gateway, customer) -> list[dict]:
    """All that is said of each call."""
    records = customer.records()
    explained = [gateway.command("ledger", "explain", each["id"]) for each in records]
    assert [each.returncode for each in explained] == [0] * len(records), explained
    details = [customer.call("GET", f"/usage/{each['id']}", 200) for each in records]
    return [{"record": record, "detail": detail, "explained": each.stdout}
            for record, detail, each in zip(records, details, explained, strict=True)]  # fmt: skip


def test_old_calls_mean_what_they_meant(make_gateway, provider):
    gateway = make_gateway()
    customer = gateway.customer()
    usages = [Usage(1000, 500), Usage(1000, 500, cached=400), Usage(1000, 500, reasoning=100)]
    for usage in usages:
        provider.answer = answers.chat(usage=usage)
        assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    customer.wait_for_record(len(usages))
    before, balance = told(gateway, customer), customer.balance
    gateway.stop()

    make_old(gateway.database)
    assert gateway.command("migrate").returncode == 0
    gateway.verify_ledger()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert told(gateway, customer) == before
    assert customer.balance == balance
    assert [usd(each["record"]["cost"]) for each in before] == [
        charge("gpt-4o-mini", usage) for usage in reversed(usages)
    ]
    assert customer.ask().status_code == 200
    gateway.stop()
    gateway.verify_ledger()


def test_many_calls_make_a_migration_no_longer(make_gateway, provider):
    """Nothing is written for what is there: the file grows by its new tables."""
    gateway = make_gateway()
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    customer.wait_for_record()
    gateway.stop()
    make_old(gateway.database)
    add_calls(gateway.database, 10_000)
    before = pages(gateway.database)
    assert gateway.command("migrate").returncode == 0
    assert pages(gateway.database) - before <= GROWTH_PAGES_MAX
