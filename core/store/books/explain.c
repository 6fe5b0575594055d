/* store_explain: one exchange, from tokens to nano-dollars. It reads what was written and computes
 * it again with money_charge. It shares nothing with the code that writes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/money.h"
#include "store/audit.h"
#include "store/books/facts_table.h"
#include "store/books/usage_lines.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"

enum { LIMIT_HOUSE = 4 };

/* Of a shadow or a hedge of the call, or of a test call. */
struct house_cost {
    char id[ID_BYTES];
    char provider[64];
    int64_t nusd;
};

struct explanation {
    struct db *db;
    struct buffer *out;
    const char *exchange_id;
    struct usage_lines lines;
    struct usage_facts facts;
    int64_t reasoning_tokens;
    int64_t margin_ppm;
    int64_t held_nusd; /* by the resolution, with extensions */
    int64_t cost_nusd;
    int64_t charge_nusd;
    int64_t overrun_nusd;
    int64_t refunded_nusd;
    int64_t moved_cost_nusd; /* by the transfers */
    int64_t moved_charge_nusd;
    int64_t moved_overrun_nusd;
    int64_t hold_nusd;
    int64_t extended_nusd;
    struct house_cost house[LIMIT_HOUSE];
    size_t house_count;
    size_t differences;
};

/* ---- text ---- */

/* Appends a line "  name   value". A provider's text or a reason may contain anything, so control
 * characters are replaced before they reach a terminal. */
static void put_text(struct explanation *e, const char *name, const char *text)
{
    buffer_printf(e->out, "  %-16s ", name);
    for (const char *at = text[0] ? text : "-"; *at; at++)
        buffer_append_char(e->out, (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at);
    buffer_append_char(e->out, '\n');
}

/* "cached input" for "cached_input". */
static void spell(const char *name, char out[32])
{
    slice_copy(slice_of(name), out, 32);
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '_' ? ' ' : *at;
}

static void put_money(struct explanation *e, const char *name, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    put_text(e, name, money_format(nusd, text));
}

static void put_time(struct explanation *e, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];
    put_text(e, name, clock_format(wall_ms, text));
}

/* Compares a stored number with the one computed again. */
static void compare(struct explanation *e, const char *what, int64_t stored_nusd,
                    int64_t wanted_nusd)
{
    char stored[MONEY_TEXT_BYTES];
    char wanted[MONEY_TEXT_BYTES];
    money_format(stored_nusd, stored);
    money_format(wanted_nusd, wanted);
    if (stored_nusd == wanted_nusd) {
        buffer_printf(e->out, "  ok: %s is %s\n", what, stored);
        return;
    }
    e->differences++;
    buffer_printf(e->out, "  DIFFERS: %s is %s and must be %s\n", what, stored, wanted);
}

/* ---- the record ---- */

#define USAGE_QUERY                                                                                \
    "SELECT u.account_id, u.user_id, u.key_id, u.model, u.provider, u.provider_model,"             \
    " u.policy_revision, u.error_code, u.finish_reason, u.source, u.status, u.attempts,"           \
    " u.streamed, u.created_ms, u.reasoning_tokens, u.margin_ppm, u.cost_nusd, u.charge_nusd,"     \
    " u.overrun_nusd, r.held_nusd, " USAGE_LINES_COLUMNS                                           \
    " FROM resolutions r JOIN usage u ON u.seq = r.usage_seq WHERE r.exchange_id = ?1"

static void read_numbers(struct explanation *e, struct row *row)
{
    e->reasoning_tokens = column_int(row, 14);
    e->margin_ppm = column_int(row, 15);
    e->cost_nusd = column_int(row, 16);
    e->charge_nusd = column_int(row, 17);
    e->overrun_nusd = column_int(row, 18);
    e->held_nusd = column_int(row, 19);
    usage_lines_read(e->db, row, 20, &e->lines);
    facts_table_read(e->db, column_int(row, 20), &e->facts);
}

static void put_who(struct explanation *e, struct row *row)
{
    static const char *const names[] = {
        "account",         "user",  "key",           "model",       "provider", "model there",
        "policy revision", "error", "finish reason", "usage source"};
    buffer_printf(e->out, "exchange %s\n", e->exchange_id);
    put_time(e, "time", column_int(row, 13));
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
        put_text(e, names[i], column_text(row, i));
    buffer_printf(e->out, "  %-16s %" PRId64 "\n", "attempts", column_int(row, 11));
    buffer_printf(e->out, "  %-16s %" PRId64 "%s\n", "status", column_int(row, 10),
                  column_int(row, 12) ? ", streamed" : "");
}

/* Appends a line "  service tier     priority" for each word that was said. */
static void put_facts(struct explanation *e)
{
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        char name[32];
        if (e->facts.words[word][0] == '\0')
            continue;
        spell(usage_facts_word_name(word), name);
        put_text(e, name, e->facts.words[word]);
    }
}

/* False: there is no record. */
static bool put_record(struct explanation *e)
{
    const struct store_value id = bind_text(e->exchange_id);
    struct row *row = db_bind(e->db, USAGE_QUERY, &id, 1);
    if (!db_row(e->db, row))
        return false;
    read_numbers(e, row);
    put_who(e, row);
    put_facts(e);
    db_leave(row);
    return true;
}

/* ---- the price ---- */

static void put_line(struct explanation *e, const struct unit_prices *prices, enum unit unit)
{
    struct unit_counts counts = {.input = 0};
    int64_t pusd = prices->of[unit];
    char name[32];
    char price[MONEY_TEXT_BYTES];
    struct money_exact exact;
    counts.of[unit] = e->lines.counts.of[unit];
    if (!money_charge_exact(prices, &counts, 0, &exact))
        strcpy(exact.sum, "out of bounds");
    spell(unit_name(unit), name);
    buffer_printf(e->out, "  %-16s %12" PRId64 " x %10s = %s%s\n", name, counts.of[unit],
                  pusd < 0 ? "below 0" : money_format_price(unit, pusd, price), exact.sum,
                  unit_is_token(unit) ? "" : " (each)");
}

static void put_lines(struct explanation *e, const struct unit_prices *prices)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (unit <= UNIT_OUTPUT || e->lines.counts.of[unit] != 0)
            put_line(e, prices, unit);
    }
}

static void put_rounded(struct explanation *e, const char *name, const struct unit_prices *prices,
                        int64_t margin_ppm, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    struct money_exact exact;
    if (money_charge_exact(prices, &e->lines.counts, margin_ppm, &exact))
        buffer_printf(e->out, "  %-16s %s + %s (rounded up once) = %s\n", name, exact.sum,
                      exact.rounding, money_format(nusd, text));
    else
        put_text(e, name, "above every bound");
}

/* Like the meter: an amount that is too large becomes the largest amount. */
static int64_t priced(const struct explanation *e, const struct unit_prices *prices,
                      int64_t margin_ppm)
{
    int64_t nusd;
    return money_charge(prices, &e->lines.counts, margin_ppm, &nusd) ? nusd : MONEY_AMOUNT_MAX_NUSD;
}

static int64_t cost_of(const struct explanation *e)
{
    return priced(e, &e->lines.prices, 0);
}

/* With a margin on what the provider stated, the sell prices do not count. */
static int64_t sale_of(const struct explanation *e)
{
    if (e->facts.sold_by_cost && e->facts.stated_cost_nusd >= 0 && e->margin_ppm >= 0)
        return money_with_margin(e->facts.stated_cost_nusd, e->margin_ppm);
    return priced(e, &e->lines.sold, e->margin_ppm);
}

static bool is_sold_as_bought(const struct explanation *e)
{
    return memcmp(&e->lines.sold, &e->lines.prices, sizeof e->lines.sold) == 0;
}

static void put_margin(struct explanation *e)
{
    char margin[MONEY_TEXT_BYTES];
    put_text(e, "margin",
             e->margin_ppm < 0 ? "below 0" : money_format_margin(e->margin_ppm, margin));
}

static void put_price(struct explanation *e)
{
    buffer_append_text(e->out, "price: tokens x what we pay in USD per million = USD\n");
    put_lines(e, &e->lines.prices);
    buffer_printf(e->out, "  %-16s %12" PRId64 " (part of output)\n", "reasoning",
                  e->reasoning_tokens);
    put_rounded(e, "cost", &e->lines.prices, 0, cost_of(e));
    if (e->facts.cost_stated)
        put_money(e, "stated cost", e->facts.stated_cost_nusd);
    if (e->facts.sold_by_cost) {
        put_margin(e);
        put_money(e, "sell", sale_of(e));
        return;
    }
    if (!is_sold_as_bought(e)) {
        buffer_append_text(e->out, "the model's published price, of another candidate:\n");
        put_lines(e, &e->lines.sold);
    }
    put_margin(e);
    put_rounded(e, "sell", &e->lines.sold, e->margin_ppm, sale_of(e));
}

/* ---- the hold and the transfers ---- */

/* Without a record, appends only the first line. False: there is no such exchange. */
static bool put_hold(struct explanation *e, bool recorded)
{
    const struct store_value id = bind_text(e->exchange_id);
    struct row *row = db_bind(
        e->db,
        "SELECT h.amount_nusd, coalesce(x.amount_nusd, 0), h.account_id, h.key_id, h.created_ms,"
        " coalesce(r.outcome, 'open'), coalesce(r.created_ms, 0) FROM holds h"
        " LEFT JOIN hold_extensions x ON x.exchange_id = h.exchange_id"
        " LEFT JOIN resolutions r ON r.exchange_id = h.exchange_id WHERE h.exchange_id = ?1",
        &id, 1);
    if (!db_row(e->db, row))
        return recorded;
    if (!recorded) {
        buffer_printf(e->out, "exchange %s: no usage record, nothing was charged\n",
                      e->exchange_id);
        put_text(e, "account", column_text(row, 2));
        put_text(e, "key", column_text(row, 3));
    }
    e->hold_nusd = column_int(row, 0);
    e->extended_nusd = column_int(row, 1);
    buffer_append_text(e->out, "hold\n");
    put_time(e, "made", column_int(row, 4));
    put_money(e, "held", e->hold_nusd);
    put_money(e, "extension", e->extended_nusd);
    put_text(e, "outcome", column_text(row, 5));
    if (column_int(row, 6) != 0)
        put_time(e, "ended", column_int(row, 6));
    db_leave(row);
    return true;
}

static void count_transfer(struct explanation *e, const char *kind, int64_t amount_nusd)
{
    if (strcmp(kind, "charge") == 0)
        e->moved_charge_nusd += amount_nusd;
    else if (strcmp(kind, "overrun") == 0)
        e->moved_overrun_nusd += amount_nusd;
    else if (strcmp(kind, "cost") == 0)
        e->moved_cost_nusd += amount_nusd;
    else if (strcmp(kind, "refund") == 0)
        e->refunded_nusd += amount_nusd;
}

/* A settlement's transfers have consecutive numbers from usage.transfer_seq on; refunds are found
 * by the customer's account. */
static void put_transfers(struct explanation *e)
{
    const struct store_value id = bind_text(e->exchange_id);
    char amount[MONEY_TEXT_BYTES];
    char time[CLOCK_TEXT_BYTES];
    struct row *row = db_bind(
        e->db,
        "WITH x AS (SELECT u.account_id, u.transfer_seq AS first FROM resolutions r"
        "  JOIN usage u ON u.seq = r.usage_seq WHERE r.exchange_id = ?1)"
        " SELECT t.seq, t.kind, t.amount_nusd, t.debit_account, t.credit_account, t.created_ms,"
        "  t.reason FROM x JOIN transfers t ON t.seq BETWEEN x.first AND x.first + 2"
        "  WHERE t.exchange_id = ?1 AND t.id IS NULL"
        " UNION ALL"
        " SELECT t.seq, t.kind, t.amount_nusd, t.debit_account, t.credit_account, t.created_ms,"
        "  t.reason FROM x JOIN transfers t ON t.credit_account = x.account_id"
        "  WHERE t.id IS NOT NULL AND t.exchange_id = ?1 ORDER BY 1",
        &id, 1);
    buffer_append_text(e->out, "transfers\n");
    while (db_row(e->db, row)) {
        count_transfer(e, column_text(row, 1), column_int(row, 2));
        buffer_printf(e->out, "  %" PRId64 " %s %s %s: %s -> %s\n", column_int(row, 0),
                      clock_format(column_int(row, 5), time), column_text(row, 1),
                      money_format(column_int(row, 2), amount), column_text(row, 3),
                      column_text(row, 4));
        if (column_text(row, 6)[0])
            put_text(e, "  reason", column_text(row, 6));
    }
}

/* What else the call has cost the operator: its shadow, and the attempt of a hedge that did not
 * answer. Their rows have what they cost, but no prices. */
static const char house_query[] =
    "SELECT 'shadow', s.id, s.provider, r.outcome, r.cost_nusd, r.counted_nusd > r.cost_nusd,"
    " r.seq IS NOT NULL, r.input_tokens + r.cached_input_tokens, r.output_tokens"
    " FROM shadows s LEFT JOIN shadow_results r ON r.seq = s.seq WHERE s.exchange_id = ?1"
    " UNION ALL"
    " SELECT iif(r.won, 'hedge, won', 'hedge'), h.id, coalesce(r.provider, h.provider), r.outcome,"
    " r.cost_nusd, r.billed_unseen, r.seq IS NOT NULL, r.input_tokens + r.cached_input_tokens,"
    " r.output_tokens FROM hedges h LEFT JOIN hedge_results r ON r.seq = h.seq"
    " WHERE h.exchange_id = ?1";

static void put_house_result(struct explanation *e, struct row *row)
{
    char text[96];
    put_text(e, "  of", column_text(row, 2));
    if (column_int(row, 6) == 0) {
        put_text(e, "  outcome", "none: it still runs, or the gateway stopped in the middle");
        return;
    }
    put_text(e, "  outcome", column_text(row, 3));
    snprintf(text, sizeof text, "%" PRId64 " in, %" PRId64 " out", column_int(row, 7),
             column_int(row, 8));
    put_text(e, "  tokens", text);
    put_money(e, "  cost", column_int(row, 4));
    if (column_int(row, 5) != 0)
        put_text(e, "  unseen", "the provider may have billed it");
}

/* What is no customer's, by its own id; the first columns as above. */
static const char own_query[] =
    "SELECT 'shadow', s.id, s.provider, r.outcome, r.cost_nusd, r.counted_nusd > r.cost_nusd,"
    " r.seq IS NOT NULL, r.input_tokens + r.cached_input_tokens, r.output_tokens,"
    " s.exchange_id, s.model, s.provider_model, s.created_ms, ''"
    " FROM shadows s LEFT JOIN shadow_results r ON r.seq = s.seq WHERE s.id = ?1"
    " UNION ALL"
    " SELECT iif(r.won, 'hedge, won', 'hedge'), h.id, coalesce(r.provider, h.provider), r.outcome,"
    " r.cost_nusd, r.billed_unseen, r.seq IS NOT NULL, r.input_tokens + r.cached_input_tokens,"
    " r.output_tokens, h.exchange_id, h.model, coalesce(r.provider_model, h.provider_model),"
    " h.created_ms, '' FROM hedges h LEFT JOIN hedge_results r ON r.seq = h.seq WHERE h.id = ?1"
    " UNION ALL"
    " SELECT 'test call', t.id, t.provider, r.outcome, r.cost_nusd, r.billed_unseen,"
    " r.seq IS NOT NULL, r.input_tokens + r.cached_input_tokens, r.output_tokens, '', t.model,"
    " t.provider_model, t.created_ms, r.words"
    " FROM test_calls t LEFT JOIN test_call_results r ON r.seq = t.seq WHERE t.id = ?1";

/* The cost of such a row, by its transfers. */
static int64_t moved_by_house(struct explanation *e, const struct house_cost *cost)
{
    return db_number(e->db,
                     "SELECT coalesce(sum(amount_nusd), 0) FROM transfers"
                     " WHERE credit_account = 'cost:' || ?2 AND id IS NOT NULL"
                     " AND exchange_id = ?1 AND kind IN ('shadow', 'hedge', 'test_call')",
                     DB_VALUES(bind_text(cost->id), bind_text(cost->provider)), 0);
}

static void keep_cost(struct explanation *e, struct row *row)
{
    if (e->house_count == LIMIT_HOUSE)
        return;
    struct house_cost *cost = &e->house[e->house_count++];
    slice_copy(slice_of(column_text(row, 1)), cost->id, sizeof cost->id);
    slice_copy(slice_of(column_text(row, 2)), cost->provider, sizeof cost->provider);
    cost->nusd = column_int(row, 4);
}

static void compare_costs(struct explanation *e)
{
    for (size_t i = 0; i < e->house_count; i++)
        compare(e, "its transferred cost", moved_by_house(e, &e->house[i]), e->house[i].nusd);
}

static void put_house(struct explanation *e)
{
    const struct store_value id = bind_text(e->exchange_id);
    bool any = false;
    struct row *row = db_bind(e->db, house_query, &id, 1);
    while (db_row(e->db, row)) {
        if (!any)
            buffer_append_text(e->out, "beside it, paid by the operator\n");
        any = true;
        put_text(e, column_text(row, 0), column_text(row, 1));
        put_house_result(e, row);
        keep_cost(e, row);
    }
    db_leave(row);
    compare_costs(e);
}

/* Returns false if it is none of the operator's own. */
static bool put_own(struct explanation *e)
{
    const struct store_value id = bind_text(e->exchange_id);
    struct row *row = db_bind(e->db, own_query, &id, 1);
    if (!db_row(e->db, row))
        return false;
    buffer_printf(e->out, "%s of the operator's own\n", e->exchange_id);
    put_text(e, "kind", column_text(row, 0));
    if (column_text(row, 9)[0] != '\0')
        put_text(e, "of call", column_text(row, 9));
    put_text(e, "model", column_text(row, 10));
    put_text(e, "model there", column_text(row, 11));
    put_time(e, "began", column_int(row, 12));
    put_house_result(e, row);
    if (column_text(row, 13)[0] != '\0')
        put_text(e, "  words", column_text(row, 13));
    keep_cost(e, row);
    db_leave(row);
    compare_costs(e);
    return true;
}

static void put_charge(struct explanation *e)
{
    buffer_append_text(e->out, "charge\n");
    put_money(e, "cost", e->cost_nusd);
    put_money(e, "charge", e->charge_nusd);
    put_money(e, "overrun", e->overrun_nusd);
    put_money(e, "refunded", e->refunded_nusd);
    put_money(e, "paid in the end", e->charge_nusd - e->refunded_nusd);
}

/* What a provider states is its price, whatever our own prices make of the call. */
static void check_cost(struct explanation *e)
{
    if (!e->facts.cost_stated) {
        compare(e, "cost (tokens x price)", e->cost_nusd, cost_of(e));
        return;
    }
    compare(e, "cost (as the provider stated)", e->cost_nusd, e->facts.stated_cost_nusd);
    compare(e, "computed cost (tokens x price)", e->facts.computed_cost_nusd, cost_of(e));
}

static void put_checks(struct explanation *e)
{
    buffer_append_text(e->out, "computed again\n");
    check_cost(e);
    compare(e, "charge + overrun (cost + margin)", e->charge_nusd + e->overrun_nusd, sale_of(e));
    compare(e, "held (hold + extension)", e->held_nusd, e->hold_nusd + e->extended_nusd);
    compare(e, "transferred charge", e->moved_charge_nusd, e->charge_nusd);
    compare(e, "transferred overrun", e->moved_overrun_nusd, e->overrun_nusd);
    compare(e, "transferred cost", e->moved_cost_nusd, e->cost_nusd);
    if (e->charge_nusd > e->held_nusd)
        compare(e, "charge (at most what was held)", e->charge_nusd, e->held_nusd);
    if (e->refunded_nusd > e->charge_nusd)
        compare(e, "refunded (at most the charge)", e->refunded_nusd, e->charge_nusd);
}

/* ---- the whole explanation ---- */

static bool explain(struct explanation *e, struct fault *fault)
{
    if (!db_run(e->db, "BEGIN", NULL, 0)) /* reads one moment, while a server goes on */
        return db_sound(e->db, fault);
    bool recorded = put_record(e);
    if (recorded)
        put_price(e);
    bool known = put_hold(e, recorded);
    if (recorded) {
        put_transfers(e);
        put_charge(e);
        put_checks(e);
    }
    if (known)
        put_house(e);
    else
        known = put_own(e);
    if (!db_sound(e->db, fault))
        return false;
    if (!known)
        return fault_set(fault, "not_found",
                         "the ledger knows no request %.64s (one that was refused before its "
                         "hold leaves nothing there)",
                         e->exchange_id);
    if (e->out->failed)
        return fault_set(fault, "response_too_large", "the explanation is too long");
    if (e->differences > 0)
        return fault_set(fault, "ledger_differs", "%zu numbers of %.64s are not what they must be",
                         e->differences, e->exchange_id);
    return true;
}

bool store_explain(const char *path, const char *exchange_id, struct buffer *out,
                   struct fault *fault)
{
    struct db db;
    struct explanation explanation = {.db = &db, .out = out, .exchange_id = exchange_id};
    bool ok = reader_open(&db, path, fault) && explain(&explanation, fault);
    if (db.handle != NULL)
        db_rollback(&db);
    db_close(&db);
    return ok;
}
