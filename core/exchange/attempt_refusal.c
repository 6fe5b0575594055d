#include "exchange/attempt_refusal.h"

#include <stdlib.h>

#include "base/check.h"
#include "exchange/attempt.h"

const struct provider_refusal *attempt_refusal(const struct attempt *attempt)
{
    static const struct provider_refusal none;
    return attempt->refusal != NULL ? attempt->refusal : &none;
}

struct provider_refusal *attempt_refuse(struct attempt *attempt)
{
    if (attempt->refusal == NULL)
        attempt->refusal = calloc(1, sizeof *attempt->refusal);
    check(attempt->refusal != NULL);
    return attempt->refusal;
}
