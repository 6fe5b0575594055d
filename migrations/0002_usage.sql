-- What was used. `usage` is append-only and holds one record an exchange; the other tables are its sums,
-- written in the same transaction.

CREATE TABLE usage (
    seq                      INTEGER PRIMARY KEY,
    exchange_id              TEXT NOT NULL, -- unique by resolutions, which points here
    account_id               TEXT NOT NULL,
    user_id                  TEXT NOT NULL,
    key_id                   TEXT NOT NULL, -- '' for none
    model                    TEXT NOT NULL, -- the public name that was asked for
    provider                 TEXT NOT NULL, -- '' when none answered
    provider_model           TEXT NOT NULL,
    policy_revision          TEXT NOT NULL,
    error_code               TEXT NOT NULL, -- '' for success
    finish_reason            TEXT NOT NULL,
    status                   INTEGER NOT NULL,
    attempts                 INTEGER NOT NULL,
    streamed                 INTEGER NOT NULL,
    source                   TEXT NOT NULL, -- none, reported, estimated, partial
    input_tokens             INTEGER NOT NULL CHECK (input_tokens >= 0),
    cached_input_tokens      INTEGER NOT NULL CHECK (cached_input_tokens >= 0),
    output_tokens            INTEGER NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens         INTEGER NOT NULL,
    input_price_pusd         INTEGER NOT NULL, -- buy prices, pico-USD a token
    cached_input_price_pusd  INTEGER NOT NULL,
    output_price_pusd        INTEGER NOT NULL,
    margin_ppm               INTEGER NOT NULL,
    cost_nusd                INTEGER NOT NULL CHECK (cost_nusd >= 0),
    charge_nusd              INTEGER NOT NULL CHECK (charge_nusd >= 0),
    overrun_nusd             INTEGER NOT NULL CHECK (overrun_nusd >= 0),
    created_ms               INTEGER NOT NULL,
    first_byte_us            INTEGER NOT NULL, -- -1 when there was none
    total_us                 INTEGER NOT NULL,
    transfer_seq             INTEGER -- the first of its transfers: charge, overrun, cost, where not 0
) STRICT;
CREATE INDEX usage_newest ON usage (account_id, created_ms);

CREATE TRIGGER usage_no_update BEFORE UPDATE ON usage
    BEGIN SELECT RAISE(ABORT, 'a usage record is never changed'); END;
CREATE TRIGGER usage_no_delete BEFORE DELETE ON usage
    BEGIN SELECT RAISE(ABORT, 'a usage record is never deleted'); END;

CREATE TABLE key_totals (
    key_id        TEXT NOT NULL PRIMARY KEY,
    spent_nusd    INTEGER NOT NULL CHECK (spent_nusd >= 0),
    requests      INTEGER NOT NULL,
    last_used_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE daily (
    account_id           TEXT NOT NULL,
    day                  INTEGER NOT NULL, -- since 1970-01-01 UTC, of usage.created_ms
    key_id               TEXT NOT NULL,
    model                TEXT NOT NULL,
    requests             INTEGER NOT NULL,
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    charge_nusd          INTEGER NOT NULL,
    PRIMARY KEY (account_id, day, key_id, model)
) STRICT, WITHOUT ROWID;
