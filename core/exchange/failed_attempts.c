/* What the client is told when no attempt has answered, and what of it the operator. */
#include <stdio.h>

#include "base/log.h"
#include "exchange/exchange.h"

/* In the provider's words, where the operator allows it. */
static void explain_failure(const struct attempt *attempt, char *out, size_t out_bytes)
{
    int bytes = snprintf(out, out_bytes, "The model's provider failed");
    if (attempt->status >= 300)
        bytes += snprintf(out + bytes, out_bytes - (size_t)bytes, " (HTTP %d)", attempt->status);
    bytes += snprintf(out + bytes, out_bytes - (size_t)bytes, ". Nothing was charged.");
    if (attempt->explained && attempt->candidate->terms.errors_shown)
        snprintf(out + bytes, out_bytes - (size_t)bytes, " It says: %s", attempt->refusal_message);
}

static void explain_delay(const struct attempt *attempt, char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "%s Nothing was charged.",
             attempt->late ? attempt->detail : "The model's provider did not answer in time.");
}

static void explain_overload(const struct attempt *attempt, struct answer_error *error)
{
    error->retry_after_ms = attempt->retry_after_ms > 0 ? attempt->retry_after_ms : 1000;
    if (attempt->rate_limited) {
        error->status = 429;
        error->code = "rate_limit_exceeded";
        error->message = "The model's provider takes no more requests from this gateway for now. "
                         "Nothing was charged; try again later.";
        return;
    }
    error->status = 503;
    error->code = "provider_overloaded";
    error->message = "The model's provider is overloaded. Nothing was charged; try again soon.";
}

void exchange_refuse_attempt(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    struct answer_error error = {.status = 502, .code = "provider_unavailable"};
    char failure[sizeof attempt->refusal_message + 128];
    error.message = "The model's provider could not be reached or broke off before it answered. "
                    "Nothing was charged.";
    switch (attempt->outcome) {
    case ATTEMPT_REFUSED:
        error.status = attempt->refusal_status;
        error.code = attempt->refusal_code;
        error.message = attempt->refusal_message;
        error.param = attempt->refusal_param[0] != '\0' ? attempt->refusal_param : NULL;
        error.final = true;
        break;
    case ATTEMPT_TIMED_OUT:
        error.status = 504;
        error.code = "timeout";
        explain_delay(attempt, failure, sizeof failure);
        error.message = failure;
        break;
    case ATTEMPT_OVERLOADED:
        explain_overload(attempt, &error);
        break;
    case ATTEMPT_DENIED:
        error.status = 503;
        error.message =
            "This gateway's own account at the model's provider has a problem; its operator "
            "has been told. Nothing was charged.";
        error.final = true;
        break;
    case ATTEMPT_UNKNOWN:
        error.status = 503;
        error.message = "The model's provider does not know what this gateway asks it for; the "
                        "gateway's operator has been told. Nothing was charged.";
        error.final = true;
        break;
    case ATTEMPT_GARBLED:
        error.message =
            "The model's provider sent something that is no answer. Nothing was charged.";
        break;
    case ATTEMPT_FAILED:
        explain_failure(attempt, failure, sizeof failure);
        error.message = failure;
        break;
    default:
        break;
    }
    exchange_refuse(exchange, &error);
}
