#include "exchange/funds.h"

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

/* By the prices of the provider that answers, which may be lower than those of the hold. */
static int64_t covered_by(const struct exchange *exchange, int64_t held_nusd)
{
    const struct candidate *candidate = &exchange->attempt.candidate;
    return money_affordable_output(&candidate->prices, exchange->funds.input_tokens_max,
                                   exchange->funds.output_tokens_most, candidate->margin_ppm,
                                   held_nusd);
}

static void extend(struct exchange *exchange, int64_t output_tokens)
{
    const struct candidate *candidate = &exchange->attempt.candidate;
    struct funds *funds = &exchange->funds;
    const struct token_counts tokens = {.input = funds->input_tokens_max, .output = output_tokens};
    int64_t wanted_nusd;
    if (!money_charge(&candidate->prices, &tokens, candidate->margin_ppm, &wanted_nusd))
        return;
    wanted_nusd -= funds_held_nusd(exchange);
    if (wanted_nusd <= 0)
        return;
    exchange->settlement.extended_nusd +=
        ledger_extend(exchange->env->store, &exchange->hold, wanted_nusd);
}

/* The text, in estimated tokens, beyond which an answer is ended. Where all is held that it can
 * have, the provider ends it by itself and counts better than our estimate; but one that was asked
 * for no more than the money and does not listen comes to twice as much. */
static int64_t text_tokens_max(const struct exchange *exchange)
{
    const struct funds *funds = &exchange->funds;
    if (funds->output_tokens_covered < funds->output_tokens_most)
        return funds->output_tokens_covered;
    return funds->capped ? 2 * funds->output_tokens_most : MONEY_TOKENS_MAX;
}

bool funds_cover(struct exchange *exchange)
{
    struct funds *funds = &exchange->funds;
    if (!funds->chunked)
        return true;
    int64_t seen = meter_output_estimate(&exchange->relay.meter);
    int64_t chunk = HOLD_CHUNK_TOKENS * exchange->chat.choices;
    if (seen + chunk / 2 <= funds->output_tokens_covered)
        return true;
    int64_t wanted = seen + chunk;
    if (wanted > funds->output_tokens_most)
        wanted = funds->output_tokens_most;
    extend(exchange, wanted);
    funds->output_tokens_covered = covered_by(exchange, funds_held_nusd(exchange));
    if (seen <= text_tokens_max(exchange))
        return true;
    if (!funds->capped)
        funds->short_of = ledger_short_of(exchange->env->store, &exchange->hold.account_id,
                                          &exchange->hold.key_id);
    return false;
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
