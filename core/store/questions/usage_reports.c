/* Sums of usage by day, model and key. Whole hours come from the roll-ups; only the rest at both
 * ends comes from the records. */
#include "store/questions/usage_reports.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/groups.h"

#define DAY_MS INT64_C(86400000)

bool usage_reports_zone(struct store_call *call, size_t at, struct zone *out)
{
    return zone_load(operations_text(call, at), out, &call->fault);
}

/* A date begins at midnight of the zone. Null leaves *out_ms unchanged. */
static bool read_moment(struct store_call *call, size_t at, const struct zone *zone,
                        int64_t *out_ms)
{
    if (call->args[at].type == STORE_INT) {
        *out_ms = operations_int(call, at);
    } else if (!operations_null(call, at)) {
        if (!clock_parse(operations_text(call, at), out_ms))
            return fault_set(&call->fault, "invalid_value",
                             "from and to must be dates or times such as 2026-11-22T21:34:00Z");
        *out_ms = zone_day_begins_ms(zone, *out_ms / DAY_MS);
    }
    return true;
}

bool usage_reports_window(struct store_call *call, size_t from_at, size_t to_at,
                          const struct zone *zone, struct usage_window *out)
{
    const int64_t far_ms = INT64_C(100000) * DAY_MS; /* year 2243 */
    struct usage_window window = {.from_ms = 0, .to_ms = far_ms};
    if (!read_moment(call, from_at, zone, &window.from_ms) ||
        !read_moment(call, to_at, zone, &window.to_ms))
        return false;
    if (window.from_ms < 0)
        window.from_ms = 0;
    if (window.to_ms > far_ms)
        window.to_ms = far_ms;
    if (window.from_ms > window.to_ms)
        window.from_ms = window.to_ms > 0 ? window.to_ms : 0;
    if (window.to_ms < window.from_ms)
        window.to_ms = window.from_ms; /* empty */
    window.hour_from = (window.from_ms + USAGE_HOUR_MS - 1) / USAGE_HOUR_MS;
    window.hour_to = window.to_ms / USAGE_HOUR_MS;
    if (window.hour_to < window.hour_from) /* inside one hour */
        window.hour_to = window.hour_from;
    *out = window;
    return true;
}

struct grouping {
    bool day;
    bool model;
    bool key;
};

/* Parameters of ROWS: account, from, to, first whole hour, hour after the last, then model and key
 * (null for all). There are two ranges of records: [from, hour_from) and [hour_to, to); inside one
 * hour the first covers all. The first column is the hour for a row of the roll-up, the second the
 * time. */
#define WANTED " AND (?6 IS NULL OR model = ?6) AND (?7 IS NULL OR key_id = ?7)"
#define RECORDS                                                                                    \
    "SELECT NULL, created_ms, model, key_id, 1, error_code <> '', input_tokens,"                   \
    "  cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd FROM usage"               \
    "  WHERE account_id = ?1" WANTED
#define ROWS                                                                                       \
    "SELECT hour, hour * 3600000, model, key_id, requests, errors, input_tokens,"                  \
    "  cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd FROM hourly"              \
    "  WHERE account_id = ?1 AND hour >= ?4 AND hour < ?5" WANTED " UNION ALL " RECORDS            \
    "  AND created_ms >= ?2 AND created_ms < min(?3, ?4 * 3600000) UNION ALL " RECORDS             \
    "  AND created_ms >= max(?2, ?5 * 3600000) AND created_ms < ?3"
enum { ROW_HOUR, ROW_MS, ROW_MODEL, ROW_KEY, ROW_SUMS };

/* Adds up the records of the call's account, of one model and key or (null) all. */
struct adding {
    const struct store_call *call;
    struct db *db;
    struct store_value model;
    struct store_value key;
    const struct grouping *by;
    const struct zone *zone;
    struct groups *groups;
};

static void add_row(const struct adding *adding, struct row *row)
{
    const struct grouping *by = adding->by;
    groups_add(adding->groups, by->day ? zone_day(adding->zone, column_int(row, ROW_MS)) : 0,
               by->model ? column_text(row, ROW_MODEL) : "",
               by->key ? column_text(row, ROW_KEY) : "", row, ROW_SUMS, GROUP_CHARGE + 1);
}

/* Adds the records of an hour that two days share. */
static void add_split_hour(const struct adding *adding, int64_t hour)
{
    struct row *row = db_bind(adding->db, RECORDS " AND created_ms >= ?2 AND created_ms < ?3",
                              DB_VALUES(adding->call->args[0], bind_int(hour * USAGE_HOUR_MS),
                                        bind_int((hour + 1) * USAGE_HOUR_MS), bind_int(0),
                                        bind_int(0), adding->model, adding->key));
    while (!adding->groups->too_many && db_row(adding->db, row))
        add_row(adding, row);
    db_leave(row);
}

static bool is_split(const struct adding *adding, struct row *row)
{
    return adding->by->day && !column_null(row, ROW_HOUR) &&
           zone_splits_hour(adding->zone, column_int(row, ROW_HOUR));
}

/* The rows of an hour come together, so its records are added at the first row. */
static void add_up(const struct adding *adding, const struct usage_window *window)
{
    struct row *row = db_bind(adding->db, ROWS,
                              DB_VALUES(adding->call->args[0], bind_int(window->from_ms),
                                        bind_int(window->to_ms), bind_int(window->hour_from),
                                        bind_int(window->hour_to), adding->model, adding->key));
    int64_t split = -1;
    while (!adding->groups->too_many && db_row(adding->db, row)) {
        if (!is_split(adding, row)) {
            add_row(adding, row);
        } else if (split != column_int(row, ROW_HOUR)) {
            split = column_int(row, ROW_HOUR);
            add_split_hour(adding, split);
        }
    }
    db_leave(row);
}

/* ---- units beside the sums ---- */

/* Parameters as of ROWS. Records are looked at only in hours that have units. */
#define UNIT_WANTED(table)                                                                         \
    " AND (?6 IS NULL OR " table ".model = ?6) AND (?7 IS NULL OR " table ".key_id = ?7)"
#define UNIT_RECORDS                                                                               \
    "SELECT NULL, u.created_ms, u.model, u.key_id, l.unit, l.quantity FROM"                        \
    "  (SELECT DISTINCT hour FROM hourly_units WHERE account_id = ?1 AND hour >= ?2 / 3600000"     \
    "   AND hour <= ?3 / 3600000) h CROSS JOIN usage u ON u.account_id = ?1"                       \
    "  AND u.created_ms >= max(?2, h.hour * 3600000)"                                              \
    "  AND u.created_ms < min(?3, h.hour * 3600000 + 3600000)" UNIT_WANTED(                        \
        "u") " CROSS JOIN usage_lines l ON l.usage_seq = u.seq"
#define UNIT_ROWS                                                                                  \
    "SELECT hour, hour * 3600000, model, key_id, unit, quantity FROM hourly_units h"               \
    "  WHERE account_id = ?1 AND hour >= ?4 AND hour < ?5" UNIT_WANTED("h")
enum { UNIT_NAME = ROW_SUMS, UNIT_QUANTITY };

static void add_unit(const struct adding *adding, struct row *row)
{
    const struct grouping *by = adding->by;
    groups_add_unit(adding->groups, by->day ? zone_day(adding->zone, column_int(row, ROW_MS)) : 0,
                    by->model ? column_text(row, ROW_MODEL) : "",
                    by->key ? column_text(row, ROW_KEY) : "", column_text(row, UNIT_NAME),
                    column_int(row, UNIT_QUANTITY));
}

static void add_units_of_records(const struct adding *adding, int64_t from_ms, int64_t to_ms)
{
    if (from_ms >= to_ms)
        return;
    struct row *row = db_bind(adding->db, UNIT_RECORDS,
                              DB_VALUES(adding->call->args[0], bind_int(from_ms), bind_int(to_ms),
                                        bind_int(0), bind_int(0), adding->model, adding->key));
    while (db_row(adding->db, row))
        add_unit(adding, row);
}

/* The rows of an hour come together. */
static void add_units_of_hours(const struct adding *adding, const struct usage_window *window)
{
    struct row *row = db_bind(adding->db, UNIT_ROWS,
                              DB_VALUES(adding->call->args[0], bind_int(0), bind_int(0),
                                        bind_int(window->hour_from), bind_int(window->hour_to),
                                        adding->model, adding->key));
    int64_t split = -1;
    while (db_row(adding->db, row)) {
        if (!is_split(adding, row)) {
            add_unit(adding, row);
        } else if (split != column_int(row, ROW_HOUR)) {
            split = column_int(row, ROW_HOUR);
            add_units_of_records(adding, split * USAGE_HOUR_MS, (split + 1) * USAGE_HOUR_MS);
        }
    }
}

/* The groups exist: each unit is of a record that is in the sums. */
static void add_units(const struct adding *adding, const struct usage_window *window)
{
    int64_t hours_from_ms = window->hour_from * USAGE_HOUR_MS;
    int64_t hours_to_ms = window->hour_to * USAGE_HOUR_MS;
    if (adding->groups->too_many)
        return;
    add_units_of_hours(adding, window);
    add_units_of_records(adding, window->from_ms,
                         window->to_ms < hours_from_ms ? window->to_ms : hours_from_ms);
    add_units_of_records(adding, window->from_ms > hours_to_ms ? window->from_ms : hours_to_ms,
                         window->to_ms);
}

static void add_all(const struct adding *adding, const struct usage_window *window)
{
    add_up(adding, window);
    add_units(adding, window);
}

static void render_sums(struct buffer *out, const int64_t *sums, const struct unit_counts *units)
{
    groups_render_counts(out, sums, units);
    json_writer_money(out, "cost", sums[GROUP_CHARGE]);
}

static void render_totals(struct buffer *out, const struct groups *groups)
{
    json_writer_object(out, "totals");
    render_sums(out, groups->totals, &groups->total_units);
    json_writer_object_end(out);
}

void usage_reports_totals(struct store_call *call, struct db *db, const struct usage_window *window,
                          struct store_value model, struct store_value key)
{
    struct groups groups;
    const struct adding adding = {.call = call,
                                  .db = db,
                                  .model = model,
                                  .key = key,
                                  .by = &(struct grouping){0},
                                  .groups = &groups};
    groups_init(&groups, 1);
    add_all(&adding, window);
    render_totals(&call->result, &groups);
    groups_fini(&groups);
}

bool usage_reports_shows_provider(const struct store_call *call)
{
    const char *name = call->operation->name;
    return call->providers_shown || strcmp(name, "usage.audit") == 0 ||
           strcmp(name, "usage.list_operator") == 0 || strcmp(name, "usage.csv_operator") == 0;
}

void usage_reports_record(struct buffer *out, struct row *row, bool provider_shown)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_time(out, "created_at", column_int(row, USAGE_CREATED_MS));
    json_writer_text(out, "model", column_text(row, USAGE_MODEL));
    json_writer_text_or_null(out, "provider", provider_shown ? column_text(row, 3) : "");
    json_writer_text_or_null(out, "key_id", column_text(row, USAGE_KEY_ID));
    json_writer_text_or_null(out, "key_name", column_text(row, 5));
    json_writer_int(out, "status", column_int(row, 6));
    json_writer_bool(out, "stream", column_int(row, 7) != 0);
    json_writer_int(out, "input_tokens", column_int(row, 8));
    json_writer_int(out, "cached_input_tokens", column_int(row, 9));
    json_writer_int(out, "output_tokens", column_int(row, 10));
    json_writer_int(out, "reasoning_tokens", column_int(row, 11));
    json_writer_money(out, "cost", column_int(row, 12));
    json_writer_text(out, "usage_source", column_text(row, 13));
    json_writer_text_or_null(out, "finish_reason", column_text(row, 14));
    json_writer_text_or_null(out, "error_code", column_text(row, 15));
    json_writer_int(out, "attempts", column_int(row, 16));
    if (column_int(row, 17) < 0)
        json_writer_null(out, "first_byte_ms");
    else
        json_writer_int(out, "first_byte_ms", column_int(row, 17) / 1000);
    json_writer_int(out, "total_ms", column_int(row, 18) / 1000);
}

void usage_reports_conditions(struct buffer *out, const struct usage_facts *facts)
{
    json_writer_object(out, "conditions");
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        if (facts->words[word][0] != '\0')
            json_writer_text(out, usage_facts_word_name(word), facts->words[word]);
    }
    json_writer_object_end(out);
}

void usage_reports_canary(struct buffer *out, struct row *row, const struct usage_facts *facts,
                          bool provider_shown)
{
    /* The canary's attempts are the first ones: if there were others, another has answered. */
    bool answered =
        facts->canary_attempts > 0 && column_int(row, USAGE_ATTEMPTS) == facts->canary_attempts;
    if (provider_shown)
        json_writer_bool(out, "canary", answered);
    else
        json_writer_null(out, "canary");
}

/* ---- summaries ---- */

static bool parse_grouping(struct store_call *call, struct grouping *out)
{
    const char *by = operations_text(call, 3);
    *out = (struct grouping){0};
    while (*by) {
        size_t bytes = strcspn(by, ",");
        bool *wanted = NULL;
        if (bytes == 3 && memcmp(by, "day", 3) == 0)
            wanted = &out->day;
        else if (bytes == 5 && memcmp(by, "model", 5) == 0)
            wanted = &out->model;
        else if (bytes == 3 && memcmp(by, "key", 3) == 0)
            wanted = &out->key;
        if (wanted == NULL || *wanted)
            return fault_set(&call->fault, "invalid_value",
                             "by must be day, model, key, or several of them with commas");
        *wanted = true;
        by += bytes;
        if (*by == ',' && !*++by)
            return fault_set(&call->fault, "invalid_value", "by ends with a comma");
    }
    return true;
}

static void render_key(struct buffer *out, struct db *db, const char *key_id)
{
    struct row *row =
        db_bind(db, "SELECT name FROM keys WHERE id = ?1", DB_VALUES(bind_text(key_id)));
    bool known = db_row(db, row);
    json_writer_text_or_null(out, "key_id", key_id);
    json_writer_text_or_null(out, "key_name", known ? column_text(row, 0) : "");
    db_leave(row);
}

static void render_group(struct buffer *out, struct db *db, const struct group *group,
                         const struct grouping *by)
{
    json_writer_object(out, NULL);
    if (by->day)
        json_writer_day(out, "day", (int32_t)group->day);
    if (by->model)
        json_writer_text(out, "model", group->first);
    if (by->key)
        render_key(out, db, group->second);
    render_sums(out, group->sums, &group->units);
    json_writer_object_end(out);
}

bool usage_reports_too_many_groups(struct store_call *call)
{
    return fault_set(&call->fault, "response_too_large",
                     "these are more than %d lines: ask for a shorter time, or for fewer groups",
                     USAGE_GROUPS_MAX);
}

static void render_groups(struct buffer *out, struct db *db, const struct groups *groups,
                          const struct grouping *by)
{
    struct group **sorted = groups_sorted(groups);
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    for (size_t i = 0; i < groups->table.node_count; i++)
        render_group(out, db, sorted[i], by);
    json_writer_array_end(out);
    render_totals(out, groups);
    json_writer_object_end(out);
    free(sorted);
}

static bool summarize(struct store_call *call, struct db *db, const struct zone *zone)
{
    struct usage_window window;
    struct groups groups;
    struct grouping by;
    const struct adding adding = {.call = call,
                                  .db = db,
                                  .model = call->args[4],
                                  .key = call->args[5],
                                  .by = &by,
                                  .zone = zone,
                                  .groups = &groups};
    bool ok;
    if (!parse_grouping(call, &by) || !usage_reports_window(call, 1, 2, zone, &window))
        return false;
    groups_init(&groups, USAGE_GROUPS_MAX);
    add_all(&adding, &window);
    ok = !groups.too_many || usage_reports_too_many_groups(call);
    if (ok)
        render_groups(&call->result, db, &groups, &by);
    groups_fini(&groups);
    return ok && db->failure == 0;
}

/* account_id from? to? by model? key_id? zone? */
bool usage_reports_summary(struct store_call *call, struct db *db)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, 6, &zone))
        return false;
    ok = summarize(call, db, &zone);
    zone_fini(&zone);
    return ok;
}
