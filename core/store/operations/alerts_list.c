/* What the operator's page of alerts shows: alerts, messages that were not delivered, and the
 * attempts at a provider. */
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "store/alerts.h"
#include "store/books/alerts_table.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"
#include "store/store_internal.h"

enum { OPEN_ROWS = 256, CLOSED_ROWS = 100, MESSAGE_ROWS = 100 };
enum { ATTEMPT_ROWS = 20, ATTEMPTS_LOOKED_AT = 5000 };

/* ---- the lists ---- */

/* Columns: id, kind, subject, detail, opened_ms, closed_ms, last_ms, count, told_ms. */
static void render_alert(struct buffer *out, struct row *row)
{
    static const char *const severities[] = {
        [ALERT_WARNING] = "warning", [ALERT_CRITICAL] = "critical"};
    enum alert_kind kind;
    bool known = alert_kind_of(column_text(row, 1), &kind);
    const struct alert_facts *facts = known ? alert_facts(kind) : NULL;
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "kind", column_text(row, 1));
    json_writer_text(out, "severity", severities[known ? facts->severity : ALERT_WARNING]);
    json_writer_text(out, "subject", column_text(row, 2));
    json_writer_text(out, "title", known ? facts->title : column_text(row, 1));
    json_writer_text(out, "detail", column_text(row, 3));
    json_writer_text(out, "advice", known ? facts->advice : "");
    json_writer_time(out, "opened_at", column_int(row, 4));
    json_writer_time_or_null(out, "closed_at", column_int(row, 5));
    json_writer_time(out, "last_at", column_int(row, 6));
    json_writer_int(out, "count", column_int(row, 7));
    json_writer_time_or_null(out, "told_at", column_int(row, 8));
    json_writer_object_end(out);
}

/* Columns: id, kind, destination, created_ms, due_ms, tries, state, last_error. */
static void render_message(struct buffer *out, struct row *row)
{
    bool waits = strcmp(column_text(row, 6), "waiting") == 0;
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "kind", column_text(row, 1));
    json_writer_text(out, "destination", column_text(row, 2));
    json_writer_time(out, "created_at", column_int(row, 3));
    json_writer_time_or_null(out, "next_try_at", waits ? column_int(row, 4) : 0);
    json_writer_int(out, "tries", column_int(row, 5));
    json_writer_text(out, "state", column_text(row, 6));
    json_writer_text_or_null(out, "error", column_text(row, 7));
    json_writer_object_end(out);
}

static void list(struct store_call *call, struct db *db, struct row *row, const char *name,
                 void (*render)(struct buffer *out, struct row *row))
{
    json_writer_array(&call->result, name);
    while (db_row(db, row))
        render(&call->result, row);
    json_writer_array_end(&call->result);
}

static void write_receivers(struct store_call *call)
{
    struct alert_receivers receivers = {.webhook = false};
    struct buffer *out = &call->result;
    if (call->store->alerts != NULL)
        alerts_get_receivers(call->store->alerts, &receivers);
    json_writer_object(out, "receivers");
    json_writer_bool(out, "webhook", receivers.webhook);
    json_writer_array(out, "mail");
    for (size_t i = 0; i < receivers.mail_count; i++)
        json_writer_text(out, NULL, receivers.mail[i]);
    json_writer_array_end(out);
    json_writer_object_end(out);
}

#define ALERTS                                                                                     \
    "SELECT id, kind, subject, detail, opened_ms, closed_ms, last_ms, count, told_ms FROM alerts"

bool alerts_list(struct store_call *call, struct db *db)
{
    json_writer_object(&call->result, NULL);
    list(call, db,
         db_bind(db, ALERTS " WHERE closed_ms = 0 ORDER BY opened_ms DESC LIMIT ?1",
                 DB_VALUES(bind_int(OPEN_ROWS))),
         "open", render_alert);
    list(call, db,
         db_bind(db, ALERTS " WHERE closed_ms > 0 ORDER BY closed_ms DESC LIMIT ?1",
                 DB_VALUES(bind_int(CLOSED_ROWS))),
         "closed", render_alert);
    list(call, db,
         db_bind(db,
                 "SELECT id, kind, destination, created_ms, due_ms, tries, state, last_error"
                 " FROM outbox WHERE state = 'given_up' OR (state = 'waiting' AND tries > 0)"
                 " ORDER BY id DESC LIMIT ?1",
                 DB_VALUES(bind_int(MESSAGE_ROWS))),
         "undelivered", render_message);
    write_receivers(call);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}

/* ---- the test message ---- */

bool alerts_test(struct store_call *call, struct db *db)
{
    struct alerts *alerts = call->store->alerts;
    struct alert_receivers receivers = {.webhook = false};
    int64_t now_ms = clock_wall_ms();
    struct alert_news news = {.alert = {.kind = ALERT_TEST, .opened_ms = now_ms, .count = 1},
                              .telling = ALERT_OPENED};
    struct buffer detail;
    if (alerts != NULL)
        alerts_get_receivers(alerts, &receivers);
    if (!receivers.webhook && receivers.mail_count == 0)
        return fault_set(&call->fault, "no_receiver",
                         "nobody is told: set alert_webhook_url or alert_mail in gateway.conf");
    id_make_at(&news.alert.id, "alrt", now_ms);
    slice_copy(slice_of("test"), news.alert.subject, sizeof news.alert.subject);
    buffer_init(&detail, 64);
    json_writer_object(&detail, NULL);
    bool ok = alerts_table_tell(alerts, db, &news, now_ms) &&
              audit_log_note(call, db, "", news.alert.id.text, &detail);
    buffer_fini(&detail);
    return ok && buffer_append_text(&call->result, "{}");
}

/* ---- attempts ---- */

/* Columns: exchange_id, number, model, outcome, status, created_ms, duration_us, words, test. */
static void render_attempt(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "request_id", column_text(row, 0));
    json_writer_int(out, "number", column_int(row, 1));
    json_writer_text(out, "model", column_text(row, 2));
    json_writer_text(out, "outcome", column_text(row, 3));
    json_writer_int_or_null(out, "status", column_int(row, 4) != 0, column_int(row, 4));
    json_writer_time(out, "at", column_int(row, 5));
    json_writer_int(out, "duration_ms", column_int(row, 6) / 1000);
    json_writer_text(out, "words", column_text(row, 7));
    json_writer_bool(out, "test", column_int(row, 8) != 0);
    json_writer_object_end(out);
}

#define ATTEMPT_COLUMNS                                                                            \
    "exchange_id, number, model, outcome, status, created_ms, duration_us, words, 0 AS test"

/* Test calls have no notes of attempts: their results say the same. */
#define TEST_CALLS                                                                                 \
    " UNION ALL SELECT t.id, 1, t.provider_model, r.outcome, r.status, t.created_ms, r.total_us,"  \
    " r.words, 1 FROM test_calls t JOIN test_call_results r ON r.seq = t.seq"                      \
    " WHERE t.provider = ?1 AND t.seq > (SELECT max(seq) FROM test_calls) - ?3"                    \
    " AND r.outcome <> 'not_asked'"

static bool list_attempts(struct store_call *call, struct db *db, const char *sql)
{
    json_writer_object(&call->result, NULL);
    list(call, db,
         db_bind(db, sql,
                 DB_VALUES(call->args[0], bind_int(ATTEMPT_ROWS), bind_int(ATTEMPTS_LOOKED_AT))),
         "data", render_attempt);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}

/* provider. The newest failures; the same call may have several. */
bool attempts_failed(struct store_call *call, struct db *db)
{
    return list_attempts(call, db,
                         "SELECT * FROM (SELECT * FROM (SELECT " ATTEMPT_COLUMNS " FROM attempts"
                         " WHERE provider = ?1 AND outcome <> 'answered'"
                         " ORDER BY seq DESC LIMIT ?2)" TEST_CALLS " AND r.outcome <> 'answered')"
                         " ORDER BY created_ms DESC LIMIT ?2");
}

/* provider. The newest, whatever came of them. A call that was answered at once has no note of its
 * attempt: its record says the same. No index goes by provider, so only the newest of all are
 * looked at. */
bool attempts_list(struct store_call *call, struct db *db)
{
    return list_attempts(
        call, db,
        "SELECT * FROM (SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE provider = ?1"
        " AND seq > (SELECT max(seq) FROM attempts) - ?3"
        " UNION ALL SELECT exchange_id, 1, provider_model, 'answered', status, created_ms,"
        " total_us, '', 0 FROM usage u WHERE provider = ?1 AND attempts = 1 AND error_code = ''"
        " AND seq > (SELECT max(seq) FROM usage) - ?3"
        " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.exchange_id = u.exchange_id)" TEST_CALLS
        ") ORDER BY created_ms DESC LIMIT ?2");
}
