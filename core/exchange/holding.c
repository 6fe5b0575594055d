/* The hold: money for the worst case of a call, reserved before a provider is asked. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/least.h"
#include "exchange/candidate.h"
#include "exchange/dashboard_url.h"
#include "exchange/departure.h"
#include "exchange/exchange_internal.h"
#include "exchange/max_cost.h"
#include "exchange/offer_check.h"
#include "exchange/quota_limits.h"
#include "exchange/relay.h"
#include "exchange/survey.h"
#include "exchange/worst_price.h"

enum { HOLD_TRIES = 3 };

/* The least tokens that we ask for of ourselves: OpenAI refuses a smaller max_output_tokens. */
static int64_t shortest(const struct model_request *asks)
{
    enum { RESPONSES_TOKENS_MIN = 16 };
    return asks->dialect == DIALECT_RESPONSES ? RESPONSES_TOKENS_MIN : 1;
}

static void on_hold_returned(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, hold.job));
    exchange->hold_pending = false;
    exchange->times.hold_wait_us = clock_mono_us() - exchange->times.held_us;
    failpoint_reach(FAILPOINT_HOLD_DURABLE);
    if (!exchange->hold.durable)
        exchange_lose_hold(exchange);
    else if (exchange->void_wanted)
        exchange_void(exchange);
    if (exchange->charge_wanted)
        departure_hold_durable(exchange);
    relay_hold_decided(exchange);
}

/* A provider's own summary has no limit: neither the client nor a rule can shorten it. Sound and
 * pictures have none either. */
static bool takes_limit(const struct model_request *asks)
{
    return asks->media.medium == ANSWERS_TEXT && asks->compaction != COMPACTION_BY_PATH;
}

/* A limit that we add to a request must not make its answer longer than without it. */
static int64_t added_limit(const struct model_request *asks, int64_t tokens)
{
    bool usual = asks->output_tokens <= 0 && asks->usual_tokens > 0;
    return usual ? least_int64(tokens, asks->usual_tokens) : tokens;
}

int64_t exchange_affordable_tokens(const struct exchange *exchange, const struct cost_ceiling *need,
                                   int64_t available_nusd)
{
    int64_t choices = exchange->asks.choices;
    int64_t most = need->output_tokens_max;
    if (takes_limit(&exchange->asks) && need->output_tokens_allowed > 0 &&
        need->output_tokens_allowed < most)
        most = need->output_tokens_allowed;
    int64_t tokens = money_affordable_output(&need->prices, &need->most, most * choices,
                                             need->margin_ppm, available_nusd);
    return tokens < 0 ? -1 : tokens / choices;
}

static bool worst_case(const struct exchange *exchange, const struct cost_ceiling *need,
                       int64_t output_tokens, int64_t *out_nusd)
{
    struct unit_counts counts = need->most;
    counts.output = output_tokens * exchange->asks.choices;
    return money_charge(&need->prices, &counts, need->margin_ppm, out_nusd);
}

static enum hold_outcome try_hold(struct exchange *exchange, int64_t amount_nusd,
                                  struct hold_refusal *refusal)
{
    struct ledger_hold *hold = &exchange->hold;
    memset(hold, 0, sizeof *hold);
    hold->job.reply_queue = exchange->env->queue;
    hold->job.done = on_hold_returned;
    hold->exchange_id = exchange->id;
    hold->account_id = exchange->key.account_id;
    hold->key_id = exchange->key.key_id;
    hold->amount_nusd = amount_nusd;
    hold->created_ms = exchange->created_ms;
    hold->expires_ms = exchange->created_ms + exchange->env->hold_expiry_ms;
    hold->quotas = exchange->quotas;
    return ledger_hold(exchange->env->store, hold, refusal);
}

/* The shortest answer that may be sold when money is short; 0: only the whole answer. A client that
 * names a longest answer wants all of it, or an error. But a stream longer than a chunk gets what
 * the client can pay, because agents name far more than they need. */
static int64_t least_cap(const struct exchange *exchange)
{
    int64_t stated = exchange->asks.output_tokens;
    if (!takes_limit(&exchange->asks))
        return 0;
    if (stated <= 0)
        return shortest(&exchange->asks);
    return exchange->budget.chunked && stated > HOLD_CHUNK_TOKENS ? HOLD_CHUNK_TOKENS : 0;
}

/* Never more than the client's bound. */
static int64_t bounded(const struct exchange *exchange, int64_t amount_nusd)
{
    const struct stream_budget *budget = &exchange->budget;
    return budget->has_max_cost ? least_int64(amount_nusd, budget->max_cost_nusd) : amount_nusd;
}

/* The worst case of an answer of this length, which is no longer than the plan's. */
static int64_t amount_of(const struct exchange *exchange, const struct hold_plan *plan,
                         int64_t output_tokens)
{
    int64_t amount_nusd;
    if (output_tokens == plan->output_tokens)
        return plan->longest_nusd;
    check(worst_case(exchange, &plan->need, output_tokens, &amount_nusd)); /* less than that */
    return bounded(exchange, amount_nusd);
}

/* The amount to hold now, with `available_nusd` to spend. If that is too little and the client has
 * set no limit, the answer is capped. */
int64_t exchange_amount_to_hold(struct exchange *exchange, const struct hold_plan *plan,
                                int64_t available_nusd)
{
    struct stream_budget *budget = &exchange->budget;
    const struct cost_ceiling *need = &plan->need;
    int64_t output_tokens = plan->output_tokens;
    int64_t amount_nusd = plan->longest_nusd;
    budget->output_tokens_max = plan->output_tokens_max;
    budget->capped = budget->of_max_cost = plan->capped;
    if (amount_nusd > available_nusd && least_cap(exchange) > 0) {
        int64_t tokens = exchange_affordable_tokens(exchange, need, available_nusd);
        if (tokens < least_cap(exchange))
            return amount_nusd; /* the hold will be refused */
        budget->capped = true;
        budget->of_max_cost = false;
        budget->short_of =
            ledger_short_of(exchange->env->store, &exchange->key.account_id, &exchange->key.key_id,
                            exchange->quotas, exchange->created_ms);
        output_tokens = budget->output_tokens_max =
            added_limit(&exchange->asks, least_int64(tokens, output_tokens));
    }
    budget->most = need->most;
    budget->output_tokens_most = output_tokens * exchange->asks.choices;
    if (budget->chunked && output_tokens > HOLD_CHUNK_TOKENS)
        output_tokens = HOLD_CHUNK_TOKENS;
    return amount_of(exchange, plan, output_tokens);
}

static int64_t available_nusd(const struct exchange *exchange)
{
    return ledger_available_nusd(exchange->env->store, &exchange->key.account_id,
                                 &exchange->key.key_id, exchange->quotas, exchange->created_ms);
}

/* A smaller hold may be accepted. */
static bool is_short_of_money(const struct exchange *exchange, enum hold_outcome outcome,
                              const struct hold_refusal *refusal)
{
    struct quota_rule rule;
    if (outcome != HOLD_QUOTA)
        return outcome == HOLD_INSUFFICIENT || outcome == HOLD_BUDGET;
    check(quotas_rule(exchange->quotas, refusal->quota.at, &rule));
    return rule.unit == QUOTA_USD;
}

static enum hold_outcome find_hold(struct exchange *exchange, const struct hold_plan *plan,
                                   struct hold_refusal *refusal)
{
    struct stream_budget *budget = &exchange->budget;
    enum hold_outcome outcome = HOLD_INSUFFICIENT;
    refusal->available_nusd = INT64_MAX;
    if (budget->chunked) /* a chunk is small: compare the whole answer with what is available */
        refusal->available_nusd = available_nusd(exchange);
    /* Other exchanges may take from the same balance between the look and the hold, so try a few
     * times. */
    for (unsigned i = 0; i < HOLD_TRIES; i++) {
        int64_t amount_nusd = exchange_amount_to_hold(exchange, plan, refusal->available_nusd);
        outcome = try_hold(exchange, amount_nusd, refusal);
        if (!is_short_of_money(exchange, outcome, refusal))
            break;
        if (least_cap(exchange) == 0 ||
            exchange_affordable_tokens(exchange, &plan->need, refusal->available_nusd) <
                least_cap(exchange))
            break;
    }
    return outcome;
}

/* What is left of `room` tokens takes at most `tokens` of them. */
static int64_t fill(int64_t tokens, int64_t *room)
{
    int64_t taken = tokens < *room ? tokens : *room;
    *room -= taken;
    return taken;
}

/* The input to hold: what the model's reported calls let us expect, and a margin (rates.h). No
 * token is shorter than a byte, and content of unknown size (a file, a conversation that may have
 * grown) fills the context. What the request names counts as it did when it was made. If a provider
 * counts more, the wallet is asked for the rest when the call ends. */
static void most_input(const struct exchange *exchange, struct cost_ceiling *need)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    int64_t room = need->context; /* of all inputs together */
    int64_t text_tokens =
        rates_tokens_held(&exchange->rates.input, &prompt->mix, prompt->text_bytes) +
        prompt_template_tokens(prompt) + prompt->token_count;
    if (text_tokens > prompt->bytes_most)
        text_tokens = prompt->bytes_most;
    need->most = need->beside;
    if (prompt->sound_measured || prompt->sound_coming) /* no longer one will pass */
        need->most.second = least_int64(need->beside.second, prompt->sound_seconds);
    need->most.audio_input = fill(prompt_sound_tokens_most(prompt), &room);
    need->most.image_input = fill(prompt->image_count * need->image_tokens_max, &room);
    bool fills = prompt->opaque_count > 0 || prompt->kept_grows;
    if (exchange->asks.media.characters > 0 && need->most.character > 0)
        need->most.character = exchange->asks.media.characters; /* takes_amount has compared them */
    if (exchange->asks.media.medium == ANSWERS_PICTURES && need->most.image > 0)
        need->most.image = exchange->asks.choices;
    need->most.input = fills ? room : fill(text_tokens + prompt->kept_tokens, &room);
}

/* Looks up the contexts that servers have given. These may be out of date. So they decide what is
 * held; what models.lua states, if it does, decides what may be charged. */
static void learn_context(const struct exchange *exchange, const struct cost_ceiling *offered,
                          struct cost_ceiling *need)
{
    if (offered->asked != NULL)
        need->context =
            survey_context_tokens(exchange->env->survey, offered->asked, offered->context);
    if (need->image_tokens_max == 0)
        need->image_tokens_max = need->context;
}

/* ---- waiting ---- */

/* A hold that waits for the changes of other processes, or for the counters of its quotas, and is
 * then decided again. */
struct waiting_hold {
    struct quota_load load; /* first: its job is cast back */
    struct exchange *exchange;
    bool for_quotas;
    struct hold_plan plan;
};

static void on_news(struct job *job);

/* Returns false if too many wait. */
static bool wait_for(struct exchange *exchange, const struct hold_plan *plan, bool for_quotas)
{
    struct store *store = exchange->env->store;
    struct waiting_hold *waiting = calloc(1, sizeof *waiting);
    check(waiting != NULL);
    *waiting = (struct waiting_hold){
        .load = {.job = {.reply_queue = exchange->env->queue, .done = on_news}},
        .exchange = exchange,
        .for_quotas = for_quotas,
        .plan = *plan,
    };
    bool posted = for_quotas ? quotas_load(store, &waiting->load, exchange->quotas)
                             : ledger_refresh(store, &waiting->load.job);
    if (!posted) {
        free(waiting);
        return false;
    }
    exchange->waiting_hold = waiting;
    return true;
}

/* ---- the hold ---- */

static bool refuse_uncountable(struct exchange *exchange)
{
    const struct answer_error error = {
        .status = 400,
        .code = "invalid_value",
        .message = "This request could cost more than the gateway can count; ask for fewer tokens.",
        .param = "max_tokens"};
    exchange_refuse(exchange, &error);
    return false;
}

/* Whether another process may have changed the reason for the refusal. */
static bool may_be_out_of_date(enum hold_outcome outcome)
{
    return outcome == HOLD_INSUFFICIENT || outcome == HOLD_BUDGET || outcome == HOLD_DEBT ||
           outcome == HOLD_UNKNOWN;
}

/* Shortens the answer to what the client's bound pays in the worst case, unless we have quoted
 * that. Returns false if it is less than a token. */
static bool fit_max_cost(const struct exchange *exchange, struct hold_plan *plan)
{
    const struct stream_budget *budget = &exchange->budget;
    if (!budget->has_max_cost)
        return true;
    int64_t tokens = exchange_affordable_tokens(exchange, &plan->need, budget->max_cost_nusd);
    if (tokens >= plan->output_tokens || max_cost_is_quoted(exchange))
        return true;
    if (!takes_limit(&exchange->asks))
        return false;
    plan->output_tokens = plan->output_tokens_max = added_limit(&exchange->asks, tokens);
    plan->capped = true;
    return tokens >= shortest(&exchange->asks);
}

static bool refuse_max_cost(struct exchange *exchange, const struct hold_plan *plan)
{
    int64_t tokens = takes_limit(&exchange->asks) ? shortest(&exchange->asks) : plan->output_tokens;
    int64_t required_nusd;
    if (!worst_case(exchange, &plan->need, tokens, &required_nusd))
        return refuse_uncountable(exchange);
    max_cost_refuse(exchange, required_nusd);
    return false;
}

/* How long the answer may be: by the model, the client, the operator, and the client's bound.
 * `stated_context`: from models.lua, or 0. */
static bool limit_answer(struct exchange *exchange, int64_t stated_context, struct hold_plan *plan)
{
    const struct model_request *asks = &exchange->asks;
    const struct cost_ceiling *need = &plan->need;
    struct stream_budget *budget = &exchange->budget;
    int64_t output = need->output_tokens_max;
    if (output > 0)
        output += asks->media.tokens_beside;
    if (takes_limit(asks) && asks->output_tokens > 0 && asks->output_tokens < output)
        output = asks->output_tokens;
    if (need->output_tokens_allowed > 0 && need->output_tokens_allowed < output) {
        plan->output_tokens_max = added_limit(asks, need->output_tokens_allowed);
        output = takes_limit(asks) ? plan->output_tokens_max : output;
    }
    bool asked = asks->output_tokens > 0 || plan->output_tokens_max > 0;
    budget->output_tokens_asked = asked ? output * asks->choices : 0;
    exchange->charge_limits = (struct charge_limits){
        .context_tokens = stated_context > 0 ? stated_context : need->context,
        .input_tokens = unit_counts_prompt(&need->most),
        .image_tokens = asks->media.medium == ANSWERS_PICTURES ? output : need->image_tokens_max,
        .beside = &exchange->budget.most,
        .seconds = need->beside.second,
        .output_tokens = output * asks->choices};
    budget->choices = asks->choices;
    /* A summary is written when the provider has done its work: no money can end it before. */
    /* An echo goes by before the text that costs money. */
    bool text = asks->media.medium == ANSWERS_TEXT;
    exchange->never_reasons = !need->output_hidden;
    budget->chunked = asks->streamed && !need->output_hidden &&
                      asks->compaction == COMPACTION_NONE && asks->echoed_bytes == 0 && text;
    plan->output_tokens = text ? least_int64(output, need->context) : output;
    if (!fit_max_cost(exchange, plan))
        return refuse_max_cost(exchange, plan);
    if (!worst_case(exchange, need, plan->output_tokens, &plan->longest_nusd))
        return refuse_uncountable(exchange);
    plan->longest_nusd = bounded(exchange, plan->longest_nusd);
    return true;
}

/* `again`: the hold has waited once. */
static enum hold_step decide(struct exchange *exchange, const struct hold_plan *plan, bool again)
{
    check(!exchange->hold_pending && !exchange->hold_open && !exchange->settlement_pending);
    struct hold_refusal refusal = {0};
    if (exchange->quotas != NULL && !quotas_are_loaded(exchange->quotas, exchange->created_ms)) {
        if (wait_for(exchange, plan, true))
            return HOLD_WAITS;
        return exchange_refuse_hold(exchange, &plan->need, 0, HOLD_FULL, &refusal);
    }
    enum hold_outcome outcome = find_hold(exchange, plan, &refusal);
    if (may_be_out_of_date(outcome) && !again && wait_for(exchange, plan, false))
        return HOLD_WAITS;
    if (outcome != HOLD_ACCEPTED)
        return exchange_refuse_hold(exchange, &plan->need, plan->longest_nusd, outcome, &refusal);
    exchange->hold_pending = exchange->hold_open = true;
    exchange->times.held_us = clock_mono_us();
    quota_limits_told(exchange);
    exchange_enter(exchange, EXCHANGE_HELD);
    failpoint_reach(FAILPOINT_AFTER_HOLD);
    return HOLD_MADE;
}

static enum hold_step decide_again(const struct waiting_hold *waiting)
{
    struct exchange *exchange = waiting->exchange;
    if (!waiting->for_quotas || waiting->load.loaded)
        return decide(exchange, &waiting->plan, !waiting->for_quotas);
    exchange_refuse_unwritable(exchange);
    return HOLD_REFUSED;
}

/* The task waits. Let go of it before the client is answered, or it would go on. */
static void on_news(struct job *job)
{
    struct waiting_hold *waiting = (struct waiting_hold *)(void *)job;
    struct exchange *exchange = waiting->exchange;
    exchange->waiting_hold = NULL;
    if (exchange->state == EXCHANGE_AUTHENTICATED) {
        struct exchange_task task = exchange->task;
        exchange->task.task = NULL;
        enum hold_step step = decide_again(waiting);
        if (step != HOLD_REFUSED) {
            exchange->task = task;
            if (step == HOLD_MADE)
                exchange_wake(exchange);
        } else if (task.task != NULL) {
            task.drop(task.task);
        }
    }
    free(waiting);
    exchange_free_if_over(exchange);
}

/* The worst case of the prices, whichever candidate answers. */
static void raise_prices(const struct exchange *exchange, struct cost_ceiling *need)
{
    struct worst_view view = {.question = {&exchange->asks, exchange->created_ms, need->choice},
                              .most = &need->most};
    worst_price_raise(&view, &need->prices);
    for (size_t i = 0; i < need->seller_count; i++) {
        struct unit_prices own = need->sellers[i]->terms.sold;
        view.rules = need->sellers[i]->terms.sold_rules;
        worst_price_raise(&view, &own);
        unit_prices_raise(&need->prices, &own);
    }
}

int64_t exchange_inputs(const struct exchange *exchange)
{
    int64_t count = exchange->asks.prompt.input_count;
    return count > 1 ? count : 1;
}

bool exchange_plan_hold(struct exchange *exchange, const struct cost_ceiling *offered,
                        struct hold_plan *plan)
{
    *plan = (struct hold_plan){.need = *offered};
    struct cost_ceiling *need = &plan->need;
    if (!offer_check(exchange, offered))
        return false;
    rates_get(exchange->env->rates, offered->model != NULL ? offered->model : exchange->asks.model,
              &exchange->rates);
    learn_context(exchange, offered, need);
    int64_t inputs = exchange_inputs(exchange);
    need->context *= inputs;
    most_input(exchange, need);
    raise_prices(exchange, need);
    return limit_answer(exchange, offered->context * inputs, plan);
}

enum hold_step exchange_hold(struct exchange *exchange, const struct cost_ceiling *const offered[],
                             size_t count)
{
    struct hold_plan plan;
    int64_t most_nusd = -1;
    size_t dearest = 0;
    check(exchange->waiting_hold == NULL && count > 0);
    for (size_t i = 0; i < count; i++) {
        if (!exchange_plan_hold(exchange, offered[i], &plan))
            return HOLD_REFUSED;
        dearest = plan.longest_nusd > most_nusd ? i : dearest;
        most_nusd = plan.longest_nusd > most_nusd ? plan.longest_nusd : most_nusd;
    }
    if (dearest != count - 1 && !exchange_plan_hold(exchange, offered[dearest], &plan))
        return HOLD_REFUSED;
    return decide(exchange, &plan, false);
}

/* Holds as much as the plan needs now, beyond what is held. Returns false if it has answered. */
static bool cover(struct exchange *exchange, const struct hold_plan *plan)
{
    struct stream_budget *budget = &exchange->budget;
    int64_t held_nusd = stream_budget_held_nusd(budget);
    struct hold_refusal refusal = {.available_nusd = available_nusd(exchange)};
    int64_t free_nusd = refusal.available_nusd > 0 ? refusal.available_nusd : 0;
    int64_t amount_nusd = exchange_amount_to_hold(exchange, plan, held_nusd + free_nusd);
    int64_t missing_nusd = amount_nusd - held_nusd;
    if (missing_nusd <= 0 || stream_budget_extend(budget, missing_nusd) >= missing_nusd)
        return true;
    enum hold_outcome outcome =
        quota_limits_shortage(exchange, missing_nusd, &refusal) ? HOLD_QUOTA : HOLD_INSUFFICIENT;
    (void)exchange_refuse_hold(exchange, &plan->need, amount_nusd, outcome, &refusal);
    return false;
}

bool exchange_turn_to(struct exchange *exchange, const char *model,
                      const struct cost_ceiling *offered)
{
    struct hold_plan plan;
    if (!exchange->hold_open) {
        exchange_task_failed(exchange, "internal_error", "another model without an open hold");
        return false;
    }
    exchange_mean(exchange, model);
    exchange->route.count = 0;
    exchange->tried = exchange->limited = 0;
    if (!exchange_plan_hold(exchange, offered, &plan))
        return false;
    return cover(exchange, &plan);
}
