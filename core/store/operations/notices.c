/* Operations on what customers are told: the links that are mailed to them, their wishes, their
 * webhooks (books/notices.h). */
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/secret.h"
#include "store/books/changes.h"
#include "store/books/notices.h"
#include "store/books/outbox_table.h"
#include "store/operations/first_credits.h"
#include "store/operations/operations.h"

enum { LINK_DIGEST, LINK_SEALED, LINK_EXPIRES, LINK_ARGS }; /* behind the first argument */

static bool no_user(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such user");
}

/* ---- links ---- */

static bool check_link(struct store_call *call, struct db *db)
{
    (void)db;
    if (call->args[1 + LINK_DIGEST].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a link's digest has 64 hex digits");
    return operations_fits(call, 1 + LINK_SEALED, LIMIT_SEALED_BYTES - 1, "the sealed token");
}

static bool mail_link(struct store_call *call, struct db *db, const struct notice_receiver *to,
                      const char *template, int64_t now_ms)
{
    const struct customer_mail mail = {.template = template,
                                       .language = to->language,
                                       .values = {{"email", to->email}},
                                       .sealed = operations_text(call, 1 + LINK_SEALED)};
    return notices_mail(db, to, &mail, now_ms, operations_int(call, 1 + LINK_EXPIRES));
}

/* Writes as much as for a user, and takes it back: an address that nobody has is answered as late
 * as any other. */
static bool pretend(struct store_call *call, struct db *db, int64_t now_ms)
{
    const struct notice_receiver nobody = {.language = "en"};
    return mail_link(call, db, &nobody, "reset", now_ms) &&
           db_run(db,
                  "DELETE FROM outbox WHERE lane = 1 AND kind = 'mail' AND destination = ''"
                  " AND state = 'waiting'",
                  NULL, 0);
}

/* email token_digest_hex sealed expires_ms. The result does not say whether there is such a
 * user. */
bool notices_mail_password_link(struct store_call *call, struct db *db)
{
    struct notice_receiver to;
    struct id user_id = {{0}};
    int64_t now_ms = clock_wall_ms();
    if (!check_link(call, db))
        return false;
    struct row *row =
        db_bind(db, "SELECT id FROM users WHERE email = ?1 AND disabled = 0", call->args, 1);
    if (db_row(db, row)) {
        id_parse(slice_of(column_text(row, 0)), "user", &user_id);
        db_leave(row);
    }
    bool ok = notices_find(db, user_id.text, &to)
                  ? db_run(db,
                           "INSERT OR REPLACE INTO password_links (user_id, digest, created_ms,"
                           " expires_ms, mailed) VALUES (?1, ?2, ?3, ?4, 1)",
                           DB_VALUES(bind_text(user_id.text), call->args[1], bind_int(now_ms),
                                     call->args[3])) &&
                        mail_link(call, db, &to, "reset", now_ms)
                  : pretend(call, db, now_ms);
    return ok && buffer_append_text(&call->result, "{}");
}

/* user_id token_digest_hex sealed expires_ms. Replaces an older link. */
bool notices_mail_address_link(struct store_call *call, struct db *db)
{
    struct notice_receiver to;
    int64_t now_ms = clock_wall_ms();
    if (!check_link(call, db))
        return false;
    if (!notices_find(db, operations_text(call, 0), &to))
        return no_user(call);
    if (to.verified && !to.refused)
        return fault_set(&call->fault, "already_verified", "this address is verified");
    return db_run(db,
                  "INSERT OR REPLACE INTO address_links (user_id, digest, created_ms, expires_ms)"
                  " VALUES (?1, ?2, ?3, ?4)",
                  DB_VALUES(call->args[0], call->args[1], bind_int(now_ms), call->args[3])) &&
           mail_link(call, db, &to, "verify", now_ms) && buffer_append_text(&call->result, "{}");
}

/* token_digest_hex user_id credit_nusd? credits_max_nusd?. Only who may use the account uses the
 * link up: else the mailbox's owner could verify an account that a stranger has made with the
 * address, and whose password the stranger knows. */
bool notices_verify_address(struct store_call *call, struct db *db)
{
    const struct first_credit_terms terms = {call->args[2], call->args[3]};
    struct buffer *out = &call->result;
    struct notice_receiver to;
    struct id user_id = {{0}};
    int64_t now_ms = clock_wall_ms();
    struct row *row =
        db_bind(db, "SELECT user_id FROM address_links WHERE digest = ?1 AND expires_ms > ?2",
                DB_VALUES(call->args[0], bind_int(now_ms)));
    if (db_row(db, row)) {
        id_parse(slice_of(column_text(row, 0)), "user", &user_id);
        db_leave(row);
    }
    if (!notices_find(db, user_id.text, &to))
        return fault_set(&call->fault, "not_found", "there is no such link");
    if (strcmp(user_id.text, operations_text(call, 1)) != 0)
        return fault_set(&call->fault, "link_not_yours",
                         "this link is for the account of %s: sign in with that address", to.email);
    if (!db_run(db, "UPDATE users SET email_verified_ms = ?2, " NOTICES_RESTORED " WHERE id = ?1",
                DB_VALUES(bind_text(user_id.text), bind_int(now_ms))) ||
        !db_run(db, "DELETE FROM address_links WHERE user_id = ?1",
                DB_VALUES(bind_text(user_id.text))) ||
        !first_credits_give(call, db, &user_id, &terms))
        return false;
    buffer_reset(out);
    json_writer_object(out, NULL);
    json_writer_text(out, "email", to.email);
    json_writer_object_end(out);
    return true;
}

/* ---- addresses that take no mail ---- */

static bool reply_user(struct store_call *call, struct db *db)
{
    if (db_number(db, "SELECT count(*) FROM users WHERE email = ?1", call->args, 1, 0) == 0)
        return no_user(call);
    return buffer_append_text(&call->result, "{}");
}

/* email why */
bool notices_note_refused(struct store_call *call, struct db *db)
{
    return operations_fits(call, 1, LIMIT_ATTEMPT_WORDS_BYTES, "why") &&
           notices_refuse_address(db, operations_text(call, 0), operations_text(call, 1),
                                  clock_wall_ms()) &&
           reply_user(call, db);
}

/* email */
bool notices_note_restored(struct store_call *call, struct db *db)
{
    return db_run(db, "UPDATE users SET " NOTICES_RESTORED " WHERE email = ?1", call->args, 1) &&
           reply_user(call, db);
}

/* ---- wishes ---- */

/* Columns: w.url, w.created_ms, w.taken_ms, w.failed_ms, w.error, w.disabled_ms. */
static void render_webhook(struct buffer *out, struct row *row, int from)
{
    if (column_null(row, from)) {
        json_writer_null(out, "webhook");
        return;
    }
    json_writer_object(out, "webhook");
    json_writer_text(out, "url", column_text(row, from));
    json_writer_time(out, "created_at", column_int(row, from + 1));
    json_writer_time_or_null(out, "delivered_at", column_int(row, from + 2));
    json_writer_time_or_null(out, "failed_at", column_int(row, from + 3));
    json_writer_text_or_null(out, "error", column_text(row, from + 4));
    json_writer_time_or_null(out, "disabled_at", column_int(row, from + 5));
    json_writer_object_end(out);
}

bool notices_get_wishes(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db,
                "SELECT u.language, u.email_verified_ms, n.low_nusd, coalesce(n.receipts, 1),"
                " coalesce(n.key_expiry, 1), w.url, w.created_ms, w.taken_ms, w.failed_ms, w.error,"
                " w.disabled_ms, coalesce(n.quotas, 1), u.mail_refused_ms, u.mail_refused_why"
                " FROM users u LEFT JOIN notices n ON n.account_id = u.account_id"
                " LEFT JOIN customer_webhooks w ON w.user_id = u.id WHERE u.id = ?1",
                call->args, 1);
    if (!db_row(db, row))
        return no_user(call);
    json_writer_object(out, NULL);
    json_writer_text(out, "language", column_text(row, 0));
    json_writer_time_or_null(out, "email_verified_at", column_int(row, 1));
    if (column_null(row, 2))
        json_writer_null(out, "low_balance");
    else
        json_writer_money(out, "low_balance", column_int(row, 2));
    json_writer_bool(out, "receipts", column_int(row, 3) != 0);
    json_writer_bool(out, "key_expiry", column_int(row, 4) != 0);
    json_writer_bool(out, "quotas", column_int(row, 11) != 0);
    json_writer_time_or_null(out, "mail_refused_at", column_int(row, 12));
    json_writer_text_or_null(out, "mail_refused_why", column_text(row, 13));
    render_webhook(out, row, 5);
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* The bits of `sets`. */
enum { SETS_LOW = 1, SETS_RECEIPTS = 2, SETS_KEY_EXPIRY = 4, SETS_LANGUAGE = 8, SETS_QUOTAS = 16 };

/* A balance that is below already is no fall: that is told when it has been above. */
static bool set_low(struct store_call *call, struct db *db, const char *account_id)
{
    return db_run(db,
                  "UPDATE notices SET low_nusd = ?2, low_told = coalesce(?2 > (SELECT posted_nusd"
                  " FROM balances WHERE account_id = ?1), 0) WHERE account_id = ?1",
                  DB_VALUES(bind_text(account_id), call->args[2])) &&
           changes_note(db, CHANGE_ACCOUNT, account_id);
}

static bool find_account(struct store_call *call, struct db *db, struct id *out)
{
    struct row *row = db_bind(db, "SELECT account_id FROM users WHERE id = ?1", call->args, 1);
    if (!db_row(db, row))
        return no_user(call);
    id_parse(slice_of(column_text(row, 0)), "acct", out);
    db_leave(row);
    return true;
}

/* user_id sets low_nusd? receipts? key_expiry? language? quotas?: those that `sets` names. */
bool notices_set_wishes(struct store_call *call, struct db *db)
{
    int64_t sets = operations_int(call, 1);
    struct id account_id;
    if ((sets & SETS_LOW) != 0 && !operations_null(call, 2) && operations_int(call, 2) <= 0)
        return fault_set(&call->fault, "invalid_amount", "low_balance must be above 0");
    if ((sets & SETS_LANGUAGE) != 0 && strcmp(operations_text(call, 5), "en") != 0 &&
        strcmp(operations_text(call, 5), "ko") != 0)
        return fault_set(&call->fault, "invalid_value", "language must be en or ko");
    if (!find_account(call, db, &account_id) ||
        !db_run(db, "INSERT INTO notices (account_id) VALUES (?1) ON CONFLICT DO NOTHING",
                DB_VALUES(bind_text(account_id.text))) ||
        !db_run(db,
                "UPDATE notices SET receipts = iif(?2 & 2, ?3, receipts),"
                " key_expiry = iif(?2 & 4, ?4, key_expiry), quotas = iif(?2 & 16, ?5, quotas)"
                " WHERE account_id = ?1",
                DB_VALUES(bind_text(account_id.text), bind_int(sets),
                          bind_int(operations_int(call, 3)), bind_int(operations_int(call, 4)),
                          bind_int(operations_int(call, 6)))))
        return false;
    if ((sets & SETS_LANGUAGE) != 0 && !db_run(db, "UPDATE users SET language = ?2 WHERE id = ?1",
                                               DB_VALUES(call->args[0], call->args[5])))
        return false;
    return ((sets & SETS_LOW) == 0 || set_low(call, db, account_id.text)) &&
           notices_get_wishes(call, db);
}

/* ---- the webhook ---- */

/* user_id url sealed */
bool notices_set_webhook(struct store_call *call, struct db *db)
{
    struct id ignored;
    return find_account(call, db, &ignored) &&
           operations_fits(call, 1, LIMIT_DESTINATION_BYTES - 1, "url") &&
           operations_fits(call, 2, LIMIT_SEALED_BYTES - 1, "the sealed secret") &&
           db_run(
               db,
               "INSERT OR REPLACE INTO customer_webhooks (user_id, url, secret, created_ms)"
               " VALUES (?1, ?2, ?3, ?4)",
               DB_VALUES(call->args[0], call->args[1], call->args[2], bind_int(clock_wall_ms()))) &&
           notices_get_wishes(call, db);
}

bool notices_delete_webhook(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM customer_webhooks WHERE user_id = ?1", call->args, 1) &&
           db_run(db,
                  "DELETE FROM outbox WHERE lane = 2 AND kind = 'webhook' AND state = 'waiting'"
                  " AND destination = '" CUSTOMER_WEBHOOK "' || ?1",
                  call->args, 1) &&
           buffer_append_text(&call->result, "{}");
}

bool notices_try_webhook(struct store_call *call, struct db *db)
{
    if (!notices_test_webhook(db, operations_text(call, 0), clock_wall_ms()))
        return fault_set(&call->fault, "not_found", "there is no webhook in use");
    return buffer_append_text(&call->result, "{}");
}
