"""Ledgers with millions of records, made by SQL alone and kept in build/bench for the next time.

A thousand customers over a year, one of them with every tenth record; three models, and a fourth in
every hundred thousandth record. The rows are what the gateway would have written; a new ledger is
verified before it is kept. A run goes on writing into it: the ledger is append-only, and the audit
looks at what is new.
"""

import hashlib
import shutil
import sqlite3
import sys
import time

from books import DAY_MS, Books
from processes import BUILD, ROOT, Gateway
from stage import verify

ACCOUNTS = 1000
KEPT = BUILD / "bench"

# Record number n is of exchange n; RECORDS and START_MS stand for numbers.
USAGE = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < RECORDS),
records AS (
    SELECT n, CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n * 7919 % 999 END AS customer,
        200 + n % 500 AS input, 50 + n % 300 AS output,
        CASE WHEN n % 100000 = 50000 THEN 'gpt-4' WHEN n / 10 % 3 = 0 THEN 'gpt-4o'
            WHEN n / 10 % 3 = 1 THEN 'gpt-3.5-turbo' ELSE 'gpt-4o-mini' END AS model,
        START_MS + CAST(n * (31536000000.0 / RECORDS) AS INTEGER) AS created_ms
    FROM numbers)
INSERT INTO usage (seq, exchange_id, account_id, user_id, key_id, model, provider, provider_model,
    policy_revision, error_code, finish_reason, status, attempts, streamed, source, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, input_price_pusd,
    cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd, charge_nusd, overrun_nusd,
    created_ms, first_byte_us, total_us, transfer_seq)
SELECT n, printf('req_0000000000%016d', n), printf('acct_0000000000%016d', customer),
    printf('user_0000000000%016d', customer), printf('key_0000000000%016d', customer),
    model, 'openai', model, 'REVISION', '', 'stop', 200, 1, n % 2, 'reported', input, 0, output, 0,
    150000, 75000, 600000, 200000, input * 150 + output * 600,
    (input * 150 + output * 600) * 12 / 10, 0, created_ms, 400000, 900000, 2 * n + ACCOUNTS
FROM records;
"""
REST = """
INSERT INTO transfers (seq, debit_account, credit_account, amount_nusd, kind, exchange_id,
    created_ms)
SELECT transfer_seq + cost, iif(cost, 'revenue', account_id), iif(cost, 'cost:openai', 'revenue'),
    iif(cost, cost_nusd, charge_nusd), iif(cost, 'cost', 'charge'), exchange_id, created_ms
FROM usage CROSS JOIN (SELECT 0 AS cost UNION ALL SELECT 1);

INSERT INTO holds (exchange_id, account_id, key_id, amount_nusd, created_ms, expires_ms)
SELECT exchange_id, account_id, key_id, charge_nusd, created_ms, created_ms + 691200000 FROM usage;

INSERT INTO resolutions (exchange_id, outcome, held_nusd, posted_nusd, usage_seq, created_ms)
SELECT exchange_id, 'settle', charge_nusd, charge_nusd, seq, created_ms FROM usage;

INSERT INTO hourly (account_id, hour, key_id, model, requests, errors, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd)
SELECT account_id, created_ms / 3600000, key_id, model, count(*), 0, sum(input_tokens), 0,
    sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
FROM usage GROUP BY 1, 2, 3, 4;

INSERT INTO sales (hour, model, provider, requests, errors, input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd)
SELECT hour, model, 'openai', sum(requests), 0, sum(input_tokens), 0, sum(output_tokens), 0,
    sum(charge_nusd), sum(cost_nusd), 0
FROM hourly GROUP BY 1, 2;

INSERT INTO key_totals (key_id, spent_nusd, requests, last_used_ms)
SELECT key_id, sum(charge_nusd), sum(requests), START_MS FROM hourly GROUP BY key_id;

UPDATE balances SET debited_nusd = spent FROM
    (SELECT account_id AS id, sum(charge_nusd) AS spent FROM hourly GROUP BY account_id)
WHERE account_id = id;

INSERT INTO accounts (id, kind, floor_zero, created_ms)
VALUES ('revenue', 'house', 0, START_MS), ('cost:openai', 'house', 0, START_MS);

INSERT INTO balances (account_id, floor_zero, credited_nusd, debited_nusd)
SELECT 'revenue', 0, sum(charge_nusd), sum(cost_nusd) FROM usage
UNION ALL SELECT 'cost:openai', 0, sum(cost_nusd), 0 FROM usage;
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def fill(database, records):
    values = {
        "RECORDS": str(records),
        "START_MS": str(int(time.time() * 1000) - 366 * DAY_MS),
        "ACCOUNTS": str(ACCOUNTS),
        "REVISION": hashlib.sha256(b"bench").hexdigest(),
    }
    script = USAGE + REST
    for name, value in values.items():
        script = script.replace(name, value)
    db = sqlite3.connect(database, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;"
        f"PRAGMA temp_store = MEMORY; BEGIN; {script} COMMIT; PRAGMA journal_mode = WAL;"
    )
    db.close()


def make(folder, database, records):
    """In a folder of its own; it has its name only once it is whole and verified."""
    begun = time.monotonic()
    say(f"making a ledger of {records} records in {database} (kept for the next time)")
    maker = folder.with_name(folder.name + "-maker")
    books = Books(maker, maker / "ledger.db")
    gateway = Gateway(maker, 0, 0, books)
    gateway.prepare()
    books.make_secret()
    books.open_accounts(ACCOUNTS)
    fill(books.database, records)
    say(f"verifying it ({time.monotonic() - begun:.0f} s so far)")
    verify(gateway)
    for path in (books.secret_path, books.keys_path, books.first_key_path, books.database):
        shutil.move(path, database.with_suffix(path.suffix))
    say(f"made in {time.monotonic() - begun:.0f} s")


def gateway(bench, folder, provider, records):
    """A gateway (not started) on such a ledger, and a cookie of its largest customer."""
    schema = hashlib.sha256(
        b"".join(path.read_bytes() for path in sorted((ROOT / "migrations").glob("*.sql")))
        + (USAGE + REST).encode()
    ).hexdigest()
    KEPT.mkdir(parents=True, exist_ok=True)
    database = KEPT / f"ledger-{records}-{schema[:12]}.db"
    if not database.exists():
        make(folder, database, records)
    books = Books(folder, database)
    found = Gateway(folder, bench.cpus.measured, provider.port, books)
    found.prepare()
    return found, books.sign_in(0)
