-- What was answered to a request with an Idempotency-Key: a retry gets it again. Written in the
-- transaction that ends the hold or makes the transfer, so there is never one without the other;
-- taken away when its time is over.
-- (Not WITHOUT ROWID: bodies may have megabytes, and stand in pages of their own.)
CREATE TABLE kept_answers (
    account_id    TEXT NOT NULL,
    key           TEXT NOT NULL, -- the customer's own
    digest        TEXT NOT NULL, -- of what was asked: method, path and body
    exchange_id   TEXT NOT NULL,
    transfer_id   TEXT,          -- of a top-up; NULL: a call to a model, which has a resolution
    status        INTEGER NOT NULL,
    content_type  TEXT NOT NULL,
    cost_nusd     INTEGER,       -- what the header x-llm-cost said; NULL: there was none
    created_ms    INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL,
    body          BLOB,          -- NULL: larger than what is kept
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX kept_answers_by_expiry ON kept_answers (expires_ms);
