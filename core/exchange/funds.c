#include "exchange/funds.h"

#include <string.h>

#include "exchange/exchange.h"

int64_t funds_held_nusd(const struct exchange *exchange)
{
    return exchange->hold.amount_nusd + exchange->settlement.extended_nusd;
}

void funds_give_back(struct exchange *exchange)
{
    struct ledger_settlement *settlement = &exchange->settlement;
    if (settlement->extended_nusd == 0)
        return;
    ledger_unextend(exchange->env->store, &exchange->hold, settlement->extended_nusd);
    settlement->extended_nusd = 0;
}

/* The output tokens that are paid for, by the prices of the candidate that answers, which may be
 * lower than those of the hold where models.lua says price_by = "candidate". */
static int64_t covered_by(const struct exchange *exchange, int64_t held_nusd)
{
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    return money_affordable_output(&terms->sold, exchange->funds.input_tokens_max, MONEY_TOKENS_MAX,
                                   terms->margin_ppm, held_nusd);
}

static void extend(struct exchange *exchange, int64_t output_tokens)
{
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    struct funds *funds = &exchange->funds;
    const struct token_counts tokens = {.input = funds->input_tokens_max, .output = output_tokens};
    int64_t wanted_nusd;
    if (!money_charge(&terms->sold, &tokens, terms->margin_ppm, &wanted_nusd))
        return;
    wanted_nusd -= funds_held_nusd(exchange);
    if (wanted_nusd <= 0)
        return;
    exchange->settlement.extended_nusd +=
        ledger_extend(exchange->env->store, &exchange->hold, wanted_nusd);
}

/* More has come than the provider was asked for: by its own count; else by twice our estimate,
 * which is not as good. */
static bool is_excess(const struct exchange *exchange)
{
    const struct meter *meter = &exchange->relay.meter;
    int64_t most = exchange->funds.output_tokens_most;
    return (meter->reported && meter->tokens.output > most) ||
           meter_output_estimate(meter) > 2 * most;
}

/* All is held that the answer can have, so the provider ends it by itself. */
static bool is_held_whole(const struct exchange *exchange)
{
    const struct funds *funds = &exchange->funds;
    bool whole = !funds->chunked || funds->output_tokens_covered >= funds->output_tokens_most;
    return whole && !is_excess(exchange);
}

/* What is to be held for now: a chunk more than there is, but no more than can come, unless it has
 * come all the same. Whose answer is capped has no more. */
static int64_t tokens_wanted(const struct exchange *exchange, int64_t seen, int64_t chunk)
{
    const struct funds *funds = &exchange->funds;
    int64_t wanted = seen + chunk;
    if (wanted <= funds->output_tokens_most || (is_excess(exchange) && !funds->capped))
        return wanted;
    return funds->output_tokens_most;
}

bool funds_cover(struct exchange *exchange)
{
    struct funds *funds = &exchange->funds;
    int64_t seen = meter_output_seen(&exchange->relay.meter);
    int64_t chunk = HOLD_CHUNK_TOKENS * exchange->chat.choices;
    if (is_held_whole(exchange) || seen + chunk / 2 <= funds->output_tokens_covered)
        return true;
    extend(exchange, tokens_wanted(exchange, seen, chunk));
    funds->output_tokens_covered = covered_by(exchange, funds_held_nusd(exchange));
    if (seen <= funds->output_tokens_covered || is_held_whole(exchange))
        return true;
    if (!funds->capped || funds->output_tokens_covered < funds->output_tokens_most)
        funds->short_of = ledger_short_of(exchange->env->store, &exchange->hold.account_id,
                                          &exchange->hold.key_id);
    return false;
}

bool funds_ended_choice(const struct exchange *exchange, const struct meter *before)
{
    const struct meter *meter = &exchange->relay.meter;
    return exchange->funds.capped && strcmp(meter->finish_reason, "length") == 0 &&
           memcmp(meter->finished_choices, before->finished_choices,
                  sizeof before->finished_choices) != 0;
}

const char *funds_reason(const struct exchange *exchange)
{
    return exchange->funds.short_of == HOLD_BUDGET ? "key_budget_exceeded" : "insufficient_credits";
}

void funds_write_reason(const struct exchange *exchange, struct buffer *out)
{
    bool of_key = exchange->funds.short_of == HOLD_BUDGET;
    buffer_printf(out, "{\"code\":\"%s\",\"message\":", funds_reason(exchange));
    json_write_text(out, of_key ? "The budget of this API key is spent; the answer is not complete."
                                : "The credits are spent; the answer is not complete. Add credits "
                                  "to get longer answers.");
    if (exchange->funds.capped)
        buffer_printf(out, ",\"max_tokens\":%lld", (long long)exchange->output_tokens_max);
    buffer_append_text(out, ",\"scope\":");
    buffer_append_text(out, of_key ? "\"key\"}" : "\"account\",\"topup_url\":");
    if (of_key)
        return;
    exchange_write_topup_url(exchange, out);
    buffer_append_char(out, '}');
}

bool funds_explain(const struct exchange *exchange, struct slice text,
                   const struct json_value *object, struct buffer *member, struct json_edit *edit)
{
    struct json_value other;
    if (json_find(object, "metadata", &other) > 0)
        return false;
    buffer_append_text(member, "\"metadata\":");
    funds_write_reason(exchange, member);
    buffer_append_char(member, ','); /* an answer has choices, so it is not the last */
    *edit = (struct json_edit){.offset = (size_t)(object->raw.data - text.data) + 1,
                               .inserted = buffer_slice(member)};
    return !member->failed;
}
