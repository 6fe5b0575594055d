-- The sums of all customers over some days lie together, and not with each customer's other days: sales by
-- customer read one stretch of the disk and not some pages for each customer. Its rows are written once a day.
CREATE INDEX customer_days_by_day ON customer_days (day, account_id, requests, errors, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd);
