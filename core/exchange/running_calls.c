#include "exchange/running_calls.h"

#include <stdio.h>

#include "base/clock.h"
#include "exchange/exchange_internal.h"
#include "exchange/limit_wait.h"

static bool counts(const struct exchange *exchange)
{
    return exchange->asks_model && exchange->state != EXCHANGE_ENDED;
}

static const char *state_of(const struct exchange *exchange)
{
    if (limit_wait_is_in_queue(exchange))
        return "waiting for a provider's limit";
    if (exchange->detached)
        return "client gone";
    switch (exchange->state) {
    case EXCHANGE_RECEIVED:
    case EXCHANGE_AUTHENTICATED:
        return "receiving";
    case EXCHANGE_HELD:
        return "choosing";
    case EXCHANGE_SENT:
        return "asked";
    case EXCHANGE_ANSWERED:
    case EXCHANGE_STREAMING:
        return exchange->stream.paused ? "client reads slowly" : "answering";
    case EXCHANGE_SETTLING:
        return "settling";
    case EXCHANGE_ENDED:
        break;
    }
    return "ended";
}

static void describe(const struct exchange *exchange, int64_t now_us, struct running_call *out)
{
    *out = (struct running_call){
        .exchange_id = exchange->id,
        .user_id = exchange->key.user_id,
        .key_id = exchange->key.key_id,
        .state = state_of(exchange),
        .attempts = exchange->attempts,
        .age_ms = (now_us - exchange->started_us) / 1000,
        .first_byte_ms = exchange->first_byte_us < 0 ? -1 : exchange->first_byte_us / 1000,
        .held_nusd = exchange->hold_open
                         ? exchange->hold.amount_nusd + exchange->settlement.extended_nusd
                         : 0,
    };
    snprintf(out->model, sizeof out->model, "%s", exchange->asks.model);
    snprintf(out->provider, sizeof out->provider, "%s", attempt_provider(&exchange->attempt));
}

/* New exchanges are put in at the front of the worker's list. */
size_t running_calls_list(const struct exchange_env *env, struct running_call *out, size_t room,
                          size_t *all)
{
    int64_t now_us = clock_mono_us();
    size_t count = 0, at = 0;
    for (const struct exchange *one = env->live; one != NULL; one = one->next)
        count += counts(one);
    for (const struct exchange *one = env->live; one != NULL; one = one->next) {
        if (!counts(one))
            continue;
        if (count - at <= room)
            describe(one, now_us, &out[at - (count > room ? count - room : 0)]);
        at++;
    }
    *all = count;
    return count < room ? count : room;
}
