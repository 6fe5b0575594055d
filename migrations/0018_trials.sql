-- Trials: a share of a model's calls to another candidate. A *canary* answers customers; a *shadow* gets a call that was
-- answered already once more, and nobody gets its answer.

-- How many attempts of a call went to the canary: these were its first ones. NULL: the call was none of the canary's.
ALTER TABLE usage_facts ADD COLUMN canary_attempts INTEGER CHECK (canary_attempts > 0);

-- Append-only. The row of a shadow is written before its provider is asked.
CREATE TABLE shadows (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE, -- "req_...", of its own
    exchange_id      TEXT NOT NULL,        -- the customer's call
    model            TEXT NOT NULL,        -- the public name
    provider         TEXT NOT NULL,
    provider_model   TEXT NOT NULL,
    policy_revision  TEXT NOT NULL,
    streamed         INTEGER NOT NULL,
    held_nusd        INTEGER NOT NULL CHECK (held_nusd >= 0), -- what it costs in the worst case
    created_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX shadows_by_model ON shadows (model, created_ms);
CREATE INDEX shadows_by_time ON shadows (created_ms);
CREATE INDEX shadows_by_exchange ON shadows (exchange_id);

-- Append-only. What came of it. A shadow without this row still runs, or the gateway has stopped in the middle.
CREATE TABLE shadow_results (
    seq                  INTEGER PRIMARY KEY REFERENCES shadows (seq),
    outcome              TEXT NOT NULL, -- answered, or why not
    status               INTEGER NOT NULL, -- the provider's; 0: none came
    finish_reason        TEXT NOT NULL,
    source               TEXT NOT NULL, -- as in usage
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL CHECK (cost_nusd >= 0), -- what the provider bills, as far as it is known
    -- What counts against the day's limit: the cost, or what was held if the provider may have billed it unseen.
    counted_nusd         INTEGER NOT NULL CHECK (counted_nusd >= cost_nusd),
    first_byte_us        INTEGER NOT NULL, -- -1: none came
    total_us             INTEGER NOT NULL,
    ended_ms             INTEGER NOT NULL
) STRICT;

-- What counts against `spend_per_day` of a model, by the UTC day in which a shadow began: what was held for those
-- without a result, and counted_nusd of the others. The limit is decided by this row.
CREATE TABLE shadow_days (
    model         TEXT NOT NULL,
    day           INTEGER NOT NULL, -- since 1970-01-01
    counted_nusd  INTEGER NOT NULL CHECK (counted_nusd >= 0),
    left_out      INTEGER NOT NULL, -- shadows that were not sent because of the limit
    PRIMARY KEY (model, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER shadows_no_update BEFORE UPDATE ON shadows
    BEGIN SELECT RAISE(ABORT, 'a shadow is never changed'); END;
CREATE TRIGGER shadows_no_delete BEFORE DELETE ON shadows
    BEGIN SELECT RAISE(ABORT, 'a shadow is never deleted'); END;
CREATE TRIGGER shadow_results_no_update BEFORE UPDATE ON shadow_results
    BEGIN SELECT RAISE(ABORT, 'the result of a shadow is never changed'); END;
CREATE TRIGGER shadow_results_no_delete BEFORE DELETE ON shadow_results
    BEGIN SELECT RAISE(ABORT, 'the result of a shadow is never deleted'); END;
