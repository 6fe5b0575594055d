-- Vouchers: codes that a customer redeems for credits. The database has a keyed hash of each code, to find it, and the code
-- sealed with the gateway's secret, to be exported.

CREATE TABLE voucher_batches (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE, -- "vch_..."
    name         TEXT NOT NULL,
    amount_nusd  INTEGER NOT NULL CHECK (amount_nusd > 0), -- of each code
    kind         TEXT NOT NULL CHECK (kind IN ('manual', 'promotion')), -- as in transfers: sold, or given
    "group"      TEXT,                 -- whose customers may redeem; NULL: all
    expires_ms   INTEGER,              -- NULL: never
    count        INTEGER NOT NULL CHECK (count > 0),
    redeemed     INTEGER NOT NULL DEFAULT 0 CHECK (redeemed BETWEEN 0 AND count),
    created_ms   INTEGER NOT NULL,
    withdrawn_ms INTEGER               -- the rest can no longer be redeemed
) STRICT;

-- The row is changed once: when the code is redeemed, in the transaction of its transfer.
CREATE TABLE vouchers (
    digest       TEXT PRIMARY KEY,     -- of the code, keyed with the gateway's secret; hex
    batch        INTEGER NOT NULL REFERENCES voucher_batches (seq),
    number       INTEGER NOT NULL,     -- in its batch, from 1
    sealed       TEXT NOT NULL,        -- the code; base64
    redeemed_ms  INTEGER,
    user_id      TEXT,                 -- who has redeemed it
    transfer_id  TEXT UNIQUE,
    UNIQUE (batch, number),
    CHECK ((redeemed_ms IS NULL) = (transfer_id IS NULL) AND (user_id IS NULL) = (transfer_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER vouchers_once BEFORE UPDATE ON vouchers
    WHEN old.redeemed_ms IS NOT NULL OR new.digest <> old.digest OR new.batch <> old.batch OR new.number <> old.number
    BEGIN SELECT RAISE(ABORT, 'a voucher is redeemed once'); END;
CREATE TRIGGER vouchers_no_delete BEFORE DELETE ON vouchers
    BEGIN SELECT RAISE(ABORT, 'a voucher is never deleted'); END;
CREATE TRIGGER voucher_batches_no_delete BEFORE DELETE ON voucher_batches
    BEGIN SELECT RAISE(ABORT, 'a batch of vouchers is never deleted'); END;
