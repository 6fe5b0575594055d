-- What the dashboard asks for: sums by hour (so that a day can begin where its viewer lives), what the house
-- earns and pays, who of the operator's people did what.

-- Takes the place of `daily`. Both tables are sums of `usage`, written in the same transaction as its records.
DROP TABLE daily;
CREATE TABLE hourly (
    account_id           TEXT NOT NULL,
    hour                 INTEGER NOT NULL, -- since 1970-01-01 00:00 UTC, of usage.created_ms
    key_id               TEXT NOT NULL,
    model                TEXT NOT NULL,
    requests             INTEGER NOT NULL,
    errors               INTEGER NOT NULL, -- those with an error_code
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    charge_nusd          INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL,
    overrun_nusd         INTEGER NOT NULL,
    PRIMARY KEY (account_id, hour, key_id, model)
) STRICT, WITHOUT ROWID;

-- The same over all customers: few rows, whatever their number.
CREATE TABLE sales (
    hour                 INTEGER NOT NULL,
    model                TEXT NOT NULL,
    provider             TEXT NOT NULL, -- '' when none answered
    requests             INTEGER NOT NULL,
    errors               INTEGER NOT NULL,
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    charge_nusd          INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL,
    overrun_nusd         INTEGER NOT NULL,
    PRIMARY KEY (hour, model, provider)
) STRICT, WITHOUT ROWID;

-- Row by row, for a GROUP BY would keep all of `usage` in memory.
INSERT INTO hourly
SELECT account_id, created_ms / 3600000, key_id, model, 1, error_code <> '', input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd
FROM usage WHERE true
ON CONFLICT DO UPDATE SET
    requests = requests + 1,
    errors = errors + excluded.errors,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    charge_nusd = charge_nusd + excluded.charge_nusd,
    cost_nusd = cost_nusd + excluded.cost_nusd,
    overrun_nusd = overrun_nusd + excluded.overrun_nusd;
INSERT INTO sales
SELECT created_ms / 3600000, model, provider, 1, error_code <> '', input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd
FROM usage WHERE true
ON CONFLICT DO UPDATE SET
    requests = requests + 1,
    errors = errors + excluded.errors,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    charge_nusd = charge_nusd + excluded.charge_nusd,
    cost_nusd = cost_nusd + excluded.cost_nusd,
    overrun_nusd = overrun_nusd + excluded.overrun_nusd;

-- A customer's history has his charges in it, too. An index would cost each settlement a page of its
-- own; so the charges of an account are a chain: each knows the one before it, and the balance, which
-- is written anyway, knows the last. Charges from before this migration are in no chain but, as they
-- never get more, in an index.
ALTER TABLE balances ADD COLUMN last_charge INTEGER NOT NULL DEFAULT 0; -- transfers.seq; 0: none
ALTER TABLE transfers ADD COLUMN previous_charge INTEGER; -- NULL: no charge, or an old one
CREATE INDEX transfers_unchained ON transfers (debit_account, seq)
    WHERE kind = 'charge' AND previous_charge IS NULL;

CREATE INDEX sessions_by_user ON sessions (user_id);

-- Append-only: every act of an administrator, in the dashboard or on the command line, written in the
-- transaction of the act itself.
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,
    created_ms  INTEGER NOT NULL,
    actor       TEXT NOT NULL, -- the user, or 'cli'
    address     TEXT NOT NULL, -- where from; '' on the command line
    action      TEXT NOT NULL, -- the operation: "credit.create"
    user_id     TEXT NOT NULL, -- on whom; '' for nobody
    target_id   TEXT NOT NULL, -- the key, transfer or exchange; '' for the user himself
    detail      TEXT NOT NULL  -- a JSON object
) STRICT;
CREATE INDEX audit_by_user ON audit (user_id, seq);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is never deleted'); END;
