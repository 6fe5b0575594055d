"""Many records at once, written beside the gateway: the ledger knows nothing of them, so the
gateway must be abandoned instead of stopped."""

import contextlib
import sqlite3

from customer import Customer

RECORDS = """
    INSERT INTO usage (seq, exchange_id, account_id, user_id, key_id, model, provider,
        provider_model, policy_revision, error_code, finish_reason, status, attempts, streamed,
        source, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
        input_price_pusd, cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd,
        charge_nusd, overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq)
        SELECT i, 'req_' || i, '{account}', 'u', '{key}', 'm', 'p', 'pm', 'r', '',
        'stop', 200, 1, 0, 'reported', 1, 0, 1, 0, 1, 1, 1, 0, 1, i, 0, 1700000000000 + i, 5, 9,
        NULL
    FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        SELECT i FROM n);
    INSERT INTO hourly SELECT account_id, created_ms / 3600000, key_id, model, count(*), 0,
        sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0
        FROM usage GROUP BY 1, 2, 3, 4;
"""


def hoard(customer: Customer, count: int) -> None:
    """Gives the customer that many records, req_1 the oldest, of November 2023."""
    gateway = customer.gateway
    account = customer.call("GET", "/auth/me", 200)["user"]["account_id"]
    database = sqlite3.connect(gateway.database, timeout=10)
    with contextlib.closing(database), database:
        sql = RECORDS.format(account=account, key=customer.key_id, count=count)
        database.executescript("BEGIN;" + sql + "COMMIT")
    gateway.customers.clear()
