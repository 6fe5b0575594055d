-- The ledger's tail: a file beside the database (DATABASE-tail) that holds what is durable and not yet in the
-- tables, in generations. One row.
CREATE TABLE tail (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    applied  INTEGER NOT NULL, -- the last generation that is in the tables
    salt     INTEGER NOT NULL  -- so that the tail of another database is never taken for ours
) STRICT;
INSERT INTO tail VALUES (1, 0, random());
