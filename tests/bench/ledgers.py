"""Ledgers with millions of records, made by SQL alone and kept in build/bench for the next time.

A thousand customers over a year. One of them has every tenth record, by five keys, and tops up
often; one is the operator; three models, and a fourth (with a key of its own) in every hundred
thousandth record. Some refunds, many acts in the audit log. The rows are what the gateway would
have written; a new ledger is verified before it is kept. A run goes on writing into it: the ledger
is append-only, and the audit looks at what is new.
"""

import hashlib
import shutil
import sqlite3
import sys
import time

from books import DAY_MS, Books, identity
from processes import BUILD, Gateway, Program
from stage import verify

ACCOUNTS = 1000
# Users: with the most records; the administrator; with as many as anybody.
LARGEST, OPERATOR, USUAL = 0, 1, 500
KEYS_MORE = 4  # of the largest: number ACCOUNTS and on
RARE_KEY = identity("key", ACCOUNTS + KEYS_MORE - 1)
KEPT = BUILD / "bench"

# Record number n is of exchange n; RECORDS and other names in capitals stand for numbers. A
# customer's records come every 999 numbers, but for those that are the largest's.
USAGE = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < RECORDS),
records AS (
    SELECT n, CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n * 7919 % 999 END AS customer,
        200 + n % 500 AS input, 50 + n % 300 AS output,
        CASE WHEN n % 10 <> 0 THEN 1 + n * 7919 % 999
            WHEN n % 100000 = 50000 THEN ACCOUNTS + KEYS_MORE - 1
            WHEN n / 10 % 3 <> 0 THEN ACCOUNTS + n / 10 % 3 WHEN n / 30 % 2 THEN ACCOUNTS
            ELSE 0 END AS key_number,
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
    printf('user_0000000000%016d', customer), printf('key_0000000000%016d', key_number),
    model, 'openai', model, 'REVISION', '', 'stop', 200, 1, n % 2, 'reported', input, 0, output, 0,
    150000, 75000, 600000, 200000, input * 150 + output * 600,
    (input * 150 + output * 600) * 12 / 10, 0, created_ms, 400000, 900000, 2 * n + ACCOUNTS
FROM records;
"""
REST = """
WITH parts AS (
    SELECT *, CASE WHEN seq % 10 = 0 THEN seq - 10 WHEN seq % 10 = 9 THEN seq - 1998
        ELSE seq - 999 END AS previous
    FROM usage CROSS JOIN (SELECT 0 AS cost UNION ALL SELECT 1))
INSERT INTO transfers (seq, debit_account, credit_account, amount_nusd, kind, exchange_id,
    created_ms, previous_charge)
SELECT transfer_seq + cost, iif(cost, 'revenue', account_id), iif(cost, 'cost:openai', 'revenue'),
    iif(cost, cost_nusd, charge_nusd), iif(cost, 'cost', 'charge'), exchange_id, created_ms,
    CASE WHEN cost THEN NULL WHEN previous > 0 THEN 2 * previous + ACCOUNTS ELSE 0 END
FROM parts;

INSERT INTO holds (exchange_id, account_id, key_id, amount_nusd, created_ms, expires_ms)
SELECT exchange_id, account_id, key_id, charge_nusd, created_ms, created_ms + 691200000 FROM usage;

INSERT INTO resolutions (exchange_id, outcome, held_nusd, posted_nusd, usage_seq, created_ms)
SELECT exchange_id, 'settle', charge_nusd, charge_nusd, seq, created_ms FROM usage;

INSERT INTO hourly (account_id, hour, key_id, model, requests, errors, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd)
SELECT account_id, created_ms / 3600000, key_id, model, count(*), 0, sum(input_tokens), 0,
    sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
FROM usage GROUP BY 1, 2, 3, 4;

INSERT INTO sales (SALES_SPAN, model, provider, requests, errors, input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd)
SELECT created_ms / SALES_MS, model, 'openai', count(*), 0, sum(input_tokens), 0,
    sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
FROM usage GROUP BY 1, 2;

INSERT INTO key_totals (key_id, spent_nusd, requests, last_used_ms)
SELECT key_id, sum(charge_nusd), sum(requests), START_MS FROM hourly GROUP BY key_id;

UPDATE balances SET debited_nusd = spent, last_charge = last FROM
    (SELECT account_id AS id, sum(charge_nusd) AS spent FROM hourly GROUP BY account_id),
    (SELECT account_id AS charged, max(transfer_seq) AS last FROM usage
        WHERE seq > RECORDS - 2000 GROUP BY account_id)
WHERE account_id = id AND charged = id;

INSERT INTO accounts (id, kind, floor_zero, created_ms)
VALUES ('revenue', 'house', 0, START_MS), ('cost:openai', 'house', 0, START_MS);

INSERT INTO balances (account_id, floor_zero, credited_nusd, debited_nusd)
SELECT 'revenue', 0, sum(charge_nusd), sum(cost_nusd) FROM usage
UNION ALL SELECT 'cost:openai', 0, sum(cost_nusd), 0 FROM usage;
"""
# What people have done: keys, top-ups of the largest customer, refunds to all, and the audit log.
ACTS = """
UPDATE users SET role = 'admin' WHERE id = printf('user_0000000000%016d', OPERATOR);

WITH RECURSIVE numbers (n) AS (
    SELECT ACCOUNTS UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ACCOUNTS + KEYS_MORE)
INSERT INTO keys (id, user_id, account_id, digest, prefix, last4, name, created_ms)
SELECT printf('key_0000000000%016d', n), printf('user_0000000000%016d', LARGEST),
    printf('acct_0000000000%016d', LARGEST), printf('%064d', n), 'llm_sk_0000', '0000',
    'bench ' || n, START_MS
FROM numbers;

WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind, reason, created_ms)
SELECT printf('tx_0000000001%016d', n), 'funding:manual',
    printf('acct_0000000000%016d', LARGEST), 1000000000, 'manual', 'bench',
    START_MS + n * 60000000
FROM numbers;

INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind, exchange_id, reason,
    created_ms)
SELECT printf('tx_0000000002%016d', seq), 'revenue', account_id, charge_nusd, 'refund', exchange_id,
    'bench', created_ms + 3600000
FROM usage WHERE seq IN (SELECT n * RECORDS / 500 - n % 7 FROM
    (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
    SELECT n FROM numbers));

UPDATE balances SET credited_nusd = credited_nusd + credited, debited_nusd = debited_nusd + debited
FROM (SELECT account, sum(credit) AS credited, sum(debit) AS debited FROM
    (SELECT credit_account AS account, amount_nusd AS credit, 0 AS debit FROM transfers
        WHERE id > 'tx_0000000001' UNION ALL
    SELECT debit_account, 0, amount_nusd FROM transfers WHERE id > 'tx_0000000001')
    GROUP BY account)
WHERE account_id = account;

WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)
INSERT INTO audit (created_ms, actor, address, action, user_id, target_id, detail)
SELECT START_MS + n * 600000, printf('user_0000000000%016d', OPERATOR), '127.0.0.1',
    'customer.update', printf('user_0000000000%016d', iif(n % 10000, 2 + n % 900, LARGEST)), '',
    '{"group":"bench"}'
FROM numbers;
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def spans_of_sales(db):
    """What the sums of sales are by, and its length: an older schema has hours."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(sales)")}
    return ("quarter", 900_000) if "quarter" in columns else ("hour", 3_600_000)


def fill(database, records):
    db = sqlite3.connect(database, isolation_level=None)
    span, span_ms = spans_of_sales(db)
    values = {
        "SALES_SPAN": span,
        "SALES_MS": str(span_ms),
        "RECORDS": str(records),
        "START_MS": str(int(time.time() * 1000) - 366 * DAY_MS),
        "ACCOUNTS": str(ACCOUNTS),
        "KEYS_MORE": str(KEYS_MORE),
        "LARGEST": str(LARGEST),
        "OPERATOR": str(OPERATOR),
        "REVISION": hashlib.sha256(b"bench").hexdigest(),
    }
    script = USAGE + REST + ACTS
    for name, value in values.items():
        script = script.replace(name, value)
    db.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;"
        f"PRAGMA temp_store = MEMORY; BEGIN; {script} COMMIT; PRAGMA journal_mode = WAL;"
    )
    db.close()


def make(folder, database, records, program):
    """In a folder of its own; it has its name only once it is whole and verified."""
    begun = time.monotonic()
    say(f"making a ledger of {records} records in {database} (kept for the next time)")
    maker = folder.with_name(folder.name + "-maker")
    books = Books(maker, maker / "ledger.db")
    gateway = Gateway(maker, 0, 0, books, program=program)
    gateway.prepare()
    books.make_secret()
    books.open_accounts(ACCOUNTS)
    fill(books.database, records)
    say(f"verifying it ({time.monotonic() - begun:.0f} s so far)")
    verify(gateway)
    for path in (books.secret_path, books.keys_path, books.first_key_path, books.database):
        shutil.move(path, database.with_suffix(path.suffix))
    say(f"made in {time.monotonic() - begun:.0f} s")


def schema_of(program):
    """A name for what its migrations make, and for what is written into that."""
    text = b"".join(
        path.read_bytes() for path in sorted((program.tree / "migrations").glob("*.sql"))
    )
    return hashlib.sha256(text + (USAGE + REST + ACTS).encode()).hexdigest()[:12]


def kept(folder, records, program):
    """The database of so many records in that program's schema, made if it is not there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    database = KEPT / f"ledger-{records}-{schema_of(program)}.db"
    if not database.exists():
        make(folder, database, records, program)
    return database


def gateway_on(bench, folder, provider, database, program, name=None):
    """Not started. The load is a usual customer's: the largest has as many records as can still be
    sorted."""
    books = Books(folder, database)
    found = Gateway(folder, bench.cpus.measured, provider.port, books, program=program, name=name)
    found.prepare(migrate=False)
    books.first_key_path = folder / "usual.key"
    books.first_key_path.write_text(books.keys_path.read_text().splitlines()[USUAL] + "\n")
    return found


def cookies(books):
    """Of its largest customer and of its operator."""
    return books.sign_in(LARGEST), books.sign_in(OPERATOR)


def gateway(bench, folder, provider, records):
    """A gateway (not started) on such a ledger; cookies of its largest customer and operator."""
    program = Program()
    database = kept(folder, records, program)
    found = gateway_on(bench, folder, provider, database, program)
    return found, cookies(found.books)
