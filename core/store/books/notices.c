#include "store/books/notices.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/period.h"
#include "store/books/outbox_table.h"
#include "store/memory/wallet.h"

enum {
    WRITE_US = 50 * 1000,       /* between two looks */
    RETRY_US = 1000 * 1000,     /* after a failure */
    KEYS_US = 20 * 1000 * 1000, /* between two looks for keys that expire */
    CROSSINGS_MOST = 32,        /* in a transaction */
    KEYS_MOST = 32,             /* in a transaction */
    TOLD_WEEK = 1,
    TOLD_DAY = 2, /* keys.expiry_told */
    KEY_TEXT_BYTES = LIMIT_NAME_BYTES + 1,
};
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define WEEK_MS (7 * DAY_MS)

/* ---- the settings ---- */

enum { BIT_MAIL = 1, BIT_VERIFIED = 2, BIT_WEBHOOKS = 4, RECEIPTS_SHIFT = 4 };

void notices_set(struct notice_switches *switches, const struct notice_settings *settings)
{
    unsigned bits = (unsigned)settings->receipts << RECEIPTS_SHIFT;
    bits |= settings->mail ? BIT_MAIL : 0;
    bits |= settings->only_verified ? BIT_VERIFIED : 0;
    bits |= settings->webhooks ? BIT_WEBHOOKS : 0;
    atomic_store(&switches->bits, bits);
}

struct notice_settings notices_get(const struct notice_switches *switches)
{
    unsigned bits = atomic_load(&switches->bits);
    return (struct notice_settings){.mail = (bits & BIT_MAIL) != 0,
                                    .only_verified = (bits & BIT_VERIFIED) != 0,
                                    .webhooks = (bits & BIT_WEBHOOKS) != 0,
                                    .receipts = (enum notice_receipts)(bits >> RECEIPTS_SHIFT)};
}

/* ---- receivers ---- */

bool notices_find(struct db *db, const char *id, struct notice_receiver *out)
{
    struct row *row = db_bind(db,
                              "SELECT u.id, u.email, u.language, u.email_verified_ms, u.disabled,"
                              " coalesce(n.receipts, 1), coalesce(n.key_expiry, 1), n.low_nusd,"
                              " w.user_id IS NOT NULL AND w.disabled_ms IS NULL,"
                              " coalesce(n.quotas, 1), u.mail_refused_ms FROM users u"
                              " LEFT JOIN notices n ON n.account_id = u.account_id"
                              " LEFT JOIN customer_webhooks w ON w.user_id = u.id"
                              " WHERE u.account_id = ?1 OR u.id = ?1",
                              DB_VALUES(bind_text(id)));
    if (!db_row(db, row))
        return false;
    *out = (struct notice_receiver){.verified = !column_null(row, 3),
                                    .disabled = column_int(row, 4) != 0,
                                    .receipts = column_int(row, 5) != 0,
                                    .key_expiry = column_int(row, 6) != 0,
                                    .low_nusd = column_null(row, 7) ? -1 : column_int(row, 7),
                                    .webhook = column_int(row, 8) != 0,
                                    .quotas = column_int(row, 9) != 0,
                                    .refused = !column_null(row, 10)};
    slice_copy(slice_of(column_text(row, 0)), out->user_id.text, sizeof out->user_id.text);
    slice_copy(slice_of(column_text(row, 1)), out->email, sizeof out->email);
    slice_copy(slice_of(column_text(row, 2)), out->language, sizeof out->language);
    db_leave(row);
    return true;
}

bool notices_are_mailed(const struct notice_settings *settings, const struct notice_receiver *to)
{
    return settings->mail && !to->disabled && !to->refused &&
           (to->verified || !settings->only_verified);
}

bool notices_are_posted(const struct notice_settings *settings, const struct notice_receiver *to)
{
    return settings->webhooks && to->webhook && !to->disabled;
}

bool notices_mail(struct db *db, const struct notice_receiver *to, const struct customer_mail *mail,
                  int64_t now_ms, int64_t useless_ms)
{
    struct buffer payload;
    buffer_init(&payload, LIMIT_MESSAGE_BYTES);
    customer_messages_mail(mail, &payload);
    const struct outbox_new message = {.kind = OUTBOX_MAIL,
                                       .lane = OUTBOX_TO_CUSTOMERS,
                                       .destination = to->email,
                                       .payload = payload.data,
                                       .now_ms = now_ms,
                                       .useless_ms = useless_ms};
    bool ok = !payload.failed && outbox_table_put(db, &message);
    buffer_fini(&payload);
    return ok;
}

bool notices_webhook(struct db *db, const struct notice_receiver *to, struct buffer *body,
                     int64_t now_ms)
{
    char destination[sizeof CUSTOMER_WEBHOOK + ID_BYTES];
    snprintf(destination, sizeof destination, CUSTOMER_WEBHOOK "%s", to->user_id.text);
    const struct outbox_new message = {.kind = OUTBOX_WEBHOOK,
                                       .lane = OUTBOX_TO_WEBHOOKS,
                                       .destination = destination,
                                       .payload = body->data,
                                       .now_ms = now_ms};
    bool ok = !body->failed && outbox_table_put(db, &message);
    buffer_fini(body);
    return ok;
}

bool notices_test_webhook(struct db *db, const char *user_id, int64_t now_ms)
{
    struct notice_receiver to;
    struct buffer body;
    if (!notices_find(db, user_id, &to) || !to.webhook)
        return false;
    buffer_init(&body, LIMIT_MESSAGE_BYTES);
    customer_messages_webhook("webhook.test", now_ms, &body);
    customer_messages_webhook_end(&body);
    return notices_webhook(db, &to, &body, now_ms);
}

/* ---- receipts ---- */

bool notices_receipt(struct db *db, const struct notice_switches *switches,
                     const struct notice_receipt *receipt, int64_t now_ms)
{
    const struct notice_settings settings = notices_get(switches);
    struct notice_receiver to;
    char amount[CUSTOMER_TEXT_BYTES], balance[CUSTOMER_TEXT_BYTES], date[CUSTOMER_TEXT_BYTES];
    bool is_payment = strcmp(receipt->kind, "payment") == 0;
    if (settings.receipts == RECEIPTS_OFF ||
        (settings.receipts == RECEIPTS_PAYMENTS && !is_payment))
        return true;
    if (!notices_find(db, receipt->account_id, &to) || !notices_are_mailed(&settings, &to) ||
        !to.receipts)
        return db->failure == 0;
    const struct customer_mail mail = {
        .template = "receipt",
        .language = to.language,
        .values = {{"email", to.email},
                   {"kind", receipt->kind},
                   {"amount", customer_messages_money(receipt->amount_nusd, amount)},
                   {"balance", customer_messages_money(receipt->balance_nusd, balance)},
                   {"reference", receipt->transfer_id},
                   {"paid", receipt->paid != NULL ? receipt->paid : ""},
                   {"date", customer_messages_time(now_ms, date)}}};
    return notices_mail(db, &to, &mail, now_ms, 0);
}

/* ---- a low balance ---- */

static bool mail_low(struct db *db, const struct notice_receiver *to, int64_t balance_nusd,
                     int64_t now_ms)
{
    char balance[CUSTOMER_TEXT_BYTES], threshold[CUSTOMER_TEXT_BYTES];
    const struct customer_mail mail = {
        .template = "balance_low",
        .language = to->language,
        .values = {{"email", to->email},
                   {"balance", customer_messages_money(balance_nusd, balance)},
                   {"threshold", customer_messages_money(to->low_nusd, threshold)}}};
    return notices_mail(db, to, &mail, now_ms, 0);
}

static bool post_low(struct db *db, const struct notice_receiver *to, int64_t balance_nusd,
                     int64_t now_ms)
{
    struct buffer body;
    buffer_init(&body, LIMIT_MESSAGE_BYTES);
    customer_messages_webhook("balance.low", now_ms, &body);
    json_writer_money(&body, "balance", balance_nusd);
    json_writer_money(&body, "threshold", to->low_nusd);
    json_writer_text(&body, "currency", "USD");
    customer_messages_webhook_end(&body);
    return notices_webhook(db, to, &body, now_ms);
}

/* Once, until the balance has been above again (posting.c forgets it then). */
static bool tell_low(struct db *db, const struct notice_settings *settings, struct wallets *wallets,
                     const struct id *account_id, int64_t now_ms)
{
    struct notice_receiver to;
    struct wallet_state wallet;
    if (!notices_find(db, account_id->text, &to) || !wallet_peek(wallets, account_id, &wallet) ||
        wallet.posted_nusd >= to.low_nusd)
        return db->failure == 0;
    if (!db_run(db, "UPDATE notices SET low_told = 1 WHERE account_id = ?1 AND low_told = 0",
                DB_VALUES(bind_text(account_id->text))))
        return false;
    if (db_changes(db) != 1)
        return true;
    return (!notices_are_mailed(settings, &to) || mail_low(db, &to, wallet.posted_nusd, now_ms)) &&
           (!notices_are_posted(settings, &to) || post_low(db, &to, wallet.posted_nusd, now_ms));
}

/* ---- a budget that is spent ---- */

struct spent_key {
    struct id user_id;
    char name[KEY_TEXT_BYTES];
    int64_t budget_nusd;
    enum period period;
};

static bool find_key(struct db *db, const char *key_id, struct spent_key *out)
{
    struct row *row = db_bind(db,
                              "SELECT user_id, name, budget_nusd, budget_period FROM keys"
                              " WHERE id = ?1 AND deleted_ms IS NULL AND budget_nusd IS NOT NULL",
                              DB_VALUES(bind_text(key_id)));
    if (!db_row(db, row))
        return false;
    slice_copy(slice_of(column_text(row, 0)), out->user_id.text, sizeof out->user_id.text);
    slice_copy(slice_of(column_text(row, 1)), out->name, sizeof out->name);
    out->budget_nusd = column_int(row, 2);
    bool known = period_parse(column_text(row, 3), &out->period);
    db_leave(row);
    return known;
}

static bool post_budget(struct db *db, const struct notice_receiver *to, const char *key_id,
                        const struct spent_key *key, int64_t now_ms)
{
    struct buffer body;
    bool renews = key->period != PERIOD_NONE;
    buffer_init(&body, LIMIT_MESSAGE_BYTES);
    customer_messages_webhook("budget.reached", now_ms, &body);
    json_writer_text(&body, "key_id", key_id);
    json_writer_text(&body, "key_name", key->name);
    json_writer_money(&body, "budget", key->budget_nusd);
    json_writer_text_or_null(&body, "budget_period", period_name(key->period));
    json_writer_time_or_null(&body, "resets_at", renews ? period_end_ms(key->period, now_ms) : 0);
    json_writer_text(&body, "currency", "USD");
    customer_messages_webhook_end(&body);
    return notices_webhook(db, to, &body, now_ms);
}

/* Once in each period, and again after the budget was changed. */
static bool tell_budget(struct db *db, const struct notice_settings *settings,
                        const struct id *key_id, int64_t now_ms)
{
    struct spent_key key;
    struct notice_receiver to;
    if (!find_key(db, key_id->text, &key))
        return db->failure == 0;
    if (!db_run(db,
                "UPDATE keys SET budget_told_ms = ?2 WHERE id = ?1 AND (budget_told_ms = 0 OR"
                " budget_told_ms < max(?3, budget_changed_ms))",
                DB_VALUES(bind_text(key_id->text), bind_int(now_ms),
                          bind_int(period_start_ms(key.period, now_ms)))))
        return false;
    if (db_changes(db) != 1)
        return true;
    if (!notices_find(db, key.user_id.text, &to) || !notices_are_posted(settings, &to))
        return db->failure == 0;
    return post_budget(db, &to, key_id->text, &key, now_ms);
}

/* ---- keys that expire ---- */

bool notices_arm_key(struct db *db, const char *key_id, int64_t now_ms)
{
    return db_run(
        db,
        "UPDATE keys SET expiry_told = CASE WHEN expires_ms IS NULL THEN 0"
        " WHEN expires_ms <= ?2 THEN 2 WHEN expires_ms <= ?3 THEN 1 ELSE 0 END"
        " WHERE id = ?1",
        DB_VALUES(bind_text(key_id), bind_int(now_ms + DAY_MS), bind_int(now_ms + WEEK_MS)));
}

struct expiring_key {
    struct id id, user_id;
    char name[KEY_TEXT_BYTES];
    char last4[8];
    int64_t expires_ms;
    bool disabled;
};

static size_t find_expiring(struct db *db, struct expiring_key *out, int64_t now_ms)
{
    size_t count = 0;
    struct row *row =
        db_bind(db,
                "SELECT id, user_id, name, last4, expires_ms, disabled FROM keys"
                " WHERE expires_ms > ?1 AND expires_ms <= ?3 AND expires_ms IS NOT NULL"
                " AND deleted_ms IS NULL AND expiry_told < 2"
                " AND (expiry_told = 0 OR expires_ms <= ?2) ORDER BY expires_ms LIMIT ?4",
                DB_VALUES(bind_int(now_ms), bind_int(now_ms + DAY_MS), bind_int(now_ms + WEEK_MS),
                          bind_int(KEYS_MOST)));
    while (db_row(db, row)) {
        struct expiring_key *key = &out[count++];
        *key = (struct expiring_key){.expires_ms = column_int(row, 4),
                                     .disabled = column_int(row, 5) != 0};
        slice_copy(slice_of(column_text(row, 0)), key->id.text, sizeof key->id.text);
        slice_copy(slice_of(column_text(row, 1)), key->user_id.text, sizeof key->user_id.text);
        slice_copy(slice_of(column_text(row, 2)), key->name, sizeof key->name);
        slice_copy(slice_of(column_text(row, 3)), key->last4, sizeof key->last4);
    }
    db_leave(row);
    return count;
}

static bool tell_expiry(struct db *db, const struct notice_settings *settings,
                        const struct expiring_key *key, int64_t now_ms)
{
    struct notice_receiver to;
    char expires[CUSTOMER_TEXT_BYTES], days[16];
    int64_t left_days = (key->expires_ms - now_ms + DAY_MS - 1) / DAY_MS;
    bool last = key->expires_ms - now_ms <= DAY_MS;
    if (!db_run(db, "UPDATE keys SET expiry_told = ?2 WHERE id = ?1",
                DB_VALUES(bind_text(key->id.text), bind_int(last ? TOLD_DAY : TOLD_WEEK))))
        return false;
    if (!notices_find(db, key->user_id.text, &to) || key->disabled || !to.key_expiry ||
        !notices_are_mailed(settings, &to))
        return db->failure == 0;
    snprintf(days, sizeof days, "%d", (int)left_days);
    const struct customer_mail mail = {
        .template = "key_expiring",
        .language = to.language,
        .values = {{"email", to.email},
                   {"key", key->name},
                   {"last4", key->last4},
                   {"days", days},
                   {"expires", customer_messages_time(key->expires_ms, expires)}}};
    return notices_mail(db, &to, &mail, now_ms, 0);
}

/* ---- an address that takes no mail ---- */

bool notices_refuse_address(struct db *db, const char *email, const char *why, int64_t now_ms)
{
    return db_run(db,
                  "UPDATE users SET mail_refused_ms = ?2, mail_refused_why = ?3 WHERE email = ?1"
                  " AND mail_refused_ms IS NULL AND erased_ms IS NULL",
                  DB_VALUES(bind_text(email), bind_int(now_ms), bind_text(why))) &&
           db_run(db,
                  "UPDATE outbox SET state = 'given_up', due_ms = ?2, last_error ="
                  " 'the address takes no mail' WHERE lane = 1 AND kind = 'mail' AND state ="
                  " 'waiting' AND destination = ?1 COLLATE NOCASE"
                  " AND json_extract(payload, '$.template') NOT IN ('verify', 'reset',"
                  " 'invitation')",
                  DB_VALUES(bind_text(email), bind_int(now_ms)));
}

static bool refuse_receiver(struct db *db, const struct outbox_result *result)
{
    char email[LIMIT_DESTINATION_BYTES];
    struct row *row = db_bind(db, "SELECT destination FROM outbox WHERE id = ?1",
                              DB_VALUES(bind_text(result->id.text)));
    if (!db_row(db, row))
        return db->failure == 0;
    slice_copy(slice_of(column_text(row, 0)), email, sizeof email);
    db_leave(row);
    return notices_refuse_address(db, email, result->error, clock_wall_ms());
}

/* ---- a customer's webhook ---- */

static bool note_taken(struct db *db, const struct outbox_result *result)
{
    return db_run(db,
                  "UPDATE customer_webhooks SET taken_ms = ?2, failed_ms = NULL, error = ''"
                  " WHERE user_id = ?1",
                  DB_VALUES(bind_text(result->webhook_of.text), bind_int(clock_wall_ms())));
}

static bool note_failed(struct db *db, const struct outbox_result *result)
{
    return db_run(db, "UPDATE customer_webhooks SET failed_ms = ?2, error = ?3 WHERE user_id = ?1",
                  DB_VALUES(bind_text(result->webhook_of.text), bind_int(clock_wall_ms()),
                            bind_text(result->error)));
}

static bool mail_disabled(struct db *db, const struct notice_settings *settings,
                          const struct outbox_result *result, int64_t now_ms)
{
    struct notice_receiver to;
    char url[LIMIT_DESTINATION_BYTES];
    if (!notices_find(db, result->webhook_of.text, &to) || !notices_are_mailed(settings, &to))
        return db->failure == 0;
    struct row *row = db_bind(db, "SELECT url FROM customer_webhooks WHERE user_id = ?1",
                              DB_VALUES(bind_text(to.user_id.text)));
    if (!db_row(db, row))
        return db->failure == 0;
    slice_copy(slice_of(column_text(row, 0)), url, sizeof url);
    db_leave(row);
    const struct customer_mail mail = {
        .template = "webhook_disabled",
        .language = to.language,
        .values = {{"email", to.email}, {"url", url}, {"error", result->error}}};
    return notices_mail(db, &to, &mail, now_ms, 0);
}

/* Not if it has taken another message since this one was made, nor if it is a newer one. */
static bool disable(struct db *db, const struct notice_settings *settings,
                    const struct outbox_result *result)
{
    char destination[sizeof CUSTOMER_WEBHOOK + ID_BYTES];
    int64_t now_ms = clock_wall_ms();
    int64_t made_ms = db_number(db, "SELECT created_ms FROM outbox WHERE id = ?1",
                                DB_VALUES(bind_text(result->id.text)), 0);
    if (!db_run(db,
                "UPDATE customer_webhooks SET disabled_ms = ?2 WHERE user_id = ?1"
                " AND disabled_ms IS NULL AND created_ms <= ?3 AND coalesce(taken_ms, 0) < ?3",
                DB_VALUES(bind_text(result->webhook_of.text), bind_int(now_ms), bind_int(made_ms))))
        return false;
    if (db_changes(db) != 1)
        return true;
    snprintf(destination, sizeof destination, CUSTOMER_WEBHOOK "%s", result->webhook_of.text);
    return db_run(db,
                  "UPDATE outbox SET state = 'given_up', due_ms = ?2, last_error ="
                  " 'the webhook is disabled' WHERE lane = 2 AND kind = 'webhook'"
                  " AND destination = ?1 AND state = 'waiting'",
                  DB_VALUES(bind_text(destination), bind_int(now_ms))) &&
           mail_disabled(db, settings, result, now_ms);
}

bool notices_results(struct db *db, const struct notice_switches *switches,
                     const struct outbox_result *results, size_t count)
{
    const struct notice_settings settings = notices_get(switches);
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        const struct outbox_result *result = &results[i];
        if (result->address_refused)
            ok = refuse_receiver(db, result);
        if (result->webhook_of.text[0] == '\0')
            continue;
        ok = result->state == OUTBOX_DELIVERED ? note_taken(db, result) : note_failed(db, result);
        if (ok && result->state == OUTBOX_GIVEN_UP)
            ok = disable(db, &settings, result);
    }
    return ok;
}

/* ---- on the ledger thread ---- */

static bool tell(struct db *db, const struct notice_settings *settings, struct wallets *wallets,
                 const struct crossing *crossing, int64_t now_ms)
{
    return crossing->kind == CROSSING_LOW
               ? tell_low(db, settings, wallets, &crossing->account_id, now_ms)
               : tell_budget(db, settings, &crossing->key_id, now_ms);
}

static bool write_all(struct db *db, const struct notice_settings *settings,
                      struct wallets *wallets, const struct crossing *crossings, size_t count,
                      const struct expiring_key *keys, size_t key_count)
{
    int64_t now_ms = clock_wall_ms();
    bool ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0);
    for (size_t i = 0; i < count && ok; i++)
        ok = tell(db, settings, wallets, &crossings[i], now_ms);
    for (size_t i = 0; i < key_count && ok; i++)
        ok = tell_expiry(db, settings, &keys[i], now_ms);
    ok = ok && db_commit(db);
    if (!ok)
        db_rollback(db);
    return ok;
}

static void note_failure(const struct db *db, struct notices_pace *pace, int64_t now_us)
{
    pace->due_us = now_us + RETRY_US;
    if (pace->failed)
        return;
    pace->failed = true;
    log_event(LOG_ERROR, "customers could not be told, and are told later",
              log_text("reason", db->failure != 0 ? db->failure_text : db_constraint_text(db)));
}

void notices_write(struct db *db, const struct notice_switches *switches, struct wallets *wallets,
                   struct outbox *outbox, struct notices_pace *pace)
{
    const struct notice_settings settings = notices_get(switches);
    struct crossing crossings[CROSSINGS_MOST];
    struct expiring_key keys[KEYS_MOST];
    int64_t now_us = clock_mono_us();
    size_t key_count = 0;
    if (now_us < pace->due_us)
        return;
    pace->due_us = now_us + WRITE_US;
    size_t count = crossings_peek(&wallets->crossings, crossings, CROSSINGS_MOST);
    db_clear(db);
    if (now_us >= pace->keys_due_us) {
        key_count = find_expiring(db, keys, clock_wall_ms());
        pace->keys_due_us = key_count == KEYS_MOST ? now_us : now_us + KEYS_US;
    }
    if (count + key_count == 0)
        return;
    if (!write_all(db, &settings, wallets, crossings, count, keys, key_count)) {
        pace->keys_due_us = now_us;
        note_failure(db, pace, now_us);
        return;
    }
    pace->failed = false;
    crossings_drop(&wallets->crossings, count);
    outbox_table_added(outbox);
}
