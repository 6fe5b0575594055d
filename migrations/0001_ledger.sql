-- Money. Every amount is an integer in nano-USD (1 USD = 1,000,000,000).
-- What is marked "append-only" is history: triggers refuse to change or delete it.

-- A customer's account never goes below zero; the house's ("revenue", "funding:manual", ...) may.
CREATE TABLE accounts (
    id          TEXT NOT NULL PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('customer', 'house')),
    floor_zero  INTEGER NOT NULL CHECK (floor_zero = (kind = 'customer')),
    created_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The sums of the transfers, so that nobody has to add them up; `ledger verify` does, and compares.
CREATE TABLE balances (
    account_id     TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    floor_zero     INTEGER NOT NULL,
    credited_nusd  INTEGER NOT NULL DEFAULT 0 CHECK (credited_nusd >= 0),
    debited_nusd   INTEGER NOT NULL DEFAULT 0 CHECK (debited_nusd >= 0),
    posted_nusd    INTEGER GENERATED ALWAYS AS (credited_nusd - debited_nusd) VIRTUAL,
    CHECK (floor_zero = 0 OR credited_nusd >= debited_nusd)
) STRICT, WITHOUT ROWID;

-- Append-only. A transfer of a settlement is named by its exchange and kind, and found from the usage
-- record (usage.transfer_seq); any other has an id of its own. So the two cases need no index in common.
CREATE TABLE transfers (
    seq             INTEGER PRIMARY KEY,
    id              TEXT,
    debit_account   TEXT NOT NULL,
    credit_account  TEXT NOT NULL CHECK (credit_account <> debit_account),
    amount_nusd     INTEGER NOT NULL CHECK (amount_nusd > 0),
    kind            TEXT NOT NULL, -- charge, overrun, cost; manual, test, promotion
    exchange_id     TEXT,
    reason          TEXT,
    created_ms      INTEGER NOT NULL,
    CHECK (id IS NOT NULL OR exchange_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX transfers_by_id ON transfers (id) WHERE id IS NOT NULL;
CREATE INDEX transfers_by_credit ON transfers (credit_account, seq) WHERE id IS NOT NULL;
CREATE INDEX transfers_by_debit ON transfers (debit_account, seq) WHERE id IS NOT NULL;

-- Append-only: money reserved for an exchange before it is sent.
CREATE TABLE holds (
    exchange_id  TEXT NOT NULL PRIMARY KEY,
    account_id   TEXT NOT NULL,
    key_id       TEXT NOT NULL, -- '' for none
    amount_nusd  INTEGER NOT NULL CHECK (amount_nusd >= 0),
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only: what was added to a hold later, because the exchange came to cost more than it had looked.
-- Written in the transaction that settles, so there is one at most.
CREATE TABLE hold_extensions (
    exchange_id  TEXT NOT NULL PRIMARY KEY,
    amount_nusd  INTEGER NOT NULL CHECK (amount_nusd > 0),
    created_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The holds without a resolution, so that they are found at once among millions of old ones. The
-- resolution takes its row away, in the same transaction, and fails when it is not there.
CREATE TABLE open_holds (
    exchange_id  TEXT NOT NULL PRIMARY KEY,
    account_id   TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    amount_nusd  INTEGER NOT NULL CHECK (amount_nusd >= 0),
    expires_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only: how a hold ended. The primary key lets a hold end once only.
CREATE TABLE resolutions (
    exchange_id  TEXT NOT NULL PRIMARY KEY,
    outcome      TEXT NOT NULL, -- settle, void, expire
    held_nusd    INTEGER NOT NULL,
    posted_nusd  INTEGER NOT NULL CHECK (posted_nusd BETWEEN 0 AND held_nusd),
    usage_seq    INTEGER, -- the row in `usage`; NULL when the gateway stopped in the middle
    created_ms   INTEGER NOT NULL,
    -- (Not IN (...) with three words: SQLite would build a table of them for each row.)
    CHECK (outcome = 'settle' OR (posted_nusd = 0 AND (outcome = 'void' OR outcome = 'expire')))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
    BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
    BEGIN SELECT RAISE(ABORT, 'a transfer is never deleted'); END;
CREATE TRIGGER holds_no_update BEFORE UPDATE ON holds
    BEGIN SELECT RAISE(ABORT, 'a hold is never changed'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
    BEGIN SELECT RAISE(ABORT, 'a hold is never deleted'); END;
CREATE TRIGGER hold_extensions_no_update BEFORE UPDATE ON hold_extensions
    BEGIN SELECT RAISE(ABORT, 'an extension is never changed'); END;
CREATE TRIGGER hold_extensions_no_delete BEFORE DELETE ON hold_extensions
    BEGIN SELECT RAISE(ABORT, 'an extension is never deleted'); END;
CREATE TRIGGER resolutions_no_update BEFORE UPDATE ON resolutions
    BEGIN SELECT RAISE(ABORT, 'a resolution is never changed'); END;
CREATE TRIGGER resolutions_no_delete BEFORE DELETE ON resolutions
    BEGIN SELECT RAISE(ABORT, 'a resolution is never deleted'); END;
