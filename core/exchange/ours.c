#include "exchange/ours.h"

#include "exchange/exchange_internal.h"
#include "exchange/hedge.h"
#include "exchange/shadow.h"
#include "exchange/test_call.h"

bool exchange_is_ours(const struct exchange *exchange)
{
    return exchange->shadow != NULL || exchange->hedge != NULL || exchange->test_call != NULL;
}

bool ours_fail(struct exchange *exchange, const char *why)
{
    if (exchange->shadow != NULL)
        shadow_fail(exchange, why);
    else if (exchange->hedge != NULL)
        hedge_fail(exchange, why);
    else if (exchange->test_call != NULL)
        test_call_fail(exchange, why);
    return exchange_is_ours(exchange);
}

void ours_tick(struct exchange *exchange, int64_t now_us)
{
    shadow_tick(exchange, now_us);
    hedge_tick(exchange);
    test_call_tick(exchange, now_us);
}

bool ours_is_busy(const struct exchange *exchange)
{
    return shadow_is_busy(exchange) || hedge_is_busy(exchange) || test_call_is_busy(exchange);
}

void ours_fini(struct exchange *exchange)
{
    shadow_fini(exchange);
    hedge_fini(exchange);
    test_call_fini(exchange);
}

void ours_stop_all(struct exchange_env *env)
{
    shadow_stop_all(env);
    hedge_stop_all(env);
    test_call_stop_all(env);
}
