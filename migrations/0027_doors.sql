-- Who may become a customer (docs/DOORS.md): invitations, first credits, accepted terms.

-- 1: made at a sign-up that asked for a verified address. Until that is shown, or the account has been let in, it makes
-- no keys and moves no money.
ALTER TABLE users ADD COLUMN must_verify INTEGER NOT NULL DEFAULT 0 CHECK (must_verify IN (0, 1));

-- No link stands here, only the keyed hash of its token.
CREATE TABLE invitations (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE, -- "inv_..."
    digest       TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    email        TEXT COLLATE NOCASE,  -- for this address only; NULL: for whoever has the link
    mailed       INTEGER NOT NULL,     -- to that address: whoever has it reads that mailbox
    "group"      TEXT NOT NULL,        -- of those who come by it
    credit_nusd  INTEGER CHECK (credit_nusd > 0), -- promotion for each of them; NULL: as anybody who signs up
    uses_max     INTEGER NOT NULL CHECK (uses_max > 0),
    uses         INTEGER NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND uses_max),
    expires_ms   INTEGER NOT NULL,
    created_ms   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,        -- the operator's user
    revoked_ms   INTEGER,
    CHECK (email IS NULL OR uses_max = 1)
) STRICT;
CREATE TRIGGER invitations_no_delete BEFORE DELETE ON invitations
    BEGIN SELECT RAISE(ABORT, 'an invitation is never deleted'); END;

-- Who came in by the page, and how.
CREATE TABLE sign_ups (
    user_id         TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    invitation      INTEGER REFERENCES invitations (seq), -- NULL: the door was open
    address_digest  TEXT NOT NULL, -- keyed hash of the address in one form for all that reach the same mailbox
    -- 1: whether there is a first credit is not decided yet, because the address is to be verified before
    credit_due      INTEGER NOT NULL DEFAULT 1 CHECK (credit_due IN (0, 1)),
    created_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ups_by_invitation ON sign_ups (invitation) WHERE invitation IS NOT NULL;

-- Append-only: what was given at a sign-up, in the transaction of its transfer. One of a source for each user and mailbox.
CREATE TABLE first_credits (
    user_id         TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    source          TEXT NOT NULL, -- 'sign_up', or the invitation's id
    address_digest  TEXT NOT NULL,
    amount_nusd     INTEGER NOT NULL CHECK (amount_nusd > 0),
    day             INTEGER NOT NULL, -- of UTC since 1970-01-01, for sign_up_credits_max
    transfer_id     TEXT NOT NULL UNIQUE,
    created_ms      INTEGER NOT NULL,
    UNIQUE (source, address_digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX first_credits_by_day ON first_credits (day, source);
CREATE TRIGGER first_credits_no_update BEFORE UPDATE ON first_credits
    BEGIN SELECT RAISE(ABORT, 'a first credit is never changed'); END;
CREATE TRIGGER first_credits_no_delete BEFORE DELETE ON first_credits
    BEGIN SELECT RAISE(ABORT, 'a first credit is never deleted'); END;

-- Append-only: which version of the terms was accepted, and when.
CREATE TABLE terms_acceptances (
    user_id      TEXT NOT NULL REFERENCES users (id),
    version      TEXT NOT NULL,
    accepted_ms  INTEGER NOT NULL,
    PRIMARY KEY (user_id, version)
) STRICT, WITHOUT ROWID;

-- Proofs of work that have made an account, until they expire.
CREATE TABLE sign_up_proofs (
    digest      TEXT NOT NULL PRIMARY KEY,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_up_proofs_by_expiry ON sign_up_proofs (expires_ms);
