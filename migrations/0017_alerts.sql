-- What the operator is told (store/alerts.h), and what waits to be sent (store/outbox.h).

CREATE TABLE alerts (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL, -- its word in alert_kinds.c
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    opened_ms  INTEGER NOT NULL,
    closed_ms  INTEGER NOT NULL, -- 0: open
    last_ms    INTEGER NOT NULL, -- the last time that it was raised
    count      INTEGER NOT NULL, -- how often it was raised
    tellings   INTEGER NOT NULL,
    told_ms    INTEGER NOT NULL,
    told_open  INTEGER NOT NULL  -- 1: the last telling said that it is open
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_open ON alerts (opened_ms) WHERE closed_ms = 0;
CREATE INDEX alerts_closed ON alerts (closed_ms) WHERE closed_ms > 0;

-- Messages to the outside, each written in the transaction of its cause. The courier sends them.
CREATE TABLE outbox (
    id          TEXT PRIMARY KEY, -- sorts by time; the receiver knows a repeated message by it
    kind        TEXT NOT NULL CHECK (kind IN ('webhook', 'mail')),
    destination TEXT NOT NULL, -- an address, or a word that the courier finds one for
    payload     TEXT NOT NULL, -- JSON; '' once it is delivered
    created_ms  INTEGER NOT NULL,
    due_ms      INTEGER NOT NULL, -- when it is tried next; later: when that was decided
    tries       INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    last_error  TEXT NOT NULL -- the receiver's words, or ours about what happened
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_waiting ON outbox (kind, destination, id) WHERE state = 'waiting';
CREATE INDEX outbox_ended ON outbox (due_ms) WHERE state <> 'waiting';

-- For the failures of a provider.
CREATE INDEX attempts_by_provider ON attempts (provider, seq) WHERE outcome <> 'answered';
