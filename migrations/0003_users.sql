-- Who may use the gateway, and with which keys. No password, token or key is stored, only what it hashes to.

CREATE TABLE users (
    id             TEXT NOT NULL PRIMARY KEY,
    email          TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name           TEXT NOT NULL,
    password_hash  TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    "group"        TEXT NOT NULL DEFAULT '' -- the operator's, for margins and limits
                       CHECK (length(CAST("group" AS BLOB)) <= 31),
    account_id     TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    disabled       INTEGER NOT NULL DEFAULT 0,
    created_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    digest      TEXT NOT NULL PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE keys (
    id           TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id),
    account_id   TEXT NOT NULL REFERENCES accounts (id),
    digest       TEXT NOT NULL UNIQUE CHECK (digest NOT GLOB '*[^0-9a-f]*' AND length(digest) = 64),
    prefix       TEXT NOT NULL,
    last4        TEXT NOT NULL,
    name         TEXT NOT NULL,
    expires_ms   INTEGER,                            -- NULL: never
    budget_nusd  INTEGER CHECK (budget_nusd >= 0),   -- NULL: none
    models       TEXT NOT NULL DEFAULT ''            -- separated by newlines; '' allows all
                     CHECK (length(CAST(models AS BLOB)) <= 1023),
    disabled     INTEGER NOT NULL DEFAULT 0,
    deleted_ms   INTEGER,                            -- NULL: it lives
    created_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_user ON keys (user_id, id);

-- What the tables in the server's memory have to load again. Every change of an account by anything but a
-- settlement, of a key or of a user adds a row, whichever process makes it; the server reads what is
-- new after each of its own and at least every 100 ms, and clears the table when it starts.
CREATE TABLE changes (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL CHECK (kind IN ('account', 'key', 'user')),
    id    TEXT NOT NULL
) STRICT;
