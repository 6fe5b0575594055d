-- Mail and webhooks for customers (docs/MAIL.md).

ALTER TABLE users ADD COLUMN email_verified_ms INTEGER; -- NULL: nobody has shown that the address is the user's
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ko')); -- of mails

-- 1: it was sent to the user's address, so whoever has it reads that mailbox.
ALTER TABLE password_links ADD COLUMN mailed INTEGER NOT NULL DEFAULT 0;

-- A link by which a user shows that the address is his, once. One of a user at a time.
CREATE TABLE address_links (
    user_id     TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    digest      TEXT NOT NULL UNIQUE,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a customer wants to be told. No row: as the defaults are.
CREATE TABLE notices (
    account_id  TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    low_nusd    INTEGER CHECK (low_nusd > 0),        -- told when the balance falls below it; NULL: never
    low_told    INTEGER NOT NULL DEFAULT 0,          -- 1: it has been below since, and that was told
    receipts    INTEGER NOT NULL DEFAULT 1,
    key_expiry  INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- Where a customer's program is told.
CREATE TABLE customer_webhooks (
    user_id      TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    url          TEXT NOT NULL,
    secret       TEXT NOT NULL,                      -- sealed with the gateway's; base64
    created_ms   INTEGER NOT NULL,
    taken_ms     INTEGER,                            -- when it last took a message; NULL: never
    failed_ms    INTEGER,                            -- the last failure since then; NULL: none
    error        TEXT NOT NULL DEFAULT '',           -- of that
    disabled_ms  INTEGER                             -- given up; NULL: in use
) STRICT, WITHOUT ROWID;

ALTER TABLE keys ADD COLUMN expiry_told INTEGER NOT NULL DEFAULT 0;    -- 1: a week before, 2: a day before
ALTER TABLE keys ADD COLUMN budget_told_ms INTEGER NOT NULL DEFAULT 0; -- when it was last told that it is spent
CREATE INDEX keys_to_expire ON keys (expires_ms)
    WHERE expires_ms IS NOT NULL AND deleted_ms IS NULL AND expiry_told < 2;

-- Messages of one lane wait for each other's places, never for those of another: 0 the operator's, 1 mails to
-- customers, 2 customers' webhooks, 3 questions to the payment processor.
ALTER TABLE outbox ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN useless_ms INTEGER; -- from then on it tells nothing any more (its link has expired)
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (lane, kind, destination, id) WHERE state = 'waiting';
