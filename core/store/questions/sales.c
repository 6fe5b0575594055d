/* Sales: what the operator earns and pays. Revenue, refunds, providers' cost and profit, by day,
 * model, provider or customer. From the roll-ups: so by whole quarters of an hour (in every zone
 * days begin with one), and as fast for many records as for few. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "store/operations/operations.h"
#include "store/questions/groups.h"
#include "store/questions/spans.h"
#include "store/questions/time_records.h"
#include "store/questions/usage_reports.h"

#define QUARTER_MS INT64_C(900000)
#define DAY_QUARTERS 96

enum {
    CUSTOMERS_MAX = 100, /* of a page; a file has all */
    /* For so many customers at least, and so many records of each, the records of a part of a day
     * are read as they lie, and not the hours of each customer. */
    EDGE_CUSTOMERS = 1000,
    EDGE_RECORDS = 16
};

struct grouping {
    bool day;
    bool model;
    bool provider;
    bool customer;
    bool group;
};

/* The report as it is written. */
struct report {
    struct buffer *out;
    struct db *db;
    struct grouping by;
    bool csv;
};

static int64_t min_of(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static int64_t max_of(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

static bool *find_word(struct grouping *by, const char *word, size_t bytes)
{
    const struct {
        const char *name;
        bool *wanted;
    } words[] = {{"day", &by->day},
                 {"model", &by->model},
                 {"provider", &by->provider},
                 {"customer", &by->customer},
                 {"group", &by->group}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].name) == bytes && memcmp(words[i].name, word, bytes) == 0)
            return words[i].wanted;
    }
    return NULL;
}

static bool parse_grouping(struct store_call *call, struct grouping *by)
{
    const char *at = operations_text(call, 2);
    for (; *at; at += *at == ',') {
        size_t bytes = strcspn(at, ",");
        bool *wanted = find_word(by, at, bytes);
        if (wanted == NULL || *wanted || (at[bytes] && !at[bytes + 1]))
            return fault_set(&call->fault, "invalid_value",
                             "by must be day, model, provider, or several of them with commas, or "
                             "customer, or group");
        *wanted = true;
        at += bytes;
    }
    if (by->customer + by->group + (by->day || by->model || by->provider) <= 1)
        return true;
    return fault_set(&call->fault, "invalid_value", "customer and group stand alone");
}

static void render_sums(struct buffer *out, const int64_t *sums, const struct unit_counts *units)
{
    groups_render_counts(out, sums, units);
    json_writer_money(out, "revenue", sums[GROUP_CHARGE]);
    json_writer_money(out, "refunded", sums[GROUP_REFUNDED]);
    json_writer_money(out, "cost", sums[GROUP_COST]);
    json_writer_money(out, "overrun", sums[GROUP_OVERRUN]);
    json_writer_money(out, "shadow_cost", sums[GROUP_SHADOWS]);
    json_writer_money(out, "hedge_cost", sums[GROUP_HEDGES]);
    json_writer_money(out, "test_cost", sums[GROUP_TESTS]);
    json_writer_money(out, "profit", sums[GROUP_CHARGE] - sums[GROUP_REFUNDED] - sums[GROUP_COST]);
}

/* ---- as a file ---- */

/* Begins with a byte order mark: without it spreadsheets read Latin-1. */
static void csv_head(const struct report *report)
{
    static const char sums[] = "requests,errors,input_tokens,cached_input_tokens,output_tokens,"
                               "reasoning_tokens,revenue,refunded,cost,overrun,shadow_cost,"
                               "hedge_cost,test_cost,profit";
    const struct grouping *by = &report->by;
    buffer_append_text(report->out, "\xEF\xBB\xBF");
    buffer_append_text(report->out, by->day ? "day," : "");
    buffer_append_text(report->out, by->model ? "model," : "");
    buffer_append_text(report->out, by->provider ? "provider," : "");
    buffer_append_text(report->out, by->group ? "group," : "");
    buffer_append_text(report->out, by->customer ? "user_id,email,name," : "");
    buffer_append_text(report->out, sums);
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        buffer_printf(report->out, ",%s", unit_name(unit));
    buffer_append_text(report->out, "\r\n");
}

static void csv_sums(struct buffer *out, const int64_t *sums, const struct unit_counts *units)
{
    static const enum group_sum money[] = {GROUP_CHARGE,  GROUP_REFUNDED, GROUP_COST, GROUP_OVERRUN,
                                           GROUP_SHADOWS, GROUP_HEDGES,   GROUP_TESTS};
    char text[MONEY_TEXT_BYTES];
    buffer_append_int(out, sums[GROUP_REQUESTS]);
    for (int i = GROUP_ERRORS; i <= GROUP_REASONING; i++) {
        buffer_append_char(out, ',');
        buffer_append_int(out, sums[i]);
    }
    for (size_t i = 0; i < sizeof money / sizeof *money; i++)
        buffer_printf(out, ",%s", money_format(sums[money[i]], text));
    buffer_printf(out, ",%s",
                  money_format(sums[GROUP_CHARGE] - sums[GROUP_REFUNDED] - sums[GROUP_COST], text));
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++) {
        buffer_append_char(out, ',');
        buffer_append_int(out, units->of[unit]);
    }
    buffer_append_text(out, "\r\n");
}

static void csv_name(struct buffer *out, const char *name)
{
    csv_text(out, name);
    buffer_append_char(out, ',');
}

static void render_totals(struct buffer *out, const struct groups *groups)
{
    json_writer_object(out, "totals");
    render_sums(out, groups->totals, &groups->total_units);
    json_writer_object_end(out);
}

/* Nine sums of a roll-up; and thirteen, for groups_add. */
#define ROLL_UP_COLUMNS                                                                            \
    "requests, errors, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"        \
    " charge_nusd, cost_nusd, overrun_nusd"
#define SUM_COLUMNS ROLL_UP_COLUMNS ", 0, 0, 0, 0"
#define RECORD_COLUMNS                                                                             \
    "1, error_code <> '', input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"     \
    " charge_nusd, cost_nusd, overrun_nusd, 0, 0, 0, 0"
#define REFUND_COLUMNS "0, 0, 0, 0, 0, 0, 0, 0, 0, t.amount_nusd, 0, 0, 0"
#define SHADOW_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, r.cost_nusd, 0, 0"
#define HEDGE_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, 0, r.cost_nusd, 0"
#define TEST_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, 0, 0, r.cost_nusd"
#define REFUNDS                                                                                    \
    " WHERE t.debit_account = 'revenue' AND t.id IS NOT NULL AND t.kind = 'refund'"                \
    " AND t.created_ms >= ?1 * 900000 AND t.created_ms < ?2 * 900000"

static void add_sale(const struct grouping *by, const struct zone *zone, struct row *row,
                     struct groups *groups)
{
    groups_add(groups, by->day ? zone_day(zone, column_int(row, 0)) : 0,
               by->model ? column_text(row, 1) : "", by->provider ? column_text(row, 2) : "", row,
               3, GROUP_SUMS);
}

/* Sales, and what they cost. Shadows, hedges and test calls are no calls of customers: only their
 * cost counts. */
static void add_sales(struct db *db, const struct quarters *asked, const struct grouping *by,
                      const struct zone *zone, struct groups *groups)
{
    struct row *row = db_bind(db,
                              "SELECT quarter * 900000, model, provider, " SUM_COLUMNS " FROM sales"
                              " WHERE quarter >= ?1 AND quarter < ?2"
                              " UNION ALL SELECT s.created_ms, s.model, s.provider, " SHADOW_COLUMNS
                              " FROM shadows s JOIN shadow_results r ON r.seq = s.seq"
                              " WHERE s.created_ms >= ?1 * 900000 AND s.created_ms < ?2 * 900000"
                              " AND r.cost_nusd > 0"
                              " UNION ALL SELECT h.created_ms, h.model, r.provider, " HEDGE_COLUMNS
                              " FROM hedges h JOIN hedge_results r ON r.seq = h.seq"
                              " WHERE h.created_ms >= ?1 * 900000 AND h.created_ms < ?2 * 900000"
                              " AND r.cost_nusd > 0"
                              " UNION ALL SELECT c.created_ms, c.model, c.provider, " TEST_COLUMNS
                              " FROM test_calls c JOIN test_call_results r ON r.seq = c.seq"
                              " WHERE c.created_ms >= ?1 * 900000 AND c.created_ms < ?2 * 900000"
                              " AND r.cost_nusd > 0",
                              DB_VALUES(bind_int(asked->from), bind_int(asked->to)));
    while (!groups->too_many && db_row(db, row))
        add_sale(by, zone, row, groups);
    db_leave(row);
}

/* A refund counts at its own time, for the model and provider of its exchange. These are looked up
 * only if they are asked for: four pages of the disk for each refund. */
static struct row *bind_refunds(struct db *db, const struct quarters *asked, bool named)
{
    const struct store_value times[] = {bind_int(asked->from), bind_int(asked->to)};
    if (!named)
        return db_bind(db,
                       "SELECT t.created_ms, '', '', " REFUND_COLUMNS " FROM transfers t" REFUNDS,
                       times, 2);
    return db_bind(db,
                   "SELECT t.created_ms, u.model, u.provider, " REFUND_COLUMNS
                   " FROM transfers t JOIN resolutions r ON r.exchange_id = t.exchange_id"
                   " JOIN usage u ON u.seq = r.usage_seq" REFUNDS,
                   times, 2);
}

static void add_up(struct db *db, const struct quarters *asked, const struct grouping *by,
                   const struct zone *zone, struct groups *groups)
{
    struct row *row;
    add_sales(db, asked, by, zone, groups);
    row = bind_refunds(db, asked, by->model || by->provider);
    while (!groups->too_many && db_row(db, row))
        add_sale(by, zone, row, groups);
    db_leave(row);
}

/* The groups exist: each unit is of a sale. */
static void add_units(struct db *db, const struct quarters *asked, const struct grouping *by,
                      const struct zone *zone, struct groups *groups)
{
    struct row *row =
        db_bind(db,
                "SELECT quarter * 900000, model, provider, unit, quantity FROM sales_units"
                " WHERE quarter >= ?1 AND quarter < ?2",
                DB_VALUES(bind_int(asked->from), bind_int(asked->to)));
    while (!groups->too_many && db_row(db, row))
        groups_add_unit(groups, by->day ? zone_day(zone, column_int(row, 0)) : 0,
                        by->model ? column_text(row, 1) : "",
                        by->provider ? column_text(row, 2) : "", column_text(row, 3),
                        column_int(row, 4));
    db_leave(row);
}

static void csv_group(const struct report *report, const struct group *group)
{
    char day[CLOCK_TEXT_BYTES];
    if (report->by.day)
        buffer_printf(report->out, "%s,", clock_format_day((int32_t)group->day, day));
    if (report->by.model || report->by.group)
        csv_name(report->out, group->first);
    if (report->by.provider)
        csv_name(report->out, group->second);
    csv_sums(report->out, group->sums, &group->units);
}

static void render_group(const struct report *report, const struct group *group)
{
    struct buffer *out = report->out;
    json_writer_object(out, NULL);
    if (report->by.day)
        json_writer_day(out, "day", (int32_t)group->day);
    if (report->by.model)
        json_writer_text(out, "model", group->first);
    if (report->by.group)
        json_writer_text_or_null(out, "group", group->first);
    if (report->by.provider)
        json_writer_text_or_null(out, "provider", group->second);
    render_sums(out, group->sums, &group->units);
    json_writer_object_end(out);
}

static void render_groups(const struct report *report, const struct groups *groups)
{
    struct group **sorted = groups_sorted(groups);
    for (size_t i = 0; i < groups->table.node_count; i++) {
        if (report->csv)
            csv_group(report, sorted[i]);
        else
            render_group(report, sorted[i]);
    }
    free(sorted);
}

/* ---- customers ---- */

/* Adds the sums of whole days, of all customers. */
static void add_days(struct db *db, const struct span *span, struct groups *groups)
{
    struct row *row = db_bind(db,
                              "SELECT account_id, " ROLL_UP_COLUMNS " FROM customer_days"
                              " WHERE day >= ?1 AND day < ?2",
                              DB_VALUES(bind_int(span->day_from), bind_int(span->day_to)));
    while (db_row(db, row))
        groups_add(groups, 0, column_text(row, 0), "", row, 1, GROUP_OVERRUN + 1);
}

/* Hours and records of parts of hours, of the accounts of a subquery. Parameters as of spans. */
#define HOURS_OF(accounts)                                                                         \
    "SELECT o.account_id, " SUM_COLUMNS " FROM " SPAN_EDGES " CROSS JOIN " accounts                \
    " o CROSS JOIN hourly h ON h.account_id = o.account_id AND h.hour >= e.first"                  \
    " AND h.hour < e.last WHERE e.first < e.last"                                                  \
    " UNION ALL SELECT o.account_id, " RECORD_COLUMNS " FROM " SPAN_SHARDS " CROSS JOIN " accounts \
    " o CROSS JOIN usage g ON g.account_id = o.account_id AND g.created_ms >= e.first"             \
    " AND g.created_ms < e.last WHERE e.first < e.last"
/* Accounts with a key that was used since the time began. */
#define ACTIVE                                                                                     \
    "(SELECT DISTINCT k.account_id FROM key_totals t CROSS JOIN keys k ON k.id = t.key_id"         \
    " WHERE t.last_used_ms >= ?1 * 900000)"

static void add_hours_of(struct db *db, const char *sql, const struct quarters *part,
                         struct groups *groups)
{
    const struct span span = span_of_hours(part);
    struct row *row = db_bind(db, sql, DB_VALUES(SPAN_VALUES(&span)));
    while (db_row(db, row))
        groups_add(groups, 0, column_text(row, 0), "", row, 1, GROUP_SUMS);
}

/* Adds a part of a day from the hours of each customer: of those whose keys were used since, and if
 * these have not all its calls, of all. */
static void add_hours(struct db *db, const struct quarters *part, struct groups *groups)
{
    struct groups found;
    groups_init(&found, SIZE_MAX);
    add_hours_of(db, HOURS_OF(ACTIVE), part, &found);
    if (found.totals[GROUP_REQUESTS] == time_records_count(db, part))
        groups_add_all(groups, &found);
    else
        add_hours_of(db, HOURS_OF("users"), part, groups);
    groups_fini(&found);
}

/* Adds what lies before and behind the whole days. */
static void add_edges(struct db *db, const struct span *span, struct groups *groups)
{
    const struct quarters edges[] = {
        {span->asked.from, min_of(span->asked.to, span->day_from * DAY_QUARTERS)},
        {max_of(span->asked.from, span->day_to * DAY_QUARTERS), span->asked.to}};
    const int64_t customers = max_of((int64_t)groups->table.node_count, EDGE_CUSTOMERS);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        if (!time_records_add(db, &edges[i], customers * EDGE_RECORDS, groups))
            add_hours(db, &edges[i], groups);
    }
}

static void add_refunds(struct db *db, const struct quarters *asked, struct groups *groups)
{
    struct row *row =
        db_bind(db, "SELECT t.credit_account, " REFUND_COLUMNS " FROM transfers t" REFUNDS,
                DB_VALUES(bind_int(asked->from), bind_int(asked->to)));
    while (db_row(db, row))
        groups_add(groups, 0, column_text(row, 0), "", row, 1, GROUP_SUMS);
}

/* Adds all sums of each customer but those of units, by account; also of customers who only got a
 * refund. */
static void add_customers(struct db *db, const struct span *span, struct groups *groups)
{
    add_days(db, span, groups);
    add_edges(db, span, groups);
    add_refunds(db, &span->asked, groups);
}

/* Records are looked at only where their hour has units. */
static void add_customer_units(struct db *db, const struct span *span, const char *account_id,
                               const char *name, struct groups *groups)
{
    struct row *row = db_bind(
        db,
        "SELECT unit, quantity FROM customer_day_units WHERE account_id = ?7 AND day >= ?3"
        " AND day < ?4"
        " UNION ALL SELECT h.unit, h.quantity FROM " SPAN_EDGES " CROSS JOIN hourly_units h"
        " ON h.account_id = ?7 AND h.hour >= e.first AND h.hour < e.last WHERE e.first < e.last"
        " UNION ALL SELECT l.unit, l.quantity FROM " SPAN_SHARDS " CROSS JOIN usage g"
        " ON g.account_id = ?7 AND g.created_ms >= e.first AND g.created_ms < e.last"
        " CROSS JOIN usage_lines l ON l.usage_seq = g.seq WHERE e.first < e.last"
        " AND EXISTS (SELECT 1 FROM hourly_units s WHERE s.account_id = ?7"
        "  AND s.hour = e.first / 3600000)",
        DB_VALUES(SPAN_VALUES(span), bind_text(account_id)));
    while (db_row(db, row))
        groups_add_unit(groups, 0, name, "", column_text(row, 0), column_int(row, 1));
}

static void render_customer(const struct report *report, struct row *user,
                            const struct group *group)
{
    struct buffer *out = report->out;
    if (report->csv) {
        for (int column = 0; column <= 2; column++)
            csv_name(out, column_text(user, column));
        csv_sums(out, group->sums, &group->units);
        return;
    }
    json_writer_object(out, NULL);
    json_writer_object(out, "customer");
    json_writer_text(out, "id", column_text(user, 0));
    json_writer_text(out, "email", column_text(user, 1));
    json_writer_text(out, "name", column_text(user, 2));
    json_writer_object_end(out);
    render_sums(out, group->sums, &group->units);
    json_writer_object_end(out);
}

/* `group` is one of `customers`. */
static bool add_customer(const struct report *report, const struct span *span,
                         const struct group *group, struct groups *customers)
{
    struct row *row = db_bind(report->db, "SELECT id, email, name FROM users WHERE account_id = ?1",
                              DB_VALUES(bind_text(group->first)));
    if (!db_row(report->db, row))
        return false;
    add_customer_units(report->db, span, group->first, group->first, customers);
    render_customer(report, row, group);
    db_leave(row);
    return true;
}

/* The dearest customers first. */
static void render_customers(const struct report *report, const struct quarters *asked)
{
    const struct span span = span_of(report->db, asked);
    const size_t most = report->csv ? SIZE_MAX : CUSTOMERS_MAX;
    struct groups customers;
    struct group **sorted;
    size_t shown = 0;
    groups_init(&customers, SIZE_MAX);
    add_customers(report->db, &span, &customers);
    sorted = groups_sorted(&customers);
    for (size_t i = 0; i < customers.table.node_count && shown < most; i++)
        shown += add_customer(report, &span, sorted[i], &customers);
    free(sorted);
    groups_fini(&customers);
}

static void add_to_group(const struct report *report, const struct span *span,
                         const struct group *customer, struct groups *groups)
{
    struct row *row = db_bind(report->db, "SELECT \"group\" FROM users WHERE account_id = ?1",
                              DB_VALUES(bind_text(customer->first)));
    if (!db_row(report->db, row))
        return;
    groups_add_sums(groups, 0, column_text(row, 0), "", customer->sums);
    add_customer_units(report->db, span, customer->first, column_text(row, 0), groups);
    db_leave(row);
}

/* By the groups that the customers are in now: which they were in is not in the sums. */
static void render_by_group(const struct report *report, const struct quarters *asked)
{
    const struct span span = span_of(report->db, asked);
    struct groups customers;
    struct groups groups;
    groups_init(&customers, SIZE_MAX);
    groups_init(&groups, SIZE_MAX);
    add_customers(report->db, &span, &customers);
    for (size_t i = 0; i < customers.table.bucket_count; i++) {
        for (struct table_node *node = customers.table.buckets[i]; node != NULL; node = node->next)
            add_to_group(report, &span, (struct group *)node, &groups);
    }
    render_groups(report, &groups);
    groups_fini(&groups);
    groups_fini(&customers);
}

/* ---- the operations ---- */

static void render_rows(const struct report *report, const struct quarters *asked,
                        const struct groups *groups)
{
    if (report->by.customer)
        render_customers(report, asked);
    else if (report->by.group)
        render_by_group(report, asked);
    else
        render_groups(report, groups);
}

static void render(const struct report *report, const struct quarters *asked,
                   const struct groups *groups)
{
    if (report->csv) {
        csv_head(report);
        render_rows(report, asked, groups);
        return;
    }
    json_writer_object(report->out, NULL);
    json_writer_array(report->out, "data");
    render_rows(report, asked, groups);
    json_writer_array_end(report->out);
    render_totals(report->out, groups);
    json_writer_object_end(report->out);
}

static bool summarize(struct store_call *call, struct db *db, const struct zone *zone, bool csv)
{
    struct report report = {.out = &call->result, .db = db, .csv = csv};
    struct usage_window window;
    struct groups groups;
    bool ok;
    if (!parse_grouping(call, &report.by) || !usage_reports_window(call, 0, 1, zone, &window))
        return false;
    const struct quarters asked = {.from = window.from_ms / QUARTER_MS,
                                   .to = (window.to_ms + QUARTER_MS - 1) / QUARTER_MS};
    groups_init(&groups, USAGE_GROUPS_MAX);
    add_up(db, &asked, &report.by, zone, &groups);
    add_units(db, &asked, &report.by, zone, &groups);
    ok = !groups.too_many || usage_reports_too_many_groups(call);
    render(&report, &asked, &groups);
    groups_fini(&groups);
    return ok && db->failure == 0;
}

static bool in_zone(struct store_call *call, struct db *db, bool csv)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, 3, &zone))
        return false;
    ok = summarize(call, db, &zone, csv);
    zone_fini(&zone);
    return ok;
}

/* from? to? by zone? */
bool sales_summary(struct store_call *call, struct db *db)
{
    return in_zone(call, db, false);
}

/* The same -> the whole file. */
bool sales_csv(struct store_call *call, struct db *db)
{
    return in_zone(call, db, true);
}
