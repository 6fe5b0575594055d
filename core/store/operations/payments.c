/* Operations on payments: what a customer was asked to pay through a processor. A payment is made
 * before the processor is asked, so whatever it answers has a row to go to. Only events of the
 * processor say that it is paid (payment_events.c). */
#include "store/operations/payments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/money.h"
#include "store/operations/operations.h"

enum { TEXT_BYTES_MAX = 255, URL_BYTES_MAX = 4096, DECIMALS_MAX = 3 };

bool payments_find(struct db *db, const char *sql, const struct store_value *values,
                   size_t value_count, struct payment *out)
{
    struct row *row = db_bind(db, sql, values, value_count);
    bool ok;
    if (!db_row(db, row))
        return false;
    *out = (struct payment){.amount_minor = column_int(row, 6),
                            .credit_nusd = column_int(row, 7),
                            .total_minor = column_int(row, 8),
                            .reversed_nusd = column_int(row, 9),
                            .decimals = column_int(row, 10),
                            .erased = column_int(row, 11) != 0};
    ok = id_parse(slice_of(column_text(row, 0)), "pay", &out->id) &&
         id_parse(slice_of(column_text(row, 1)), "user", &out->user_id) &&
         id_parse(slice_of(column_text(row, 2)), "acct", &out->account_id);
    slice_copy(slice_of(column_text(row, 3)), out->processor, sizeof out->processor);
    slice_copy(slice_of(column_text(row, 4)), out->currency, sizeof out->currency);
    slice_copy(slice_of(column_text(row, 5)), out->state, sizeof out->state);
    db_leave(row);
    return ok;
}

void payments_amount_text(int64_t amount_minor, int64_t decimals, char out[PAYMENT_AMOUNT_BYTES])
{
    int64_t unit = 1;
    for (int64_t i = 0; i < decimals; i++)
        unit *= 10;
    if (decimals == 0)
        snprintf(out, PAYMENT_AMOUNT_BYTES, "%" PRId64, amount_minor);
    else
        snprintf(out, PAYMENT_AMOUNT_BYTES, "%" PRId64 ".%0*" PRId64, amount_minor / unit,
                 (int)decimals, amount_minor % unit);
}

int64_t payments_share_nusd(int64_t credit_nusd, int64_t part_minor, int64_t total_minor)
{
    if (part_minor >= total_minor)
        return credit_nusd;
    return (int64_t)((__int128)credit_nusd * part_minor / total_minor);
}

#define PAYMENT_COLUMNS                                                                            \
    "p.seq, p.id, p.origin, p.currency, p.amount_minor, p.decimals, p.credit_nusd, p.state,"       \
    " p.checkout_url, p.total_minor, p.transfer_id, p.reversed_nusd, p.failure, p.created_ms,"     \
    " p.paid_ms"

enum { COLUMN_SEQ, PAYMENT_COLUMN_COUNT = 15 };
#define PAGE_LIFE_MS (INT64_C(25) * 3600 * 1000) /* the processor's day, and an hour */

static void write_amount(struct buffer *out, const char *name, struct row *row, int column)
{
    char text[PAYMENT_AMOUNT_BYTES];
    if (column_null(row, column)) {
        json_writer_null(out, name);
        return;
    }
    payments_amount_text(column_int(row, column), column_int(row, 5), text);
    json_writer_text(out, name, text);
}

/* The state of the row. A page of the processor lives for a day; a payment that has not got one by
 * then (the processor did not answer) never will, though no event says so. */
static const char *state_of(struct row *row)
{
    const char *state = column_text(row, 7);
    bool forgotten = strcmp(state, "open") == 0 && strcmp(column_text(row, 2), "checkout") == 0 &&
                     column_null(row, 8) && column_int(row, 13) < clock_wall_ms() - PAGE_LIFE_MS;
    return forgotten ? "expired" : state;
}

/* Without the closing brace. */
static void render_open(struct buffer *out, struct row *row)
{
    const char *state = state_of(row);
    bool open = strcmp(state, "open") == 0;
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 1));
    json_writer_text(out, "origin", column_text(row, 2));
    json_writer_text(out, "currency", column_text(row, 3));
    write_amount(out, "amount", row, 4);
    json_writer_money(out, "credit", column_int(row, 6));
    json_writer_text(out, "state", state);
    json_writer_text_or_null(out, "checkout_url", open ? column_text(row, 8) : "");
    write_amount(out, "total", row, 9);
    json_writer_text_or_null(out, "transfer_id", column_text(row, 10));
    json_writer_money(out, "reversed", column_int(row, 11));
    json_writer_text_or_null(out, "failure", column_text(row, 12));
    json_writer_time(out, "created_at", column_int(row, 13));
    json_writer_time_or_null(out, "paid_at", column_int(row, 14));
}

static void render(struct buffer *out, struct row *row)
{
    render_open(out, row);
    json_writer_object_end(out);
}

static bool reply_one(struct store_call *call, struct db *db, struct row *row)
{
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such payment");
    render(&call->result, row);
    db_leave(row);
    return true;
}

static bool reply(struct store_call *call, struct db *db, const char *id)
{
    return reply_one(call, db,
                     db_bind(db, "SELECT " PAYMENT_COLUMNS " FROM payments p WHERE p.id = ?1",
                             DB_VALUES(bind_text(id))));
}

static bool check_terms(struct store_call *call)
{
    int64_t credit_nusd = operations_int(call, 5);
    if (operations_int(call, 3) <= 0 || operations_int(call, 4) < 0 ||
        operations_int(call, 4) > DECIMALS_MAX || credit_nusd <= 0 ||
        credit_nusd > MONEY_AMOUNT_MAX_NUSD)
        return fault_set(&call->fault, "invalid_amount", "the amount is not one that can be paid");
    return operations_fits(call, 1, PAYMENT_WORD_BYTES - 1, "processor") &&
           operations_fits(call, 2, PAYMENT_WORD_BYTES - 1, "currency") &&
           operations_fits(call, 6, LIMIT_IDEMPOTENCY_KEY_BYTES, "key");
}

/* Whether the customer has sent this Idempotency-Key before; then replies with that payment, if it
 * is the same. */
static bool find_again(struct store_call *call, struct db *db, bool *found)
{
    struct row *row =
        db_bind(db,
                "SELECT " PAYMENT_COLUMNS ", p.currency = ?3 AND p.amount_minor = ?4"
                " FROM payments p WHERE p.user_id = ?1 AND p.client_key = ?2",
                DB_VALUES(call->args[0], call->args[6], call->args[2], call->args[3]));
    *found = db_row(db, row);
    if (!*found)
        return true;
    bool same = column_int(row, PAYMENT_COLUMN_COUNT) != 0;
    if (same)
        render(&call->result, row);
    db_leave(row);
    return same ? true
                : fault_set(&call->fault, "idempotency_key_reused",
                            "this Idempotency-Key was used for another payment");
}

/* user_id processor currency amount_minor decimals credit_nusd client_key? */
bool payments_create(struct store_call *call, struct db *db)
{
    struct id id;
    bool found = false;
    if (!check_terms(call) || (!operations_null(call, 6) && !find_again(call, db, &found)))
        return false;
    if (found)
        return true;
    id_make(&id, "pay");
    return db_run(db,
                  "INSERT INTO payments (id, user_id, processor, origin, currency, amount_minor,"
                  " decimals, credit_nusd, state, client_key, created_ms)"
                  " VALUES (?1, ?2, ?3, 'checkout', ?4, ?5, ?6, ?7, 'open', ?8, ?9)",
                  DB_VALUES(bind_text(id.text), call->args[0], call->args[1], call->args[2],
                            call->args[3], call->args[4], call->args[5], call->args[6],
                            bind_int(clock_wall_ms()))) &&
           reply(call, db, id.text);
}

/* payment_id checkout_id checkout_url: the processor waits for the customer. */
bool payments_opened(struct store_call *call, struct db *db)
{
    if (!operations_fits(call, 1, TEXT_BYTES_MAX, "checkout_id") ||
        !operations_fits(call, 2, URL_BYTES_MAX, "checkout_url"))
        return false;
    return db_run(db,
                  "UPDATE payments SET checkout_id = ?2, checkout_url = ?3 WHERE id = ?1"
                  " AND state = 'open' AND user_id IN (SELECT id FROM users WHERE"
                  " erased_ms IS NULL)",
                  call->args, 3) &&
           reply(call, db, operations_text(call, 0));
}

/* payment_id why: the processor has refused to begin it. */
bool payments_refused(struct store_call *call, struct db *db)
{
    return db_run(db,
                  "UPDATE payments SET state = 'failed', failure = ?2 WHERE id = ?1"
                  " AND state = 'open' AND checkout_id IS NULL",
                  call->args, 2) &&
           reply(call, db, operations_text(call, 0));
}

/* user_id payment_id */
bool payments_get(struct store_call *call, struct db *db)
{
    return reply_one(call, db,
                     db_bind(db,
                             "SELECT " PAYMENT_COLUMNS " FROM payments p"
                             " WHERE p.user_id = ?1 AND p.id = ?2",
                             call->args, 2));
}

/* user_id cursor? limit */
bool payments_list(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    if (!operations_limit(call, 2, &limit) || !operations_cursor(call, 1, &before, NULL))
        return false;
    struct row *row = db_bind(db,
                              "SELECT " PAYMENT_COLUMNS " FROM payments p"
                              " WHERE p.user_id = ?1 AND p.seq < ?2 ORDER BY p.seq DESC LIMIT ?3",
                              DB_VALUES(call->args[0], bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, COLUMN_SEQ, render);
}

static void render_for_operator(struct buffer *out, struct row *row)
{
    render_open(out, row);
    json_writer_text(out, "processor", column_text(row, PAYMENT_COLUMN_COUNT));
    json_writer_text_or_null(out, "charge_id", column_text(row, PAYMENT_COLUMN_COUNT + 1));
    json_writer_text(out, "user_id", column_text(row, PAYMENT_COLUMN_COUNT + 2));
    json_writer_text(out, "email", column_text(row, PAYMENT_COLUMN_COUNT + 3));
    json_writer_object_end(out);
}

/* user_id? state? cursor? limit: of all customers, for the operator. */
bool payments_all(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    if (!operations_limit(call, 3, &limit) || !operations_cursor(call, 2, &before, NULL))
        return false;
    struct row *row =
        db_bind(db,
                "SELECT " PAYMENT_COLUMNS ", p.processor, p.charge_id, p.user_id, u.email"
                " FROM payments p JOIN users u ON u.id = p.user_id WHERE p.seq < ?3"
                " AND (?1 IS NULL OR p.user_id = ?1) AND (?2 IS NULL OR p.state = ?2)"
                " ORDER BY p.seq DESC LIMIT ?4",
                DB_VALUES(call->args[0], call->args[1], bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, COLUMN_SEQ, render_for_operator);
}

/* user_id processor: whom the processor knows, and the card that it keeps. */
bool payments_customer(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT c.customer_id, c.method_id, m.name FROM payment_customers c"
                              " LEFT JOIN payment_methods m ON m.processor = c.processor"
                              "  AND m.id = c.method_id WHERE c.user_id = ?1 AND c.processor = ?2",
                              call->args, 2);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "the processor does not know this customer");
    json_writer_object(out, NULL);
    json_writer_text(out, "customer_id", column_text(row, 0));
    json_writer_text_or_null(out, "method_id", column_text(row, 1));
    json_writer_text_or_null(out, "method_name", column_text(row, 2));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* user_id processor customer_id: the first one stays. */
bool payments_introduce(struct store_call *call, struct db *db)
{
    return operations_fits(call, 2, TEXT_BYTES_MAX, "customer_id") &&
           db_run(db,
                  "INSERT INTO payment_customers (user_id, processor, customer_id, event_ms)"
                  " VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING",
                  call->args, 3) &&
           payments_customer(call, db);
}
