-- What operators have noted on customers, for each other. It is about a person: it goes when the customer is erased.
CREATE TABLE customer_notes (
    seq         INTEGER PRIMARY KEY, -- the order in which they were written
    id          TEXT NOT NULL UNIQUE, -- "note_..."
    user_id     TEXT NOT NULL REFERENCES users (id), -- the customer
    author_id   TEXT NOT NULL REFERENCES users (id), -- the operator
    text        TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    edited_ms   INTEGER -- NULL: never
) STRICT;
CREATE INDEX customer_notes_by_user ON customer_notes (user_id, seq);
