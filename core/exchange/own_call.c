#include "exchange/own_call.h"

#include "base/check.h"
#include "exchange/exchange_internal.h"

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
