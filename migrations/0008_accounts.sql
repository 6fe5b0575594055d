-- Signing in and passwords: browsers that are known, links to set a password, where a session is from; and
-- budgets of keys that can be changed and renew.

-- When the operator last unlocked the account: failed sign-ins from before count no more. 0: never.
ALTER TABLE users ADD COLUMN unlocked_ms INTEGER NOT NULL DEFAULT 0;

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''; -- where it was begun from
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';   -- and with which browser, as that says

-- Browsers that have signed in to an account before. One of these is not slowed down by what others guess.
CREATE TABLE devices (
    digest      TEXT NOT NULL PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_by_user ON devices (user_id, created_ms);

-- A link by which a user sets a new password, once. One of a user at a time.
CREATE TABLE password_links (
    user_id     TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    digest      TEXT NOT NULL UNIQUE,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- '': the budget is for ever; else it is there anew with each day, week (from Monday) or month, UTC.
ALTER TABLE keys ADD COLUMN budget_period TEXT NOT NULL DEFAULT ''
    CHECK (budget_period IN ('', 'day', 'week', 'month'));
-- What was begun before is no reason to find that the budget of today was overspent.
ALTER TABLE keys ADD COLUMN budget_changed_ms INTEGER NOT NULL DEFAULT 0;
