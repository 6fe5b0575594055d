-- Days begin where their viewer lives, and in India that is in the midst of an hour of UTC: the sums over all
-- customers are by quarters of an hour now, which divide the days of every zone. (A customer's own sums stay
-- by hour: of an hour that two days share, the records are added up.)
DROP TABLE sales; -- and with it its trigger
CREATE TABLE sales (
    quarter              INTEGER NOT NULL, -- of an hour, since 1970-01-01 00:00 UTC, of usage.created_ms
    model                TEXT NOT NULL,
    provider             TEXT NOT NULL, -- '' when none answered
    requests             INTEGER NOT NULL,
    errors               INTEGER NOT NULL,
    input_tokens         INTEGER NOT NULL,
    cached_input_tokens  INTEGER NOT NULL,
    output_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    charge_nusd          INTEGER NOT NULL,
    cost_nusd            INTEGER NOT NULL,
    overrun_nusd         INTEGER NOT NULL,
    PRIMARY KEY (quarter, model, provider)
) STRICT, WITHOUT ROWID;

-- Row by row, for a GROUP BY would keep all of `usage` in memory.
INSERT INTO sales
SELECT created_ms / 900000, model, provider, 1, error_code <> '', input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd
FROM usage WHERE true
ON CONFLICT DO UPDATE SET
    requests = requests + 1,
    errors = errors + excluded.errors,
    input_tokens = input_tokens + excluded.input_tokens,
    cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
    charge_nusd = charge_nusd + excluded.charge_nusd,
    cost_nusd = cost_nusd + excluded.cost_nusd,
    overrun_nusd = overrun_nusd + excluded.overrun_nusd;

-- As it was, by days of 96 quarters.
CREATE TRIGGER sales_of_a_new_day AFTER INSERT ON sales
WHEN NEW.quarter / 96 > (SELECT until_day FROM summed_days) BEGIN
    INSERT OR REPLACE INTO customer_days
    SELECT h.account_id, h.hour / 24,
        sum(h.requests), sum(h.errors), sum(h.input_tokens), sum(h.cached_input_tokens),
        sum(h.output_tokens), sum(h.reasoning_tokens), sum(h.charge_nusd), sum(h.cost_nusd),
        sum(h.overrun_nusd)
    FROM accounts a CROSS JOIN hourly h ON h.account_id = a.id
        AND h.hour >= (SELECT until_day * 24 FROM summed_days)
        AND h.hour < NEW.quarter / 96 * 24
    WHERE a.kind = 'customer' GROUP BY h.account_id, h.hour / 24;
    UPDATE summed_days SET until_day = NEW.quarter / 96;
END;
