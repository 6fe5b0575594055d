/* What the house earns and pays: revenue, refunds, providers' cost, profit; by day, model, provider
 * or customer. From the roll-ups alone, so by whole hours, and as fast for many records as for
 * few. */
#include <string.h>

#include "store/operations.h"
#include "store/reply.h"
#include "store/usage_reports.h"

enum { CUSTOMERS_MAX = 100 };

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

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
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

        if (!wanted || *wanted || (at[bytes] && !at[bytes + 1]))
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

#define SUMS                                                                                       \
    "coalesce(sum(requests), 0), coalesce(sum(errors), 0), coalesce(sum(input_tokens), 0),"        \
    " coalesce(sum(cached_input_tokens), 0), coalesce(sum(output_tokens), 0),"                     \
    " coalesce(sum(reasoning_tokens), 0), coalesce(sum(charge_nusd), 0),"                          \
    " coalesce(sum(cost_nusd), 0), coalesce(sum(overrun_nusd), 0)"

/* The ten sums of a row: SUMS from column `at`, and what was refunded. */
static void render_sums(struct buffer *out, sqlite3_stmt *row, int at, int64_t refunded_nusd)
{
    int64_t revenue_nusd = column_int(row, at + 6);
    int64_t cost_nusd = column_int(row, at + 7);

    reply_int(out, "requests", column_int(row, at));
    reply_int(out, "errors", column_int(row, at + 1));
    reply_int(out, "input_tokens", column_int(row, at + 2));
    reply_int(out, "cached_input_tokens", column_int(row, at + 3));
    reply_int(out, "output_tokens", column_int(row, at + 4));
    reply_int(out, "reasoning_tokens", column_int(row, at + 5));
    reply_money(out, "revenue", revenue_nusd);
    reply_money(out, "refunded", refunded_nusd);
    reply_money(out, "cost", cost_nusd);
    reply_money(out, "overrun", column_int(row, at + 8));
    reply_money(out, "profit", revenue_nusd - refunded_nusd - cost_nusd);
}

#define REFUNDS                                                                                    \
    " WHERE t.debit_account = 'revenue' AND t.id IS NOT NULL AND t.kind = 'refund'"                \
    " AND t.created_ms >= ?1 * 3600000 AND t.created_ms < ?2 * 3600000"
/* Parameters: first hour, hour after the last. A refund counts when it is given, for the model and
 * provider of its exchange. */
#define PARTS                                                                                      \
    "WITH parts AS ("                                                                              \
    " SELECT hour, model, provider, requests, errors, input_tokens, cached_input_tokens,"          \
    "  output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd,"                     \
    "  0 AS refunded_nusd FROM sales WHERE hour >= ?1 AND hour < ?2"                               \
    " UNION ALL"                                                                                   \
    " SELECT t.created_ms / 3600000, u.model, u.provider, 0, 0, 0, 0, 0, 0, 0, 0, 0,"              \
    "  t.amount_nusd FROM transfers t JOIN resolutions r ON r.exchange_id = t.exchange_id"         \
    "  JOIN usage u ON u.seq = r.usage_seq" REFUNDS ")"
#define REFUNDED ", coalesce(sum(refunded_nusd), 0)"

static void render_totals(struct store_call *call, struct db *db, const struct store_value *hours)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row = db_bind(db, PARTS " SELECT " SUMS REFUNDED " FROM parts", hours, 2);

    if (!db_row(db, row))
        return;
    reply_object(out, "totals");
    render_sums(out, row, 0, column_int(row, 9));
    reply_object_end(out);
    db_leave(row);
}

static void render_group(struct buffer *out, sqlite3_stmt *row, const struct grouping *by)
{
    reply_object(out, NULL);
    if (by->day)
        reply_day(out, "day", (int32_t)column_int(row, 0));
    if (by->model)
        reply_text(out, "model", column_text(row, 1));
    if (by->provider)
        reply_text_or_null(out, "provider", column_text(row, 2));
    render_sums(out, row, 3, column_int(row, 12));
    reply_object_end(out);
}

static bool render_groups(struct store_call *call, struct db *db, const struct store_value *hours,
                          const struct grouping *by)
{
    sqlite3_stmt *row =
        db_bind(db,
                PARTS " SELECT CASE WHEN ?3 THEN (hour + ?6) / 24 END AS day_of,"
                      " CASE WHEN ?4 THEN model END AS model_of,"
                      " CASE WHEN ?5 THEN provider END AS provider_of, " SUMS REFUNDED
                      " FROM parts GROUP BY day_of, model_of, provider_of"
                      " ORDER BY day_of DESC, sum(charge_nusd) DESC, model_of, provider_of"
                      " LIMIT ?7",
                DB_VALUES(hours[0], hours[1], bind_int(by->day), bind_int(by->model),
                          bind_int(by->provider), call->args[3], bind_int(USAGE_GROUPS_MAX + 1)));
    size_t count = 0;

    while (db_row(db, row) && ++count <= USAGE_GROUPS_MAX)
        render_group(&call->result, row, by);
    db_leave(row);
    return count <= USAGE_GROUPS_MAX || usage_reports_too_many_groups(call);
}

/* Added up customer by customer, along the keys of `hourly`; whoever only had something refunded is
 * there, too. */
#define CUSTOMERS                                                                                  \
    "WITH parts AS ("                                                                              \
    " SELECT o.id AS user_id, sum(requests) AS requests, sum(errors) AS errors,"                   \
    "  sum(input_tokens) AS input_tokens, sum(cached_input_tokens) AS cached_input_tokens,"        \
    "  sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,"            \
    "  sum(charge_nusd) AS charge_nusd, sum(cost_nusd) AS cost_nusd,"                              \
    "  sum(overrun_nusd) AS overrun_nusd, 0 AS refunded_nusd"                                      \
    "  FROM users o CROSS JOIN hourly h ON h.account_id = o.account_id"                            \
    "  AND h.hour >= ?1 AND h.hour < ?2 GROUP BY o.id"                                             \
    " UNION ALL"                                                                                   \
    " SELECT o.id, 0, 0, 0, 0, 0, 0, 0, 0, 0, t.amount_nusd FROM transfers t"                      \
    "  JOIN users o ON o.account_id = t.credit_account" REFUNDS ")"

static void render_customers(struct store_call *call, struct db *db,
                             const struct store_value *hours)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row =
        db_bind(db,
                CUSTOMERS " SELECT o.id, o.email, o.name, " SUMS REFUNDED
                          " FROM parts CROSS JOIN users o ON o.id = user_id GROUP BY o.id"
                          " ORDER BY sum(charge_nusd) DESC, o.id LIMIT ?3",
                DB_VALUES(hours[0], hours[1], bind_int(CUSTOMERS_MAX)));

    while (db_row(db, row)) {
        reply_object(out, NULL);
        reply_object(out, "customer");
        reply_text(out, "id", column_text(row, 0));
        reply_text(out, "email", column_text(row, 1));
        reply_text(out, "name", column_text(row, 2));
        reply_object_end(out);
        render_sums(out, row, 3, column_int(row, 12));
        reply_object_end(out);
    }
}

/* from_ms? to_ms? by zone_hours */
bool sales_summary(struct store_call *call, struct db *db)
{
    struct usage_window window = usage_reports_window(call, 0, 1);
    const struct store_value hours[] = {
        bind_int(window.from_ms / USAGE_HOUR_MS),
        bind_int((window.to_ms + USAGE_HOUR_MS - 1) / USAGE_HOUR_MS)};
    struct grouping by = {0};

    if (!parse_grouping(call, &by))
        return false;
    reply_object(&call->result, NULL);
    reply_array(&call->result, "data");
    if (by.customer)
        render_customers(call, db, hours);
    else if (!render_groups(call, db, hours, &by))
        return false;
    reply_array_end(&call->result);
    render_totals(call, db, hours);
    reply_object_end(&call->result);
    return db->failure == 0;
}
