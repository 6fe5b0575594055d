-- Secrets of API keys that were replaced by new ones. The key itself, with its id, budget and quotas, goes on.
CREATE TABLE old_secrets (
    digest       TEXT NOT NULL PRIMARY KEY CHECK (digest NOT GLOB '*[^0-9a-f]*' AND length(digest) = 64),
    key_id       TEXT NOT NULL REFERENCES keys (id),
    prefix       TEXT NOT NULL,
    last4        TEXT NOT NULL,
    replaced_ms  INTEGER NOT NULL,
    until_ms     INTEGER NOT NULL CHECK (until_ms >= replaced_ms), -- from then on it opens nothing
    ended_ms     INTEGER                                           -- when its owner ended it; NULL: not by hand
) STRICT, WITHOUT ROWID;
CREATE INDEX old_secrets_by_key ON old_secrets (key_id, replaced_ms);
