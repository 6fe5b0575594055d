#include "exchange/revocation.h"

#include "exchange/departure.h"
#include "exchange/exchange_internal.h"
#include "exchange/limit_wait.h"
#include "exchange/relay.h"
#include "exchange/sharing.h"

bool revocation_due(struct exchange_env *env)
{
    uint64_t count = directory_revocations(env->store);
    bool due = count != env->revocations;
    env->revocations = count;
    return due;
}

static const char *why_revoked(const struct exchange *exchange)
{
    struct key_facts facts;
    if (!directory_find_key(exchange->env->store, &exchange->key_digest, &facts))
        return "This API key was deleted before the whole answer had come.";
    if (facts.user_disabled)
        return "The account of this API key was disabled before the whole answer had come.";
    if (facts.key_disabled)
        return "This API key was disabled before the whole answer had come.";
    if (facts.secret_ended)
        return "This API key was replaced before the whole answer had come.";
    return NULL;
}

/* Whether it would ask a provider later on. */
static bool waits(const struct exchange *exchange)
{
    return limit_wait_is_in_queue(exchange) || sharing_is_busy(exchange);
}

void revocation_check(struct exchange *exchange)
{
    bool held = exchange->hold_open && !exchange->charge_wanted;
    bool will_be = exchange->state == EXCHANGE_AUTHENTICATED;
    bool runs = (held || will_be) && exchange->state < EXCHANGE_SETTLING;
    bool flows = exchange->asks.streamed || exchange->attempt.opaque;
    const char *why = (flows || waits(exchange)) && runs ? why_revoked(exchange) : NULL;
    if (why == NULL)
        return;
    if (will_be || exchange->hold_pending) {
        exchange->env->revocations--; /* look again at a later tick, when the hold is durable */
        return;
    }
    if (exchange->stream.flowing) {
        relay_fail(exchange, "key_disabled", why);
        return;
    }
    const struct answer_error error = {
        .status = 401, .code = "key_disabled", .message = why, .final = true};
    departure_refuse(exchange, &error);
}
