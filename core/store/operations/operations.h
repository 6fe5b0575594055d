/* The table of operations, and how to run one. call.h lists names, arguments and results. */
#ifndef STORE_OPERATIONS_OPERATIONS_H
#define STORE_OPERATIONS_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/books/posting.h"
#include "store/call.h"
#include "store/engine/db.h"
#include "store/memory/wallet.h"

enum operation_thread {
    OPERATION_WRITES, /* runs on the ledger thread */
    OPERATION_QUICK,  /* reads a few rows */
    OPERATION_LONG    /* reads lists and sums */
};

struct operation {
    const char *name;
    /* One letter per argument: t text, i integer; T and I may be null. B is a text that may be
     * large. M is a time: milliseconds, a date in the zone of another argument, or null. */
    const char *args;
    enum operation_thread thread;
    /* Runs inside an open transaction of `db`. Appends to call->result. False: call->fault or
     * db->failure is set. */
    bool (*run)(struct store_call *call, struct db *db);
};

/* NULL: no such operation. */
const struct operation *operations_find(const char *name);
/* Runs the call. Sets call->ok, and result or fault. */
void operations_run(struct store_call *call, struct db *db);
/* Ends the call with a fault: the database cannot be used. */
void operations_fail(struct store_call *call, const struct db *db);

/* The operations, by noun. */
bool users_create(struct store_call *call, struct db *db);
bool users_credentials(struct store_call *call, struct db *db);
bool users_get(struct store_call *call, struct db *db);
bool users_of_key(struct store_call *call, struct db *db);
bool customers_create(struct store_call *call, struct db *db);
bool customers_list(struct store_call *call, struct db *db);
bool customers_get(struct store_call *call, struct db *db);
bool customers_update(struct store_call *call, struct db *db);
bool customer_notes_list(struct store_call *call, struct db *db);
bool customer_notes_get(struct store_call *call, struct db *db);
bool customer_notes_create(struct store_call *call, struct db *db);
bool customer_notes_update(struct store_call *call, struct db *db);
bool customer_notes_delete(struct store_call *call, struct db *db);
bool second_factors_get(struct store_call *call, struct db *db);
bool second_factors_begin(struct store_call *call, struct db *db);
bool second_factors_confirm(struct store_call *call, struct db *db);
bool second_factors_renew(struct store_call *call, struct db *db);
bool second_factors_use(struct store_call *call, struct db *db);
bool second_factors_off(struct store_call *call, struct db *db);
bool second_factors_remove(struct store_call *call, struct db *db);
bool second_factors_await(struct store_call *call, struct db *db);
bool second_factors_try(struct store_call *call, struct db *db);
bool second_factors_enter(struct store_call *call, struct db *db);
bool erasure_run(struct store_call *call, struct db *db);
bool erasure_note_export(struct store_call *call, struct db *db);
bool turns_list(struct store_call *call, struct db *db);
bool sessions_seen(struct store_call *call, struct db *db);
bool sign_ups_create(struct store_call *call, struct db *db);
bool sign_ups_accept_terms(struct store_call *call, struct db *db);
bool invitations_create(struct store_call *call, struct db *db);
bool invitations_list(struct store_call *call, struct db *db);
bool invitations_find(struct store_call *call, struct db *db);
bool invitations_revoke(struct store_call *call, struct db *db);
bool sessions_create(struct store_call *call, struct db *db);
bool sessions_user(struct store_call *call, struct db *db);
bool sessions_delete(struct store_call *call, struct db *db);
bool sessions_list(struct store_call *call, struct db *db);
bool sessions_end(struct store_call *call, struct db *db);
bool sessions_end_all(struct store_call *call, struct db *db);
bool sessions_end_others(struct store_call *call, struct db *db);
bool objects_add(struct store_call *call, struct db *db);
bool objects_grow(struct store_call *call, struct db *db);
bool objects_delete(struct store_call *call, struct db *db);
bool shadows_begin(struct store_call *call, struct db *db);
bool shadows_end(struct store_call *call, struct db *db);
bool hedges_begin(struct store_call *call, struct db *db);
bool hedges_end(struct store_call *call, struct db *db);
bool test_calls_begin(struct store_call *call, struct db *db);
bool test_calls_end(struct store_call *call, struct db *db);
bool test_calls_get(struct store_call *call, struct db *db);
bool trials_compare(struct store_call *call, struct db *db);
bool turns_add(struct store_call *call, struct db *db);
bool turns_begin(struct store_call *call, struct db *db);
bool turns_delete_response(struct store_call *call, struct db *db);
bool turns_delete_conversation(struct store_call *call, struct db *db);
bool devices_create(struct store_call *call, struct db *db);
bool passwords_set(struct store_call *call, struct db *db);
bool passwords_link(struct store_call *call, struct db *db);
bool passwords_find_link(struct store_call *call, struct db *db);
bool passwords_redeem(struct store_call *call, struct db *db);
bool passwords_unlock(struct store_call *call, struct db *db);
bool notices_mail_password_link(struct store_call *call, struct db *db);
bool notices_mail_address_link(struct store_call *call, struct db *db);
bool notices_verify_address(struct store_call *call, struct db *db);
bool notices_note_refused(struct store_call *call, struct db *db);
bool notices_note_restored(struct store_call *call, struct db *db);
/* Of users: the address takes mail, as far as is known. */
#define NOTICES_RESTORED "mail_refused_ms = NULL, mail_refused_why = ''"
bool notices_get_wishes(struct store_call *call, struct db *db);
bool notices_set_wishes(struct store_call *call, struct db *db);
bool notices_set_webhook(struct store_call *call, struct db *db);
bool notices_delete_webhook(struct store_call *call, struct db *db);
bool notices_try_webhook(struct store_call *call, struct db *db);
bool keys_create(struct store_call *call, struct db *db);
bool keys_list(struct store_call *call, struct db *db);
bool keys_own(struct store_call *call, struct db *db);
bool keys_get(struct store_call *call, struct db *db);
bool keys_update(struct store_call *call, struct db *db);
bool keys_change(struct store_call *call, struct db *db);
bool keys_use(struct store_call *call, struct db *db);
bool keys_digest(struct store_call *call, struct db *db);
bool quotas_list(struct store_call *call, struct db *db);
bool quotas_set_one(struct store_call *call, struct db *db);
bool quotas_delete(struct store_call *call, struct db *db);
bool quotas_use(struct store_call *call, struct db *db);
bool keys_delete(struct store_call *call, struct db *db);
bool keys_disable_all(struct store_call *call, struct db *db);
/* Disables all keys as their owner does, who can enable them again. */
bool keys_turn_off(struct db *db, const struct id *user_id);
bool key_secrets_rotate(struct store_call *call, struct db *db);
bool key_secrets_list(struct store_call *call, struct db *db);
bool key_secrets_end(struct store_call *call, struct db *db);
bool credits_balance(struct store_call *call, struct db *db);
bool credits_create(struct store_call *call, struct db *db);
bool credits_create_once(struct store_call *call, struct db *db);
bool credits_refund(struct store_call *call, struct db *db);
bool credits_refund_once(struct store_call *call, struct db *db);
bool debts_create(struct store_call *call, struct db *db);
bool debts_create_once(struct store_call *call, struct db *db);
bool debts_collect(struct store_call *call, struct db *db);
bool credits_get(struct store_call *call, struct db *db);
bool credits_transfers(struct store_call *call, struct db *db);
bool credits_history(struct store_call *call, struct db *db);
bool credits_pulse(struct store_call *call, struct db *db);
bool vouchers_create(struct store_call *call, struct db *db);
bool vouchers_list(struct store_call *call, struct db *db);
bool vouchers_get(struct store_call *call, struct db *db);
bool vouchers_codes(struct store_call *call, struct db *db);
bool vouchers_withdraw(struct store_call *call, struct db *db);
bool vouchers_redeem(struct store_call *call, struct db *db);
bool payments_create(struct store_call *call, struct db *db);
bool payments_opened(struct store_call *call, struct db *db);
bool payments_refused(struct store_call *call, struct db *db);
bool payments_get(struct store_call *call, struct db *db);
bool payments_list(struct store_call *call, struct db *db);
bool payments_all(struct store_call *call, struct db *db);
bool payments_customer(struct store_call *call, struct db *db);
bool payment_events_paid(struct store_call *call, struct db *db);
bool payment_events_moved(struct store_call *call, struct db *db);
bool payment_events_reversed(struct store_call *call, struct db *db);
bool payments_introduce(struct store_call *call, struct db *db);
bool payment_events_method(struct store_call *call, struct db *db);
bool payment_events_named(struct store_call *call, struct db *db);
bool payment_events_forgotten(struct store_call *call, struct db *db);
bool payment_events_ignored(struct store_call *call, struct db *db);
bool top_ups_get(struct store_call *call, struct db *db);
bool top_ups_set(struct store_call *call, struct db *db);
bool top_ups_delete(struct store_call *call, struct db *db);
bool top_ups_run(struct store_call *call, struct db *db);
bool sales_summary(struct store_call *call, struct db *db);
bool sales_csv(struct store_call *call, struct db *db);
bool statement_csv(struct store_call *call, struct db *db);
bool search_find(struct store_call *call, struct db *db);
bool refusals_count(struct store_call *call, struct db *db);
bool refusals_list(struct store_call *call, struct db *db);
bool audit_log_list(struct store_call *call, struct db *db);
bool audit_log_csv(struct store_call *call, struct db *db);
bool alerts_list(struct store_call *call, struct db *db);
bool alerts_test(struct store_call *call, struct db *db);
bool attempts_list(struct store_call *call, struct db *db);
bool attempts_failed(struct store_call *call, struct db *db);
bool audit_log_reload(struct store_call *call, struct db *db);
bool usage_list_page(struct store_call *call, struct db *db);
bool usage_list_csv(struct store_call *call, struct db *db);
bool usage_list_get(struct store_call *call, struct db *db);
bool usage_reports_summary(struct store_call *call, struct db *db);
bool usage_detail_customer(struct store_call *call, struct db *db);
bool usage_detail_operator(struct store_call *call, struct db *db);

/* ---- for the operations ---- */

/* A cursor: an opaque place in a list, one or two numbers. Reads argument `at`; null leaves the
 * numbers unchanged. False: it is not one of our cursors. */
bool operations_cursor(struct store_call *call, size_t at, int64_t *first, int64_t *second);
/* The same for a cursor of `count` numbers. */
bool operations_place(struct store_call *call, size_t at, int64_t *const *numbers, size_t count);
/* Appends a cursor of two numbers; the second may be 0. */
void operations_reply_pair(struct buffer *out, int64_t first, int64_t second);
void operations_append_cursor(struct buffer *out, int64_t first, int64_t second);
/* Appends `next_cursor`: null if there is no more. If `second` is 0, it is one number. */
void operations_reply_cursor(struct buffer *out, bool more, int64_t first, int64_t second);
/* The result is a page of at most `limit` rows, by falling numbers in the column `number_at`, and
 * the cursor of the next. The statement asks for one row more; it is left. */
bool operations_reply_page(struct store_call *call, struct db *db, struct row *row, int64_t limit,
                           int number_at, void (*render)(struct buffer *out, struct row *row));

/* The columns of `users u` that users_render_one expects. */
#define USER_COLUMNS                                                                               \
    "u.id, u.email, u.name, u.role, u.account_id, u.\"group\", u.disabled, u.created_ms,"          \
    " u.email_verified_ms, u.language, EXISTS (SELECT 1 FROM second_factors f"                     \
    " WHERE f.user_id = u.id AND f.confirmed_ms IS NOT NULL), u.erased_ms, u.must_verify,"         \
    " (SELECT a.version FROM terms_acceptances a WHERE a.user_id = u.id"                           \
    " ORDER BY a.accepted_ms DESC LIMIT 1),"                                                       \
    " (SELECT max(a.accepted_ms) FROM terms_acceptances a WHERE a.user_id = u.id),"                \
    " u.mail_refused_ms, u.mail_refused_why"
enum { USER_COLUMN_COUNT = 17 };
/* Renders one row, without its closing brace. */
void users_render_open(struct buffer *out, struct row *row);
/* Selects `what` of the user whose session has the digest ?1, if it is valid at the time ?2. */
#define SESSION_USER(what)                                                                         \
    "SELECT " what " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest = ?1"         \
    " AND s.expires_ms > ?2 AND u.disabled = 0"
/* Renders the only row of a query, or fails with not_found. */
bool users_render_one(struct store_call *call, struct db *db, struct row *row);

/* Answers with a key: its limits, and what is left of its budget. */
bool keys_render_one(struct store_call *call, struct db *db, const char *key_id);
/* Adds the member old_secrets: those of a key that were replaced and work now. */
void key_secrets_render(struct buffer *out, struct db *db, const char *key_id);
/* A user that is to be made. */
struct new_user {
    const char *email;
    const char *name;
    const char *password_hash; /* "": no password fits */
    const char *role;
    const char *group;
    bool must_verify;
    bool is_verified; /* the address is known to be the user's */
};
/* Makes the user with an account. False: the fault email_taken, or db->failure. */
bool users_add(struct store_call *call, struct db *db, const struct new_user *user,
               struct id *user_id, struct id *account_id);
/* Whether the arguments can be a user's address and name. */
bool users_check_names(struct store_call *call, size_t email_at, size_t name_at);
/* Notes the new user, whose address is argument 0, in the audit log, with one more member. */
bool users_note_new(struct store_call *call, struct db *db, const struct id *user_id,
                    const char *member, const char *value);
/* The result is the user, whatever was written there before. */
bool users_reply(struct store_call *call, struct db *db, const struct id *user_id);

/* What the account's balance can still take. */
int64_t credits_room_nusd(struct db *db, const struct id *account_id);
/* Gives the account money: posts the transfer under a new id, pays the debt, loads the wallet
 * again, notes the act, adds the receipt, answers with transfer and balance. */
bool credits_give(struct store_call *call, struct db *db, struct posting_transfer *transfer,
                  const struct id *account_id, struct id *transfer_id);
/* Keeps the result, byte for byte, for retries. Arguments from `at` on: the Idempotency-Key, the
 * digest of the request, the exchange and the status. */
bool credits_keep_answer(struct store_call *call, struct db *db, const struct id *account_id,
                         const struct id *transfer_id, size_t at);
/* The state of an account: from memory if a server runs. False: there is no such account. */
bool credits_wallet(struct store_call *call, struct db *db, const char *account_id,
                    struct wallet_state *out);

/* Argument `at`: its text (with NUL from store_call_init; "" when null) or number. */
const char *operations_text(const struct store_call *call, size_t at);
int64_t operations_int(const struct store_call *call, size_t at);
bool operations_null(const struct store_call *call, size_t at);
/* A page's `limit` argument: 1 to LIMIT_PAGE_ROWS. */
bool operations_limit(struct store_call *call, size_t at, int64_t *out);
/* Refuses a longer text; `name` is the caller's name for it. */
bool operations_fits(struct store_call *call, size_t at, size_t bytes_max, const char *name);
/* Refuses a text that is no role of a user. */
bool operations_is_role(struct store_call *call, size_t at);

#endif
