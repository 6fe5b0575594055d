-- How often the clients of a key left before their answer was whole (usage.status = 499).
ALTER TABLE key_totals ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0;
UPDATE key_totals SET abandoned = counted.abandoned FROM
    (SELECT key_id, count(*) AS abandoned FROM usage WHERE status = 499 GROUP BY key_id) AS counted
    WHERE counted.key_id = key_totals.key_id;

-- The prices that the margin is put on, when they are not those of the provider that answered: a
-- model has one price, whichever of its candidates answers. NULL: the buy prices beside them.
ALTER TABLE usage ADD COLUMN sold_input_price_pusd INTEGER;
ALTER TABLE usage ADD COLUMN sold_cached_input_price_pusd INTEGER;
ALTER TABLE usage ADD COLUMN sold_output_price_pusd INTEGER;
