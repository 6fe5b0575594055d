#include "exchange/stream_budget.h"

#include <stdio.h>
#include <string.h>

#include "exchange/candidate.h"
#include "exchange/charge.h"
#include "exchange/dashboard_url.h"
#include "exchange/quota_text.h"

int64_t stream_budget_held_nusd(const struct stream_budget *budget)
{
    return budget->hold->amount_nusd + budget->settlement->extended_nusd;
}

void stream_budget_give_back(struct stream_budget *budget)
{
    struct ledger_settlement *settlement = budget->settlement;
    if (settlement->extended_nusd == 0)
        return;
    ledger_unextend(budget->store, budget->hold, settlement->extended_nusd);
    settlement->extended_nusd = 0;
}

/* The output tokens that are paid for, at the worst prices of the candidate that answers. They may
 * be lower than those of the hold if models.lua says price_by = "candidate". */
static int64_t covered_by(const struct stream_budget *budget, int64_t held_nusd)
{
    const struct candidate_terms *terms = budget->terms;
    return money_affordable_output(&budget->sold, &budget->most, MONEY_TOKENS_MAX,
                                   terms->margin_ppm, held_nusd);
}

int64_t stream_budget_extend(struct stream_budget *budget, int64_t wanted_nusd)
{
    int64_t room_nusd = budget->max_cost_nusd - stream_budget_held_nusd(budget);
    if (budget->has_max_cost && wanted_nusd > room_nusd)
        wanted_nusd = room_nusd;
    if (wanted_nusd <= 0)
        return 0;
    int64_t more_nusd = ledger_extend(budget->store, budget->hold, wanted_nusd);
    budget->settlement->extended_nusd += more_nusd;
    if (more_nusd > 0 && budget->on_extended != NULL)
        budget->on_extended(budget->owner);
    return more_nusd;
}

static void extend(struct stream_budget *budget, int64_t output_tokens)
{
    const struct candidate_terms *terms = budget->terms;
    struct unit_counts counts = budget->most;
    int64_t wanted_nusd;
    counts.output = output_tokens;
    if (!money_charge(&budget->sold, &counts, terms->margin_ppm, &wanted_nusd))
        return;
    (void)stream_budget_extend(budget, wanted_nusd - stream_budget_held_nusd(budget));
}

/* The client's bound, if the hold has reached it; else wallet or key. */
static void note_shortage(struct stream_budget *budget)
{
    budget->of_max_cost =
        budget->has_max_cost && stream_budget_held_nusd(budget) >= budget->max_cost_nusd;
    const struct ledger_hold *hold = budget->hold;
    budget->short_of = ledger_short_of(budget->store, &hold->account_id, &hold->key_id,
                                       hold->quotas, hold->created_ms);
}

/* Of all that came: text, pictures and sound. */
static int64_t estimate(const struct stream_budget *budget)
{
    const struct meter *meter = budget->meter;
    return meter_output_estimate(meter) + charge_media_tokens(budget->limits, &meter->output);
}

/* Whether money capped the answer, and more has come than the provider was asked for: by its own
 * count, or else by twice our estimate, which is less exact. */
static bool is_excess(const struct stream_budget *budget)
{
    const struct meter *meter = budget->meter;
    int64_t most = budget->output_tokens_most;
    if (!budget->capped)
        return false;
    return (meter->reported && meter->tokens.output > most) || estimate(budget) > 2 * most;
}

/* Whether the answer is far above the limit that was asked for, so that no answer that keeps the
 * limit is cut: by an eighth of the provider's count; or of our count, which may be wrong, by a
 * quarter of the pieces (a token has more than one byte, and few pieces have less than a token) or
 * by twice the text. */
static bool is_beyond_limit(const struct stream_budget *budget)
{
    enum { TOLERANCE_TOKENS = 8 };
    const struct meter *meter = budget->meter;
    int64_t limit = budget->output_tokens_asked;
    int64_t text_bytes = meter->output.text_bytes;
    int64_t pieces = limit + limit / 4 + TOLERANCE_TOKENS;
    if (limit == 0 || meter->output_pieces <= 1) /* the client gets at least one piece */
        return false;
    if (meter->output_pieces > pieces && text_bytes > 2 * pieces)
        return true;
    if (text_bytes > 4 * (2 * limit + TOLERANCE_TOKENS))
        return true;
    return meter->reported && meter->tokens.output > limit + limit / 8 + TOLERANCE_TOKENS;
}

/* Whether the hold covers the longest possible answer, so that the provider ends it by itself. */
static bool is_held_whole(const struct stream_budget *budget)
{
    bool whole = !budget->chunked || budget->output_tokens_covered >= budget->output_tokens_most;
    return whole && !is_excess(budget);
}

/* By the provider's count, or by our estimate if that is higher. */
static int64_t seen_tokens(const struct stream_budget *budget)
{
    const struct meter *meter = budget->meter;
    int64_t estimated = estimate(budget);
    return meter->reported && meter->tokens.output > estimated ? meter->tokens.output : estimated;
}

bool stream_budget_cover(struct stream_budget *budget)
{
    if (is_beyond_limit(budget)) {
        budget->limit_reached = true;
        return false;
    }
    if (is_held_whole(budget))
        return true;
    int64_t seen = seen_tokens(budget);
    int64_t chunk = HOLD_CHUNK_TOKENS * budget->choices;
    if (seen + chunk / 2 <= budget->output_tokens_covered)
        return true;
    /* One chunk more than has come, but not more than can come. */
    bool last = seen + chunk > budget->output_tokens_most;
    extend(budget, last ? budget->output_tokens_most : seen + chunk);
    budget->output_tokens_covered = covered_by(budget, stream_budget_held_nusd(budget));
    if (seen <= budget->output_tokens_covered || is_held_whole(budget))
        return true;
    if (!budget->capped || budget->output_tokens_covered < budget->output_tokens_most)
        note_shortage(budget);
    return false;
}

bool stream_budget_ended_choice(const struct stream_budget *budget, const struct meter *before)
{
    const struct meter *meter = budget->meter;
    return budget->capped && strcmp(meter->finish_reason, "length") == 0 &&
           memcmp(meter->finished_choices, before->finished_choices,
                  sizeof before->finished_choices) != 0;
}

const char *stream_budget_reason(const struct stream_budget *budget)
{
    if (budget->of_max_cost)
        return "max_cost";
    if (budget->short_of == HOLD_QUOTA)
        return "quota_exceeded";
    return budget->short_of == HOLD_BUDGET ? "key_budget_exceeded" : "insufficient_credits";
}

static void write_cap(const struct stream_budget *budget, struct buffer *out)
{
    if (budget->capped)
        buffer_printf(out, ",\"max_tokens\":%lld", (long long)budget->output_tokens_max);
}

static void write_max_cost(const struct stream_budget *budget, struct buffer *out)
{
    char max_cost[MONEY_TEXT_BYTES];
    money_format_short(budget->max_cost_nusd, max_cost);
    buffer_printf(out,
                  "\"The answer ends at the $%s that x-llm-max-cost allows; it is not complete. "
                  "Allow more to get longer answers.\"",
                  max_cost);
    write_cap(budget, out);
    buffer_printf(out, ",\"scope\":\"request\",\"max_cost\":\"%s\"}", max_cost);
}

void stream_budget_write_reason(const struct stream_budget *budget, struct buffer *out)
{
    bool of_key = budget->short_of == HOLD_BUDGET;
    buffer_printf(out, "{\"code\":\"%s\",\"message\":", stream_budget_reason(budget));
    if (budget->of_max_cost) {
        write_max_cost(budget, out);
        return;
    }
    if (budget->short_of == HOLD_QUOTA) {
        quota_text_end(budget->hold->quotas, budget->hold->created_ms, out);
        write_cap(budget, out);
        buffer_append_char(out, '}');
        return;
    }
    char url[DASHBOARD_URL_BYTES];
    char message[sizeof url + 128];
    dashboard_url_format(budget->public_url, of_key ? "keys" : "credits", url);
    snprintf(message, sizeof message,
             of_key ? "The budget of this API key is spent; the answer is not complete. Raise "
                      "the budget, or use another key: %s"
                    : "The credits are spent; the answer is not complete. Add credits to get "
                      "longer answers: %s",
             url);
    json_write_text(out, message);
    write_cap(budget, out);
    buffer_append_text(out, ",\"scope\":");
    buffer_append_text(out, of_key ? "\"key\"}" : "\"account\",\"topup_url\":");
    if (of_key)
        return;
    dashboard_url_write_topup(budget->public_url, out);
    buffer_append_char(out, '}');
}

bool stream_budget_explain(const struct stream_budget *budget, struct slice text,
                           const struct json_value *object, struct buffer *member,
                           struct json_edit *edit)
{
    struct json_value other;
    if (json_find(object, "metadata", &other) > 0)
        return false;
    buffer_append_text(member, "\"metadata\":");
    stream_budget_write_reason(budget, member);
    buffer_append_char(member, ','); /* an answer has choices, so other members follow */
    *edit = (struct json_edit){.offset = (size_t)(object->raw.data - text.data) + 1,
                               .inserted = buffer_slice(member)};
    return !member->failed;
}
