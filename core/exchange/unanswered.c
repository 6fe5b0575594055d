/* What the client gets when no attempt has answered. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "dialect/error_form.h"
#include "exchange/attempt_refusal.h"
#include "exchange/exchange_internal.h"
#include "exchange/redact.h"

enum { WORDS_BYTES = 16 * 1024 };

/* Uses the provider's words if the operator allows it. */
static void explain_failure(const struct attempt *attempt, char *out, size_t out_bytes)
{
    int bytes = snprintf(out, out_bytes, "The model's provider failed");
    if (attempt->status >= 300)
        bytes += snprintf(out + bytes, out_bytes - (size_t)bytes, " (HTTP %d)", attempt->status);
    bytes += snprintf(out + bytes, out_bytes - (size_t)bytes, ". Nothing was charged.");
    if (attempt->explained && attempt->candidate->terms.errors_shown)
        snprintf(out + bytes, out_bytes - (size_t)bytes, " It says: %s",
                 attempt_refusal(attempt)->message);
}

static void explain_delay(const struct attempt *attempt, char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "%s Nothing was charged.",
             attempt->late ? attempt->detail : "The model's provider did not answer in time.");
}

static void explain_overload(const struct attempt *attempt, struct answer_error *error)
{
    if (attempt->too_large) {
        error->status = 413;
        error->code = "request_too_large";
        error->message = "The model's provider takes no request as large as this one from this "
                         "gateway. Nothing was charged; send less, or ask for a shorter answer.";
        error->final = true;
        return;
    }
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

/* Appends the provider's own body about a mistake of the client's, as it came but for what is ours,
 * and returns it. Empty: it is not for the client, or of another form than the client's. */
static struct slice own_words(const struct exchange *exchange, const struct attempt *attempt,
                              struct buffer *out)
{
    static const char overflow[] = "context_length_exceeded";
    static const struct slice none = {"", 0};
    const struct candidate *candidate = attempt->candidate;
    struct slice body = buffer_slice(&attempt->body);
    struct json_value root;
    struct fault fault;
    bool passes = attempt->status == attempt_refusal(attempt)->status && attempt->mapped == NULL &&
                  attempt->dialect == exchange->asks.dialect && !attempt_translates(attempt);
    const char *code = strcmp(attempt_refusal(attempt)->code, overflow) == 0 ? overflow : NULL;
    if (!passes || !json_parse(body, LIMIT_JSON_DEPTH, &root, &fault) ||
        !error_form_is_own(attempt->dialect, attempt->status, code, &root))
        return none;
    buffer_append(out, body.data, (size_t)(root.raw.data - body.data));
    if (!redact_json(&root, candidate->terms.api_key, candidate->terms.model, exchange->asks.model,
                     out))
        return none;
    buffer_append(out, root.raw.data + root.raw.bytes,
                  (size_t)(body.data + body.bytes - root.raw.data - root.raw.bytes));
    return out->failed ? none : buffer_slice(out);
}

void exchange_refuse_by(struct exchange *exchange, const struct attempt *attempt)
{
    struct answer_error error = {.status = 502, .code = "provider_unavailable"};
    struct buffer words;
    char failure[sizeof((struct provider_refusal *)NULL)->message + 128];
    error.message = "The model's provider could not be reached or broke off before it answered. "
                    "Nothing was charged.";
    buffer_init(&words, WORDS_BYTES);
    switch (attempt->outcome) {
    case ATTEMPT_REFUSED:
        error.body = own_words(exchange, attempt, &words);
        error.status = attempt_refusal(attempt)->status;
        error.code = attempt_refusal(attempt)->code;
        error.message = attempt_refusal(attempt)->message;
        error.param =
            attempt_refusal(attempt)->param[0] != '\0' ? attempt_refusal(attempt)->param : NULL;
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
            "This gateway's own account at the model's provider has a problem that only its "
            "operator can mend. Nothing was charged.";
        error.final = true;
        break;
    case ATTEMPT_UNKNOWN:
        error.status = 503;
        error.message = "The model's provider does not know what this gateway asks it for, which "
                        "only the gateway's operator can mend. Nothing was charged.";
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
    buffer_fini(&words);
}

/* No provider was asked: says what an attempt would have come to. */
static void assume_outcome(struct exchange *exchange)
{
    const struct health_view *obstacle = &exchange->obstacle;
    struct attempt *attempt = &exchange->attempt;
    if (exchange->attempts > 0 || obstacle->obstacle == HEALTH_CLEAR)
        return;
    int64_t left_ms = obstacle->until_ms - health_now_ms();
    attempt->outcome = obstacle->obstacle == HEALTH_PAUSED ? ATTEMPT_OVERLOADED : ATTEMPT_DENIED;
    attempt->rate_limited = true;
    attempt->retry_after_ms = left_ms > 1000 ? left_ms : 1000;
}

/* All that might have been asked has cost as much today as its operator allows, or may do so by the
 * calls that run. */
static void refuse_spent(struct exchange *exchange)
{
    bool busy = exchange->obstacle.obstacle == HEALTH_BUSY;
    const struct answer_error error = {
        .status = 503,
        .code = busy ? "provider_overloaded" : "provider_unavailable",
        .message =
            busy ? "Calls that run may use up what this gateway may spend at the model's provider "
                   "today. Nothing was charged; try again soon."
                 : "This call could cost more than is left of what this gateway may spend at the "
                   "model's provider today; it asks there again after midnight UTC. Nothing was "
                   "charged.",
        .retry_after_ms = exchange->obstacle.until_ms - health_now_ms(),
        .final = !busy};
    exchange_refuse(exchange, &error);
}

void exchange_refuse_attempt(struct exchange *exchange)
{
    if (exchange->attempts == 0 && exchange->obstacle.obstacle >= HEALTH_BUSY) {
        refuse_spent(exchange);
        return;
    }
    assume_outcome(exchange);
    exchange_refuse_by(exchange, &exchange->attempt);
}
