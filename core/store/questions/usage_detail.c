/* One exchange with every number of its charge, from tokens and prices to nano-dollars, computed
 * again from the record. Customers see sell prices; the operator also sees the cost. */
#include "base/json_writer.h"
#include "base/money.h"
#include "store/books/facts_table.h"
#include "store/books/usage_lines.h"
#include "store/operations/operations.h"
#include "store/questions/refusals.h"
#include "store/questions/usage_reports.h"

#define DETAIL_COLUMNS                                                                             \
    USAGE_RECORD_COLUMNS                                                                           \
    ", r.created_ms, r.held_nusd, u.overrun_nusd, u.margin_ppm, u.account_id, o.id,"               \
    " u.provider_model, u.policy_revision, u.cost_nusd, o.email, " USAGE_LINES_COLUMNS
#define DETAIL_TABLES                                                                              \
    " FROM resolutions r JOIN usage u ON u.seq = r.usage_seq"                                      \
    " LEFT JOIN keys k ON k.id = u.key_id LEFT JOIN users o ON o.account_id = u.account_id"

enum {
    ENDED_MS = USAGE_RECORD_COLUMN_COUNT,
    HELD,
    OVERRUN,
    MARGIN,
    ACCOUNT_ID,
    USER_ID,
    PROVIDER_MODEL,
    POLICY_REVISION,
    COST,
    EMAIL,
    LINES /* the first of them is usage.seq */
};

/* What is beside the columns. */
struct beside {
    struct usage_lines lines;
    struct usage_facts facts;
    int64_t refunded_nusd;
};

/* A price for what a record counts: our cost, or the sell prices with the margin. */
struct calculation {
    const struct unit_counts *counts;
    const struct unit_prices *prices;
    int64_t margin_ppm;
};

static void render_line(struct buffer *out, const struct calculation *sum, enum unit unit)
{
    struct unit_counts counts = {.input = 0};
    struct money_exact exact;
    char price[48];
    counts.of[unit] = sum->counts->of[unit];
    json_writer_object(out, NULL);
    json_writer_text(out, "kind", unit_name(unit));
    if (unit_is_token(unit))
        json_writer_int(out, "tokens", counts.of[unit]);
    else
        json_writer_null(out, "tokens");
    json_writer_text(out, "price",
                     money_format_sell_price(unit, sum->prices->of[unit], sum->margin_ppm, price));
    if (money_charge_exact(sum->prices, &counts, sum->margin_ppm, &exact))
        json_writer_text(out, "amount", exact.sum);
    else
        json_writer_null(out, "amount");
    json_writer_int(out, "quantity", counts.of[unit]);
    json_writer_int(out, "per", unit_is_token(unit) ? 1000000 : 1);
    json_writer_object_end(out);
}

static void render_lines(struct buffer *out, const struct calculation *sum)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (unit <= UNIT_OUTPUT || sum->counts->of[unit] != 0)
            render_line(out, sum, unit);
    }
}

/* The provider's cost with the margin, as if each of its nano-dollars were a unit. */
static bool charge_by_cost(int64_t cost_nusd, int64_t margin_ppm, struct money_exact *out)
{
    static const struct unit_prices nano = {.input_pusd = 1000};
    const struct unit_counts counts = {.input = cost_nusd};
    return money_charge_exact(&nano, &counts, margin_ppm, out);
}

/* A charge by cost has no lines: its parts have no prices. */
static void render_charge(struct buffer *out, struct row *row, const struct beside *beside)
{
    const struct usage_lines *lines = &beside->lines;
    const struct calculation sum = {&lines->counts, &lines->sold, column_int(row, MARGIN)};
    bool by_cost = beside->facts.sold_by_cost;
    struct money_exact exact;
    int64_t charge_nusd = column_int(row, 12);
    json_writer_object(out, "charge");
    json_writer_text(out, "by", by_cost ? "cost" : "units");
    json_writer_array(out, "lines");
    if (!by_cost)
        render_lines(out, &sum);
    json_writer_array_end(out);
    if (by_cost ? charge_by_cost(beside->facts.stated_cost_nusd, sum.margin_ppm, &exact)
                : money_charge_exact(sum.prices, sum.counts, sum.margin_ppm, &exact)) {
        json_writer_text(out, "exact", exact.sum);
        json_writer_text(out, "rounding", exact.rounding);
    } else { /* above every limit */
        json_writer_null(out, "exact");
        json_writer_null(out, "rounding");
    }
    json_writer_money(out, "price", charge_nusd + column_int(row, OVERRUN));
    json_writer_money(out, "covered", column_int(row, OVERRUN));
    json_writer_money(out, "charged", charge_nusd);
    json_writer_object_end(out);
}

static int64_t refunded(struct db *db, struct store_value exchange_id, const char *account_id)
{
    return db_number(db,
                     "SELECT sum(amount_nusd) FROM transfers WHERE credit_account = ?1"
                     " AND id IS NOT NULL AND exchange_id = ?2 AND kind = 'refund'",
                     DB_VALUES(bind_text(account_id), exchange_id), 0);
}

/* Without its closing brace. */
static void render(struct store_call *call, struct db *db, struct row *row,
                   struct store_value exchange_id, struct beside *beside)
{
    struct buffer *out = &call->result;
    usage_lines_read(db, row, LINES, &beside->lines);
    facts_table_read(db, column_int(row, LINES), &beside->facts);
    usage_reports_record(out, row, usage_reports_shows_provider(call));
    json_writer_time(out, "ended_at", column_int(row, ENDED_MS));
    json_writer_money(out, "hold", column_int(row, HELD));
    beside->refunded_nusd = refunded(db, exchange_id, column_text(row, ACCOUNT_ID));
    json_writer_money(out, "refunded", beside->refunded_nusd);
    usage_reports_conditions(out, &beside->facts);
    usage_reports_canary(out, row, &beside->facts, usage_reports_shows_provider(call));
    render_charge(out, row, beside);
}

/* What the provider said that it charges, and what our own prices make of the call. */
static void render_stated(struct buffer *out, const struct usage_facts *facts)
{
    if (facts->cost_stated) {
        json_writer_money(out, "stated_cost", facts->stated_cost_nusd);
        json_writer_money(out, "computed_cost", facts->computed_cost_nusd);
    } else {
        json_writer_null(out, "stated_cost");
        json_writer_null(out, "computed_cost");
    }
}

static void render_operator(struct buffer *out, struct row *row, const struct beside *beside)
{
    json_writer_text_or_null(out, "user_id", column_text(row, USER_ID));
    json_writer_text_or_null(out, "email", column_text(row, EMAIL));
    json_writer_text(out, "account_id", column_text(row, ACCOUNT_ID));
    json_writer_text_or_null(out, "provider_model", column_text(row, PROVIDER_MODEL));
    json_writer_text(out, "policy_revision", column_text(row, POLICY_REVISION));
    json_writer_int(out, "canary_attempts", beside->facts.canary_attempts);
}

/* What the call costs us, and what we earn by it. */
static void render_costs(struct buffer *out, struct row *row, const struct beside *beside)
{
    const struct calculation cost = {&beside->lines.counts, &beside->lines.prices, 0};
    char margin[MONEY_TEXT_BYTES];
    json_writer_text(out, "margin", money_format_margin(column_int(row, MARGIN), margin));
    json_writer_array(out, "cost_lines");
    render_lines(out, &cost);
    json_writer_array_end(out);
    render_stated(out, &beside->facts);
    json_writer_money(out, "provider_cost", column_int(row, COST));
    json_writer_money(out, "overrun", column_int(row, OVERRUN));
    json_writer_money(out, "profit",
                      column_int(row, 12) - beside->refunded_nusd - column_int(row, COST));
}

/* Renders the shadow of the call, or null. One without a result still runs, or the gateway has
 * stopped in the middle. */
static void render_shadow(struct buffer *out, struct db *db, struct store_value exchange_id)
{
    struct row *row =
        db_bind(db,
                "SELECT s.id, s.provider, s.provider_model, r.outcome, r.cost_nusd, r.total_us"
                " FROM shadows s LEFT JOIN shadow_results r ON r.seq = s.seq"
                " WHERE s.exchange_id = ?1",
                &exchange_id, 1);
    if (!db_row(db, row)) {
        json_writer_null(out, "shadow");
        return;
    }
    json_writer_object(out, "shadow");
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "provider", column_text(row, 1));
    json_writer_text(out, "provider_model", column_text(row, 2));
    json_writer_text_or_null(out, "outcome", column_text(row, 3));
    json_writer_money(out, "cost", column_int(row, 4));
    json_writer_int(out, "total_ms", column_int(row, 5) / 1000);
    json_writer_object_end(out);
    db_leave(row);
}

/* Renders the second request of the call, or null: `provider` and `cost` are of the attempt that
 * did not answer. One without a result still runs, or the gateway has stopped in the middle. */
static void render_hedge(struct buffer *out, struct db *db, struct store_value exchange_id)
{
    struct row *row =
        db_bind(db,
                "SELECT h.id, h.provider, h.provider_model, r.won, r.outcome, r.provider,"
                " r.cost_nusd, r.billed_unseen, r.total_us, r.seq IS NOT NULL"
                " FROM hedges h LEFT JOIN hedge_results r ON r.seq = h.seq"
                " WHERE h.exchange_id = ?1",
                &exchange_id, 1);
    if (!db_row(db, row)) {
        json_writer_null(out, "hedge");
        return;
    }
    json_writer_object(out, "hedge");
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "asked", column_text(row, 1));
    json_writer_text(out, "asked_model", column_text(row, 2));
    if (column_int(row, 9) != 0)
        json_writer_bool(out, "won", column_int(row, 3) != 0);
    else
        json_writer_null(out, "won");
    json_writer_text_or_null(out, "outcome", column_text(row, 4));
    json_writer_text_or_null(out, "provider", column_text(row, 5));
    json_writer_money(out, "cost", column_int(row, 6));
    json_writer_bool(out, "billed_unseen", column_int(row, 7) != 0);
    json_writer_int(out, "total_ms", column_int(row, 8) / 1000);
    json_writer_object_end(out);
    db_leave(row);
}

/* What the provider said and why is the operator's. */
static void render_cause(struct buffer *out, struct row *row)
{
    json_writer_text(out, "model", column_text(row, 2));
    json_writer_text(out, "outcome", column_text(row, 3));
    if (column_int(row, 4) == 0)
        json_writer_null(out, "status");
    else
        json_writer_int(out, "status", column_int(row, 4));
    json_writer_text_or_null(out, "words", column_text(row, 7));
}

/* Renders the attempts of an exchange in which one failed; if the only attempt succeeded, there are
 * no rows. */
static void render_attempts(struct store_call *call, struct db *db, struct store_value exchange_id,
                            bool with_cause)
{
    struct buffer *out = &call->result;
    bool provider_shown = usage_reports_shows_provider(call);
    struct row *row = db_bind(db,
                              "SELECT number, provider, model, outcome, status, created_ms,"
                              " duration_us, words, class FROM attempts WHERE exchange_id = ?1"
                              " ORDER BY number, seq",
                              &exchange_id, 1);
    json_writer_array(out, "attempt_list");
    while (db_row(db, row)) {
        json_writer_object(out, NULL);
        json_writer_int(out, "number", column_int(row, 0));
        json_writer_text_or_null(out, "provider", provider_shown ? column_text(row, 1) : "");
        json_writer_text_or_null(out, "class", column_text(row, 8));
        json_writer_time(out, "created_at", column_int(row, 5));
        json_writer_int(out, "duration_ms", column_int(row, 6) / 1000);
        if (with_cause)
            render_cause(out, row);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

/* account_id exchange_id */
bool usage_detail_customer(struct store_call *call, struct db *db)
{
    struct beside beside;
    struct row *row = db_bind(db,
                              "SELECT " DETAIL_COLUMNS DETAIL_TABLES
                              " WHERE r.exchange_id = ?2 AND u.account_id = ?1",
                              call->args, 2);
    if (!db_row(db, row))
        return refusals_find(call, db, call->args[0], call->args[1], false);
    render(call, db, row, call->args[1], &beside);
    db_leave(row);
    render_attempts(call, db, call->args[1], false);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}

/* exchange_id with_costs */
bool usage_detail_operator(struct store_call *call, struct db *db)
{
    bool with_costs = operations_int(call, 1) != 0;
    struct beside beside;
    struct row *row = db_bind(
        db, "SELECT " DETAIL_COLUMNS DETAIL_TABLES " WHERE r.exchange_id = ?1", call->args, 1);
    if (!db_row(db, row))
        return refusals_find(call, db, bind_null(), call->args[0], true);
    render(call, db, row, call->args[0], &beside);
    render_operator(&call->result, row, &beside);
    if (with_costs)
        render_costs(&call->result, row, &beside);
    db_leave(row);
    if (with_costs) {
        render_shadow(&call->result, db, call->args[0]);
        render_hedge(&call->result, db, call->args[0]);
    }
    render_attempts(call, db, call->args[0], true);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}
