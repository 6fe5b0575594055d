#include "store/books/outbox_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/period.h"
#include "store/customer_messages.h"

enum { FIRST_MS = 1000, MOST_MS = 3600 * 1000, GIVEN_UP_MS = 24 * 3600 * 1000 };
enum { FORGET_ROWS = 256 };
_Static_assert(OUTBOX_TO_WEBHOOKS == 2 && sizeof CUSTOMER_WEBHOOK == 9, "as in the statements");
#define DELIVERED_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)
#define GIVEN_UP_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

static const char *const kinds[] = {[OUTBOX_WEBHOOK] = "webhook", [OUTBOX_MAIL] = "mail"};
static const char *const states[] = {
    [OUTBOX_WAITING] = "waiting", [OUTBOX_DELIVERED] = "delivered", [OUTBOX_GIVEN_UP] = "given_up"};

void outbox_table_init(struct outbox *outbox)
{
    memset(outbox, 0, sizeof *outbox);
    check(pthread_mutex_init(&outbox->mutex, NULL) == 0);
    atomic_init(&outbox->version, 1);
}

void outbox_table_fini(struct outbox *outbox)
{
    db_close(&outbox->reader);
    for (size_t i = 0; i < outbox->count; i++)
        free(outbox->results[i].rest);
    check(pthread_mutex_destroy(&outbox->mutex) == 0);
}

int64_t outbox_retry_ms(int64_t created_ms, int64_t tries, int64_t now_ms, uint64_t random)
{
    int64_t pause_ms = FIRST_MS;
    for (int64_t i = 1; i < tries && pause_ms < MOST_MS; i++)
        pause_ms *= 2;
    pause_ms = pause_ms < MOST_MS ? pause_ms : MOST_MS;
    pause_ms = pause_ms / 2 + (int64_t)(random % (uint64_t)(pause_ms / 2 + 1));
    return now_ms + pause_ms - created_ms > GIVEN_UP_MS ? 0 : now_ms + pause_ms;
}

/* ---- the ledger thread ---- */

bool outbox_table_put(struct db *db, const struct outbox_new *message)
{
    struct id id;
    check(strlen(message->destination) < LIMIT_DESTINATION_BYTES);
    id_make_at(&id, "msg", message->now_ms);
    return db_run(
        db,
        "INSERT INTO outbox (id, kind, destination, payload, created_ms, due_ms, tries, state,"
        " last_error, lane, useless_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 'waiting', '', ?6,"
        " nullif(?7, 0))",
        DB_VALUES(bind_text(id.text), bind_text(kinds[message->kind]),
                  bind_text(message->destination), bind_text(message->payload),
                  bind_int(message->now_ms), bind_int(message->lane),
                  bind_int(message->useless_ms)));
}

bool outbox_table_add(struct db *db, enum outbox_kind kind, const char *destination,
                      const char *payload, int64_t now_ms)
{
    const struct outbox_new message = {.kind = kind,
                                       .lane = OUTBOX_TO_OPERATOR,
                                       .destination = destination,
                                       .payload = payload,
                                       .now_ms = now_ms};
    return outbox_table_put(db, &message);
}

void outbox_table_added(struct outbox *outbox)
{
    atomic_fetch_add(&outbox->version, 1);
}

size_t outbox_table_results(struct outbox *outbox, struct outbox_result out[OUTBOX_RESULTS])
{
    check(pthread_mutex_lock(&outbox->mutex) == 0);
    size_t count = outbox->count;
    memcpy(out, outbox->results, count * sizeof out[0]);
    check(pthread_mutex_unlock(&outbox->mutex) == 0);
    return count;
}

/* The payment that the message ?1 asks for. */
#define OF_MESSAGE                                                                                 \
    "(SELECT substr(destination, length('" OUTBOX_PAYMENT "') + 1) FROM outbox WHERE id = ?1"      \
    " AND destination LIKE '" OUTBOX_PAYMENT "%')"

/* Whether what is to be charged now, with its taxes, is above the most that the customer wants to
 * be charged in a month. */
static bool is_above_most(struct db *db, const struct outbox_result *result, int64_t now_ms)
{
    return result->charge_minor > 0 &&
           db_number(db,
                     "SELECT ?2 + coalesce((SELECT sum(coalesce(p.total_minor, p.amount_minor))"
                     " FROM payments p WHERE p.user_id = o.user_id AND p.origin = 'automatic'"
                     " AND p.created_ms >= ?3 AND p.currency = o.currency"
                     " AND p.state IN ('processing', 'paid')), 0) > t.month_max_minor"
                     " FROM payments o JOIN automatic_top_ups t ON t.user_id = o.user_id"
                     " AND t.currency = o.currency WHERE o.state = 'open' AND o.id = " OF_MESSAGE,
                     DB_VALUES(bind_text(result->id.text), bind_int(result->charge_minor),
                               bind_int(period_start_ms(PERIOD_MONTH, now_ms))),
                     0) != 0;
}

/* The processor was never reached, or has refused it: the customer must look. */
static bool fail_payment(struct db *db, const struct outbox_result *result)
{
    const struct store_value values[] = {bind_text(result->id.text), bind_text(result->error)};
    return db_run(db,
                  "UPDATE automatic_top_ups SET paused = ?2 WHERE user_id = (SELECT user_id"
                  " FROM payments WHERE state = 'open' AND id = " OF_MESSAGE ")",
                  values, 2) &&
           db_run(db,
                  "UPDATE payments SET state = 'failed', failure = ?2 WHERE state = 'open'"
                  " AND id = " OF_MESSAGE,
                  values, 2);
}

static struct store_value rest_of(const struct outbox_result *result)
{
    return result->rest != NULL ? bind_text(result->rest) : bind_null();
}

bool outbox_table_write(struct db *db, const struct outbox_result *results, size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        struct outbox_result own = results[i];
        const struct outbox_result *result = &own;
        if (is_above_most(db, result, clock_wall_ms())) {
            own.state = OUTBOX_GIVEN_UP;
            own.rest = NULL;
            snprintf(own.error, sizeof own.error,
                     "With its taxes this would be above the most of a month.");
        }
        ok = db_run(db,
                    "UPDATE outbox SET state = ?2, tries = ?3, due_ms = ?4, last_error = ?5,"
                    " payload = coalesce(?6, iif(?2 = 'delivered', '', payload)) WHERE id = ?1",
                    DB_VALUES(bind_text(result->id.text), bind_text(states[result->state]),
                              bind_int(result->tries), bind_int(result->due_ms),
                              bind_text(result->error), rest_of(result)));
        if (ok && result->state == OUTBOX_GIVEN_UP)
            ok = fail_payment(db, result);
    }
    return ok;
}

void outbox_table_written(struct outbox *outbox, size_t count)
{
    check(pthread_mutex_lock(&outbox->mutex) == 0);
    for (size_t i = 0; i < count; i++)
        free(outbox->results[i].rest);
    outbox->count -= count;
    memmove(outbox->results, outbox->results + count, outbox->count * sizeof outbox->results[0]);
    check(pthread_mutex_unlock(&outbox->mutex) == 0);
    if (count > 0)
        atomic_fetch_add(&outbox->version, 1);
}

bool outbox_table_forget(struct db *db, int64_t now_ms)
{
    return db_run(db,
                  "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE"
                  " (state = 'delivered' AND due_ms < ?1) OR (state = 'given_up' AND due_ms < ?2)"
                  " LIMIT ?3)",
                  DB_VALUES(bind_int(now_ms - DELIVERED_KEPT_MS),
                            bind_int(now_ms - GIVEN_UP_KEPT_MS), bind_int(FORGET_ROWS)));
}

/* ---- the courier's thread ---- */

void outbox_message_fini(struct outbox_message *message)
{
    free(message->payload);
    message->payload = NULL;
}

bool outbox_is_payment(const struct outbox_message *message)
{
    return strncmp(message->destination, OUTBOX_PAYMENT, sizeof OUTBOX_PAYMENT - 1) == 0;
}

static void take_row(struct row *row, enum outbox_lane lane, struct outbox_message *out)
{
    *out = (struct outbox_message){
        .lane = lane,
        .kind = strcmp(column_text(row, 1), "mail") == 0 ? OUTBOX_MAIL : OUTBOX_WEBHOOK,
        .payload = strdup(column_text(row, 3)),
        .created_ms = column_int(row, 4),
        .tries = column_int(row, 5),
        .useless_ms = column_int(row, 6)};
    check(out->payload != NULL);
    if (strncmp(column_text(row, 2), CUSTOMER_WEBHOOK, sizeof CUSTOMER_WEBHOOK - 1) == 0) {
        struct outbox_webhook *webhook = &out->webhook;
        const char *user_id = column_text(row, 2) + sizeof CUSTOMER_WEBHOOK - 1;
        slice_copy(slice_of(user_id), webhook->user_id.text, sizeof webhook->user_id.text);
        slice_copy(slice_of(column_text(row, 7)), webhook->url, sizeof webhook->url);
        slice_copy(slice_of(column_text(row, 8)), webhook->secret, sizeof webhook->secret);
    }
    slice_copy(slice_of(column_text(row, 0)), out->id.text, sizeof out->id.text);
    slice_copy(slice_of(column_text(row, 2)), out->destination, sizeof out->destination);
}

static bool is_noted(const struct outbox_result *results, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(results[i].id.text, id) == 0)
            return true;
    }
    return false;
}

/* min() names the row that the other columns are of. What is due later than any pause is long was
 * noted before the clock was set back. */
static size_t read_due(struct db *db, enum outbox_lane lane, const struct outbox_result *noted,
                       size_t noted_count, int64_t now_ms, struct outbox_message *out, size_t most)
{
    size_t count = 0;
    struct row *row = db_bind(
        db,
        "SELECT min(o.id) AS first, o.kind, o.destination, o.payload, o.created_ms,"
        " o.tries, o.useless_ms, w.url, w.secret FROM outbox o LEFT JOIN customer_webhooks w"
        " ON o.lane = 2 AND w.user_id = substr(o.destination, 9) AND w.disabled_ms IS NULL"
        " WHERE o.state = 'waiting' AND o.lane = ?3 AND (o.due_ms <= ?1 OR o.due_ms > ?2)"
        " GROUP BY o.kind, o.destination ORDER BY o.tries, first",
        DB_VALUES(bind_int(now_ms), bind_int(now_ms + MOST_MS), bind_int(lane)));
    while (db_row(db, row)) {
        if (is_noted(noted, noted_count, column_text(row, 0)))
            continue;
        if (count == most)
            break;
        take_row(row, lane, &out[count++]);
    }
    db_leave(row);
    return count;
}

size_t outbox_table_due(struct outbox *outbox, const char *path, enum outbox_lane lane,
                        int64_t now_ms, struct outbox_message *out, size_t most, int64_t *next_ms)
{
    struct outbox_result noted[OUTBOX_RESULTS];
    struct fault ignored;
    struct db *db = &outbox->reader;
    *next_ms = INT64_MAX;
    if (!outbox->reading)
        outbox->reading = db_open(db, path, DB_READ, &ignored);
    if (!outbox->reading) {
        db_close(db);
        return 0;
    }
    /* First the results, then the rows: what was written in between is in the rows. */
    size_t noted_count = outbox_table_results(outbox, noted);
    db_clear(db);
    size_t count = read_due(db, lane, noted, noted_count, now_ms, out, most);
    *next_ms = db_number(db,
                         "SELECT min(due_ms) FROM outbox WHERE state = 'waiting' AND lane = ?2"
                         " AND due_ms > ?1",
                         DB_VALUES(bind_int(now_ms), bind_int(lane)), INT64_MAX);
    return count;
}

bool outbox_table_has_room(struct outbox *outbox)
{
    check(pthread_mutex_lock(&outbox->mutex) == 0);
    bool room = outbox->count < OUTBOX_RESULTS;
    check(pthread_mutex_unlock(&outbox->mutex) == 0);
    return room;
}

void outbox_table_note(struct outbox *outbox, const struct outbox_result *result)
{
    check(pthread_mutex_lock(&outbox->mutex) == 0);
    check(outbox->count < OUTBOX_RESULTS);
    outbox->results[outbox->count++] = *result;
    check(pthread_mutex_unlock(&outbox->mutex) == 0);
}
