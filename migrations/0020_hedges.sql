-- Hedges: the second request of a call whose provider was late (`hedge` in routes.lua and models.lua). The first good answer
-- goes to the customer; what the other one costs is the operator's.

-- Append-only. The row of a hedge is written before its provider is asked.
CREATE TABLE hedges (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE, -- "req_...", of its own
    exchange_id      TEXT NOT NULL,        -- the customer's call
    model            TEXT NOT NULL,        -- the public name
    provider         TEXT NOT NULL,        -- that is asked, too
    provider_model   TEXT NOT NULL,
    policy_revision  TEXT NOT NULL,
    held_nusd        INTEGER NOT NULL CHECK (held_nusd >= 0), -- what the call holds: the most that it is worth
    created_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX hedges_by_time ON hedges (created_ms);
CREATE INDEX hedges_by_exchange ON hedges (exchange_id);

-- Append-only. What became of the attempt that did not answer the customer: the hedge's own, or the first one's if the hedge
-- has won. A hedge without this row still runs, or the gateway has stopped in the middle.
CREATE TABLE hedge_results (
    seq                  INTEGER PRIMARY KEY REFERENCES hedges (seq),
    won                  INTEGER NOT NULL CHECK (won IN (0, 1)), -- the second request has answered the customer
    outcome              TEXT NOT NULL, -- answered (too late), or why not
    provider             TEXT NOT NULL, -- whose cost this is
    provider_model       TEXT NOT NULL,
    status               INTEGER NOT NULL, -- the provider's; 0: none came
    finish_reason        TEXT NOT NULL,
    source               TEXT NOT NULL, -- as in usage
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL CHECK (cost_nusd >= 0), -- what the provider bills, as far as it is known
    billed_unseen        INTEGER NOT NULL CHECK (billed_unseen IN (0, 1)), -- the provider may have billed more
    total_us             INTEGER NOT NULL,
    ended_ms             INTEGER NOT NULL
) STRICT;

CREATE TRIGGER hedges_no_update BEFORE UPDATE ON hedges
    BEGIN SELECT RAISE(ABORT, 'a hedge is never changed'); END;
CREATE TRIGGER hedges_no_delete BEFORE DELETE ON hedges
    BEGIN SELECT RAISE(ABORT, 'a hedge is never deleted'); END;
CREATE TRIGGER hedge_results_no_update BEFORE UPDATE ON hedge_results
    BEGIN SELECT RAISE(ABORT, 'the result of a hedge is never changed'); END;
CREATE TRIGGER hedge_results_no_delete BEFORE DELETE ON hedge_results
    BEGIN SELECT RAISE(ABORT, 'the result of a hedge is never deleted'); END;
