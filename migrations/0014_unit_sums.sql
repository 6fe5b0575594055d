-- Sums of usage_lines beside those of usage: the units that `hourly`, `sales` and `customer_days` have no column
-- for. A call without such a unit adds no row. Tokens that are a part of the prompt or of the answer are in
-- input_tokens or output_tokens of those tables, too.
CREATE TABLE hourly_units (
    account_id  TEXT NOT NULL,
    hour        INTEGER NOT NULL, -- as in hourly
    key_id      TEXT NOT NULL,
    model       TEXT NOT NULL,
    unit        TEXT NOT NULL, -- core/base/unit.h
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (account_id, hour, key_id, model, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE sales_units (
    quarter   INTEGER NOT NULL, -- as in sales
    model     TEXT NOT NULL,
    provider  TEXT NOT NULL,
    unit      TEXT NOT NULL,
    quantity  INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (quarter, model, provider, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE customer_day_units (
    account_id  TEXT NOT NULL,
    day         INTEGER NOT NULL, -- as in customer_days
    unit        TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (account_id, day, unit)
) STRICT, WITHOUT ROWID;

-- Line by line, for a GROUP BY would keep all of them in memory.
INSERT INTO hourly_units
SELECT u.account_id, u.created_ms / 3600000, u.key_id, u.model, l.unit, l.quantity
FROM usage_lines l CROSS JOIN usage u ON u.seq = l.usage_seq WHERE true
ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity;
INSERT INTO sales_units
SELECT u.created_ms / 900000, u.model, u.provider, l.unit, l.quantity
FROM usage_lines l CROSS JOIN usage u ON u.seq = l.usage_seq WHERE true
ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity;
INSERT INTO customer_day_units
SELECT account_id, hour / 24, unit, quantity
FROM hourly_units WHERE hour < (SELECT until_day * 24 FROM summed_days)
ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity;

-- When days are summed into customer_days, their units are, too. What comes late opens its day again by its row of
-- `hourly`, which is written right before its units.
CREATE TRIGGER units_of_summed_days AFTER UPDATE ON summed_days WHEN NEW.until_day > OLD.until_day BEGIN
    INSERT OR REPLACE INTO customer_day_units
    SELECT h.account_id, h.hour / 24, h.unit, sum(h.quantity)
    FROM accounts a CROSS JOIN hourly_units h ON h.account_id = a.id
        AND h.hour >= OLD.until_day * 24 AND h.hour < NEW.until_day * 24
    WHERE a.kind = 'customer' GROUP BY h.account_id, h.hour / 24, h.unit;
END;
