-- Erasing a customer: what is personal goes, the ledger stays under ids that say nothing (docs/DATA.md).

ALTER TABLE users ADD COLUMN erased_ms INTEGER; -- NULL: not erased

CREATE TRIGGER users_stay_erased BEFORE UPDATE ON users
    WHEN old.erased_ms IS NOT NULL AND (new.erased_ms IS NULL OR new.disabled = 0 OR new.email <> old.email
        OR new.name <> old.name OR new.password_hash <> old.password_hash)
    BEGIN SELECT RAISE(ABORT, 'an erased user stays erased'); END;

-- The audit log is still append-only, but for what it says about somebody who was erased: the texts and the address.
DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    WHEN new.seq <> old.seq OR new.created_ms <> old.created_ms OR new.actor <> old.actor OR new.action <> old.action
        OR new.user_id <> old.user_id OR new.target_id <> old.target_id
        OR NOT EXISTS (SELECT 1 FROM users u WHERE u.id IN (old.user_id, old.actor) AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

-- A call that ran while its customer was erased is charged, but leaves nothing of what it said; nor does the payment
-- processor bring anything back.
CREATE TRIGGER kept_turns_not_of_erased BEFORE INSERT ON kept_turns
    WHEN EXISTS (SELECT 1 FROM users u WHERE u.account_id = new.account_id AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER kept_answers_not_of_erased BEFORE INSERT ON kept_answers
    WHEN EXISTS (SELECT 1 FROM users u WHERE u.account_id = new.account_id AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER provider_objects_not_of_erased BEFORE INSERT ON provider_objects
    WHEN EXISTS (SELECT 1 FROM users u WHERE u.account_id = new.account_id AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER refusals_not_of_erased BEFORE INSERT ON refusals
    WHEN EXISTS (SELECT 1 FROM users u WHERE u.account_id = new.account_id AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER payment_customers_not_of_erased BEFORE INSERT ON payment_customers
    WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = new.user_id AND u.erased_ms IS NOT NULL)
    BEGIN SELECT RAISE(IGNORE); END;
