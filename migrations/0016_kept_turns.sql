-- Turns of conversations that the gateway itself keeps (`keep_responses_days`): what a call of the Responses API took in
-- and gave, sealed with the gateway's secret. A turn that continues another one has only what was new. Rows are only
-- added, and taken away as a whole.
CREATE TABLE kept_turns (
    turn            INTEGER PRIMARY KEY AUTOINCREMENT, -- grows; never given again, so previous_turn names no other
    account_id      TEXT NOT NULL,
    response_id     TEXT NOT NULL, -- '': items that were added to a conversation
    conversation_id TEXT NOT NULL, -- '': none
    previous_turn   INTEGER,       -- which it continues by the id of its response
    depth           INTEGER NOT NULL, -- how many turns it continues
    created_ms      INTEGER NOT NULL,
    expires_ms      INTEGER NOT NULL,
    sealed          BLOB NOT NULL
) STRICT;
CREATE INDEX kept_turns_by_response ON kept_turns (account_id, response_id, turn) WHERE response_id <> '';
CREATE INDEX kept_turns_by_conversation ON kept_turns (account_id, conversation_id, turn) WHERE conversation_id <> '';
CREATE INDEX kept_turns_by_account ON kept_turns (account_id, turn);
CREATE INDEX kept_turns_by_expiry ON kept_turns (expires_ms);

-- How much is kept for each account.
CREATE TABLE kept_bytes (
    account_id TEXT PRIMARY KEY,
    bytes      INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER kept_turns_added AFTER INSERT ON kept_turns BEGIN
    INSERT INTO kept_bytes (account_id, bytes) VALUES (new.account_id, length(new.sealed))
        ON CONFLICT (account_id) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_turns_taken AFTER DELETE ON kept_turns BEGIN
    UPDATE kept_bytes SET bytes = bytes - length(old.sealed) WHERE account_id = old.account_id;
END;
