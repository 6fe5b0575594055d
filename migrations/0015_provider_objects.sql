-- What providers keep for customers under an id: responses, the items of their output, conversations. All customers
-- share the operator's account with a provider, so these rows say whose an id is: a request names only what its own
-- account has made. Written in the transaction that settles the call, taken away when their time is over.
CREATE TABLE provider_objects (
    account_id  TEXT NOT NULL,
    id          TEXT NOT NULL, -- the provider's
    kind        TEXT NOT NULL CHECK (kind IN ('response', 'conversation', 'item')),
    provider    TEXT NOT NULL, -- its name in providers.lua
    response_id TEXT NOT NULL, -- that has brought an item; '': none has
    tokens      INTEGER,       -- of input that a call takes in by naming it, at most; NULL: nobody knows
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_objects_by_expiry ON provider_objects (expires_ms);
