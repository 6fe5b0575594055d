-- The second factor of signing in: a code from an app (TOTP, RFC 6238), or a recovery code in its place.

CREATE TABLE second_factors (
    user_id       TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed        TEXT NOT NULL,              -- the secret that the app shares, sealed with the gateway's; base64
    created_ms    INTEGER NOT NULL,
    confirmed_ms  INTEGER,                    -- NULL: it is being set up, and asked for nowhere
    last_step     INTEGER NOT NULL DEFAULT 0  -- of the last code that was used: no code of it or before works again
) STRICT, WITHOUT ROWID;

-- Each works once; used ones are deleted.
CREATE TABLE recovery_codes (
    user_id  TEXT NOT NULL REFERENCES users (id),
    digest   TEXT NOT NULL,
    PRIMARY KEY (user_id, digest)
) STRICT, WITHOUT ROWID;

-- Sign-ins whose password was right and whose code is awaited.
CREATE TABLE pending_signins (
    digest         TEXT NOT NULL PRIMARY KEY, -- of the token that the browser has
    user_id        TEXT NOT NULL REFERENCES users (id),
    password_hash  TEXT NOT NULL,             -- that was in force; with another one nobody gets in
    tries          INTEGER NOT NULL DEFAULT 0,
    expires_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_signins_by_expiry ON pending_signins (expires_ms);
CREATE INDEX pending_signins_by_user ON pending_signins (user_id);

-- When a request last came with the session, to five minutes. 0: not since it began.
ALTER TABLE sessions ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;
