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

/* The output tokens that are paid for, by the prices of the provider that answers, which may be
 * lower than those of the hold. */
static int64_t covered_by(const struct exchange *exchange, int64_t held_nusd)
{
    const struct candidate *candidate = &exchange->attempt.candidate;
    return money_affordable_output(&candidate->prices, exchange->funds.input_tokens_max,
                                   MONEY_TOKENS_MAX, candidate->margin_ppm, held_nusd);
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

/* Where all is held that an answer can have, the provider ends it by itself and counts better than
 * our estimate; but one that does not listen to what it was asked for comes to twice as much. */
static bool within_whole_hold(const struct funds *funds, int64_t seen)
{
    bool whole = !funds->chunked || funds->output_tokens_covered >= funds->output_tokens_most;
    return whole && seen <= 2 * funds->output_tokens_most;
}

/* What is to be held for now: a chunk more than there is, but no more than can come, unless it has
 * come all the same. Whose answer is capped has no more. */
static int64_t tokens_wanted(const struct funds *funds, int64_t seen, int64_t chunk)
{
    int64_t wanted = seen + chunk;
    bool excess = seen > 2 * funds->output_tokens_most && !funds->capped;
    return wanted > funds->output_tokens_most && !excess ? funds->output_tokens_most : wanted;
}

bool funds_cover(struct exchange *exchange)
{
    struct funds *funds = &exchange->funds;
    int64_t seen = meter_output_seen(&exchange->relay.meter);
    int64_t chunk = HOLD_CHUNK_TOKENS * exchange->chat.choices;
    if (within_whole_hold(funds, seen) || seen + chunk / 2 <= funds->output_tokens_covered)
        return true;
    extend(exchange, tokens_wanted(funds, seen, chunk));
    funds->output_tokens_covered = covered_by(exchange, funds_held_nusd(exchange));
    if (seen <= funds->output_tokens_covered || within_whole_hold(funds, seen))
        return true;
    if (!funds->capped || funds->output_tokens_covered < funds->output_tokens_most)
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
