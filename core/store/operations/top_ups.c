/* Operations on automatic top-ups: what a customer's saved card is charged when the balance gets
 * low. The ledger thread looks for what is due; a payment and the message that asks the processor
 * for it (outbox.h) are written in one transaction. The payment's id is the idempotency key, so
 * however often the message is sent, the card is charged once. While one is under way there is no
 * second. */
#include <ctype.h>
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

enum { DUE_MOST = 16, REQUEST_BYTES_MAX = 4096, OUTSIDE_ID_BYTES = 256 };

/* ---- what the policies say now ---- */

/* Behind `t`: the currency in the terms ?1 (call.h), if they take its amount. */
#define BY_TERMS                                                                                   \
    "JOIN json_each(?1, '$.currencies') c ON json_extract(c.value, '$.currency') = t.currency"     \
    " AND t.amount_minor BETWEEN json_extract(c.value, '$.least_minor')"                           \
    " AND json_extract(c.value, '$.most_minor')"
#define CREDIT_COLUMNS                                                                             \
    "t.amount_minor, json_extract(c.value, '$.rate_nusd'), json_extract(c.value, '$.unit'),"       \
    " (SELECT json_extract(o.value, '$[1]') FROM json_each(c.value, '$.offers') o"                 \
    "  WHERE json_extract(o.value, '$[0]') = t.amount_minor)"

/* From those columns: an offer's own credit, or by the rate, as lua/policy/payments.lua has it for
 * who pays on the processor's page. 0: the amount is not taken. */
static int64_t credit_now_nusd(struct row *row, int first)
{
    int64_t unit = column_int(row, first + 2);
    if (!column_null(row, first + 3))
        return column_int(row, first + 3);
    if (unit == 0)
        return 0;
    __int128 credit = (__int128)column_int(row, first) * column_int(row, first + 1) / unit;
    return credit <= MONEY_AMOUNT_MAX_NUSD ? (int64_t)credit : 0;
}

/* ---- what the customer wants ---- */

#define NOT_TAKEN "This amount is not taken at the moment."

static void render_wish(struct buffer *out, struct row *row)
{
    const char *paused = column_text(row, 6);
    int64_t credit_nusd = credit_now_nusd(row, 7);
    bool is_taken = credit_nusd > 0;
    char amount[PAYMENT_AMOUNT_BYTES], month_max[PAYMENT_AMOUNT_BYTES];
    payments_amount_text(column_int(row, 2), column_int(row, 3), amount);
    payments_amount_text(column_int(row, 5), column_int(row, 3), month_max);
    json_writer_object(out, NULL);
    json_writer_money(out, "threshold", column_int(row, 0));
    json_writer_text(out, "currency", column_text(row, 1));
    json_writer_text(out, "amount", amount);
    json_writer_money(out, "credit", is_taken ? credit_nusd : column_int(row, 4));
    json_writer_text(out, "month_max", month_max);
    json_writer_text_or_null(out, "paused", *paused != '\0' || is_taken ? paused : NOT_TAKEN);
    json_writer_object_end(out);
}

/* user_id terms */
bool top_ups_get(struct store_call *call, struct db *db)
{
    struct row *row =
        db_bind(db,
                "SELECT t.threshold_nusd, t.currency, t.amount_minor, t.decimals, t.credit_nusd,"
                " t.month_max_minor, t.paused, " CREDIT_COLUMNS " FROM automatic_top_ups t"
                " LEFT " BY_TERMS " WHERE t.user_id = ?2",
                DB_VALUES(call->args[1], call->args[0]));
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
           buffer_append_text(&call->result, "{}");
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
    char customer_id[OUTSIDE_ID_BYTES]; /* the processor's */
    char method_id[OUTSIDE_ID_BYTES];
    int64_t credit_nusd;
    char *request; /* owned */
};

/* The most of a month counts what the card was charged, with taxes. What they are this time is not
 * known before the processor is asked; by then the outbox decides (outbox_table.c). Here they count
 * as the last time. Ends before anything is written: no statement may be open while others do. */
static size_t find_due(struct db *db, struct store_value terms, struct due out[DUE_MOST])
{
    size_t count = 0;
    struct row *row = db_bind(
        db,
        "SELECT t.user_id, t.request, k.customer_id, k.method_id, " CREDIT_COLUMNS
        " FROM automatic_top_ups t " BY_TERMS " JOIN users u ON u.id = t.user_id"
        " JOIN payment_customers k ON k.user_id = t.user_id AND k.processor = t.processor"
        "  AND k.method_id IS NOT NULL"
        " JOIN balances b ON b.account_id = u.account_id WHERE t.paused = '' AND u.disabled = 0"
        " AND b.posted_nusd < t.threshold_nusd"
        " AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.user_id = t.user_id"
        "  AND p.origin = 'automatic' AND p.state IN ('open', 'processing'))"
        " AND (SELECT coalesce(sum(coalesce(p.total_minor, p.amount_minor)), 0) FROM payments p"
        "  WHERE p.user_id = t.user_id AND p.origin = 'automatic' AND p.created_ms >= ?2"
        "  AND p.currency = t.currency AND p.state IN ('open', 'processing', 'paid'))"
        "  + iif(t.taxed, coalesce((SELECT p.total_minor FROM payments p"
        "   WHERE p.user_id = t.user_id AND p.origin = 'automatic' AND p.state = 'paid'"
        "   AND p.currency = t.currency AND p.amount_minor = t.amount_minor"
        "   ORDER BY p.seq DESC LIMIT 1), t.amount_minor), t.amount_minor)"
        " <= t.month_max_minor LIMIT ?3",
        DB_VALUES(terms, bind_int(period_start_ms(PERIOD_MONTH, clock_wall_ms())),
                  bind_int(DUE_MOST)));
    while (count < DUE_MOST && db_row(db, row)) {
        struct due *due = &out[count++];
        slice_copy(slice_of(column_text(row, 0)), due->user_id, sizeof due->user_id);
        slice_copy(slice_of(column_text(row, 2)), due->customer_id, sizeof due->customer_id);
        slice_copy(slice_of(column_text(row, 3)), due->method_id, sizeof due->method_id);
        due->credit_nusd = credit_now_nusd(row, 4);
        due->request = strdup(column_text(row, 1));
        check(due->request != NULL);
    }
    db_leave(row);
    return count;
}

/* An id of the processor, as a form has it. */
static void append_escaped(struct buffer *out, const char *id)
{
    for (; *id != '\0'; id++) {
        char escaped[4];
        unsigned char c = (unsigned char)*id;
        snprintf(escaped, sizeof escaped, isalnum(c) || c == '_' || c == '-' ? "%c" : "%%%02X", c);
        buffer_append_text(out, escaped);
    }
}

/* The request, with what is known now in the places that lua/payments/init.lua names. So the card
 * is the one that the customer's page has, whenever this was saved. */
static void fill(const struct due *due, const char *payment_id, struct buffer *out)
{
    const struct {
        const char *name, *value;
    } places[] = {
        {"{payment}", payment_id}, {"{customer}", due->customer_id}, {"{method}", due->method_id}};
    enum { PLACES = sizeof places / sizeof *places };
    for (const char *at = due->request; *at != '\0';) {
        size_t i = 0;
        while (i < PLACES && strncmp(at, places[i].name, strlen(places[i].name)) != 0)
            i++;
        if (i == PLACES) {
            buffer_append_char(out, *at++);
            continue;
        }
        append_escaped(out, places[i].value);
        at += strlen(places[i].name);
    }
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
    fill(due, id.text, &payload);
    ok = !payload.failed &&
         db_run(db,
                "INSERT INTO payments (id, user_id, processor, origin, currency, amount_minor,"
                " decimals, credit_nusd, state, created_ms) SELECT ?1, user_id, processor,"
                " 'automatic', currency, amount_minor, decimals, ?4, 'open', ?3"
                " FROM automatic_top_ups WHERE user_id = ?2",
                DB_VALUES(bind_text(id.text), bind_text(due->user_id), bind_int(now_ms),
                          bind_int(due->credit_nusd))) &&
         outbox_table_put(db, &(struct outbox_new){.kind = OUTBOX_WEBHOOK,
                                                   .lane = OUTBOX_TO_PROCESSOR,
                                                   .destination = destination,
                                                   .payload = payload.data,
                                                   .now_ms = now_ms});
    buffer_fini(&payload);
    return ok;
}

/* Who has agreed to a price with taxes, or without, agrees to the other before it is charged. */
static bool pause_other_taxes(struct db *db, struct store_value terms)
{
    return db_run(db,
                  "UPDATE automatic_top_ups SET paused = 'Whether taxes are added has changed. Save"
                  " this again to agree.' WHERE paused = ''"
                  " AND taxed <> json_extract(?1, '$.taxed')",
                  DB_VALUES(terms));
}

/* terms */
bool top_ups_run(struct store_call *call, struct db *db)
{
    struct due due[DUE_MOST];
    if (!pause_other_taxes(db, call->args[0]))
        return false;
    size_t count = find_due(db, call->args[0], due);
    bool ok = db->failure == 0;
    for (size_t i = 0; i < count; i++) {
        ok = ok && begin(db, &due[i], clock_wall_ms());
        free(due[i].request);
    }
    return ok && buffer_append_text(&call->result, "{}");
}
