-- Quotas that the operator has set for a customer, and customers for their keys (store/quotas.h). Those of groups
-- stand in limits.lua. What is used of them is summed in `hourly` and `sales`: no table counts it once more.
CREATE TABLE quotas (
    id          TEXT PRIMARY KEY, -- "quota_..."
    scope       TEXT NOT NULL CHECK (scope IN ('user', 'key')),
    subject     TEXT NOT NULL, -- the id of the user or key
    unit        TEXT NOT NULL CHECK (unit IN ('requests', 'tokens', 'usd', 'concurrency')),
    period      TEXT NOT NULL CHECK (period IN ('', 'minute', 'day', 'month')), -- '' for concurrency
    model       TEXT NOT NULL, -- '' for all models together
    amount      INTEGER NOT NULL CHECK (amount >= 0), -- nano-USD for usd
    created_ms  INTEGER NOT NULL,
    UNIQUE (subject, unit, period, model),
    CHECK ((unit = 'concurrency') = (period = ''))
) STRICT, WITHOUT ROWID;

-- What a customer or the operator is told of a quota, once in each of its periods.
CREATE TABLE quota_events (
    subject     TEXT NOT NULL, -- the id of the user or key, the group, or '' for all
    name        TEXT NOT NULL, -- of what is counted: "key/usd_per_day"
    start_ms    INTEGER NOT NULL, -- of the period
    kind        TEXT NOT NULL CHECK (kind IN ('near', 'reached')),
    amount      INTEGER NOT NULL, -- the quota's
    used        INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    PRIMARY KEY (subject, name, start_ms, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_events_old ON quota_events (created_ms);

-- The quotas of a key end with it.
CREATE TRIGGER quotas_of_a_deleted_key AFTER UPDATE OF deleted_ms ON keys WHEN NEW.deleted_ms IS NOT NULL
    BEGIN DELETE FROM quotas WHERE subject = NEW.id; END;
