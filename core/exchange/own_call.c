#include "exchange/own_call.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/worst_price.h"

bool own_call_post(const struct exchange *exchange, struct store_call *call, const char *operation,
                   const struct store_value *args, size_t count, void (*done)(struct job *job))
{
    struct fault fault;
    store_call_fini(call);
    check(store_call_init(call, operation, args, count, &fault));
    call->job.reply_queue = exchange->env->queue;
    call->job.done = done;
    return store_call_post(exchange->env->store, call);
}

bool own_call_try_again(const struct exchange *exchange, const struct store_call *call,
                        struct own_call_tries *tries)
{
    enum { QUICK_TRIES = 10, QUICK_US = 100 * 1000, SLOW_US = 1000 * 1000 };
    bool refused = call != NULL && (strcmp(call->fault.code, "not_found") == 0 ||
                                    strcmp(call->fault.code, "conflict") == 0);
    tries->count++;
    tries->due_us = clock_mono_us() + (tries->count < QUICK_TRIES ? QUICK_US : SLOW_US);
    return !refused && !exchange->env->stopping;
}

/* A try has failed. */
static void go_on_trying(struct own_call *own, const struct store_call *call, const char *why)
{
    if (own_call_try_again(own->exchange, call, &own->tries))
        return;
    own->log_loss(own->exchange, why);
    own->end(own->exchange);
}

static void on_told(struct job *job)
{
    struct own_call *own = (struct own_call *)(void *)job;
    own->pending = false;
    if (own->call.ok)
        own->end(own->exchange);
    else
        go_on_trying(own, &own->call, own->call.fault.message);
}

void own_call_tell(struct own_call *own, const char *operation, const struct store_value *args,
                   size_t count)
{
    own->pending = own_call_post(own->exchange, &own->call, operation, args, count, on_told);
    if (!own->pending)
        go_on_trying(own, NULL, "too much is asked of the database");
}

bool own_call_worst_nusd(const struct exchange *exchange, const struct candidate *candidate,
                         int64_t *out_nusd)
{
    const struct stream_budget *budget = &exchange->budget;
    const struct candidate_terms *terms = &candidate->terms;
    struct unit_prices prices = terms->prices;
    struct unit_counts counts = budget->most;
    const struct worst_view view = {
        .question = {&exchange->asks, exchange->created_ms, terms->choice},
        .rules = terms->buy_rules,
        .most = &budget->most};
    worst_price_raise(&view, &prices);
    counts.output = budget->output_tokens_most;
    return money_charge(&prices, &counts, 0, out_nusd);
}
