-- Tokens that a provider has counted above what model and request allow. They are in the records and their sums, for
-- they may be billed to the operator; but quotas of tokens leave them out (store/quotas.h). Hardly any call has some.
CREATE TABLE excess_tokens (
    account_id   TEXT NOT NULL,
    created_ms   INTEGER NOT NULL, -- as in usage, like all below
    exchange_id  TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    model        TEXT NOT NULL,
    tokens       INTEGER NOT NULL CHECK (tokens > 0),
    PRIMARY KEY (account_id, created_ms, exchange_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX excess_tokens_by_time ON excess_tokens (created_ms, model, tokens); -- of all customers together

CREATE TRIGGER excess_tokens_no_update BEFORE UPDATE ON excess_tokens
    BEGIN SELECT RAISE(ABORT, 'the excess of a call is never changed'); END;
CREATE TRIGGER excess_tokens_no_delete BEFORE DELETE ON excess_tokens
    BEGIN SELECT RAISE(ABORT, 'the excess of a call is never deleted'); END;
