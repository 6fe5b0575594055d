#include "store/books/alerts_table.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/alert_messages.h"
#include "store/books/notices.h"
#include "store/books/outbox_table.h"

enum {
    WRITE_US = 50 * 1000,   /* between two looks */
    RETRY_US = 1000 * 1000, /* after a failure */
    NEWS_MOST = 16,         /* in a transaction */
    KEPT_ROWS = 10000,      /* of closed alerts */
};
#define KEPT_MS (INT64_C(90) * 24 * 3600 * 1000)

bool alerts_table_load(struct alerts *alerts, struct db *db)
{
    struct row *row = db_bind(db,
                              "SELECT id, kind, subject, detail, opened_ms, last_ms, count,"
                              " tellings, told_ms, told_open FROM alerts WHERE closed_ms = 0"
                              " ORDER BY opened_ms DESC LIMIT ?1",
                              DB_VALUES(bind_int(LIMIT_ALERTS / 2)));
    while (alerts != NULL && db_row(db, row)) {
        struct alert alert = {.opened_ms = column_int(row, 4),
                              .last_ms = column_int(row, 5),
                              .count = column_int(row, 6),
                              .tellings = column_int(row, 7),
                              .told_ms = column_int(row, 8),
                              .told_open = column_int(row, 9) != 0};
        if (!alert_kind_of(column_text(row, 1), &alert.kind))
            continue;
        slice_copy(slice_of(column_text(row, 0)), alert.id.text, sizeof alert.id.text);
        slice_copy(slice_of(column_text(row, 2)), alert.subject, sizeof alert.subject);
        slice_copy(slice_of(column_text(row, 3)), alert.detail, sizeof alert.detail);
        alerts_inherit(alerts, &alert);
    }
    db_leave(row);
    return db->failure == 0;
}

static bool write_row(struct db *db, const struct alert *alert)
{
    return db_run(
        db,
        "INSERT OR REPLACE INTO alerts (id, kind, subject, detail, opened_ms, closed_ms,"
        " last_ms, count, tellings, told_ms, told_open)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        DB_VALUES(bind_text(alert->id.text), bind_text(alert_facts(alert->kind)->word),
                  bind_text(alert->subject), bind_text(alert->detail), bind_int(alert->opened_ms),
                  bind_int(alert->closed_ms), bind_int(alert->last_ms), bind_int(alert->count),
                  bind_int(alert->tellings), bind_int(alert->told_ms), bind_int(alert->told_open)));
}

bool alerts_table_tell(struct alerts *alerts, struct db *db, const struct alert_news *news,
                       int64_t now_ms)
{
    struct alert_receivers receivers;
    struct buffer message;
    bool ok = true;
    alerts_get_receivers(alerts, &receivers);
    buffer_init(&message, LIMIT_MESSAGE_BYTES);
    if (receivers.webhook) {
        alert_messages_webhook(news, receivers.gateway_url, now_ms, &message);
        ok = !message.failed &&
             outbox_table_add(db, OUTBOX_WEBHOOK, ALERT_DESTINATION, message.data, now_ms);
    }
    if (receivers.mail_count > 0) {
        buffer_reset(&message);
        alert_messages_mail(news, receivers.gateway_url, &message);
    }
    for (size_t i = 0; i < receivers.mail_count && ok; i++)
        ok = !message.failed &&
             outbox_table_add(db, OUTBOX_MAIL, receivers.mail[i], message.data, now_ms);
    buffer_fini(&message);
    return ok;
}

static bool write_news(struct alerts *alerts, struct db *db, const struct alert_news *news,
                       size_t count, int64_t now_ms)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = write_row(db, &news[i].alert) && (news[i].telling == ALERT_TELLS_NOTHING ||
                                               alerts_table_tell(alerts, db, &news[i], now_ms));
    return ok;
}

static bool forget(struct db *db, int64_t now_ms)
{
    return db_run(db,
                  "DELETE FROM alerts WHERE closed_ms > 0 AND (closed_ms < ?1 OR closed_ms <"
                  " (SELECT closed_ms FROM alerts WHERE closed_ms > 0 ORDER BY closed_ms DESC"
                  " LIMIT 1 OFFSET ?2))",
                  DB_VALUES(bind_int(now_ms - KEPT_MS), bind_int(KEPT_ROWS))) &&
           outbox_table_forget(db, now_ms);
}

/* Once, until it goes well again. */
static void note_failure(struct db *db, struct alerts_pace *pace, int64_t now_us)
{
    struct fault fault = {.code = "conflict"};
    pace->due_us = now_us + RETRY_US;
    if (pace->failed)
        return;
    pace->failed = true;
    bool sound = db_sound(db, &fault);
    log_event(LOG_ERROR, "alerts could not be written, and are not told yet",
              log_text("reason", sound ? db_constraint_text(db) : fault.message));
}

void alerts_table_write(struct alerts *alerts, struct outbox *outbox,
                        const struct notice_switches *notices, struct db *db,
                        struct alerts_pace *pace)
{
    struct alert_news news[NEWS_MOST];
    struct outbox_result results[OUTBOX_RESULTS];
    int64_t now_us = clock_mono_us();
    int64_t now_ms = clock_wall_ms();
    if (now_us < pace->due_us)
        return;
    pace->due_us = now_us + WRITE_US;
    size_t result_count = outbox_table_results(outbox, results);
    size_t count = alerts != NULL ? alerts_take(alerts, now_ms, news, NEWS_MOST) : 0;
    if (result_count + count == 0)
        return;
    db_clear(db);
    bool ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0) &&
              outbox_table_write(db, results, result_count) &&
              notices_results(db, notices, results, result_count) &&
              write_news(alerts, db, news, count, now_ms) && forget(db, now_ms) && db_commit(db);
    if (!ok) {
        note_failure(db, pace, now_us);
        db_rollback(db);
    } else {
        pace->failed = false;
    }
    for (size_t i = 0; i < count; i++) {
        if (ok)
            alerts_done(alerts, &news[i], true);
        else
            alerts_give_back(alerts, &news[i]);
    }
    if (ok && result_count > 0)
        outbox_table_written(outbox, result_count);
    if (ok && count > 0)
        outbox_table_added(outbox);
}
