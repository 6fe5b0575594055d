-- What decided the prices of a call, and what its provider said that it cost. Few calls have any of it, so most have no
-- row. A plain tier, speed or region is nothing.
CREATE TABLE usage_facts (
    usage_seq           INTEGER PRIMARY KEY REFERENCES usage (seq),
    service_tier        TEXT NOT NULL, -- '' when nothing was said, like the words below
    speed               TEXT NOT NULL,
    region              TEXT NOT NULL,
    choice              TEXT NOT NULL, -- of the model's function in models.lua
    search_context      TEXT NOT NULL,
    size                TEXT NOT NULL,
    quality             TEXT NOT NULL,
    resolution          TEXT NOT NULL,
    stated_cost_nusd    INTEGER CHECK (stated_cost_nusd >= 0), -- by the provider, and believed; NULL: not stated
    computed_cost_nusd  INTEGER CHECK (computed_cost_nusd >= 0), -- by our own prices; NULL as above
    sold_by_cost        INTEGER NOT NULL DEFAULT 0 CHECK (sold_by_cost IN (0, 1)), -- 1: charged cost + margin
    CHECK ((stated_cost_nusd IS NULL) = (computed_cost_nusd IS NULL)),
    CHECK (sold_by_cost = 0 OR stated_cost_nusd IS NOT NULL)
) STRICT;

CREATE TRIGGER usage_facts_no_update BEFORE UPDATE ON usage_facts
    BEGIN SELECT RAISE(ABORT, 'the facts of a call are never changed'); END;
CREATE TRIGGER usage_facts_no_delete BEFORE DELETE ON usage_facts
    BEGIN SELECT RAISE(ABORT, 'the facts of a call are never deleted'); END;
