-- Units beside input, cached input and output tokens: cache writes, sound, pictures, searches. `usage` has columns
-- for those three, so most calls have no line. A unit that is a part of the prompt or of the answer is in
-- usage.input_tokens or usage.output_tokens, too: what the lines do not name has the plain price.
CREATE TABLE usage_lines (
    usage_seq        INTEGER NOT NULL REFERENCES usage (seq),
    unit             TEXT NOT NULL, -- core/base/unit.h
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    buy_price_pusd   INTEGER NOT NULL CHECK (buy_price_pusd >= 0), -- of one
    sold_price_pusd  INTEGER NOT NULL CHECK (sold_price_pusd >= 0), -- the margin is put on it
    PRIMARY KEY (usage_seq, unit)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER usage_lines_no_update BEFORE UPDATE ON usage_lines
    BEGIN SELECT RAISE(ABORT, 'a usage line is never changed'); END;
CREATE TRIGGER usage_lines_no_delete BEFORE DELETE ON usage_lines
    BEGIN SELECT RAISE(ABORT, 'a usage line is never deleted'); END;
