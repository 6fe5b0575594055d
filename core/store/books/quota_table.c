#include "store/books/quota_table.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/books/notices.h"
#include "store/books/outbox_table.h"
#include "store/journal/journal.h"
#include "store/memory/quota_settings.h"

#define HOUR_MS INT64_C(3600000)
#define QUARTER_MS INT64_C(900000)
#define KEPT_MS (INT64_C(400) * 24 * HOUR_MS)

enum { EVENTS_AT_ONCE = 16 };

/* Of a subject, time and models (with '\n' between them; '' is all). */
#define OF_MODELS                                                                                  \
    " AND (?3 = '' OR instr(char(10) || ?3 || char(10), char(10) || model || char(10)))"
#define SUMS(from)                                                                                 \
    {                                                                                              \
        "SELECT sum(requests) FROM " from OF_MODELS,                                               \
            "SELECT sum(input_tokens + cached_input_tokens + output_tokens) FROM " from OF_MODELS, \
            NULL, "SELECT sum(charge_nusd) FROM " from OF_MODELS                                   \
    }

/* Concurrency (the third) is in memory only. */
static const char *const sums[][QUOTA_UNITS] = {
    [QUOTA_PER_KEY] = SUMS("hourly WHERE account_id = (SELECT account_id FROM keys WHERE id = ?1)"
                           " AND hour >= ?2 AND key_id = ?1"),
    [QUOTA_PER_USER] = SUMS("hourly WHERE account_id = (SELECT account_id FROM users WHERE id = ?1)"
                            " AND hour >= ?2"),
    [QUOTA_PER_GROUP] = SUMS("users u CROSS JOIN hourly h ON h.account_id = u.account_id"
                             " AND h.hour >= ?2 WHERE u.\"group\" = ?1"),
    [QUOTA_FOR_ALL] = SUMS("sales WHERE ?1 = '' AND quarter >= ?2")};

/* Money of this minute, by the records. */
#define MINUTE(from) "SELECT sum(charge_nusd) FROM " from OF_MODELS
static const char *const minutes[] = {
    [QUOTA_PER_KEY] = MINUTE("usage WHERE account_id = (SELECT account_id FROM keys WHERE id = ?1)"
                             " AND created_ms >= ?2 AND key_id = ?1"),
    [QUOTA_PER_USER] = MINUTE(
        "usage WHERE account_id = (SELECT account_id FROM users WHERE id = ?1) AND created_ms >= "
        "?2"),
    [QUOTA_PER_GROUP] = MINUTE("users u CROSS JOIN usage g ON g.account_id = u.account_id"
                               " AND g.created_ms >= ?2 WHERE u.\"group\" = ?1"),
    [QUOTA_FOR_ALL] = MINUTE("users u CROSS JOIN usage g ON g.account_id = u.account_id"
                             " AND g.created_ms >= ?2 WHERE ?1 = ''")};

/* What providers have counted above what can be true. */
#define EXCESS(from) "SELECT sum(tokens) FROM " from OF_MODELS
static const char *const excess[] = {
    [QUOTA_PER_KEY] =
        EXCESS("excess_tokens WHERE account_id = (SELECT account_id FROM keys WHERE id = ?1)"
               " AND created_ms >= ?2 AND key_id = ?1"),
    [QUOTA_PER_USER] =
        EXCESS("excess_tokens WHERE account_id = (SELECT account_id FROM users WHERE id = ?1)"
               " AND created_ms >= ?2"),
    [QUOTA_PER_GROUP] = EXCESS("users u CROSS JOIN excess_tokens e ON e.account_id = u.account_id"
                               " AND e.created_ms >= ?2 WHERE u.\"group\" = ?1"),
    [QUOTA_FOR_ALL] = EXCESS("excess_tokens WHERE ?1 = '' AND created_ms >= ?2")};

static int64_t excess_of(struct db *db, const struct quota_source *source)
{
    if (source->unit != QUOTA_TOKENS)
        return 0;
    return db_number(db, excess[source->scope],
                     DB_VALUES(bind_text(source->subject), bind_int(source->start_ms),
                               bind_text(source->models)),
                     0);
}

int64_t quota_table_used(struct db *db, const struct quota_source *source)
{
    int64_t start = source->start_ms;
    const char *sql = sums[source->scope][source->unit];
    if (source->period == QUOTA_MINUTE)
        sql = minutes[source->scope];
    else
        start /= source->scope == QUOTA_FOR_ALL ? QUARTER_MS : HOUR_MS;
    int64_t used = db_number(
        db, sql, DB_VALUES(bind_text(source->subject), bind_int(start), bind_text(source->models)),
        0);
    return used - excess_of(db, source);
}

static bool load_all(struct db *db, struct quota_claim *claim, int64_t now_ms)
{
    struct quota_source source;
    uint64_t generation = journal_applied(db);
    for (size_t at = 0; quota_book_source(claim, now_ms, &at, &source); at++) {
        int64_t used = quota_table_used(db, &source);
        if (db->failure != 0 || generation == JOURNAL_UNKNOWN)
            return false;
        quota_book_put(claim, at, &source, used, generation, now_ms);
    }
    return true;
}

void quota_table_load_job(struct quota_load *load, struct db *db, int64_t now_ms)
{
    load->loaded = load_all(db, load->claim, now_ms);
}

/* ---- what is set ---- */

bool quota_table_rule(struct row *row, int unit_at, int amount_at, struct quota_rule *out)
{
    const char *unit = column_text(row, unit_at);
    const char *period = column_text(row, unit_at + 1);
    bool known_unit = false;
    bool known_period = false;
    for (enum quota_unit i = 0; i < QUOTA_UNITS; i++) {
        if (strcmp(unit, quota_unit_name(i)) == 0) {
            out->unit = i;
            known_unit = true;
        }
    }
    for (enum quota_period i = QUOTA_WINDOW; i <= QUOTA_MONTH; i++) {
        if (strcmp(period, quota_period_name(i)) == 0) {
            out->period = i;
            known_period = true;
        }
    }
    out->limit = column_int(row, amount_at);
    return known_unit && known_period;
}

bool quota_table_read(struct db *db, const char *subject, struct quota_list *out)
{
    struct row *row = db_bind(db,
                              "SELECT scope, model, unit, period, amount FROM quotas"
                              " WHERE subject = ?1 ORDER BY unit, period, model",
                              DB_VALUES(bind_text(subject)));
    out->count = 0;
    while (db_row(db, row)) {
        struct quota_rule rule = {0};
        check(quota_table_rule(row, 2, 4, &rule)); /* the table allows no other */
        rule.scope = column_text(row, 0)[0] == 'k' ? QUOTA_PER_KEY : QUOTA_PER_USER;
        (void)quota_list_add(out, &rule, column_text(row, 1)); /* quota.set keeps the bound */
    }
    return db->failure == 0;
}

/* ---- what is told ---- */

static bool tell(struct db *db, const struct notice_switches *notices,
                 const struct quota_event *event)
{
    log_event(LOG_INFO, event->kind == QUOTA_NEAR ? "a quota is nearly used" : "a quota is used",
              log_text("quota", event->name), log_text("subject", event->subject),
              log_int("amount", event->limit), log_int("used", event->used));
    return notices_quota(db, notices, event);
}

static bool write_event(struct db *db, const struct notice_switches *notices,
                        const struct quota_event *event)
{
    if (!db_run(
            db, "INSERT OR IGNORE INTO quota_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            DB_VALUES(bind_text(event->subject), bind_text(event->name), bind_int(event->start_ms),
                      bind_text(event->kind == QUOTA_NEAR ? "near" : "reached"),
                      bind_int(event->limit), bind_int(event->used), bind_int(event->created_ms))))
        return false;
    return db_changes(db) == 0 || tell(db, notices, event);
}

void quota_table_write_events(struct db *db, struct quota_book *book,
                              const struct notice_switches *notices, struct outbox *outbox)
{
    struct quota_event events[EVENTS_AT_ONCE];
    size_t count = quota_book_events(book, events, EVENTS_AT_ONCE);
    if (count == 0)
        return;
    db_clear(db);
    bool ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0);
    for (size_t i = 0; i < count && ok; i++)
        ok = write_event(db, notices, &events[i]);
    ok = ok && db_run(db, "DELETE FROM quota_events WHERE created_ms < ?1",
                      DB_VALUES(bind_int(clock_wall_ms() - KEPT_MS)));
    if (ok && db_commit(db))
        outbox_table_added(outbox);
    else
        db_rollback(db); /* the next start tells it */
}
