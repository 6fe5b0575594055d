/* How a model's trials do: its candidates, its canary and its shadow side by side. From the newest
 * records, so that a long time costs no more than a short one. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/trial_group.h"
#include "store/questions/usage_reports.h"

/* So many of the newest records of all models are looked at. */
enum { RECORDS_MAX = 200000 };

struct comparison {
    struct store_call *call;
    struct db *db;
    struct usage_window window;
    struct trial_groups groups;
};

/* Why the gateway itself, not a provider, ended an answer. */
static bool is_of_money(const char *code)
{
    return strcmp(code, "insufficient_credits") == 0 || strcmp(code, "key_budget_exceeded") == 0 ||
           strcmp(code, "max_cost") == 0;
}

enum record_column {
    RECORD_ID,
    RECORD_PROVIDER,
    RECORD_PROVIDER_MODEL,
    RECORD_ERROR,
    RECORD_FINISH,
    RECORD_STATUS,
    RECORD_ATTEMPTS,
    RECORD_STREAMED,
    RECORD_OUTPUT,
    RECORD_COST,
    RECORD_FIRST_BYTE,
    RECORD_TOTAL,
    RECORD_CANARY_ATTEMPTS
};

/* Adds the attempts of a call that have failed. Returns whether the last one is among them. */
static bool add_failures(struct comparison *comparison, const char *exchange_id, int64_t attempts,
                         int64_t canary_attempts)
{
    bool last = false;
    struct row *row = db_bind(comparison->db,
                              "SELECT number, provider, model, outcome FROM attempts"
                              " WHERE exchange_id = ?1 AND outcome <> 'answered'",
                              DB_VALUES(bind_text(exchange_id)));
    while (db_row(comparison->db, row)) {
        enum trial_role role = column_int(row, 0) <= canary_attempts ? TRIAL_CANARY : TRIAL_PRIMARY;
        struct trial_group *group =
            trial_groups_find(&comparison->groups, role, column_text(row, 1), column_text(row, 2));
        last = last || column_int(row, 0) == attempts;
        if (group != NULL)
            trial_group_add_failure(group, column_text(row, 3));
    }
    db_leave(row);
    return last;
}

static void add_answer(struct trial_group *group, struct row *row)
{
    bool alone = column_int(row, RECORD_ATTEMPTS) == 1;
    const struct trial_answer answer = {.finish_reason = column_text(row, RECORD_FINISH),
                                        .output_tokens = column_int(row, RECORD_OUTPUT),
                                        .cost_nusd = column_int(row, RECORD_COST),
                                        .first_byte_us = alone && column_int(row, RECORD_STREAMED)
                                                             ? column_int(row, RECORD_FIRST_BYTE)
                                                             : -1,
                                        .total_us = alone ? column_int(row, RECORD_TOTAL) : -1};
    trial_group_add_answer(group, &answer);
}

static void add_record(struct comparison *comparison, struct row *row)
{
    int64_t attempts = column_int(row, RECORD_ATTEMPTS);
    int64_t canary_attempts = column_int(row, RECORD_CANARY_ATTEMPTS);
    const char *error = column_text(row, RECORD_ERROR);
    bool failed = error[0] != '\0' && !is_of_money(error);
    bool of_canary = canary_attempts > 0 && attempts == canary_attempts;
    bool told = false;
    if (attempts > 1 || failed)
        told = add_failures(comparison, column_text(row, RECORD_ID), attempts, canary_attempts);
    if (told || attempts == 0 || column_int(row, RECORD_STATUS) == USAGE_STATUS_ABANDONED)
        return; /* no provider is to blame for a client that has left */
    struct trial_group *group = trial_groups_find(
        &comparison->groups, of_canary ? TRIAL_CANARY : TRIAL_PRIMARY,
        column_text(row, RECORD_PROVIDER), column_text(row, RECORD_PROVIDER_MODEL));
    if (group == NULL)
        return;
    if (failed)
        trial_group_add_failure(group, error);
    else
        add_answer(group, row);
}

static int64_t oldest_seq(struct db *db)
{
    int64_t newest = db_number(db, "SELECT max(seq) FROM usage", NULL, 0, 0);
    return newest > RECORDS_MAX ? newest - RECORDS_MAX : 0;
}

static void add_records(struct comparison *comparison, int64_t after_seq)
{
    struct db *db = comparison->db;
    struct row *row = db_bind(
        db,
        "SELECT u.exchange_id, u.provider, u.provider_model, u.error_code, u.finish_reason,"
        " u.status, u.attempts, u.streamed, u.output_tokens, u.cost_nusd, u.first_byte_us,"
        " u.total_us, coalesce(f.canary_attempts, 0) FROM usage u"
        " LEFT JOIN usage_facts f ON f.usage_seq = u.seq WHERE u.seq > ?1 AND u.model = ?2"
        " AND u.created_ms >= ?3 AND u.created_ms < ?4",
        DB_VALUES(bind_int(after_seq), comparison->call->args[0],
                  bind_int(comparison->window.from_ms), bind_int(comparison->window.to_ms)));
    while (db_row(db, row))
        add_record(comparison, row);
    db_leave(row);
}

/* Those without a result run still, or the gateway has stopped in the middle. */
static void add_shadows(struct comparison *comparison)
{
    struct db *db = comparison->db;
    struct row *row = db_bind(
        db,
        "SELECT s.provider, s.provider_model, r.outcome, r.finish_reason, r.output_tokens,"
        " r.cost_nusd, iif(s.streamed, r.first_byte_us, -1), r.total_us FROM shadows s"
        " LEFT JOIN shadow_results r ON r.seq = s.seq WHERE s.model = ?1 AND s.created_ms >= ?2"
        " AND s.created_ms < ?3 ORDER BY s.created_ms DESC LIMIT ?4",
        DB_VALUES(comparison->call->args[0], bind_int(comparison->window.from_ms),
                  bind_int(comparison->window.to_ms), bind_int(RECORDS_MAX)));
    while (db_row(db, row)) {
        struct trial_group *group = trial_groups_find(&comparison->groups, TRIAL_SHADOW,
                                                      column_text(row, 0), column_text(row, 1));
        const char *outcome = column_text(row, 2);
        if (group == NULL)
            continue;
        if (column_null(row, 2))
            group->unfinished++;
        else if (strcmp(outcome, "answered") != 0)
            trial_group_add_failure(group, outcome);
        else
            trial_group_add_answer(group,
                                   &(struct trial_answer){.finish_reason = column_text(row, 3),
                                                          .output_tokens = column_int(row, 4),
                                                          .cost_nusd = column_int(row, 5),
                                                          .first_byte_us = column_int(row, 6),
                                                          .total_us = column_int(row, 7)});
    }
    db_leave(row);
}

/* What the shadows have cost in the whole window, and today of their limit. */
static void render_spending(struct comparison *comparison, struct buffer *out)
{
    struct db *db = comparison->db;
    struct row *row =
        db_bind(db,
                "SELECT coalesce(sum(counted_nusd), 0), coalesce(sum(left_out), 0) FROM shadow_days"
                " WHERE model = ?1 AND day = unixepoch() / 86400",
                comparison->call->args, 1);
    json_writer_object(out, "shadows_today");
    if (db_row(db, row)) {
        json_writer_money(out, "counted", column_int(row, 0));
        json_writer_int(out, "left_out", column_int(row, 1));
        db_leave(row);
    }
    json_writer_object_end(out);
}

static bool compare(struct store_call *call, struct db *db, const struct zone *zone)
{
    struct comparison comparison = {.call = call, .db = db};
    struct buffer *out = &call->result;
    if (!usage_reports_window(call, 1, 2, zone, &comparison.window))
        return false;
    int64_t after_seq = oldest_seq(db);
    bool complete =
        after_seq == 0 || db_number(db, "SELECT created_ms FROM usage WHERE seq = ?1",
                                    DB_VALUES(bind_int(after_seq)), 0) < comparison.window.from_ms;
    add_records(&comparison, after_seq);
    add_shadows(&comparison);
    json_writer_object(out, NULL);
    json_writer_text(out, "model", operations_text(call, 0));
    json_writer_bool(out, "complete", complete && !comparison.groups.too_many);
    json_writer_int(out, "calls_min", TRIAL_CALLS_MIN);
    render_spending(&comparison, out);
    json_writer_array(out, "data");
    trial_groups_render(&comparison.groups, out);
    json_writer_array_end(out);
    json_writer_object_end(out);
    trial_groups_fini(&comparison.groups);
    return db->failure == 0;
}

/* model from? to? zone? */
bool trials_compare(struct store_call *call, struct db *db)
{
    struct zone zone;
    if (!usage_reports_zone(call, 3, &zone))
        return false;
    bool ok = compare(call, db, &zone);
    zone_fini(&zone);
    return ok;
}
