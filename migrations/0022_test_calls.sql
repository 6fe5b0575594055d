-- Test calls: an administrator asks a small call of one candidate, to see what its provider says. What it costs is the
-- operator's.

-- Append-only. The row is written before the provider is asked, with the audit log's.
CREATE TABLE test_calls (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE, -- "req_...", of its own
    model            TEXT NOT NULL,        -- the public name
    provider         TEXT NOT NULL,
    provider_model   TEXT NOT NULL,
    created_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX test_calls_by_time ON test_calls (created_ms);

-- Append-only. What came of it. A test call without this row still runs, or the gateway has stopped in the middle.
CREATE TABLE test_call_results (
    seq                  INTEGER PRIMARY KEY REFERENCES test_calls (seq),
    outcome              TEXT NOT NULL, -- answered, or why not
    words                TEXT NOT NULL, -- the provider's own about a failure, or what happened; "" for an answer
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

CREATE TRIGGER test_calls_no_update BEFORE UPDATE ON test_calls
    BEGIN SELECT RAISE(ABORT, 'a test call is never changed'); END;
CREATE TRIGGER test_calls_no_delete BEFORE DELETE ON test_calls
    BEGIN SELECT RAISE(ABORT, 'a test call is never deleted'); END;
CREATE TRIGGER test_call_results_no_update BEFORE UPDATE ON test_call_results
    BEGIN SELECT RAISE(ABORT, 'the result of a test call is never changed'); END;
CREATE TRIGGER test_call_results_no_delete BEFORE DELETE ON test_call_results
    BEGIN SELECT RAISE(ABORT, 'the result of a test call is never deleted'); END;
