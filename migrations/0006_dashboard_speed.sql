-- What makes the dashboard's questions fast on many records.

-- Two records of one millisecond stand in the order of their numbers, and a list that is sorted by size
-- needs no more than the index.
DROP INDEX usage_newest;
CREATE INDEX usage_newest ON usage (account_id, created_ms, seq, charge_nusd, input_tokens,
    cached_input_tokens, output_tokens, total_us);

-- Sums of `hourly` by account and day of UTC, for the house's view of its customers: the hours of all of
-- them are nearly as many as the records. A settlement should not pay for that, so a day is summed up
-- when it is over: with the first sale of the next one. What still comes for it then (a request that
-- ran over midnight, a clock set back) opens it again.
CREATE TABLE customer_days (
    account_id           TEXT NOT NULL,
    day                  INTEGER NOT NULL, -- since 1970-01-01
    requests             INTEGER NOT NULL,
    errors               INTEGER NOT NULL,
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    charge_nusd          INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL,
    overrun_nusd         INTEGER NOT NULL,
    PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE summed_days (until_day INTEGER NOT NULL) STRICT; -- one row: the days before

CREATE TRIGGER sales_of_a_new_day AFTER INSERT ON sales
WHEN NEW.hour / 24 > (SELECT until_day FROM summed_days) BEGIN
    INSERT OR REPLACE INTO customer_days
    SELECT h.account_id, h.hour / 24,
        sum(h.requests), sum(h.errors), sum(h.input_tokens), sum(h.cached_input_tokens),
        sum(h.output_tokens), sum(h.reasoning_tokens), sum(h.charge_nusd), sum(h.cost_nusd),
        sum(h.overrun_nusd)
    FROM accounts a CROSS JOIN hourly h ON h.account_id = a.id
        AND h.hour >= (SELECT until_day * 24 FROM summed_days)
        AND h.hour < NEW.hour / 24 * 24
    WHERE a.kind = 'customer' GROUP BY h.account_id, h.hour / 24;
    UPDATE summed_days SET until_day = NEW.hour / 24;
END;
CREATE TRIGGER hourly_begins_late AFTER INSERT ON hourly
WHEN NEW.hour < (SELECT until_day * 24 FROM summed_days) BEGIN
    UPDATE summed_days SET until_day = NEW.hour / 24;
END;
CREATE TRIGGER hourly_grows_late AFTER UPDATE ON hourly
WHEN NEW.hour < (SELECT until_day * 24 FROM summed_days) BEGIN
    UPDATE summed_days SET until_day = NEW.hour / 24;
END;

-- Row by row, for a GROUP BY would keep all of `hourly` in memory.
INSERT INTO summed_days SELECT coalesce(max(hour) / 24, 0) FROM sales;
INSERT INTO customer_days
SELECT account_id, hour / 24, requests, errors, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd
FROM hourly WHERE hour < (SELECT until_day * 24 FROM summed_days)
ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests,
    errors = errors + excluded.errors,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    charge_nusd = charge_nusd + excluded.charge_nusd,
    cost_nusd = cost_nusd + excluded.cost_nusd,
    overrun_nusd = overrun_nusd + excluded.overrun_nusd;
