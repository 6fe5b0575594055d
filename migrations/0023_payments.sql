-- Payments: what customers were asked to pay through a processor (Stripe), what came of it, and what was taken back.
-- Amounts of a payment are in its own currency, in the smallest unit that the processor counts (`amount_minor`);
-- `decimals` says how many of its digits stand behind the point.

CREATE TABLE payments (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE, -- "pay_..."; the processor is told it, and gets it as the idempotency key
    user_id        TEXT NOT NULL,
    processor      TEXT NOT NULL,
    origin         TEXT NOT NULL CHECK (origin IN ('checkout', 'automatic')),
    currency       TEXT NOT NULL, -- ISO 4217, lower case
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0), -- before taxes
    decimals       INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 3),
    credit_nusd    INTEGER NOT NULL CHECK (credit_nusd > 0),  -- what the customer gets for it
    -- open: asked; processing: the money is on its way; disagreed: paid, but not as asked, so nothing was credited
    state          TEXT NOT NULL CHECK (state IN ('open', 'processing', 'paid', 'failed', 'expired', 'disagreed')),
    client_key     TEXT,          -- the Idempotency-Key of the customer's request, or NULL
    checkout_id    TEXT,          -- the processor's, as are the next two
    checkout_url   TEXT,
    charge_id      TEXT,          -- what refunds and disputes name (Stripe: the payment intent)
    total_minor    INTEGER,       -- with taxes, once it is paid
    transfer_id    TEXT UNIQUE,   -- of the credit
    reversed_nusd  INTEGER NOT NULL DEFAULT 0 CHECK (reversed_nusd BETWEEN 0 AND credit_nusd), -- taken back by now
    failure        TEXT NOT NULL DEFAULT '', -- why it failed or disagrees
    created_ms     INTEGER NOT NULL,
    paid_ms        INTEGER,
    CHECK ((state = 'paid') = (transfer_id IS NOT NULL))
) STRICT;
CREATE INDEX payments_by_user ON payments (user_id, seq);
CREATE INDEX payments_by_charge ON payments (processor, charge_id) WHERE charge_id IS NOT NULL;
CREATE UNIQUE INDEX payments_by_client_key ON payments (user_id, client_key) WHERE client_key IS NOT NULL;
CREATE INDEX payments_automatic ON payments (user_id, created_ms) WHERE origin = 'automatic';

CREATE TRIGGER payments_no_delete BEFORE DELETE ON payments
    BEGIN SELECT RAISE(ABORT, 'a payment is never deleted'); END;
CREATE TRIGGER payments_credited_once BEFORE UPDATE ON payments
    WHEN old.transfer_id IS NOT NULL AND new.transfer_id IS NOT old.transfer_id
    BEGIN SELECT RAISE(ABORT, 'a payment is credited once'); END;
CREATE TRIGGER payments_terms BEFORE UPDATE ON payments
    WHEN new.id <> old.id OR new.user_id <> old.user_id OR new.currency <> old.currency
        OR new.amount_minor <> old.amount_minor OR new.credit_nusd <> old.credit_nusd
    BEGIN SELECT RAISE(ABORT, 'the terms of a payment do not change'); END;

-- Each event of a processor is acted on once.
CREATE TABLE payment_events (
    processor    TEXT NOT NULL,
    id           TEXT NOT NULL,   -- the processor's
    kind         TEXT NOT NULL,   -- in the processor's words
    created_ms   INTEGER NOT NULL,
    received_ms  INTEGER NOT NULL,
    outcome      TEXT NOT NULL,   -- what it came to
    PRIMARY KEY (processor, id)
) STRICT, WITHOUT ROWID;

-- Refunds and disputes. Their events come in any order, so the row has the furthest stage that any of them has told.
CREATE TABLE payment_reversals (
    processor     TEXT NOT NULL,
    id            TEXT NOT NULL,  -- the processor's
    kind          TEXT NOT NULL CHECK (kind IN ('refund', 'dispute')),
    charge_id     TEXT NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor >= 0),
    stage         INTEGER NOT NULL, -- a later one replaces an earlier one
    takes         INTEGER NOT NULL CHECK (takes IN (0, 1)), -- whether the money is gone at this stage
    state         TEXT NOT NULL,    -- in the processor's words
    created_ms    INTEGER NOT NULL,
    PRIMARY KEY (processor, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_reversals_by_charge ON payment_reversals (processor, charge_id);

-- Whom the processor knows, and the card that it keeps for automatic top-ups.
CREATE TABLE payment_customers (
    user_id      TEXT NOT NULL,
    processor    TEXT NOT NULL,
    customer_id  TEXT NOT NULL,
    method_id    TEXT,             -- charged by itself; NULL: none is kept
    event_ms     INTEGER NOT NULL, -- of the event that told of the card
    PRIMARY KEY (user_id, processor)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_customers_by_id ON payment_customers (processor, customer_id);

-- How customers call the cards that the processor has told of.
CREATE TABLE payment_methods (
    processor  TEXT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL, -- "visa 4242"
    PRIMARY KEY (processor, id)
) STRICT, WITHOUT ROWID;

-- What a customer wants to be charged by itself when the balance gets low.
CREATE TABLE automatic_top_ups (
    user_id          TEXT NOT NULL PRIMARY KEY,
    processor        TEXT NOT NULL,
    threshold_nusd   INTEGER NOT NULL CHECK (threshold_nusd > 0),
    currency         TEXT NOT NULL,
    amount_minor     INTEGER NOT NULL CHECK (amount_minor > 0),
    decimals         INTEGER NOT NULL,
    credit_nusd      INTEGER NOT NULL CHECK (credit_nusd > 0),
    month_max_minor  INTEGER NOT NULL CHECK (month_max_minor >= amount_minor), -- in a calendar month, UTC
    request          TEXT NOT NULL, -- what is sent: JSON {path, body}; "{payment}" in it is the payment's id
    paused           TEXT NOT NULL DEFAULT '', -- why; '': it is on
    updated_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
