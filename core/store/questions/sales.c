/* Sales: what the operator earns and pays. Revenue, refunds, providers' cost and profit, by day,
 * model, provider or customer. From the roll-ups: so by whole quarters of an hour (in every zone
 * days begin with one), and as fast for many records as for few. */
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/groups.h"
#include "store/questions/usage_reports.h"

#define QUARTER_MS INT64_C(900000)

enum { CUSTOMERS_MAX = 100 };

/* The window of the report, in quarters of an hour since 1970. */
struct quarters {
    int64_t from;
    int64_t to; /* exclusive */
};

struct grouping {
    bool day;
    bool model;
    bool provider;
    bool customer;
};

static bool *find_word(struct grouping *by, const char *word, size_t bytes)
{
    const struct {
        const char *name;
        bool *wanted;
    } words[] = {{"day", &by->day},
                 {"model", &by->model},
                 {"provider", &by->provider},
                 {"customer", &by->customer}};
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
                             "customer");
        *wanted = true;
        at += bytes;
    }
    if (!by->customer || (!by->day && !by->model && !by->provider))
        return true;
    return fault_set(&call->fault, "invalid_value", "customer stands alone");
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

static void render_totals(struct buffer *out, const struct groups *groups)
{
    json_writer_object(out, "totals");
    render_sums(out, groups->totals, &groups->total_units);
    json_writer_object_end(out);
}

/* Thirteen sums, for groups_add. */
#define SUM_COLUMNS                                                                                \
    "requests, errors, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"        \
    " charge_nusd, cost_nusd, overrun_nusd, 0, 0, 0, 0"
#define RECORD_COLUMNS                                                                             \
    "1, error_code <> '', input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"     \
    " charge_nusd, cost_nusd, overrun_nusd, 0, 0, 0, 0"
#define REFUND_COLUMNS "0, 0, 0, 0, 0, 0, 0, 0, 0, t.amount_nusd, 0, 0, 0"
#define SHADOW_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, r.cost_nusd, 0, 0"
#define HEDGE_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, 0, r.cost_nusd, 0"
#define TEST_COLUMNS "0, 0, 0, 0, 0, 0, 0, r.cost_nusd, 0, 0, 0, 0, r.cost_nusd"
#define REFUNDS_BY(account)                                                                        \
    " WHERE " account " = 'revenue' AND t.id IS NOT NULL AND t.kind = 'refund'"                    \
    " AND t.created_ms >= ?1 * 900000 AND t.created_ms < ?2 * 900000"
#define REFUNDS REFUNDS_BY("t.debit_account")

/* A refund counts at its own time, for the model and provider of its exchange. Shadows,
 * hedges and test calls are no calls of customers: only their cost counts. */
static void add_up(struct db *db, const struct quarters *asked, const struct grouping *by,
                   const struct zone *zone, struct groups *groups)
{
    struct row *row =
        db_bind(db,
                "SELECT quarter * 900000, model, provider, " SUM_COLUMNS " FROM sales"
                " WHERE quarter >= ?1 AND quarter < ?2"
                " UNION ALL SELECT t.created_ms, u.model, u.provider, " REFUND_COLUMNS
                " FROM transfers t JOIN resolutions r ON r.exchange_id = t.exchange_id"
                " JOIN usage u ON u.seq = r.usage_seq" REFUNDS
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
        groups_add(groups, by->day ? zone_day(zone, column_int(row, 0)) : 0,
                   by->model ? column_text(row, 1) : "", by->provider ? column_text(row, 2) : "",
                   row, 3, GROUP_SUMS);
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

static void render_groups(struct buffer *out, const struct groups *groups,
                          const struct grouping *by)
{
    struct group **sorted = groups_sorted(groups);
    for (size_t i = 0; i < groups->table.node_count; i++) {
        json_writer_object(out, NULL);
        if (by->day)
            json_writer_day(out, "day", (int32_t)sorted[i]->day);
        if (by->model)
            json_writer_text(out, "model", sorted[i]->first);
        if (by->provider)
            json_writer_text_or_null(out, "provider", sorted[i]->second);
        render_sums(out, sorted[i]->sums, &sorted[i]->units);
        json_writer_object_end(out);
    }
    free(sorted);
}

/* ---- customers ---- */

/* The window as whole UTC days from the day sums, the whole hours around them, and around those the
 * quarters of an hour, for which there are only records. */
struct span {
    struct quarters asked;
    int64_t hour_from;
    int64_t hour_to; /* exclusive, like all ends here */
    int64_t day_from;
    int64_t day_to;
};

static struct span span_of(struct db *db, const struct quarters *asked)
{
    int64_t until_day = db_number(db, "SELECT until_day FROM summed_days", NULL, 0, 0);
    struct span span = {
        .asked = *asked, .hour_from = (asked->from + 3) / 4, .hour_to = asked->to / 4};
    if (span.hour_to < span.hour_from) /* inside one hour */
        span.hour_to = span.hour_from;
    span.day_from = (span.hour_from + 23) / 24;
    span.day_to = span.hour_to / 24;
    if (span.day_to > until_day)
        span.day_to = until_day;
    if (span.day_to <= span.day_from) /* no whole day: all hours lie before it */
        span.day_from = span.day_to = (span.hour_to + 23) / 24;
    return span;
}

/* The parameters of the statements below. */
#define SPAN_VALUES(span)                                                                          \
    bind_int((span)->asked.from), bind_int((span)->asked.to), bind_int((span)->day_from),          \
        bind_int((span)->day_to), bind_int((span)->hour_from), bind_int((span)->hour_to)
/* Hours outside of the whole days. */
#define EDGES                                                                                      \
    "(SELECT ?5 AS first, min(?6, ?3 * 24) AS last UNION ALL SELECT max(?5, ?4 * 24), ?6) e"
/* Times, in milliseconds, outside of the whole hours. */
#define SHARDS                                                                                     \
    "(SELECT ?1 * 900000 AS first, min(?2 * 900000, ?5 * 3600000) AS last"                         \
    " UNION ALL SELECT max(?1 * 900000, ?6 * 3600000), ?2 * 900000) e"

/* Finds what each customer has spent, and no more, because there are many rows. Includes customers
 * who only got a refund. */
static void find_customers(struct db *db, const struct span *span, struct groups *groups)
{
#define CHARGE "SELECT o.account_id, 0, 0, 0, 0, 0, 0, charge_nusd FROM "
    struct row *row = db_bind(
        db,
        CHARGE "users o CROSS JOIN customer_days d ON d.account_id = o.account_id AND d.day >= ?3"
               " AND d.day < ?4"
               " UNION ALL " CHARGE EDGES " CROSS JOIN users o CROSS JOIN hourly h"
               " ON h.account_id = o.account_id AND h.hour >= e.first AND h.hour < e.last"
               " WHERE e.first < e.last"
               " UNION ALL " CHARGE SHARDS " CROSS JOIN users o CROSS JOIN usage g"
               " ON g.account_id = o.account_id AND g.created_ms >= e.first"
               " AND g.created_ms < e.last WHERE e.first < e.last"
               " UNION ALL SELECT t.credit_account, 0, 0, 0, 0, 0, 0, 0 FROM transfers t" REFUNDS,
        DB_VALUES(SPAN_VALUES(span)));
    while (db_row(db, row))
        groups_add(groups, 0, column_text(row, 0), "", row, 1, GROUP_CHARGE + 1);
}

/* All sums of one customer. (The plus makes SQLite find refunds among the customer's transfers, not
 * among all.) */
static void add_up_customer(struct db *db, const struct span *span, const char *account_id,
                            struct groups *groups)
{
    struct row *row = db_bind(
        db,
        "SELECT " SUM_COLUMNS " FROM customer_days WHERE account_id = ?7 AND day >= ?3 AND day < ?4"
        " UNION ALL SELECT " SUM_COLUMNS " FROM " EDGES " CROSS JOIN hourly h"
        " ON h.account_id = ?7 AND h.hour >= e.first AND h.hour < e.last WHERE e.first < e.last"
        " UNION ALL SELECT " RECORD_COLUMNS " FROM " SHARDS " CROSS JOIN usage g"
        " ON g.account_id = ?7 AND g.created_ms >= e.first AND g.created_ms < e.last"
        " WHERE e.first < e.last"
        " UNION ALL SELECT " REFUND_COLUMNS
        " FROM transfers t" REFUNDS_BY("+t.debit_account") " AND t.credit_account = ?7",
        DB_VALUES(SPAN_VALUES(span), bind_text(account_id)));
    while (db_row(db, row))
        groups_add(groups, 0, "", "", row, 0, GROUP_SUMS);
}

/* Records are looked at only where their hour has units. */
static void add_customer_units(struct db *db, const struct span *span, const char *account_id,
                               struct groups *groups)
{
    struct row *row = db_bind(
        db,
        "SELECT unit, quantity FROM customer_day_units WHERE account_id = ?7 AND day >= ?3"
        " AND day < ?4"
        " UNION ALL SELECT h.unit, h.quantity FROM " EDGES " CROSS JOIN hourly_units h"
        " ON h.account_id = ?7 AND h.hour >= e.first AND h.hour < e.last WHERE e.first < e.last"
        " UNION ALL SELECT l.unit, l.quantity FROM " SHARDS " CROSS JOIN usage g"
        " ON g.account_id = ?7 AND g.created_ms >= e.first AND g.created_ms < e.last"
        " CROSS JOIN usage_lines l ON l.usage_seq = g.seq WHERE e.first < e.last"
        " AND EXISTS (SELECT 1 FROM hourly_units s WHERE s.account_id = ?7"
        "  AND s.hour = e.first / 3600000)",
        DB_VALUES(SPAN_VALUES(span), bind_text(account_id)));
    while (db_row(db, row))
        groups_add_unit(groups, 0, "", "", column_text(row, 0), column_int(row, 1));
}

static bool render_customer(struct buffer *out, struct db *db, const struct span *span,
                            const char *account_id)
{
    struct groups groups;
    struct row *row = db_bind(db, "SELECT id, email, name FROM users WHERE account_id = ?1",
                              DB_VALUES(bind_text(account_id)));
    if (!db_row(db, row))
        return false;
    json_writer_object(out, NULL);
    json_writer_object(out, "customer");
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "email", column_text(row, 1));
    json_writer_text(out, "name", column_text(row, 2));
    json_writer_object_end(out);
    db_leave(row);
    groups_init(&groups, 1);
    add_up_customer(db, span, account_id, &groups);
    add_customer_units(db, span, account_id, &groups);
    render_sums(out, groups.totals, &groups.total_units);
    groups_fini(&groups);
    json_writer_object_end(out);
    return true;
}

static void render_customers(struct buffer *out, struct db *db, const struct quarters *asked)
{
    const struct span span = span_of(db, asked);
    struct groups customers;
    struct group **sorted;
    size_t shown = 0;
    groups_init(&customers, SIZE_MAX);
    find_customers(db, &span, &customers);
    sorted = groups_sorted(&customers);
    for (size_t i = 0; i < customers.table.node_count && shown < CUSTOMERS_MAX; i++)
        shown += render_customer(out, db, &span, sorted[i]->first);
    free(sorted);
    groups_fini(&customers);
}

static bool summarize(struct store_call *call, struct db *db, const struct zone *zone)
{
    struct buffer *out = &call->result;
    struct usage_window window;
    struct grouping by = {0};
    struct groups groups;
    bool ok;
    if (!parse_grouping(call, &by) || !usage_reports_window(call, 0, 1, zone, &window))
        return false;
    const struct quarters asked = {.from = window.from_ms / QUARTER_MS,
                                   .to = (window.to_ms + QUARTER_MS - 1) / QUARTER_MS};
    groups_init(&groups, USAGE_GROUPS_MAX);
    add_up(db, &asked, &by, zone, &groups);
    add_units(db, &asked, &by, zone, &groups);
    ok = !groups.too_many || usage_reports_too_many_groups(call);
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    if (by.customer)
        render_customers(out, db, &asked);
    else
        render_groups(out, &groups, &by);
    json_writer_array_end(out);
    render_totals(out, &groups);
    json_writer_object_end(out);
    groups_fini(&groups);
    return ok && db->failure == 0;
}

/* from? to? by zone? */
bool sales_summary(struct store_call *call, struct db *db)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, 3, &zone))
        return false;
    ok = summarize(call, db, &zone);
    zone_fini(&zone);
    return ok;
}
