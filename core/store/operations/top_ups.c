/* Operations on automatic top-ups: what a customer's saved card is charged when the balance gets
 * low. The ledger thread looks for what is due; a payment and the message that asks the processor
 * for it (outbox.h) are written in one transaction. The payment's id is the idempotency key, so
 * however often the message is sent, the card is charged once. While one is under way there is no
 * second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/period.h"
#include "store/books/outbox_table.h"
#include "store/operations/operations.h"
#include "store/operations/payments.h"

enum { DUE_MOST = 16, REQUEST_BYTES_MAX = 4096 };

#define PLACEHOLDER "{payment}"

/* ---- what the customer wants ---- */

static void render_wish(struct buffer *out, struct row *row)
{
    char amount[PAYMENT_AMOUNT_BYTES], month_max[PAYMENT_AMOUNT_BYTES];
    payments_amount_text(column_int(row, 2), column_int(row, 3), amount);
    payments_amount_text(column_int(row, 5), column_int(row, 3), month_max);
    json_writer_object(out, NULL);
    json_writer_money(out, "threshold", column_int(row, 0));
    json_writer_text(out, "currency", column_text(row, 1));
    json_writer_text(out, "amount", amount);
    json_writer_money(out, "credit", column_int(row, 4));
    json_writer_text(out, "month_max", month_max);
    json_writer_text_or_null(out, "paused", column_text(row, 6));
    json_writer_object_end(out);
}

/* user_id */
bool top_ups_get(struct store_call *call, struct db *db)
{
    struct row *row =
        db_bind(db,
                "SELECT threshold_nusd, currency, amount_minor, decimals, credit_nusd,"
                " month_max_minor, paused FROM automatic_top_ups WHERE user_id = ?1",
                call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no automatic top-up");
    render_wish(&call->result, row);
    db_leave(row);
    return true;
}

/* user_id processor threshold_nusd currency amount_minor decimals credit_nusd month_max_minor
 * request taxed */
bool top_ups_set(struct store_call *call, struct db *db)
{
    int64_t amount_minor = operations_int(call, 4), credit_nusd = operations_int(call, 6);
    if (operations_int(call, 2) <= 0 || amount_minor <= 0 || credit_nusd <= 0 ||
        credit_nusd > MONEY_AMOUNT_MAX_NUSD || operations_int(call, 7) < amount_minor)
        return fault_set(&call->fault, "invalid_amount",
                         "the most of a month must be at least the amount of one top-up");
    if (!operations_fits(call, 8, REQUEST_BYTES_MAX, "request"))
        return false;
    return db_run(db,
                  "INSERT OR REPLACE INTO automatic_top_ups (user_id, processor, threshold_nusd,"
                  " currency, amount_minor, decimals, credit_nusd, month_max_minor, request,"
                  " taxed, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                  DB_VALUES(call->args[0], call->args[1], call->args[2], call->args[3],
                            call->args[4], call->args[5], call->args[6], call->args[7],
                            call->args[8], call->args[9], bind_int(clock_wall_ms()))) &&
           top_ups_get(call, db);
}

/* user_id */
bool top_ups_delete(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM automatic_top_ups WHERE user_id = ?1", call->args, 1) &&
           buffer_append_text(&call->result, "{}");
}

/* ---- what is due ---- */

struct due {
    char user_id[ID_BYTES];
    char *request; /* owned */
};

/* The most of a month counts what the card was charged, with taxes. What they are this time is not
 * known before the processor is asked; by then the outbox decides (outbox_table.c). Here they count
 * as the last time. Ends before anything is written: no statement may be open while others do. */
static size_t find_due(struct db *db, struct due out[DUE_MOST])
{
    size_t count = 0;
    struct row *row = db_bind(
        db,
        "SELECT t.user_id, t.request FROM automatic_top_ups t JOIN users u ON u.id = t.user_id"
        " JOIN balances b ON b.account_id = u.account_id WHERE t.paused = '' AND u.disabled = 0"
        " AND b.posted_nusd < t.threshold_nusd"
        " AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.user_id = t.user_id"
        "  AND p.origin = 'automatic' AND p.state IN ('open', 'processing'))"
        " AND (SELECT coalesce(sum(coalesce(p.total_minor, p.amount_minor)), 0) FROM payments p"
        "  WHERE p.user_id = t.user_id AND p.origin = 'automatic' AND p.created_ms >= ?1"
        "  AND p.currency = t.currency AND p.state IN ('open', 'processing', 'paid'))"
        "  + iif(t.taxed, coalesce((SELECT p.total_minor FROM payments p"
        "   WHERE p.user_id = t.user_id AND p.origin = 'automatic' AND p.state = 'paid'"
        "   AND p.currency = t.currency AND p.amount_minor = t.amount_minor"
        "   ORDER BY p.seq DESC LIMIT 1), t.amount_minor), t.amount_minor)"
        " <= t.month_max_minor LIMIT ?2",
        DB_VALUES(bind_int(period_start_ms(PERIOD_MONTH, clock_wall_ms())), bind_int(DUE_MOST)));
    while (count < DUE_MOST && db_row(db, row)) {
        slice_copy(slice_of(column_text(row, 0)), out[count].user_id, sizeof out[count].user_id);
        out[count].request = strdup(column_text(row, 1));
        check(out[count++].request != NULL);
    }
    db_leave(row);
    return count;
}

/* The request with the payment's id in it. */
static void fill(const char *request, const char *payment_id, struct buffer *out)
{
    const char *at;
    while ((at = strstr(request, PLACEHOLDER)) != NULL) {
        buffer_append(out, request, (size_t)(at - request));
        buffer_append_text(out, payment_id);
        request = at + sizeof PLACEHOLDER - 1;
    }
    buffer_append_text(out, request);
    buffer_append_char(out, '\0');
}

static bool begin(struct db *db, const struct due *due, int64_t now_ms)
{
    char destination[LIMIT_DESTINATION_BYTES];
    struct buffer payload;
    struct id id;
    bool ok;
    id_make(&id, "pay");
    snprintf(destination, sizeof destination, OUTBOX_PAYMENT "%s", id.text);
    buffer_init(&payload, 2 * REQUEST_BYTES_MAX);
    fill(due->request, id.text, &payload);
    ok = !payload.failed &&
         db_run(db,
                "INSERT INTO payments (id, user_id, processor, origin, currency, amount_minor,"
                " decimals, credit_nusd, state, created_ms) SELECT ?1, user_id, processor,"
                " 'automatic', currency, amount_minor, decimals, credit_nusd, 'open', ?3"
                " FROM automatic_top_ups WHERE user_id = ?2",
                DB_VALUES(bind_text(id.text), bind_text(due->user_id), bind_int(now_ms))) &&
         outbox_table_put(db, &(struct outbox_new){.kind = OUTBOX_WEBHOOK,
                                                   .lane = OUTBOX_TO_PROCESSOR,
                                                   .destination = destination,
                                                   .payload = payload.data,
                                                   .now_ms = now_ms});
    buffer_fini(&payload);
    return ok;
}

/* Who has agreed to a price with taxes, or without, agrees to the other before it is charged. */
static bool pause_other_terms(struct db *db, struct store_value taxed)
{
    return db_run(db,
                  "UPDATE automatic_top_ups SET paused = 'Whether taxes are added has changed. Save"
                  " this again to agree.' WHERE paused = '' AND taxed <> ?1",
                  DB_VALUES(taxed));
}

/* taxed */
bool top_ups_run(struct store_call *call, struct db *db)
{
    struct due due[DUE_MOST];
    if (!pause_other_terms(db, call->args[0]))
        return false;
    size_t count = find_due(db, due);
    bool ok = db->failure == 0;
    for (size_t i = 0; i < count; i++) {
        ok = ok && begin(db, &due[i], clock_wall_ms());
        free(due[i].request);
    }
    return ok && buffer_append_text(&call->result, "{}");
}
