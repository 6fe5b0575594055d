/* Usage records in pages, as JSON and as CSV. A page always costs a bounded number of steps. By
 * time it walks along an index, from hour to hour where the roll-up has a match, and examines at
 * most EXAMINED_MAX records. By size it works only for few records. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "base/unit.h"
#include "store/books/facts_table.h"
#include "store/operations/operations.h"
#include "store/questions/matching_hours.h"
#include "store/questions/refusals.h"
#include "store/questions/usage_reports.h"

enum { EXAMINED_MAX = 20000, SORTED_MAX = 100000, CSV_ROWS = 250 };

/* A walk along (created_ms, seq). The position is the last record that was examined. */
struct walk {
    struct store_call *call;
    struct db *db;
    struct usage_window window;
    struct zone zone; /* the viewer's */
    struct matching matching;
    struct match_sizes sizes; /* of the hour that is walked along, if there is a filter */
    bool oldest_first;
    void (*render)(const struct walk *walk, struct row *row);
    int64_t limit;
    int64_t count;
    int64_t examined;
    int64_t at_ms;
    int64_t at_seq;
    bool more;
};

/* Moves before all records of that time and after all earlier ones. */
static void stand_before(struct walk *walk, int64_t time_ms)
{
    walk->at_ms = time_ms - 1;
    walk->at_seq = INT64_MAX;
}

/* ---- by time ---- */

/* Reads only the index. */
#define EXAMINED(bounds)                                                                           \
    "SELECT created_ms, seq, " MATCH_SIZE_COLUMNS " FROM usage WHERE account_id = ?1 AND " bounds
enum { EXAMINED_MS, EXAMINED_SEQ, EXAMINED_SIZES };

static bool is_filtered(const struct walk *walk)
{
    return walk->matching.model.type != STORE_NULL || walk->matching.key.type != STORE_NULL;
}

static struct row *bind_newest(const struct walk *walk, int64_t from_ms)
{
    return db_bind(walk->db,
                   EXAMINED("created_ms >= ?2 AND (created_ms, seq) < (?3, ?4)"
                            " ORDER BY created_ms DESC, seq DESC"),
                   DB_VALUES(walk->call->args[0], bind_int(from_ms), bind_int(walk->at_ms),
                             bind_int(walk->at_seq)));
}

static struct row *bind_oldest(const struct walk *walk, int64_t to_ms)
{
    return db_bind(walk->db,
                   EXAMINED("created_ms < ?2 AND (created_ms, seq) > (?3, ?4)"
                            " ORDER BY created_ms, seq"),
                   DB_VALUES(walk->call->args[0], bind_int(to_ms), bind_int(walk->at_ms),
                             bind_int(walk->at_seq)));
}

static bool is_wanted(struct store_value wanted, const char *text)
{
    return wanted.type == STORE_NULL || strcmp(wanted.text.data, text) == 0;
}

/* By what the index knows of the record: MATCH_SIZE_COLUMNS, from column `at` on. */
static bool may_match(const struct walk *walk, struct row *row, int at)
{
    return !is_filtered(walk) || match_sizes_allow(&walk->sizes, row, at);
}

/* Looks up a record that may match, which may read a page for it alone. Renders it, too, if the
 * page has room. */
static bool take_if_matches(struct walk *walk, int64_t seq)
{
    struct row *row = db_bind(walk->db,
                              "SELECT " USAGE_RECORD_COLUMNS " FROM usage u LEFT JOIN keys k"
                              " ON k.id = u.key_id WHERE u.seq = ?1",
                              DB_VALUES(bind_int(seq)));
    bool found = db_row(walk->db, row) &&
                 is_wanted(walk->matching.model, column_text(row, USAGE_MODEL)) &&
                 is_wanted(walk->matching.key, column_text(row, USAGE_KEY_ID));
    walk->more = found && walk->count == walk->limit;
    if (found && !walk->more) {
        walk->render(walk, row);
        walk->count++;
    }
    db_leave(row);
    return found;
}

/* Renders the records of one range. False: the page is full. */
static bool walk_rows(struct walk *walk, struct row *row)
{
    while (db_row(walk->db, row)) {
        int64_t seq = column_int(row, EXAMINED_SEQ);
        walk->more = walk->examined == EXAMINED_MAX;
        if (!walk->more && may_match(walk, row, EXAMINED_SIZES))
            take_if_matches(walk, seq);
        if (walk->more) {
            db_leave(row);
            return false;
        }
        walk->at_ms = column_int(row, EXAMINED_MS);
        walk->at_seq = seq;
        walk->examined++;
    }
    return true;
}

/* Begins to find the hours with a match in the rest of the window. */
static void find_hours(const struct walk *walk, struct matching_hours *hours)
{
    int64_t at = walk->at_ms / USAGE_HOUR_MS;
    int64_t first = walk->oldest_first ? at : walk->window.from_ms / USAGE_HOUR_MS;
    int64_t last = walk->oldest_first ? walk->window.to_ms / USAGE_HOUR_MS : at;
    matching_hours_init(hours, walk->db, &walk->matching, first, last, walk->oldest_first);
}

static void walk_matching_hours(struct walk *walk)
{
    struct matching_hours hours;
    int64_t hour;
    find_hours(walk, &hours);
    while ((hour = matching_hours_next(&hours)) >= 0) {
        int64_t from_ms = hour * USAGE_HOUR_MS;
        int64_t to_ms = from_ms + USAGE_HOUR_MS;
        match_sizes_read(&walk->sizes, walk->db, &walk->matching, hour);
        if (walk->oldest_first) {
            if (walk->at_ms < from_ms)
                stand_before(walk, from_ms);
            if (to_ms > walk->window.to_ms)
                to_ms = walk->window.to_ms;
        } else {
            if (walk->at_ms >= to_ms)
                stand_before(walk, to_ms);
            if (from_ms < walk->window.from_ms)
                from_ms = walk->window.from_ms;
        }
        if (!walk_rows(walk,
                       walk->oldest_first ? bind_oldest(walk, to_ms) : bind_newest(walk, from_ms)))
            return;
    }
}

static void walk_time(struct walk *walk)
{
    if (is_filtered(walk))
        walk_matching_hours(walk);
    else if (walk->oldest_first)
        walk_rows(walk, bind_oldest(walk, walk->window.to_ms));
    else
        walk_rows(walk, bind_newest(walk, walk->window.from_ms));
}

/* Starts the walk at its end of the window, or after the cursor. */
static bool begin_walk(struct walk *walk, size_t cursor_at)
{
    const struct usage_window *window = &walk->window;
    stand_before(walk, walk->oldest_first ? window->from_ms : window->to_ms);
    if (!operations_cursor(walk->call, cursor_at, &walk->at_ms, &walk->at_seq))
        return false;
    if (walk->oldest_first && walk->at_ms < window->from_ms)
        stand_before(walk, window->from_ms);
    if (!walk->oldest_first && walk->at_ms >= window->to_ms)
        stand_before(walk, window->to_ms);
    return true;
}

/* ---- by size ---- */

static bool few_enough(struct store_call *call, struct db *db, const struct usage_window *window)
{
    int64_t records = db_number(db,
                                "SELECT sum(requests) FROM hourly WHERE account_id = ?1"
                                " AND hour >= ?2 AND hour <= ?3",
                                DB_VALUES(call->args[0], bind_int(window->from_ms / USAGE_HOUR_MS),
                                          bind_int(window->to_ms / USAGE_HOUR_MS)),
                                0);
    if (records <= SORTED_MAX)
        return true;
    return fault_set(&call->fault, "too_many_to_sort",
                     "%lld requests are too many to sort by size, at most %d are possible: choose "
                     "a shorter time",
                     (long long)records, SORTED_MAX);
}

/* Reads only the index: usage_newest has all three sizes. What a filter needs is read only for it:
 * these are many rows. */
#define SIZES(size, more)                                                                          \
    "SELECT " size ", seq" more " FROM usage WHERE account_id = ?1 AND created_ms >= ?2"           \
    " AND created_ms < ?3 AND (" size ", seq) < (?4, ?5)"
#define SIZES_FOR(filtered, size)                                                                  \
    ((filtered) ? SIZES(size, ", " MATCH_SIZE_COLUMNS) : SIZES(size, ""))

static const char *sql_by_size(const char *sort, bool filtered)
{
    if (strcmp(sort, "cost") == 0)
        return SIZES_FOR(filtered, "charge_nusd");
    if (strcmp(sort, "tokens") == 0)
        return SIZES_FOR(filtered, "input_tokens + cached_input_tokens + output_tokens");
    if (strcmp(sort, "duration") == 0)
        return SIZES_FOR(filtered, "total_us");
    return NULL;
}

/* A record that may come next. */
struct sized {
    int64_t size;
    int64_t seq;
};

/* All records in a heap; the largest are taken one by one, and only few of them. */
struct sizes {
    struct sized *heap;
    size_t count;
    size_t capacity;
};

static bool is_larger(const struct sized *one, const struct sized *other)
{
    return one->size != other->size ? one->size > other->size : one->seq > other->seq;
}

static void sift_down(struct sizes *sizes, size_t at)
{
    struct sized moved = sizes->heap[at];
    size_t child;
    while ((child = at * 2 + 1) < sizes->count) {
        if (child + 1 < sizes->count && is_larger(&sizes->heap[child + 1], &sizes->heap[child]))
            child++;
        if (!is_larger(&sizes->heap[child], &moved))
            break;
        sizes->heap[at] = sizes->heap[child];
        at = child;
    }
    sizes->heap[at] = moved;
}

static struct sized take_largest(struct sizes *sizes)
{
    struct sized largest = sizes->heap[0];
    sizes->heap[0] = sizes->heap[--sizes->count];
    if (sizes->count)
        sift_down(sizes, 0);
    return largest;
}

static void collect_range(const struct walk *walk, const char *sql, int64_t from_ms, int64_t to_ms,
                          struct sizes *sizes)
{
    struct row *row = db_bind(walk->db, sql,
                              DB_VALUES(walk->call->args[0], bind_int(from_ms), bind_int(to_ms),
                                        bind_int(walk->at_ms), bind_int(walk->at_seq)));
    while (db_row(walk->db, row)) {
        if (!may_match(walk, row, 2))
            continue;
        if (sizes->count == sizes->capacity) {
            sizes->capacity = sizes->capacity ? sizes->capacity * 2 : 1024;
            sizes->heap = realloc(sizes->heap, sizes->capacity * sizeof *sizes->heap);
            check(sizes->heap != NULL);
        }
        sizes->heap[sizes->count++] =
            (struct sized){.size = column_int(row, 0), .seq = column_int(row, 1)};
    }
}

/* The hours with a match only. Some other records of theirs stay in. */
static void collect_matching_hours(struct walk *walk, const char *sql, struct sizes *sizes)
{
    const struct usage_window *window = &walk->window;
    struct matching_hours hours;
    int64_t hour;
    matching_hours_init(&hours, walk->db, &walk->matching, window->from_ms / USAGE_HOUR_MS,
                        window->to_ms / USAGE_HOUR_MS, true);
    while ((hour = matching_hours_next(&hours)) >= 0) {
        int64_t from_ms = hour * USAGE_HOUR_MS;
        int64_t to_ms = from_ms + USAGE_HOUR_MS;
        match_sizes_read(&walk->sizes, walk->db, &walk->matching, hour);
        collect_range(walk, sql, from_ms > window->from_ms ? from_ms : window->from_ms,
                      to_ms < window->to_ms ? to_ms : window->to_ms, sizes);
    }
}

static void collect(struct walk *walk, const char *sql, struct sizes *sizes)
{
    if (is_filtered(walk))
        collect_matching_hours(walk, sql, sizes);
    else
        collect_range(walk, sql, walk->window.from_ms, walk->window.to_ms, sizes);
    for (size_t i = sizes->count / 2; i > 0; i--)
        sift_down(sizes, i - 1);
}

/* The cursor is the size and the number of the last record. */
static bool list_by_size(struct walk *walk, const char *sql, size_t cursor_at)
{
    struct store_call *call = walk->call;
    struct sizes sizes = {0};
    walk->at_ms = walk->at_seq = INT64_MAX;
    if (!operations_cursor(call, cursor_at, &walk->at_ms, &walk->at_seq) ||
        !few_enough(call, walk->db, &walk->window))
        return false;
    collect(walk, sql, &sizes);
    json_writer_array(&call->result, "data");
    while (sizes.count && walk->db->failure == 0) {
        struct sized next = take_largest(&sizes);
        if (!take_if_matches(walk, next.seq))
            continue;
        if (walk->more)
            break;
        walk->at_ms = next.size;
        walk->at_seq = next.seq;
    }
    json_writer_array_end(&call->result);
    free(sizes.heap);
    return true;
}

/* ---- the operations ---- */

static void render_record_json(struct store_call *call, struct row *row)
{
    usage_reports_record(&call->result, row, usage_reports_shows_provider(call));
    json_writer_object_end(&call->result);
}

static void render_json(const struct walk *walk, struct row *row)
{
    render_record_json(walk->call, row);
}

static bool list_by_time(struct walk *walk, const char *sort, size_t cursor_at)
{
    walk->oldest_first = strcmp(sort, "oldest") == 0;
    if (!walk->oldest_first && strcmp(sort, "newest") != 0)
        return fault_set(&walk->call->fault, "invalid_value",
                         "sort must be newest, oldest, cost, tokens or duration");
    if (!begin_walk(walk, cursor_at))
        return false;
    json_writer_array(&walk->call->result, "data");
    walk_time(walk);
    json_writer_array_end(&walk->call->result);
    return true;
}

static bool list_page(struct walk *walk)
{
    struct store_call *call = walk->call;
    const char *sort = operations_text(call, 5);
    const char *sql = sql_by_size(sort, is_filtered(walk));
    if (!operations_limit(call, 7, &walk->limit) ||
        !usage_reports_window(call, 1, 2, &walk->zone, &walk->window))
        return false;
    json_writer_object(&call->result, NULL);
    if (!(sql != NULL ? list_by_size(walk, sql, 6) : list_by_time(walk, sort, 6)))
        return false;
    if (operations_int(call, 8))
        usage_reports_totals(call, walk->db, &walk->window, walk->matching.model,
                             walk->matching.key);
    else
        json_writer_null(&call->result, "totals");
    operations_reply_cursor(&call->result, walk->more, walk->at_ms, walk->at_seq);
    json_writer_object_end(&call->result);
    return walk->db->failure == 0;
}

/* account_id from? to? model? key_id? sort cursor? limit totals zone? */
bool usage_list_page(struct store_call *call, struct db *db)
{
    struct walk walk = {.call = call,
                        .db = db,
                        .matching = {call->args[0], call->args[3], call->args[4]},
                        .render = render_json};
    bool ok;
    if (!usage_reports_zone(call, 9, &walk.zone))
        return false;
    ok = list_page(&walk);
    zone_fini(&walk.zone);
    return ok;
}

static void csv_int(struct buffer *out, int64_t number)
{
    buffer_append_char(out, ',');
    buffer_append_int(out, number);
}

static void csv_column(struct buffer *out, struct row *row, int column)
{
    buffer_append_char(out, ',');
    csv_text(out, column_text(row, column));
}

/* A column for each unit that has no column before, whether there is any or not: so all files have
 * the same columns, and new units come behind them (base/unit.h). */
static void csv_units(const struct walk *walk, int64_t usage_seq)
{
    struct unit_counts counts = {.input = 0};
    struct row *row =
        db_bind(walk->db, "SELECT unit, quantity FROM usage_lines WHERE usage_seq = ?1",
                DB_VALUES(bind_int(usage_seq)));
    while (db_row(walk->db, row)) {
        const char *name = column_text(row, 0);
        enum unit unit = unit_of_name(name, strlen(name));
        if (unit != UNIT_COUNT)
            counts.of[unit] = column_int(row, 1);
    }
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        csv_int(&walk->call->result, counts.of[unit]);
}

/* The columns in the order of USAGE_RECORD_COLUMNS; in place of the last, the units. */
static void render_csv(const struct walk *walk, struct row *row)
{
    struct buffer *out = &walk->call->result;
    int64_t created_ms = column_int(row, USAGE_CREATED_MS);
    char local[ZONE_LOCAL_TEXT_BYTES];
    char time[CLOCK_TEXT_BYTES];
    char cost[MONEY_TEXT_BYTES];
    csv_text(out, column_text(row, 0));
    buffer_printf(out, ",%s,%s", clock_format(created_ms, time),
                  zone_format(&walk->zone, created_ms, local));
    csv_column(out, row, USAGE_MODEL);
    buffer_append_char(out, ',');
    if (usage_reports_shows_provider(walk->call))
        csv_text(out, column_text(row, 3));
    csv_column(out, row, 4);
    csv_column(out, row, 5);
    for (int column = 6; column <= 11; column++)
        csv_int(out, column_int(row, column));
    buffer_printf(out, ",%s", money_format(column_int(row, 12), cost));
    for (int column = 13; column <= 15; column++)
        csv_column(out, row, column);
    csv_int(out, column_int(row, 16));
    if (column_int(row, 17) < 0)
        buffer_append_char(out, ',');
    else
        csv_int(out, column_int(row, 17) / 1000);
    csv_int(out, column_int(row, 18) / 1000);
    csv_units(walk, column_int(row, USAGE_SEQ));
    buffer_append_text(out, "\r\n");
}

static bool list_csv(struct walk *walk)
{
    struct buffer *out = &walk->call->result;
    if (!usage_reports_window(walk->call, 1, 2, &walk->zone, &walk->window) || !begin_walk(walk, 5))
        return false;
    walk_time(walk);
    if (walk->more)
        operations_append_cursor(out, walk->at_ms, walk->at_seq);
    buffer_append_char(out, '\n');
    return walk->db->failure == 0;
}

/* account_id from? to? model? key_id? cursor? zone? -> the rows, then a line with the cursor of the
 * next page, empty after the last. */
bool usage_list_csv(struct store_call *call, struct db *db)
{
    struct walk walk = {.call = call,
                        .db = db,
                        .matching = {call->args[0], call->args[3], call->args[4]},
                        .render = render_csv,
                        .limit = CSV_ROWS};
    bool ok;
    if (!usage_reports_zone(call, 6, &walk.zone))
        return false;
    ok = list_csv(&walk);
    zone_fini(&walk.zone);
    return ok;
}

/* account_id exchange_id */
bool usage_list_get(struct store_call *call, struct db *db)
{
    struct usage_facts facts;
    struct row *row = db_bind(db,
                              "SELECT " USAGE_RECORD_COLUMNS " FROM resolutions r"
                              " JOIN usage u ON u.seq = r.usage_seq"
                              " LEFT JOIN keys k ON k.id = u.key_id"
                              " WHERE r.exchange_id = ?2 AND u.account_id = ?1",
                              call->args, 2);
    if (!db_row(db, row))
        return refusals_find(call, db, call->args[0], call->args[1], false);
    facts_table_read(db, column_int(row, USAGE_SEQ), &facts);
    usage_reports_record(&call->result, row, usage_reports_shows_provider(call));
    usage_reports_conditions(&call->result, &facts);
    usage_reports_canary(&call->result, row, &facts, usage_reports_shows_provider(call));
    json_writer_object_end(&call->result);
    db_leave(row);
    return true;
}
