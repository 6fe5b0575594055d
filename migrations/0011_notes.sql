-- What is told beside the ledger: calls that were refused before there was anything to be charged, and the
-- attempts of exchanges in which one failed. No money depends on these rows; they are aged out (store/notes.h).

CREATE TABLE refusals (
    seq          INTEGER PRIMARY KEY,
    exchange_id  TEXT NOT NULL UNIQUE,
    account_id   TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    total_us     INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    code         TEXT NOT NULL,
    model        TEXT NOT NULL, -- that was asked for; '' when none was, or nobody could tell
    path         TEXT NOT NULL
) STRICT;
CREATE INDEX refusals_newest ON refusals (account_id, created_ms, seq);

-- How many of a minute were not kept, for there were too many.
CREATE TABLE refusals_left_out (
    account_id  TEXT NOT NULL,
    minute      INTEGER NOT NULL, -- since 1970-01-01 UTC
    count       INTEGER NOT NULL,
    PRIMARY KEY (account_id, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    seq          INTEGER PRIMARY KEY,
    exchange_id  TEXT NOT NULL,
    number       INTEGER NOT NULL, -- from 1 on
    provider     TEXT NOT NULL,
    model        TEXT NOT NULL, -- its name there
    outcome      TEXT NOT NULL,
    status       INTEGER NOT NULL, -- the provider's; 0: none came
    created_ms   INTEGER NOT NULL,
    duration_us  INTEGER NOT NULL,
    words        TEXT NOT NULL -- the provider's own, or ours about what happened
) STRICT;
CREATE INDEX attempts_by_exchange ON attempts (exchange_id, number);
