#include "exchange/counted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/money.h"
#include "base/sha256.h"
#include "exchange/exchange.h"

/* ---- places ---- */

/* No secret, and chosen by the operator alone: so a hash without a key does. */
void limit_rule_name(struct limit_rule *rule, const char *name)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(slice_of(name), hex);
    hex[32] = '\0';
    rule->place.low = strtoull(hex + 16, NULL, 16);
    hex[16] = '\0';
    rule->place.high = strtoull(hex, NULL, 16);
}

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

/* The places of those whom an exchange counts for, each hashed when it is first asked for. */
struct subjects {
    struct limit_place places[LIMIT_SCOPES];
    bool known[LIMIT_SCOPES];
};

/* Two rules or two customers are at the same place only by a collision of the limiter's hash, whose
 * key nobody knows. */
static struct limit_place place_of(const struct exchange *exchange, const struct limit_rule *rule,
                                   struct subjects *subjects)
{
    struct limit_place *subject = &subjects->places[rule->scope];
    if (!subjects->known[rule->scope]) {
        struct slice name = slice_of(subject_of(exchange, rule->scope));
        *subject = limiter_place(exchange->env->limiter, name, 0);
        subjects->known[rule->scope] = true;
    }
    return (struct limit_place){subject->low ^ rule->place.low, subject->high ^ rule->place.high};
}

/* ---- when one is reached ---- */

/* Money spent in a window: a budget, so 402, which SDKs do not retry. */
static bool refuse_spent(struct exchange *exchange, const char *scope,
                         const struct limit_state *state)
{
    char limit[MONEY_TEXT_BYTES];
    char resets_at[CLOCK_TEXT_BYTES];
    char message[256];
    char metadata[256];
    money_format(state->limit, limit);
    clock_format(exchange->created_ms + state->retry_after_ms, resets_at);
    snprintf(message, sizeof message, "The spending limit of $%s for this %s is reached.", limit,
             scope);
    snprintf(metadata, sizeof metadata,
             "{\"scope\":\"%s\",\"limit\":\"%s\",\"spent\":\"%s\",\"resets_at\":\"%s\"}", scope,
             limit, limit, resets_at);
    const struct answer_error error = {
        .status = 402, .code = "key_budget_exceeded", .message = message, .metadata = metadata};
    exchange_refuse(exchange, &error);
    return false;
}

static bool refuse_limit(struct exchange *exchange, const struct limit_rule *rule,
                         const struct limit_state *state)
{
    static const char *const kinds[] = {"requests", "tokens", "concurrent requests"};
    static const char *const scopes[] = {"key", "user", "group", "all"};
    const char *scope = scopes[rule->scope];
    char message[256];
    char metadata[256];
    char per[48] = "";
    if (rule->kind == LIMIT_USD)
        return refuse_spent(exchange, scope, state);
    if (rule->kind != LIMIT_CONCURRENCY)
        snprintf(per, sizeof per, " in %lld s", (long long)(rule->window_ms / 1000));
    snprintf(
        message, sizeof message, "Rate limit reached: %lld %s%s for this %s. Try again in %lld ms.",
        (long long)state->limit, kinds[rule->kind], per, scope, (long long)state->retry_after_ms);
    snprintf(metadata, sizeof metadata,
             "{\"limit\":\"%s\",\"scope\":\"%s\",\"max\":%lld,\"window_ms\":%lld}",
             kinds[rule->kind], scope, (long long)state->limit, (long long)rule->window_ms);
    const struct answer_error error = {.status = 429,
                                       .code = "rate_limit_exceeded",
                                       .message = message,
                                       .metadata = metadata,
                                       .retry_after_ms = state->retry_after_ms};
    exchange_refuse(exchange, &error);
    return false;
}

static void note_rate(struct exchange *exchange, enum limit_kind kind,
                      const struct limit_state *state)
{
    if (kind != LIMIT_REQUESTS && kind != LIMIT_TOKENS)
        return;
    struct limit_state *shown = &exchange->rate[kind];
    if (shown->limit == 0 || state->remaining < shown->remaining)
        *shown = *state;
}

/* ---- counting ---- */

static int64_t amount_of(const struct exchange *exchange, enum limit_kind kind)
{
    int64_t tokens = meter_estimate(exchange->chat.input_text_bytes);
    return kind == LIMIT_TOKENS && tokens > 1 ? tokens : 1;
}

static bool take(struct exchange *exchange, const struct limit_rule *rule,
                 const struct counted_limit *counted, struct limit_state *state)
{
    struct limiter *limiter = exchange->env->limiter;
    switch (rule->kind) {
    case LIMIT_CONCURRENCY:
        return limiter_enter_at(limiter, &counted->place, rule->limit, state);
    case LIMIT_USD: /* what it costs is known, and counted, when it ends */
        return limiter_peek_at(limiter, &counted->place, counted->amount, rule->limit,
                               rule->window_ms, exchange->created_ms, state);
    case LIMIT_REQUESTS:
    case LIMIT_TOKENS:
        break;
    }
    return limiter_take_at(limiter, &counted->place, counted->amount, rule->limit, rule->window_ms,
                           exchange->created_ms, state);
}

static bool count_at(struct exchange *exchange, const struct limit_rule *rule,
                     struct limit_place place)
{
    struct counted_limit *counted = &exchange->limits[exchange->limit_count];
    struct limit_state state;
    *counted = (struct counted_limit){.kind = rule->kind,
                                      .amount = amount_of(exchange, rule->kind),
                                      .window_ms = rule->window_ms,
                                      .place = place};
    bool taken = take(exchange, rule, counted, &state);
    note_rate(exchange, rule->kind, &state);
    if (!taken)
        return refuse_limit(exchange, rule, &state);
    exchange->limit_count++;
    return true;
}

bool counted_take(struct exchange *exchange, const struct limit_rules *rules, bool requests_only)
{
    struct subjects subjects;
    check(exchange->limits == NULL);
    if (rules->count == 0)
        return true;
    memset(subjects.known, 0, sizeof subjects.known);
    exchange->limits = malloc(rules->count * sizeof *exchange->limits);
    check(exchange->limits != NULL);
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_rule *rule = &rules->list[i];
        bool wanted = !requests_only || rule->kind == LIMIT_REQUESTS;
        if (wanted && !count_at(exchange, rule, place_of(exchange, rule, &subjects)))
            return false;
    }
    return true;
}

bool counted_enter(struct exchange *exchange, struct slice name, int64_t most)
{
    const struct limit_rule rule = {
        .kind = LIMIT_CONCURRENCY, .scope = LIMIT_PER_USER, .limit = most};
    check(exchange->limits == NULL);
    exchange->limits = malloc(sizeof *exchange->limits);
    check(exchange->limits != NULL);
    return count_at(exchange, &rule, limiter_place(exchange->env->limiter, name, 0));
}

void counted_leave(struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    const struct token_counts *tokens = &record->tokens;
    int64_t used = tokens->input + tokens->cached_input + tokens->output;
    int64_t now_ms = clock_wall_ms();
    struct limiter *limiter = exchange->env->limiter;
    for (size_t i = 0; i < exchange->limit_count; i++) {
        const struct counted_limit *counted = &exchange->limits[i];
        if (counted->kind == LIMIT_CONCURRENCY)
            limiter_leave_at(limiter, &counted->place);
        else if (counted->kind == LIMIT_TOKENS)
            limiter_adjust_at(limiter, &counted->place, used - counted->amount, counted->window_ms,
                              now_ms);
        else if (counted->kind == LIMIT_USD)
            limiter_adjust_at(limiter, &counted->place, record->charge_nusd, counted->window_ms,
                              now_ms);
    }
    free(exchange->limits);
    exchange->limits = NULL;
    exchange->limit_count = 0;
}
