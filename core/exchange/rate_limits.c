#include "exchange/rate_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/duration.h"
#include "exchange/exchange_internal.h"
#include "exchange/quota_merge.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 3600 * 1000 };

/* ---- places ---- */

static const char *subject_of(const struct exchange *exchange, enum limit_scope scope)
{
    switch (scope) {
    case LIMIT_PER_KEY:
        return exchange->key.key_id.text;
    case LIMIT_PER_USER:
        return exchange->key.user_id.text;
    case LIMIT_PER_GROUP:
        return exchange->key.group;
    case LIMIT_FOR_ALL:
        break;
    }
    return "";
}

/* The places of the key, user and group of an exchange, each hashed at its first use. */
struct subjects {
    struct limit_slot places[LIMIT_SCOPES];
    bool known[LIMIT_SCOPES];
};

/* Two rules or two customers get the same place only by a collision of the limiter's hash, whose
 * key is secret. */
static struct limit_slot place_of(const struct exchange *exchange, const struct limit_rule *rule,
                                  struct subjects *subjects)
{
    struct limit_slot *subject = &subjects->places[rule->scope];
    if (!subjects->known[rule->scope]) {
        struct slice name = slice_of(subject_of(exchange, rule->scope));
        *subject = limiter_slot(exchange->env->limiter, name, 0);
        subjects->known[rule->scope] = true;
    }
    return (struct limit_slot){subject->low ^ rule->place.low, subject->high ^ rule->place.high};
}

/* ---- when a limit is reached ---- */

static const char *const kinds[] = {[LIMIT_REQUESTS] = "requests",
                                    [LIMIT_TOKENS] = "tokens",
                                    [LIMIT_CONCURRENCY] = "concurrent requests",
                                    [LIMIT_ABANDONED] = "abandoned requests"};
static const char *const scopes[] = {"key", "user", "group", "all"};

/* "3000 tokens a minute for this key" */
static void describe_rule(const struct limit_rule *rule, char *out, size_t out_bytes)
{
    static const char *const whom[] = {"for this key", "for this account",
                                       "for this group of customers", "for all customers together"};
    char per[48] = "";
    if (rule->window_ms == MINUTE_MS)
        snprintf(per, sizeof per, " a minute");
    else if (rule->window_ms == DAY_MS)
        snprintf(per, sizeof per, " a day");
    else if (rule->window_ms > 0)
        snprintf(per, sizeof per, " in %lld s", (long long)(rule->window_ms / 1000));
    snprintf(out, out_bytes, "%lld %s%s %s", (long long)rule->limit, kinds[rule->kind], per,
             whom[rule->scope]);
}

/* Says so if the amount can never fit, so that no client waits for it. */
static void explain(const struct limit_rule *rule, int64_t amount, const struct limit_state *state,
                    char *out, size_t out_bytes)
{
    char limit[128];
    char after[DURATION_TEXT_BYTES];
    describe_rule(rule, limit, sizeof limit);
    if (!state->never)
        snprintf(out, out_bytes, "Rate limit reached: %s. Try again in %s.", limit,
                 duration_format(state->retry_after_ms, after));
    else if (rule->limit < 1)
        snprintf(out, out_bytes, "The operator of this gateway allows no such request: %s.", limit);
    else
        snprintf(out, out_bytes,
                 "This request is larger than its limit, so it can never pass: it has about %lld "
                 "tokens, allowed are %s. Send less at a time.",
                 (long long)amount, limit);
}

static bool refuse_limit(struct exchange *exchange, const struct limit_rule *rule, int64_t amount,
                         const struct limit_state *state)
{
    char message[320];
    char metadata[256];
    explain(rule, amount, state, message, sizeof message);
    snprintf(metadata, sizeof metadata,
             "{\"limit\":\"%s\",\"scope\":\"%s\",\"max\":%lld,\"window_ms\":%lld}",
             kinds[rule->kind], scopes[rule->scope], (long long)rule->limit,
             (long long)rule->window_ms);
    const struct answer_error error = {.status = 429,
                                       .code = "rate_limit_exceeded",
                                       .message = message,
                                       .metadata = metadata,
                                       .retry_after_ms = state->never ? 0 : state->retry_after_ms,
                                       .final = state->never};
    exchange_refuse(exchange, &error);
    return false;
}

void rate_limits_note(struct exchange *exchange, enum limit_kind kind,
                      const struct limit_state *state)
{
    if (kind != LIMIT_REQUESTS && kind != LIMIT_TOKENS && kind != LIMIT_USD)
        return;
    struct limit_state *shown = kind == LIMIT_USD ? &exchange->rate_nusd : &exchange->rate[kind];
    if (shown->limit == 0 || state->remaining < shown->remaining ||
        (state->remaining == shown->remaining && state->reset_ms > shown->reset_ms))
        *shown = *state;
}

/* ---- counting ---- */

static int64_t amount_of(const struct exchange *exchange, enum limit_kind kind)
{
    const struct prompt *prompt = &exchange->asks.prompt;
    int64_t tokens = meter_estimate(prompt->text_bytes) + prompt->token_count + prompt->kept_tokens;
    return kind == LIMIT_TOKENS && tokens > 1 ? tokens : 1;
}

/* The answer that a limit of tokens holds: as long as the request names it, at most a chunk, as the
 * hold of a stream. Most answers are no longer, and agents name far more than they need. */
static int64_t answer_tokens(const struct exchange *exchange)
{
    const struct model_request *asks = &exchange->asks;
    bool of_text = dialect_is_conversation(asks->dialect) || asks->dialect == DIALECT_COMPLETIONS;
    int64_t each = asks->output_tokens > 0 && asks->output_tokens < HOLD_CHUNK_TOKENS
                       ? asks->output_tokens
                       : HOLD_CHUNK_TOKENS;
    return of_text ? each * asks->choices : 0;
}

static bool take(struct exchange *exchange, const struct limit_rule *rule,
                 struct counted_limit *counted, struct limit_state *state)
{
    struct limiter *limiter = exchange->env->limiter;
    switch (rule->kind) {
    case LIMIT_CONCURRENCY:
        return limiter_enter_at(limiter, &counted->place, rule->limit, state);
    case LIMIT_ABANDONED: /* counted when the client leaves */
        return limiter_peek_at(limiter, &counted->place, counted->amount, rule->limit,
                               rule->window_ms, exchange->created_ms, state);
    case LIMIT_REQUESTS:
    case LIMIT_TOKENS:
    case LIMIT_USD: /* never here: money is a quota */
        break;
    }
    int64_t more = rule->kind == LIMIT_TOKENS ? answer_tokens(exchange) : 0;
    bool taken = limiter_hold_at(limiter, &counted->place, counted->amount, more, rule->limit,
                                 rule->window_ms, exchange->created_ms, state);
    counted->held = state->held;
    return taken;
}

static struct counted_limit prepare(const struct exchange *exchange, const struct limit_rule *rule,
                                    struct limit_slot place)
{
    return (struct counted_limit){.kind = rule->kind,
                                  .amount = amount_of(exchange, rule->kind),
                                  .window_ms = rule->window_ms,
                                  .place = place};
}

/* The limit that refuses; of several, the one with the longest wait. */
struct obstacle {
    const struct limit_rule *rule; /* NULL: no limit refuses */
    int64_t amount;
    struct limit_state state;
};

static void note_obstacle(struct obstacle *worst, const struct limit_rule *rule, int64_t amount,
                          const struct limit_state *state)
{
    bool never = state->never && (worst->rule == NULL || !worst->state.never);
    if (worst->rule == NULL || never ||
        (state->never == worst->state.never && state->retry_after_ms > worst->state.retry_after_ms))
        *worst = (struct obstacle){.rule = rule, .amount = amount, .state = *state};
}

/* Takes, or only asks if another limit has refused already. */
static void count_at(struct exchange *exchange, const struct limit_rule *rule,
                     struct limit_slot place, struct obstacle *worst)
{
    struct counted_limit counted = prepare(exchange, rule, place);
    struct limit_state state;
    bool fits;
    if (worst->rule == NULL)
        fits = take(exchange, rule, &counted, &state);
    else if (rule->kind == LIMIT_CONCURRENCY)
        return;
    else
        fits = limiter_peek_at(exchange->env->limiter, &place, counted.amount, rule->limit,
                               rule->window_ms, exchange->created_ms, &state);
    rate_limits_note(exchange, rule->kind, &state);
    if (!fits)
        note_obstacle(worst, rule, counted.amount, &state);
    else if (worst->rule == NULL)
        exchange->limits[exchange->limit_count++] = counted;
}

static void give_back(const struct exchange *exchange, const struct counted_limit *counted,
                      int64_t amount, int64_t now_ms)
{
    limiter_give_back_at(exchange->env->limiter, &counted->place, amount, counted->window_ms,
                         exchange->created_ms, now_ms);
}

/* Gives back what was taken from the other limits: a refused request takes nothing. */
static bool give_back_and_refuse(struct exchange *exchange, const struct obstacle *worst)
{
    for (size_t i = 0; i < exchange->limit_count; i++) {
        if (exchange->limits[i].kind == LIMIT_REQUESTS)
            give_back(exchange, &exchange->limits[i], exchange->limits[i].amount,
                      exchange->created_ms);
    }
    return refuse_limit(exchange, worst->rule, worst->amount, &worst->state);
}

static struct quota_claim *claim(const struct exchange *exchange, const struct limit_rules *rules,
                                 size_t quota_count, struct subjects *subjects)
{
    struct quota_ask *asks = malloc(quota_count * sizeof *asks);
    struct quota_rule *quotas = malloc(quota_count * sizeof *quotas);
    size_t count = 0;
    check(asks != NULL && quotas != NULL);
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_rule *rule = &rules->list[i];
        if (rule->period == QUOTA_WINDOW)
            continue;
        const struct limit_slot place = place_of(exchange, rule, subjects);
        quotas[count] = (struct quota_rule){.unit = (enum quota_unit)rule->kind,
                                            .scope = (enum quota_scope)rule->scope,
                                            .period = rule->period,
                                            .limit = rule->limit,
                                            .name = rule->name,
                                            .models = rule->models,
                                            .version = rule->version};
        asks[count] =
            (struct quota_ask){.rule = &quotas[count],
                               .subject = subject_of(exchange, rule->scope),
                               .place = {place.low, place.high},
                               .amount = amount_of(exchange, rule->kind),
                               .more = rule->kind == LIMIT_TOKENS ? answer_tokens(exchange) : 0};
        count++;
    }
    struct quota_claim *made = quotas_claim(exchange->env->store, asks, count);
    free(quotas);
    free(asks);
    return made;
}

static bool acquire(struct exchange *exchange, const struct limit_rules *rules, bool requests_only)
{
    struct subjects subjects;
    struct obstacle worst = {.rule = NULL};
    size_t quota_count = 0;
    memset(subjects.known, 0, sizeof subjects.known);
    exchange->limits = malloc(rules->count * sizeof *exchange->limits);
    check(exchange->limits != NULL);
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_rule *rule = &rules->list[i];
        if (rule->period != QUOTA_WINDOW)
            quota_count++;
        else if (!requests_only || rule->kind == LIMIT_REQUESTS)
            count_at(exchange, rule, place_of(exchange, rule, &subjects), &worst);
    }
    if (worst.rule != NULL)
        return give_back_and_refuse(exchange, &worst);
    if (quota_count > 0 && !requests_only)
        exchange->quotas = claim(exchange, rules, quota_count, &subjects);
    return true;
}

/* The model that the request names. */
static struct asked_models one_model(const struct exchange *exchange)
{
    return (struct asked_models){1, {exchange->asks.model}};
}

bool rate_limits_acquire(struct exchange *exchange, const struct limit_rules *rules,
                         bool requests_only, const struct asked_models *models)
{
    struct limit_rules *owned;
    const struct asked_models one = one_model(exchange);
    check(exchange->limits == NULL && exchange->quotas == NULL);
    rules = quota_merge(exchange, rules, models != NULL ? models : &one, &owned);
    bool passes = rules->count == 0 || acquire(exchange, rules, requests_only);
    free(owned);
    return passes;
}

bool rate_limits_acquire_one(struct exchange *exchange, struct slice name, int64_t most)
{
    const struct limit_rule rule = {
        .kind = LIMIT_CONCURRENCY, .scope = LIMIT_PER_USER, .limit = most};
    struct obstacle worst = {.rule = NULL};
    check(exchange->limits == NULL);
    exchange->limits = calloc(1, sizeof *exchange->limits);
    check(exchange->limits != NULL);
    count_at(exchange, &rule, limiter_slot(exchange->env->limiter, name, 0), &worst);
    return worst.rule == NULL || give_back_and_refuse(exchange, &worst);
}

/* ---- asks ---- */

/* In a place of the account's own. */
static bool count_ask(struct exchange *exchange, const struct limit_rule *rule, const char *name)
{
    struct limit_state state;
    char text[sizeof exchange->key.account_id.text + 16];
    snprintf(text, sizeof text, "%s:%s", name, exchange->key.account_id.text);
    struct limit_slot place = limiter_slot(exchange->env->limiter, slice_of(text), rule->window_ms);
    struct counted_limit counted = prepare(exchange, rule, place);
    if (!take(exchange, rule, &counted, &state))
        return false;
    exchange->limits[exchange->limit_count++] = counted;
    return true;
}

bool rate_limits_take_ask(struct exchange *exchange)
{
    static const struct limit_rule at_once = {.kind = LIMIT_CONCURRENCY, .limit = LIMIT_ASKS};
    static const struct limit_rule a_minute = {
        .kind = LIMIT_REQUESTS, .limit = LIMIT_ASKS_A_MINUTE, .window_ms = MINUTE_MS};
    check(exchange->limits == NULL);
    exchange->limits = calloc(2, sizeof *exchange->limits);
    check(exchange->limits != NULL);
    return count_ask(exchange, &at_once, "asks") && count_ask(exchange, &a_minute, "asks/minute");
}

/* ---- estimates ---- */

/* Another place than that of calls. */
static struct limit_slot place_of_estimates(const struct exchange *exchange,
                                            const struct limit_rule *rule,
                                            struct subjects *subjects)
{
    struct limit_slot place = place_of(exchange, rule, subjects);
    place.high ^= UINT64_C(0x657374696d617465);
    return place;
}

bool rate_limits_count_estimate(struct exchange *exchange, const struct limit_rules *rules)
{
    struct subjects subjects;
    struct obstacle worst = {.rule = NULL};
    struct limiter *limiter = exchange->env->limiter;
    struct limit_rules *owned;
    const struct asked_models models = one_model(exchange);
    rules = quota_merge(exchange, rules, &models, &owned);
    memset(subjects.known, 0, sizeof subjects.known);
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_rule *rule = &rules->list[i];
        struct limit_state state;
        if (rule->kind != LIMIT_REQUESTS || rule->period != QUOTA_WINDOW)
            continue;
        struct limit_slot place = place_of_estimates(exchange, rule, &subjects);
        if (!limiter_take_at(limiter, &place, 1, rule->limit, rule->window_ms, exchange->created_ms,
                             &state))
            note_obstacle(&worst, rule, 1, &state);
    }
    bool passes =
        worst.rule == NULL || refuse_limit(exchange, worst.rule, worst.amount, &worst.state);
    free(owned);
    return passes;
}

static bool would_pass(const struct exchange *exchange, const struct limit_rule *rule,
                       struct limit_slot place, struct limit_state *state)
{
    struct limiter *limiter = exchange->env->limiter;
    if (rule->kind == LIMIT_CONCURRENCY)
        return limiter_could_enter_at(limiter, &place, rule->limit, state);
    return limiter_peek_at(limiter, &place, amount_of(exchange, rule->kind), rule->limit,
                           rule->window_ms, exchange->created_ms, state);
}

static size_t count_quotas(const struct limit_rules *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < rules->count; i++)
        count += rules->list[i].period != QUOTA_WINDOW;
    return count;
}

struct quota_claim *rate_limits_claim(const struct exchange *exchange,
                                      const struct limit_rules *rules)
{
    struct subjects subjects;
    struct limit_rules *owned;
    const struct asked_models models = one_model(exchange);
    rules = quota_merge(exchange, rules, &models, &owned);
    memset(subjects.known, 0, sizeof subjects.known);
    size_t count = count_quotas(rules);
    struct quota_claim *made = count > 0 ? claim(exchange, rules, count, &subjects) : NULL;
    free(owned);
    return made;
}

int64_t rate_limits_held(const struct exchange *exchange, const char *subject, const char *name)
{
    const struct limit_slot slot = limiter_slot(exchange->env->limiter, slice_of(subject), 0);
    const struct quota_place rule = quota_place_of(name);
    const struct quota_place place = {slot.low ^ rule.low, slot.high ^ rule.high};
    return quotas_held(exchange->env->store, &place, clock_wall_ms());
}

void rate_limits_look(const struct exchange *exchange, const struct limit_rules *rules,
                      struct limit_outlook *out)
{
    struct subjects subjects;
    struct obstacle worst = {.rule = NULL};
    struct limit_rules *owned;
    const struct asked_models models = one_model(exchange);
    rules = quota_merge(exchange, rules, &models, &owned);
    memset(subjects.known, 0, sizeof subjects.known);
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_rule *rule = &rules->list[i];
        struct limit_state state;
        if (rule->period == QUOTA_WINDOW &&
            !would_pass(exchange, rule, place_of(exchange, rule, &subjects), &state))
            note_obstacle(&worst, rule, 1, &state);
    }
    *out = (struct limit_outlook){
        .passes = worst.rule == NULL,
        .retry_after_ms = worst.rule == NULL || worst.state.never ? 0 : worst.state.retry_after_ms};
    free(owned);
}

bool rate_limits_acquired(const struct exchange *exchange)
{
    return exchange->limits != NULL;
}

static void correct_tokens(const struct exchange *exchange, struct counted_limit *counted,
                           int64_t used, int64_t now_ms)
{
    if (counted->settled)
        return;
    counted->settled = true;
    if (used < counted->amount)
        give_back(exchange, counted, counted->amount - used, now_ms);
    else
        limiter_add_at(exchange->env->limiter, &counted->place, used - counted->amount,
                       counted->window_ms, now_ms);
    limiter_let_go_at(exchange->env->limiter, &counted->place, counted->held);
}

void rate_limits_abandon(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->limit_count; i++) {
        const struct counted_limit *counted = &exchange->limits[i];
        if (counted->kind == LIMIT_ABANDONED)
            limiter_add_at(exchange->env->limiter, &counted->place, 1, counted->window_ms,
                           clock_wall_ms());
    }
}

void rate_limits_settle(struct exchange *exchange)
{
    int64_t used = usage_tokens_counted(&exchange->settlement.record);
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < exchange->limit_count; i++) {
        if (exchange->limits[i].kind == LIMIT_TOKENS)
            correct_tokens(exchange, &exchange->limits[i], used, now_ms);
    }
}

void rate_limits_release(struct exchange *exchange)
{
    rate_limits_settle(exchange);
    for (size_t i = 0; i < exchange->limit_count; i++) {
        if (exchange->limits[i].kind == LIMIT_CONCURRENCY)
            limiter_leave_at(exchange->env->limiter, &exchange->limits[i].place);
    }
    free(exchange->limits);
    exchange->limits = NULL;
    exchange->limit_count = 0;
}

void rate_limits_fini(struct exchange *exchange)
{
    free(exchange->limits);
    quotas_claim_free(exchange->quotas);
}
