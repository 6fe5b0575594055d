/* The money at the end of an exchange: its charge, and how the hold is settled or voided. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/least.h"
#include "base/log.h"
#include "exchange/call_price.h"
#include "exchange/cost_judge.h"
#include "exchange/exchange_internal.h"
#include "exchange/form_intake.h"
#include "exchange/hedge.h"
#include "exchange/idempotency.h"
#include "exchange/live_metrics.h"
#include "exchange/made_objects.h"
#include "exchange/price_facts.h"
#include "exchange/raised_alerts.h"
#include "exchange/rate_limits.h"
#include "exchange/relay.h"
#include "exchange/shadow.h"
#include "exchange/sharing.h"
#include "exchange/spend_cap.h"
#include "exchange/test_call.h"
#include "exchange/trace.h"

/* ---- the charge ---- */

/* The provider's counts are wrong, or `context` and `max_output` in models.lua are. */
static void alarm_operator(const struct exchange *exchange, const struct charge *charge)
{
    const struct charge_limits *limits = &exchange->charge_limits;
    log_event(LOG_ERROR, "a provider counts more than model and request allow; the house pays it",
              LOG_CALL(exchange), log_text("provider", attempt_provider(&exchange->attempt)),
              log_text("model", exchange->asks.model),
              log_int("input_tokens", unit_counts_prompt(&charge->tokens)),
              log_int("context", limits->context_tokens),
              log_int("output_tokens", unit_counts_answer(&charge->tokens)),
              log_int("output_tokens_allowed", limits->output_tokens),
              log_int("web_searches", charge->tokens.web_search),
              log_int("images", charge->tokens.image), log_int("seconds", charge->tokens.second));
}

/* Logged once a minute for each model and word, because every call of a model may raise it. */
static void alarm_price(const struct exchange *exchange, const char *what, const char *name,
                        const char *word)
{
    const char *model = exchange->asks.model;
    int64_t left_out;
    raised_alerts_of_price(exchange, name, word);
    if (!alarm_gate_pass(&exchange->env->alarms, word, model, clock_mono_us() / 1000, &left_out))
        return;
    log_event(LOG_ERROR, what, LOG_CALL(exchange),
              log_text("provider", attempt_provider(&exchange->attempt)), log_text("model", model),
              log_text(name, word), log_int("left_out", left_out));
}

/* What the answer reports costs more than tokens do, and models.lua has no price for it. */
static void alarm_unpriced(const struct exchange *exchange, unsigned unpriced)
{
    for (enum unit unit = UNIT_CACHE_WRITE; unit < UNIT_COUNT; unit++) {
        if (unpriced >> unit & 1)
            alarm_price(exchange, "a provider bills what has no price in models.lua", "unit",
                        unit_name(unit));
    }
}

/* How a call was served is not in models.lua. `word`: USAGE_WORDS if it is. */
static void alarm_served(const struct exchange *exchange, enum usage_word word)
{
    static const char *const texts[USAGE_CHOICE] = {
        [USAGE_SERVICE_TIER] = "a provider bills a service tier that has no price in models.lua",
        [USAGE_SPEED] = "a provider bills a speed that has no price in models.lua",
        [USAGE_REGION] = "a provider bills a region that has no price in models.lua"};
    if (word < USAGE_CHOICE)
        alarm_price(exchange, texts[word], usage_facts_word_name(word),
                    exchange->stream.meter.said.words[word]);
}

/* Whether the answer says how it was served. */
static bool tells_served(const struct price_facts *said)
{
    return said->service_tier[0] != '\0' || said->speed[0] != '\0' || said->region[0] != '\0';
}

/* How much a search reads, or the size or quality of pictures, costs what the dearest does, where
 * the prices name others: the provider says it, or the candidate that answers has other prices. */
static void settle_words(const struct exchange *exchange, const struct charge *charge,
                         struct price_facts *used)
{
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    const struct price_schedule *rules =
        terms->sold_rules != NULL ? terms->sold_rules : terms->buy_rules;
    for (enum usage_word word = USAGE_SEARCH_CONTEXT; word < USAGE_WORDS; word++) {
        const char *said = used->words[word];
        if (price_facts_is_usual(&exchange->asks, word, said) ||
            price_schedule_takes(rules, word, said))
            continue;
        if (!price_facts_is_open(said))
            alarm_price(exchange,
                        word == USAGE_SEARCH_CONTEXT
                            ? "a provider bills searches that have no price in models.lua"
                            : "a provider bills pictures that have no price in models.lua",
                        usage_facts_word_name(word), said);
        price_schedule_dearest(rules, word, &terms->sold, &charge->tokens, used);
    }
}

/* Takes of the words that may be unknown to who answers, and that the answer does not say, those
 * with which the call costs most. */
static void doubt_words(const struct exchange *exchange, const struct charge *charge,
                        struct price_facts *used)
{
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    const struct price_facts *said = &exchange->stream.meter.said;
    const struct price_facts asked = *used;
    int64_t most_nusd = price_schedule_cost(terms->sold_rules, used, terms->sold, &charge->tokens);
    for (unsigned left_out = 1; left_out < 1U << (USAGE_WORDS - USAGE_SIZE); left_out++) {
        struct price_facts tried = asked;
        for (enum usage_word word = USAGE_SIZE; word < USAGE_WORDS; word++) {
            bool doubted = said->words[word][0] == '\0' &&
                           price_facts_is_doubted(&exchange->asks, word, asked.words[word]);
            if (doubted && (left_out >> (word - USAGE_SIZE) & 1) != 0)
                tried.words[word][0] = '\0';
        }
        int64_t nusd = price_schedule_cost(terms->sold_rules, &tried, terms->sold, &charge->tokens);
        if (nusd <= most_nusd)
            continue;
        most_nusd = nusd;
        *used = tried;
    }
}

/* The prices of the call: those of the candidate, under the conditions of the answer. The record
 * keeps them, and what decided them. */
static void find_prices(const struct exchange *exchange, const struct charge *charge,
                        struct usage_record *record)
{
    struct unit_prices *bought = &record->prices;
    struct unit_prices *sold = &record->sold;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    const struct price_facts *said = &exchange->stream.meter.said;
    struct price_facts used;
    *bought = terms->prices;
    *sold = terms->sold;
    const struct price_question question = {&exchange->asks, exchange->created_ms, terms->choice};
    price_facts_ask(&question, unit_counts_prompt(&charge->tokens), &used);
    price_facts_merge(&used, said);
    if (terms->buy_rules != NULL || terms->sold_rules != NULL)
        settle_words(exchange, charge, &used);
    if (exchange->asks.asked.beside && terms->sold_rules != NULL)
        doubt_words(exchange, charge, &used);
    price_facts_keep(&used, &record->facts);
    if (terms->buy_rules == NULL && terms->sold_rules == NULL && !tells_served(said))
        return;
    const struct call_price_view view = {.terms = terms, .counts = &charge->tokens, .used = &used};
    alarm_served(exchange, call_price_find(&view, bought, sold));
}

/* Logged once a minute for each provider and model. `word` tells the two alarms apart. */
static void alarm_cost(const struct exchange *exchange, const char *what, const char *word)
{
    const struct usage_record *record = &exchange->settlement.record;
    const struct stated_cost *stated = &exchange->attempt.stated;
    const char *provider = attempt_provider(&exchange->attempt);
    char kind[16 + CANDIDATE_PROVIDER_BYTES];
    int64_t left_out;
    raised_alerts_of_cost(exchange);
    snprintf(kind, sizeof kind, "%s %s", word, provider);
    if (!alarm_gate_pass(&exchange->env->alarms, kind, exchange->asks.model, clock_mono_us() / 1000,
                         &left_out))
        return;
    log_event(LOG_ERROR, what, LOG_CALL(exchange), log_text("provider", provider),
              log_text("model", exchange->asks.model),
              log_int("stated_nusd", stated->malformed ? -1 : stated->nusd),
              log_int("computed_nusd", record->cost_nusd), log_int("left_out", left_out));
}

/* Takes what the provider has stated as the cost, if it is believed. A cut answer may have been
 * billed for more than had been stated before the cut. */
static void take_stated_cost(struct exchange *exchange, const struct charge *charge)
{
    struct usage_record *record = &exchange->settlement.record;
    const struct stated_cost *stated = &exchange->attempt.stated;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    record->cost_nusd = meter_price(&record->prices, &charge->tokens, 0);
    if (sharing_leader(exchange) != NULL) { /* the provider bills the other one */
        record->facts.cost_stated = true;
        record->facts.computed_cost_nusd = record->cost_nusd;
        record->cost_nusd = 0;
        return;
    }
    enum cost_verdict verdict =
        cost_judge(stated, record->cost_nusd, stream_budget_held_nusd(&exchange->budget));
    if (verdict == COST_REFUSED)
        alarm_cost(exchange, "a provider states a cost that is not believed", "unbelieved");
    if (verdict == COST_NOT_STATED || verdict == COST_REFUSED || charge->source == USAGE_PARTIAL)
        return;
    if (verdict == COST_DIFFERS && charge->source != USAGE_ESTIMATED)
        alarm_cost(exchange, "a provider charges another cost than models.lua has", "differs");
    bool free_by_mistake = stated->nusd == 0 && record->cost_nusd > 0;
    record->facts.cost_stated = true;
    record->facts.stated_cost_nusd = stated->nusd;
    record->facts.computed_cost_nusd = record->cost_nusd;
    record->facts.sold_by_cost =
        terms->sold_by_cost && !free_by_mistake && !charge_is_excessive(charge);
    record->cost_nusd = stated->nusd;
}

/* A provider may count more than we could foresee (its own additions to a prompt). The customer
 * pays that as far as the wallet has it and the client's bound allows; the operator pays the
 * rest, and what is not `allowed`. */
static void share_price(struct exchange *exchange, int64_t price_nusd, int64_t allowed_nusd)
{
    struct usage_record *record = &exchange->settlement.record;
    int64_t held_nusd = stream_budget_held_nusd(&exchange->budget);
    int64_t paid_nusd = least_int64(allowed_nusd, held_nusd);
    paid_nusd += stream_budget_extend(&exchange->budget, allowed_nusd - paid_nusd);
    record->charge_nusd = least_int64(price_nusd, paid_nusd);
    record->overrun_nusd = price_nusd - record->charge_nusd;
}

/* Learns from the provider's counts how many tokens such text has, if only text went in and came
 * out. */
static void learn(const struct exchange *exchange, const struct charge *charge)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    const struct meter *meter = &exchange->stream.meter;
    bool only_text =
        prompt->opaque_count + prompt->image_count + prompt->audio_bytes + prompt->token_count ==
            0 &&
        !prompt->names_kept;
    bool only_said = meter->output.image_count + meter->output.audio_bytes == 0 &&
                     charge->reasoning_tokens == 0 && exchange->asks.choices == 1 &&
                     exchange->asks.echoed_bytes == 0;
    bool counted = meter->reported || meter->prompt_reported; /* else only seconds, say, were */
    if (charge->source != USAGE_REPORTED || !counted)
        return;
    int64_t prompt_tokens = unit_counts_prompt(&charge->tokens);
    const struct rate_sample input = {.mix = &prompt->mix,
                                      .bytes = only_text ? prompt->text_bytes : 0,
                                      .tokens = prompt_tokens - prompt_template_tokens(prompt)};
    const struct rate_sample output = {.mix = &meter->mix,
                                       .bytes = only_said ? meter->output.text_bytes : 0,
                                       .tokens = unit_counts_answer(&charge->tokens)};
    rates_learn(exchange->env->rates, exchange->asks.model, &input, &output);
}

/* If the client has cut the answer by leaving, the missing counts are not the provider's fault. */
static void count_usage(const struct exchange *exchange, enum usage_source source, bool excessive)
{
    struct live_metrics_shard *shard = exchange->env->shard;
    const char *provider = attempt_provider(&exchange->attempt);
    if (excessive)
        live_metrics_count_usage(shard, provider, METRICS_EXCESSIVE);
    else if (source == USAGE_REPORTED)
        live_metrics_count_usage(shard, provider, METRICS_REPORTED);
    else if (source == USAGE_CORRECTED)
        live_metrics_count_usage(shard, provider, METRICS_CORRECTED);
    else if (source == USAGE_ESTIMATED)
        live_metrics_count_usage(shard, provider, METRICS_MISSING);
}

/* Counts what the provider bills, and what that costs us. */
static void count_cost(struct exchange *exchange, bool cut, struct charge *charge)
{
    struct usage_record *record = &exchange->settlement.record;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    form_intake_settle(exchange);
    const struct charge_view view = {.asks = &exchange->asks,
                                     .meter = &exchange->stream.meter,
                                     .input_rates = &exchange->rates.input,
                                     .limits = &exchange->charge_limits,
                                     .priced = terms->priced,
                                     .searches_always = terms->searches_always,
                                     .searches_as_one = terms->searches_as_one,
                                     .keeps_responses = terms->keeps_responses,
                                     .cut = cut,
                                     .unseen_tokens = exchange->unseen_tokens};
    charge_count(&view, charge);
    find_prices(exchange, charge, record);
    charge_find_source(&view, &record->sold, charge);
    take_stated_cost(exchange, charge);
    record->source = charge->source;
    record->counts = charge->tokens;
    record->reasoning_tokens = charge->reasoning_tokens;
    record->excess_tokens = charge->excess_tokens;
}

void exchange_count_cost(struct exchange *exchange, bool cut)
{
    struct charge charge;
    count_cost(exchange, cut, &charge);
}

static void fill_charge(struct exchange *exchange, bool cut)
{
    struct usage_record *record = &exchange->settlement.record;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    struct charge charge;
    count_cost(exchange, cut, &charge);
    bool excessive = charge_is_excessive(&charge);
    int64_t price_nusd = call_price_charge(record, &charge.tokens, terms->margin_ppm);
    int64_t allowed_nusd = excessive /* else both are the same counts */
                               ? call_price_charge(record, &charge.allowed, terms->margin_ppm)
                               : price_nusd;
    share_price(exchange, price_nusd, allowed_nusd);
    if (charge.unpriced != 0)
        alarm_unpriced(exchange, charge.unpriced);
    if (excessive)
        alarm_operator(exchange, &charge);
    else
        learn(exchange, &charge);
    count_usage(exchange, charge.source, excessive);
    raised_alerts_of_charge(exchange);
}

/* ---- resolving the hold ---- */

static void on_settlement_returned(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, settlement.job));
    exchange->settlement_pending = false;
    exchange->hold_open = false;
    exchange->times.commit_us = clock_mono_us() - exchange->times.settled_us;
    idempotency_finish(exchange); /* before the client can send the same request again */
    if (exchange->state == EXCHANGE_SETTLING) {
        if (exchange->request != NULL)
            relay_settled(exchange);
        else
            exchange_end(exchange);
    }
    exchange_free_if_over(exchange);
}

/* The provider that answered, or the last one that was asked. */
static void fill_candidate(const struct candidate *candidate, struct usage_record *record)
{
    if (candidate == NULL)
        return;
    slice_copy(slice_of(candidate->terms.provider), record->provider, sizeof record->provider);
    slice_copy(slice_of(candidate->terms.model), record->provider_model,
               sizeof record->provider_model);
    record->margin_ppm = candidate->terms.margin_ppm;
}

static void fill_record(struct exchange *exchange, struct usage_record *record)
{
    record->exchange_id = exchange->id;
    record->account_id = exchange->key.account_id;
    record->user_id = exchange->key.user_id;
    record->key_id = exchange->key.key_id;
    slice_copy(slice_of(exchange->asks.model), record->model, sizeof record->model);
    slice_copy(slice_of(exchange->policy_revision), record->policy_revision,
               sizeof record->policy_revision);
    slice_copy(slice_of(exchange->error_code), record->error_code, sizeof record->error_code);
    slice_copy(slice_of(exchange->stream.meter.finish_reason), record->finish_reason,
               sizeof record->finish_reason);
    fill_candidate(exchange->attempt.candidate, record);
    record->facts.canary_attempts = exchange->canary_attempts;
    record->status = exchange->status;
    record->attempts = exchange->attempts;
    record->streamed = exchange->asks.streamed;
    record->created_ms = exchange->created_ms;
    record->first_byte_us = exchange->first_byte_us;
    exchange->times.settled_us = clock_mono_us();
    record->total_us = exchange->times.settled_us - exchange->started_us;
}

static void resolve(struct exchange *exchange, bool voided)
{
    struct ledger_settlement *settlement = &exchange->settlement;
    settlement->job =
        (struct job){.reply_queue = exchange->env->queue, .done = on_settlement_returned};
    settlement->held_nusd = stream_budget_held_nusd(&exchange->budget);
    settlement->voided = voided;
    settlement->quotas = exchange->quotas;
    fill_record(exchange, &settlement->record);
    rate_limits_settle(exchange);
    exchange->settlement_pending = true;
    attempt_log_write(&exchange->attempt_log, exchange->env->store, &exchange->id);
    ledger_settle(exchange->env->store, settlement);
}

void exchange_settle(struct exchange *exchange)
{
    check(exchange->hold_open && !exchange->settlement_pending);
    if (exchange->shadow != NULL) {
        shadow_settle(exchange);
        return;
    }
    if (exchange->hedge != NULL) {
        hedge_settle(exchange);
        return;
    }
    if (exchange->test_call != NULL) {
        test_call_settle(exchange);
        return;
    }
    call_times_answer(&exchange->times, exchange->attempt.heard_us);
    fill_charge(exchange,
                exchange->cut || exchange->stream.failed || exchange->stream.out_of_budget);
    exchange_enter(exchange, EXCHANGE_SETTLING);
    failpoint_reach(FAILPOINT_AFTER_USAGE);
    spend_cap_settle(exchange, exchange->settlement.record.cost_nusd);
    made_objects_keep(exchange);
    if (exchange->idempotency != NULL)
        relay_keep(exchange);
    exchange_note_attempts(exchange);
    resolve(exchange, false);
}

/* Nothing was used; the plain prices are told. */
static void fill_void(struct exchange *exchange)
{
    struct usage_record *record = &exchange->settlement.record;
    const struct candidate *candidate = exchange->attempt.candidate;
    record->source = USAGE_NONE;
    if (candidate == NULL)
        return;
    record->prices = candidate->terms.prices;
    record->sold = candidate->terms.sold;
}

void exchange_void(struct exchange *exchange)
{
    if (!exchange->hold_open || exchange->settlement_pending)
        return;
    if (exchange->hold_pending) {
        exchange->void_wanted = true; /* only a durable hold can be voided */
        return;
    }
    stream_budget_give_back(&exchange->budget);
    fill_void(exchange);
    resolve(exchange, true);
}

void exchange_lose_hold(struct exchange *exchange)
{
    exchange->hold_open = false;
    stream_budget_give_back(&exchange->budget);
    if (exchange->state == EXCHANGE_ENDED)
        return;
    exchange_release_task(exchange);
    attempt_cancel(&exchange->attempt);
    exchange_refuse_unwritable(exchange);
}
