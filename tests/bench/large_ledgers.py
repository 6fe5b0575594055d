"""W7-cold and W9: what a ledger of 10 million records costs a process that has just begun.

Beside another commit both ledgers have the same records: today's is the other commit's, migrated.
They are kept in build/bench for the next time.
"""

import contextlib
import os
import shutil
import signal
import time

import dashboard
import ledgers
from books import Void
from comparison import BEFORE, NOW
from figures import Figures
from processes import Load, Program, Provider, end
from stage import checked

RECORDS, RECORDS_QUICK = 10_000_000, 20_000
MIGRATION_TIMEOUT_S = 900
MIGRATIONS_MAX = 3  # rounds: each copies eight gigabytes
# What 29250cf's build took for its own migration, on the machine of docs/PERFORMANCE.md.
MIGRATION_BEFORE_S = 37
# One of each kind, sums and lists in several orders: the customer's, then the operator's.
KINDS = (
    ("home: spending", "sums of all time", "keys of 30 days, one model", "records of a rare model",
     "records by cost", "records of a month long ago", "history of credits"),
    ("sales of 90 days by customer", "sales of 90 days by day,model", "customers",
     "a customer's records", "audit log"),
)  # fmt: skip


def files_of(database):
    """The database, and what belongs to it: its write-ahead log and the ledger's journal."""
    beside = [database.with_name(f"{database.name}-{kind}") for kind in ("wal", "tail")]
    return [database] + [path for path in beside if path.exists()]


def copy(database, to):
    """With its secret and keys."""
    for path in files_of(database):
        shutil.copy(path, to.with_name(path.name.replace(database.name, to.name)))
    for suffix in (".secret", ".keys", ".key"):
        shutil.copy(database.with_suffix(suffix), to.with_suffix(suffix))
    return to


def forget(database):
    """Takes it out of the system's memory; no rights are needed for one's own file."""
    for path in files_of(database):
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)  # what is not written cannot be forgotten
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def migrated(bench, folder, provider, database):
    """Today's schema with that ledger's records; made once, then kept."""
    name = f"{database.stem}-migrated-{ledgers.schema_of(Program())}"
    kept = database.with_name(f"{name}.db")
    if not kept.exists():
        part = copy(database, kept.with_name(f"{name}-part.db"))
        ledgers.gateway_on(bench, folder, provider, part, Program()).command("migrate")
        for path in reversed(files_of(part)):
            path.rename(path.with_name(path.name.replace(part.name, kept.name)))
        for suffix in (".secret", ".keys", ".key"):
            part.with_suffix(suffix).rename(kept.with_suffix(suffix))
    return kept


def databases(bench, folder, provider):
    records = RECORDS_QUICK if bench.quick else RECORDS
    if bench.before is None:
        return {NOW: ledgers.kept(folder / "made", records, Program())}
    old = ledgers.kept(folder / "made", records, bench.before)
    return {BEFORE: old, NOW: migrated(bench, folder / "migrated", provider, old)}


@contextlib.contextmanager
def gateways(bench, name):
    """By target, not started; and their provider."""
    folder = bench.folder / name
    folder.mkdir()
    with Provider(bench.cpus.measuring, answer_bytes=1024) as provider:
        found = {
            target: ledgers.gateway_on(
                bench, folder / target, provider, database, bench.programs[target], target
            )
            for target, database in databases(bench, folder, provider).items()
        }
        try:
            yield found, provider
        finally:
            for gateway in found.values():
                end(gateway.process)


# ---- W7-cold ----


def questions(records):
    """(name, path, whose cookie)."""
    askers = dashboard.customer_questions(records), dashboard.operator_questions(records)
    for asker, (asked, names) in enumerate(zip(askers, KINDS, strict=True)):
        for name in names:
            yield name, asked[name], asker


def ask_cold(gateway, path, cookie):
    """Milliseconds of a question that is the first of its process, none of its file in memory."""
    with gateway:
        forget(gateway.books.database)
        begun = time.perf_counter()
        status, body = gateway.get(path, Cookie=cookie)
        taken_ms = (time.perf_counter() - begun) * 1000
    if status != 200:
        raise Void(f"{gateway.name}: {path} was answered {status}: {body[:200]}")
    return taken_ms


def w7_cold(bench):
    """the first question of a kind: the process is new, and nothing of its ledger in memory"""
    figures = Figures()
    records = RECORDS_QUICK if bench.quick else RECORDS
    with gateways(bench, "w7-cold") as (found, _):
        cookies = {name: ledgers.cookies(gateway.books) for name, gateway in found.items()}
        for names in bench.turns():
            taken = {name: [] for name in names}
            for question, path, asker in questions(records):
                for name in names:
                    ms = ask_cold(found[name], path, cookies[name][asker])
                    taken[name].append(ms)
                figures.compared.add(question, {name: taken[name][-1] for name in names}, "ms")
            figures.add("slowest first question", max(taken[NOW]), "ms")
            figures.compared.add("slowest first question", {n: max(taken[n]) for n in names},
                                 "ms", must=0.2, aim=0.1)  # fmt: skip
    yield "W7, cold", figures


# ---- W9 ----


def seconds_to_answer(gateway, key, timeout_s):
    """From the start of the process to its first answered call."""
    begun = time.monotonic()
    gateway.begin()
    gateway.await_port(timeout_s=timeout_s, pause_s=0.002)
    if (status := gateway.ask(key)) != 200:
        raise Void(f"{gateway.name}: the first call was answered {status}")
    return time.monotonic() - begun


def kill_under_load(bench, gateway):
    with gateway:
        load = Load(gateway, bench.cpus.measuring, gateway.books.first_key_path, connections=64,
                    seconds=60)  # fmt: skip
        time.sleep(1 if bench.quick else 3)
        load.process.send_signal(signal.SIGSTOP)  # or it would tell how its calls end
        end(gateway.process, signal.SIGKILL)
        end(load.process, signal.SIGKILL)
        load.process.stdout.close()


def restart(bench, gateway):
    """Seconds to the first answer after a kill. Then its books must be right."""
    key = gateway.books.first_key_path.read_text().strip()
    kill_under_load(bench, gateway)
    try:
        taken = seconds_to_answer(gateway, key, MIGRATION_TIMEOUT_S)
        mark = gateway.books.mark()
        load = Load(gateway, bench.cpus.measuring, gateway.books.first_key_path, connections=8,
                    requests=200)  # fmt: skip
        checked(
            gateway, mark, load.wait() | {"cpu_us": {"target": 0, "provider": 0, "generator": 0}}
        )
    finally:
        end(gateway.process)
    return taken


def w9(bench):
    """start after kill -9 under load, with 10 M records, to the first answered call"""
    figures = Figures()
    with gateways(bench, "w9") as (found, _):
        for names in bench.turns():
            taken = {name: restart(bench, found[name]) for name in names}
            figures.add("start after kill -9", taken[NOW], "s")
            figures.compared.add("start after kill -9", taken, "s", must=0.2, aim=0.1)
    yield "W9", figures


def migrate_a_copy(bench, folder, provider, database):
    """Seconds that today's build takes on another commit's ledger, to its first answered call."""
    folder.mkdir()
    copied = copy(database, folder / "ledger.db")
    gateway = ledgers.gateway_on(bench, folder / "gateway", provider, copied, Program(), NOW)
    try:
        key = gateway.books.first_key_path.read_text().strip()
        return seconds_to_answer(gateway, key, MIGRATION_TIMEOUT_S)
    finally:
        end(gateway.process)
        shutil.rmtree(folder)


def w9_migration(bench):
    """migration of the other commit's ledger of 10 M records, to the first answered call"""
    if bench.before is None:
        raise SystemExit("W9-migration needs --against COMMIT: it migrates that commit's ledger")
    figures = Figures()
    folder = bench.folder / "w9-migration"
    folder.mkdir()
    records = RECORDS_QUICK if bench.quick else RECORDS
    with Provider(bench.cpus.measuring, answer_bytes=1024) as provider:
        database = ledgers.kept(folder / "made", records, bench.before)
        for number in range(min(bench.rounds, MIGRATIONS_MAX)):
            taken = migrate_a_copy(bench, folder / f"copy-{number}", provider, database)
            figures.add("migration", taken, "s")
            of_all = {"must": MIGRATION_BEFORE_S * 0.2, "aim": MIGRATION_BEFORE_S * 0.1}
            targets = {} if bench.quick else of_all
            figures.compared.add("migration", {NOW: taken}, "s", of_value=True, **targets)
    yield "W9, migration", figures
