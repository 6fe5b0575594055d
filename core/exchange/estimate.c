#include "exchange/estimate.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/max_cost.h"
#include "exchange/price_facts.h"
#include "exchange/quota_limits.h"
#include "exchange/quotes.h"
#include "exchange/rate_limits.h"

/* What stands in the answer beside the plan. */
struct outlook {
    int64_t available_nusd; /* in the wallet and in the key's budget */
    int64_t affordable_tokens;
    const char *reason; /* the code with which the call would be refused now; "": it would pass */
    int64_t retry_after_ms;
};

/* ---- what the prompt alone may cost ---- */

/* The tokens that such a text usually has; -1: nobody can say. */
static int64_t usual_tokens(const struct exchange *exchange, const struct hold_plan *plan)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    if (prompt->opaque_count + prompt->image_count + prompt->audio_count > 0 ||
        prompt->sound_seconds > 0 || prompt->names_kept)
        return -1;
    int64_t tokens = charge_text_tokens(prompt, &exchange->rates.input);
    return tokens < plan->need.most.input ? tokens : plan->need.most.input;
}

/* What these tokens cost as the request asks for them, if no cache reads or writes; at the dearest
 * candidate, if each has its own price. */
static bool usual_cost(const struct exchange *exchange, const struct cost_ceiling *offered,
                       const struct hold_plan *plan, int64_t tokens, int64_t *out_nusd)
{
    struct unit_counts counts = {.input = tokens,
                                 .request = offered->beside.request,
                                 .character = plan->need.most.character};
    const struct price_question question = {&exchange->asks, exchange->created_ms, offered->choice};
    struct price_facts facts;
    if (offered->seller_count == 0)
        return money_charge(&offered->prices, &counts, offered->margin_ppm, out_nusd);
    price_facts_ask(&question, tokens, &facts);
    *out_nusd = 0;
    for (size_t i = 0; i < offered->seller_count; i++) {
        const struct candidate_terms *terms = &offered->sellers[i]->terms;
        struct unit_prices prices = terms->sold;
        int64_t nusd;
        price_schedule_apply(terms->sold_rules, &facts, &prices);
        if (!money_charge(&prices, &counts, offered->margin_ppm, &nusd))
            return false;
        *out_nusd = nusd > *out_nusd ? nusd : *out_nusd;
    }
    return true;
}

/* ---- whether the call would pass now ---- */

/* The code of a refusal for money, as exchange_hold gives it; "": none. */
static const char *money_reason(enum hold_outcome outcome)
{
    switch (outcome) {
    case HOLD_INSUFFICIENT:
    case HOLD_DEBT:
        return "insufficient_credits";
    case HOLD_BUDGET:
        return "key_budget_exceeded";
    case HOLD_UNKNOWN:
        return "invalid_api_key";
    default:
        return "";
    }
}

/* Returns what a call would hold. */
static int64_t look_at_money(struct exchange *exchange, const struct hold_plan *plan,
                             struct outlook *out)
{
    const struct quota_claim *quotas = exchange->quotas;
    struct store *store = exchange->env->store;
    const struct id *account_id = &exchange->key.account_id;
    const struct id *key_id = &exchange->key.key_id;
    out->available_nusd =
        ledger_available_nusd(store, account_id, key_id, quotas, exchange->created_ms);
    out->affordable_tokens = exchange_affordable_tokens(exchange, &plan->need, out->available_nusd);
    if (out->affordable_tokens > plan->output_tokens)
        out->affordable_tokens = plan->output_tokens;
    if (out->affordable_tokens < 0)
        out->affordable_tokens = 0;
    const struct ledger_hold hold = {
        .account_id = *account_id,
        .key_id = *key_id,
        .amount_nusd = exchange_amount_to_hold(exchange, plan, out->available_nusd),
        .created_ms = exchange->created_ms};
    out->reason = money_reason(ledger_would_hold(store, &hold));
    return hold.amount_nusd;
}

/* As in a call, limits come before money. */
static void look_ahead(struct exchange *exchange, const struct hold_plan *plan,
                       const struct limit_rules *limits, struct outlook *out)
{
    struct limit_outlook limit;
    *out = (struct outlook){.reason = ""};
    int64_t amount_nusd = look_at_money(exchange, plan, out);
    rate_limits_look(exchange, limits, &limit);
    out->retry_after_ms = limit.retry_after_ms;
    if (!limit.passes)
        out->reason = "rate_limit_exceeded";
    else if (!quota_limits_pass(exchange->quotas, amount_nusd, exchange->created_ms,
                                &out->retry_after_ms))
        out->reason = "quota_exceeded";
}

/* ---- what the tables know of the quotas ---- */

struct estimate_load {
    struct quota_load load; /* first: its job is cast back */
    struct exchange *exchange;
    bool pending;
};

static void on_loaded(struct job *job)
{
    struct estimate_load *loading = (struct estimate_load *)(void *)job;
    struct exchange *exchange = loading->exchange;
    loading->pending = false;
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

static bool load_quotas(struct exchange *exchange)
{
    struct estimate_load *loading = calloc(1, sizeof *loading);
    check(loading != NULL);
    loading->load.job = (struct job){.reply_queue = exchange->env->queue, .done = on_loaded};
    loading->exchange = exchange;
    exchange->estimate_load = loading;
    loading->pending = quotas_load(exchange->env->store, &loading->load, exchange->quotas);
    if (!loading->pending)
        exchange_refuse_unwritable(exchange);
    return loading->pending;
}

bool estimate_begin(struct exchange *exchange, const struct limit_rules *limits)
{
    if (!rate_limits_count_estimate(exchange, limits))
        return false;
    exchange->quotas = rate_limits_claim(exchange, limits);
    return exchange->quotas == NULL || quotas_are_loaded(exchange->quotas, exchange->created_ms) ||
           load_quotas(exchange);
}

bool estimate_is_loading(const struct exchange *exchange)
{
    return exchange->estimate_load != NULL && exchange->estimate_load->pending;
}

void estimate_fini(struct exchange *exchange)
{
    free(exchange->estimate_load);
}

/* ---- the answer ---- */

/* As a number, and as the exact text that x-llm-max-cost takes. */
static void write_amounts(struct buffer *out, const char *name, const char *exact_name,
                          int64_t nusd)
{
    json_writer_money_number(out, name, nusd);
    json_writer_money(out, exact_name, nusd);
}

static void write_line(struct buffer *out, const struct cost_ceiling *need, enum unit unit,
                       int64_t quantity)
{
    struct unit_counts counts = {.input = 0};
    struct money_exact exact;
    char price[48];
    counts.of[unit] = quantity;
    check(money_charge_exact(&need->prices, &counts, need->margin_ppm, &exact));
    json_writer_object(out, NULL);
    json_writer_text(out, "unit", unit_name(unit));
    json_writer_int(out, "quantity", quantity);
    json_writer_text(out, "price",
                     money_format_sell_price(unit, need->prices.of[unit], need->margin_ppm, price));
    json_writer_int(out, "per", unit_is_token(unit) ? 1000000 : 1);
    json_writer_text(out, "amount", exact.sum);
    json_writer_object_end(out);
}

static void write_lines(struct buffer *out, const struct exchange *exchange,
                        const struct hold_plan *plan)
{
    struct unit_counts most = plan->need.most;
    most.output = plan->output_tokens * exchange->asks.choices;
    json_writer_array(out, "lines");
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (most.of[unit] > 0 && plan->need.prices.of[unit] > 0)
            write_line(out, &plan->need, unit, most.of[unit]);
    }
    json_writer_array_end(out);
}

static void write_prompt(struct buffer *out, const struct exchange *exchange,
                         const struct cost_ceiling *offered, const struct hold_plan *plan)
{
    int64_t nusd;
    int64_t tokens = usual_tokens(exchange, plan);
    if (tokens < 0 || !usual_cost(exchange, offered, plan, tokens, &nusd)) {
        json_writer_null(out, "expected_prompt");
        return;
    }
    json_writer_object(out, "expected_prompt");
    json_writer_int(out, "tokens", tokens);
    write_amounts(out, "cost", "cost_exact", nusd);
    json_writer_object_end(out);
}

static void write_outlook(struct buffer *out, const struct outlook *outlook)
{
    json_writer_bool(out, "affordable", outlook->reason[0] == '\0');
    json_writer_text_or_null(out, "reason", outlook->reason);
    json_writer_int_or_null(out, "retry_after_ms", outlook->retry_after_ms > 0,
                            outlook->retry_after_ms);
    json_writer_money(out, "available", outlook->available_nusd);
    json_writer_int(out, "affordable_max_tokens", outlook->affordable_tokens);
}

static void write_answer(struct buffer *out, const struct exchange *exchange,
                         const struct cost_ceiling *offered, const struct hold_plan *plan)
{
    json_writer_text(out, "object", "estimate");
    json_writer_text(out, "model", exchange->asks.model);
    json_writer_text(out, "currency", "USD");
    write_amounts(out, "max_cost", "max_cost_exact", plan->longest_nusd);
    write_lines(out, exchange, plan);
    write_prompt(out, exchange, offered, plan);
    json_writer_int(out, "context", plan->need.context / exchange_inputs(exchange));
    json_writer_int(out, "max_tokens", plan->output_tokens);
    json_writer_int(out, "choices", exchange->asks.choices);
    json_writer_time(out, "valid_until", exchange->created_ms + QUOTES_VALID_MS);
}

bool estimate_make(struct exchange *exchange, const struct cost_ceiling *offered,
                   const struct limit_rules *limits, char out[ESTIMATE_BYTES])
{
    struct hold_plan plan;
    struct outlook outlook;
    struct buffer json;
    check(!estimate_is_loading(exchange));
    if (exchange->estimate_load != NULL && !exchange->estimate_load->load.loaded) {
        exchange_refuse_unwritable(exchange);
        return false;
    }
    if (!exchange_plan_hold(exchange, offered, &plan))
        return false;
    look_ahead(exchange, &plan, limits, &outlook);
    if (!plan.capped) /* else the call would be made shorter, too */
        max_cost_quote(exchange, plan.longest_nusd);
    buffer_init(&json, ESTIMATE_BYTES - 1);
    json_writer_object(&json, NULL);
    write_answer(&json, exchange, offered, &plan);
    write_outlook(&json, &outlook);
    json_writer_object_end(&json);
    check(!json.failed);
    memcpy(out, json.data, json.bytes);
    out[json.bytes] = '\0';
    buffer_fini(&json);
    return true;
}

int64_t estimate_input(const struct exchange *exchange, const struct cost_ceiling *offered)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    struct model_rates rates;
    rates_get(exchange->env->rates, exchange->asks.model, &rates);
    return charge_text_tokens(prompt, &rates.input) + prompt_sound_tokens(prompt) +
           prompt->image_count * offered->image_tokens_max + prompt->kept_tokens;
}
