/* Erasing a customer, in one transaction: what is personal is deleted or overwritten; accounts,
 * transfers, usage and payments stay under ids that name nobody. docs/DATA.md lists both, and
 * tests/e2e/test_customer_data.py finds a table that neither names. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "store/books/changes.h"
#include "store/customer_messages.h"
#include "store/operations/audit_log.h"
#include "store/operations/debts.h"
#include "store/operations/operations.h"
#include "store/outbox.h"

enum { REPLACED_MAX = 64, MARK_BYTES = ID_BYTES + 16 };

struct erasure {
    struct id user_id;
    struct id account_id;
    char email[LIMIT_EMAIL_BYTES + 1];
    char mark[MARK_BYTES]; /* takes the place of the address */
    struct wallet_state wallet;
    bool was_administrator;
};

/* ?1 the user, ?2 the account, ?3 the address, ?4 what takes its place, ?5 now. A key goes after
 * its quotas' events, the user last: triggers and statements before look at what was. */
static const char *const statements[] = {
    "DELETE FROM sessions WHERE user_id = ?1",
    "DELETE FROM devices WHERE user_id = ?1",
    "DELETE FROM password_links WHERE user_id = ?1",
    "DELETE FROM address_links WHERE user_id = ?1",
    "DELETE FROM sign_ups WHERE user_id = ?1",
    "UPDATE invitations SET email = ?4 WHERE email = ?3",
    "DELETE FROM second_factors WHERE user_id = ?1",
    "DELETE FROM recovery_codes WHERE user_id = ?1",
    "DELETE FROM pending_signins WHERE user_id = ?1",
    "DELETE FROM customer_webhooks WHERE user_id = ?1",
    "DELETE FROM customer_notes WHERE user_id = ?1",
    "DELETE FROM notices WHERE account_id = ?2",
    "DELETE FROM outbox WHERE lane <> 0 AND (destination = ?3 COLLATE NOCASE"
    " OR destination = '" CUSTOMER_WEBHOOK "' || ?1 OR destination IN"
    " (SELECT '" OUTBOX_PAYMENT "' || id FROM payments WHERE user_id = ?1"
    " AND origin = 'automatic'))",
    "DELETE FROM kept_answers WHERE account_id = ?2",
    "DELETE FROM kept_turns WHERE account_id = ?2",
    "DELETE FROM kept_bytes WHERE account_id = ?2",
    "DELETE FROM provider_objects WHERE account_id = ?2",
    "DELETE FROM attempts WHERE exchange_id IN"
    " (SELECT exchange_id FROM usage WHERE account_id = ?2 AND created_ms > ?5 - 2678400000)",
    "DELETE FROM attempts WHERE exchange_id IN"
    " (SELECT exchange_id FROM refusals WHERE account_id = ?2)",
    "DELETE FROM refusals WHERE account_id = ?2",
    "DELETE FROM refusals_left_out WHERE account_id = ?2",
    "DELETE FROM automatic_top_ups WHERE user_id = ?1",
    "DELETE FROM payment_methods WHERE EXISTS (SELECT 1 FROM payment_customers c WHERE"
    " c.user_id = ?1 AND c.processor = payment_methods.processor AND c.method_id ="
    " payment_methods.id)",
    "DELETE FROM payment_customers WHERE user_id = ?1",
    "UPDATE payments SET checkout_url = NULL, client_key = NULL, failure = '' WHERE user_id = ?1",
    "DELETE FROM quota_events WHERE subject = ?1 OR subject IN (SELECT id FROM keys WHERE user_id"
    " = ?1)",
    "DELETE FROM quotas WHERE subject = ?1",
    "INSERT INTO changes (kind, id) SELECT 'key', id FROM keys WHERE user_id = ?1",
    "UPDATE keys SET name = '', disabled = 1, deleted_ms = coalesce(deleted_ms, ?5)"
    " WHERE user_id = ?1",
    "UPDATE users SET email = ?4, name = '', password_hash = '', role = 'user', \"group\" = '',"
    " disabled = 1, email_verified_ms = NULL, mail_refused_why = '', language = 'en',"
    " erased_ms = ?5 WHERE id = ?1",
    "UPDATE audit SET address = '' WHERE actor = ?1",
    "UPDATE audit SET detail = json_set(detail, '$.name', '') WHERE user_id = ?1"
    " AND json_extract(detail, '$.name') <> ''",
};

/* Once for each statement: an address may stand in a text several times. */
#define REPLACE_ADDRESS                                                                            \
    "UPDATE audit SET detail = substr(detail, 1, instr(lower(detail), lower(?3)) - 1) || ?4"       \
    " || substr(detail, instr(lower(detail), lower(?3)) + length(?3))"                             \
    " WHERE (user_id = ?1 OR actor = ?1) AND instr(lower(detail), lower(?3)) > 0"

static bool refuse(struct store_call *call, const char *code, const char *why)
{
    return fault_set(&call->fault, code, "%s", why);
}

static bool find(struct store_call *call, struct db *db, struct erasure *out)
{
    struct row *row = db_bind(db,
                              "SELECT id, account_id, email, erased_ms IS NOT NULL,"
                              " role = 'admin' AND disabled = 0 FROM users WHERE id = ?1",
                              call->args, 1);
    if (!db_row(db, row))
        return refuse(call, "not_found", "there is no such user");
    bool erased = column_int(row, 3) != 0;
    id_parse(slice_of(column_text(row, 0)), "user", &out->user_id);
    id_parse(slice_of(column_text(row, 1)), "acct", &out->account_id);
    slice_copy(slice_of(column_text(row, 2)), out->email, sizeof out->email);
    out->was_administrator = column_int(row, 4) != 0;
    db_leave(row);
    snprintf(out->mark, sizeof out->mark, "erased-%s@invalid", out->user_id.text);
    if (erased)
        return refuse(call, "already_erased", "this customer is erased already");
    return credits_wallet(call, db, out->account_id.text, &out->wallet) && db->failure == 0;
}

/* Money that is on its way, owed or left is somebody's. */
static bool check_money(struct store_call *call, struct db *db, const struct erasure *erasure)
{
    bool by_customer = !call->actor.name[0];
    if (db_number(db,
                  "SELECT count(*) FROM payments WHERE user_id = ?1 AND (state = 'processing'"
                  " OR (state = 'open' AND origin = 'automatic'))",
                  call->args, 1, 0) > 0)
        return refuse(call, "payment_open", "a payment is on its way: try again when it has ended");
    if (by_customer && erasure->wallet.owed_nusd > 0)
        return refuse(call, "debt_open", "something is still owed: ask the operator");
    if (erasure->wallet.posted_nusd > 0 && operations_int(call, 1) == 0)
        return refuse(call, "balance_left", "there is a balance left: say that it is forfeited");
    return true;
}

/* Also what running calls hold: debts.c says how that ends. */
static bool forfeit(struct store_call *call, struct db *db, const struct erasure *erasure)
{
    int64_t left_nusd = erasure->wallet.posted_nusd;
    return left_nusd <= 0 ||
           debts_forfeit(call, db, &erasure->user_id, &erasure->account_id, left_nusd);
}

static bool check_administrators(struct store_call *call, struct db *db,
                                 const struct erasure *erasure)
{
    if (!erasure->was_administrator ||
        db_number(db, "SELECT count(*) FROM users WHERE role = 'admin' AND disabled = 0", NULL, 0,
                  0) > 0)
        return true;
    return refuse(call, "last_administrator",
                  "this is the last administrator: make another one first");
}

/* How many values a statement takes: up to its highest ?N. */
static size_t value_count(const char *sql)
{
    size_t count = 0;
    for (const char *at = strchr(sql, '?'); at != NULL; at = strchr(at + 1, '?')) {
        size_t number = (size_t)(at[1] - '0');
        count = number > count ? number : count;
    }
    return count;
}

static bool forget(struct db *db, const struct erasure *erasure)
{
    const struct store_value values[] = {
        bind_text(erasure->user_id.text), bind_text(erasure->account_id.text),
        bind_text(erasure->email), bind_text(erasure->mark), bind_int(clock_wall_ms())};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (!db_run(db, statements[i], values, value_count(statements[i])))
            return false;
    }
    for (int i = 0; i < REPLACED_MAX; i++) {
        if (!db_run(db, REPLACE_ADDRESS, values, 4))
            return false;
        if (db_changes(db) == 0)
            return true;
    }
    return true;
}

static bool note(struct store_call *call, struct db *db, const struct erasure *erasure)
{
    struct buffer detail;
    buffer_init(&detail, 1024);
    json_writer_object(&detail, NULL);
    json_writer_money(&detail, "forfeited",
                      operations_int(call, 1) != 0 ? erasure->wallet.posted_nusd : 0);
    bool noted = audit_log_note(call, db, erasure->user_id.text, "", &detail);
    buffer_fini(&detail);
    return noted;
}

/* user_id forfeits */
bool erasure_run(struct store_call *call, struct db *db)
{
    struct erasure erasure = {.email = ""};
    if (!find(call, db, &erasure) || !check_money(call, db, &erasure))
        return false;
    /* The pages of the file are overwritten, not only left. */
    db_number(db, "PRAGMA secure_delete = ON", NULL, 0, 0);
    bool ok = forfeit(call, db, &erasure) && forget(db, &erasure) &&
              check_administrators(call, db, &erasure) && note(call, db, &erasure) &&
              changes_note(db, CHANGE_ACCOUNT, erasure.account_id.text) &&
              buffer_append_text(&call->result, "{}");
    if (db->failure == 0)
        db_number(db, "PRAGMA secure_delete = OFF", NULL, 0, 0);
    return ok;
}

/* user_id: the operator takes a copy of what is known of a customer. */
bool erasure_note_export(struct store_call *call, struct db *db)
{
    struct buffer detail;
    buffer_init(&detail, 1024);
    json_writer_object(&detail, NULL);
    bool noted = audit_log_note(call, db, operations_text(call, 0), "", &detail);
    buffer_fini(&detail);
    return noted && buffer_append_text(&call->result, "{}");
}
