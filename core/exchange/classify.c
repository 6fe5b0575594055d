/* Classifies a provider's error: whose fault it is, whether another provider may answer, and what
 * the client may learn. */
#include <stdio.h>
#include <string.h>

#include "dialect/provider_error.h"
#include "exchange/attempt.h"
#include "exchange/attempt_refusal.h"
#include "exchange/redact.h"

/* Lists of words end with NULL. */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcasecmp(text, *words) == 0)
            return true;
    }
    return false;
}

/* Whether a sentence contains one of these phrases, in any case. */
static bool has_one_of(const char *text, const char *const *phrases)
{
    for (; *phrases != NULL; phrases++) {
        if (strcasestr(text, *phrases) != NULL)
            return true;
    }
    return false;
}

static bool is_labelled(const struct provider_error *error, const char *const *labels)
{
    return is_one_of(error->code, labels) || is_one_of(error->type, labels);
}

/* ---- more than a model can read ---- */

static bool is_overflow(const struct provider_error *error)
{
    static const char *const labels[] = {"context_length_exceeded",    "exceed_context_size_error",
                                         "context_window_exceeded",    "model_max_prompt_tokens",
                                         "ContextWindowExceededError", NULL};
    static const char *const phrases[] = {"context length",
                                          "context window",
                                          "context size",
                                          "context limit",
                                          "maximum context",
                                          "maximum prompt length",
                                          "maximum sequence length",
                                          "prompt is too long",
                                          "prompt too long",
                                          "input is too long",
                                          "input too long",
                                          "too many input tokens",
                                          "input token count",
                                          "input length",
                                          "too large for model with",
                                          "tokens) is too large",
                                          "exceeded model token limit",
                                          "tokens in the prompt",
                                          "must have less than",
                                          "max_new_tokens",
                                          "length of the messages",
                                          "length of your prompt",
                                          NULL};
    static const char *const measures[] = {"exceed",    "maximum",   "too long", "too large",
                                           "too many",  "longer",    "larger",   "greater",
                                           "at most",   "limit",     "reduce",   "must be",
                                           "should be", "less than", NULL};
    return is_labelled(error, labels) ||
           (has_one_of(error->message, phrases) && has_one_of(error->message, measures));
}

/* ---- what only the operator's setup can cause ---- */

static bool is_our_account(const struct provider_error *error)
{
    static const char *const labels[] = {
        "insufficient_quota",    "invalid_api_key",     "api_key_invalid",
        "authentication_error",  "AuthenticationError", "invalid_authentication_error",
        "UNAUTHENTICATED",       "permission_error",    "PERMISSION_DENIED",
        "PermissionDeniedError", "access_terminated",   "account_deactivated",
        "billing_error",         "billing_not_active",  "billing_hard_limit_reached",
        "insufficient_balance",  "payment_required",    NULL};
    static const char *const phrases[] = {"credit balance is too low",
                                          "insufficient balance",
                                          "insufficient credit",
                                          "insufficient funds",
                                          "insufficient quota",
                                          "exceeded your current quota",
                                          "check your plan",
                                          "payment required",
                                          "account is not active",
                                          "account has been",
                                          "organization has been disabled",
                                          "authentication fail",
                                          "invalid authentication",
                                          "authentication required",
                                          "no auth credentials",
                                          "unauthorized",
                                          "used all available credits", /* xAI, with a 429 */
                                          "any credits",
                                          "requires more credits",
                                          "account balance not enough", /* Jina */
                                          "spending limit",             /* Fireworks, with a 412 */
                                          "past invoices",
                                          "api usage limits", /* Anthropic, with a 400 */
                                          NULL};
    static const char *const keys[] = {"api key",      "api-key",      "api_key", "apikey",
                                       "access token", "bearer token", NULL};
    static const char *const faults[] = {"not valid", "invalid",    "incorrect", "expired",
                                         "missing",   "not found",  "revoked",   "disabled",
                                         "unknown",   "leaked",     "required",  "wrong",
                                         "provide",   "no api key", "not exist", NULL};
    if (is_labelled(error, labels))
        return true;
    if (error->param[0] != '\0') /* a member of the request, which may contain these words */
        return false;
    return has_one_of(error->message, phrases) ||
           (has_one_of(error->message, keys) && has_one_of(error->message, faults));
}

/* "The model does not exist", not "the model does not take pictures". */
static bool is_our_model(const struct provider_error *error)
{
    static const char *const labels[] = {"model_not_found",
                                         "invalid_model",
                                         "invalid_model_name",
                                         "unknown_model",
                                         "unsupported_model",
                                         "model_not_available",
                                         "model_not_supported",
                                         "model_not_allowed",
                                         "model_unavailable",
                                         "model_decommissioned",
                                         "model_deprecated",
                                         "model_retired",
                                         "model_terminated",
                                         "DeploymentNotFound",
                                         "OperationNotSupported",
                                         "unknown_url",
                                         NULL};
    static const char *const things[] = {"model", "deployment", "engine", "endpoints found", NULL};
    static const char *const faults[] = {"does not exist",
                                         "doesn't exist",
                                         "not exist",
                                         "not found",
                                         "could not find",
                                         "endpoints found",
                                         "unknown model",
                                         "no such model",
                                         "invalid model",
                                         "model is invalid",
                                         "not a valid model",
                                         "identifier is invalid",
                                         "unsupported model",
                                         "model not supported",
                                         "model is not supported",
                                         "not a supported model",
                                         "not a known model",
                                         "not a chat model",
                                         "decommissioned",
                                         "been deprecated",
                                         "is deprecated",
                                         "retired",
                                         "no longer available",
                                         "been removed",
                                         "been shut down",
                                         "discontinued",
                                         "end of life",
                                         "end-of-life",
                                         "is not available",
                                         "isn't available",
                                         "not currently available",
                                         "no access to",
                                         "not have access",
                                         "not loaded",
                                         NULL};
    static const char *const members[] = {"parameter", "argument", "field", "tool",
                                          "file",      "image",    NULL};
    if (is_labelled(error, labels))
        return true;
    if (error->param[0] != '\0' && strcmp(error->param, "model") != 0)
        return false;
    return has_one_of(error->message, things) && has_one_of(error->message, faults) &&
           !has_one_of(error->message, members);
}

/* ---- labels of providers ---- */

static bool is_rate_limit(const struct provider_error *error)
{
    static const char *const labels[] = {"rate_limit_exceeded", "rate_limit_error",
                                         "RateLimitError",      "RESOURCE_EXHAUSTED",
                                         "too_many_requests",   NULL};
    return is_labelled(error, labels);
}

static bool is_overloaded(const struct provider_error *error)
{
    static const char *const labels[] = {"overloaded_error", "server_overloaded",
                                         "engine_overloaded", "UNAVAILABLE", NULL};
    return is_labelled(error, labels) || is_rate_limit(error);
}

static bool is_about_content(const struct provider_error *error)
{
    static const char *const labels[] = {"content_policy_violation", "content_filter",
                                         "ResponsibleAIPolicyViolation", "moderation_blocked",
                                         NULL};
    static const char *const phrases[] = {"was flagged", "content policy",
                                          "content management policy", NULL};
    return is_labelled(error, labels) || has_one_of(error->message, phrases);
}

static bool is_about_request(const struct provider_error *error)
{
    static const char *const labels[] = {"invalid_request_error", "invalid_prompt",
                                         "INVALID_ARGUMENT", "BadRequestError", NULL};
    return is_labelled(error, labels);
}

/* ---- the verdict ---- */

static enum attempt_outcome by_status(int status)
{
    switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
        return ATTEMPT_DENIED;
    case 404: /* path, method and model are ours */
    case 405:
    case 406:
    case 410:
    case 421:
    case 426:
        return ATTEMPT_UNKNOWN;
    case 408:
        return ATTEMPT_TIMED_OUT;
    case 424: /* something that the provider needs has failed */
    case 425:
    case 499:
        return ATTEMPT_FAILED;
    case 429:
    case 503:
    case 529:
        return ATTEMPT_OVERLOADED;
    default:
        return status >= 400 && status < 500 ? ATTEMPT_REFUSED : ATTEMPT_FAILED;
    }
}

/* A 404 may be about a thing of the customer's, such as a file or an earlier answer. */
static enum attempt_outcome judge_unknown(const struct provider_error *error, int status)
{
    bool named = error->param[0] != '\0' && strcmp(error->param, "model") != 0;
    return status == 404 && named ? ATTEMPT_REFUSED : ATTEMPT_UNKNOWN;
}

static enum attempt_outcome judge(const struct provider_error *error, int status)
{
    enum attempt_outcome outcome = by_status(status);
    if (is_our_account(error))
        return ATTEMPT_DENIED;
    if (is_about_content(error) && (outcome == ATTEMPT_DENIED || outcome == ATTEMPT_FAILED))
        return ATTEMPT_REFUSED;
    if (outcome == ATTEMPT_UNKNOWN)
        return judge_unknown(error, status);
    if (outcome != ATTEMPT_REFUSED && outcome != ATTEMPT_FAILED)
        return outcome;
    if (is_overloaded(error))
        return ATTEMPT_OVERLOADED;
    if (is_overflow(error))
        return ATTEMPT_REFUSED;
    if (is_our_model(error))
        return ATTEMPT_UNKNOWN;
    /* An error in a stream has no status of its own. */
    return is_about_request(error) ? ATTEMPT_REFUSED : outcome;
}

/* Notes what the client may learn, without anything that belongs to the operator. */
static void tell(struct attempt *attempt, struct provider_error *error, const char *sold_as)
{
    const struct candidate_terms *terms = &attempt->candidate->terms;
    const struct {
        char *text;
        size_t bytes;
    } texts[] = {{error->message, sizeof error->message},
                 {error->code, sizeof error->code},
                 {error->type, sizeof error->type},
                 {error->param, sizeof error->param}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        redact_secrets(texts[i].text, terms->api_key);
        redact_model(texts[i].text, texts[i].bytes, terms->model, sold_as);
    }
    struct provider_refusal *refusal = attempt_refuse(attempt);
    const char *code = error->code[0] != '\0' ? error->code : error->type;
    if (error->message[0] != '\0')
        slice_copy(slice_of(error->message), refusal->message, sizeof refusal->message);
    if (code[0] != '\0')
        slice_copy(slice_of(code), refusal->code, sizeof refusal->code);
    slice_copy(slice_of(error->param), refusal->param, sizeof refusal->param);
}

enum attempt_outcome attempt_classify(struct attempt *attempt, const char *sold_as, int status,
                                      struct slice body)
{
    static const char *const too_large[] = {"too large", NULL}; /* Groq, OpenAI */
    struct provider_error error;
    provider_error_read(body, &error);
    if (status == 0)
        status = error.status != 0 ? error.status : 500;
    enum attempt_outcome outcome = judge(&error, status);
    attempt->explained = error.message[0] != '\0';
    attempt->rate_limited = status == 429 || is_rate_limit(&error);
    attempt->too_large = outcome == ATTEMPT_OVERLOADED && attempt->rate_limited &&
                         (status == 413 || has_one_of(error.message, too_large));
    if (attempt->retry_after_ms < 0 && error.retry_after_ms > 0) /* a header has priority */
        attempt->retry_after_ms = error.retry_after_ms;
    if (attempt->retry_after_ms < 0 && attempt->rate_limited)
        attempt->retry_after_ms = provider_limits_wait_ms(&attempt->limits);
    struct provider_refusal *refusal = attempt_refuse(attempt);
    refusal->status = status >= 400 && status < 500 ? status : 400;
    snprintf(refusal->code, sizeof refusal->code, "provider_refused");
    snprintf(refusal->message, sizeof refusal->message,
             "The model's provider refuses this request (status %d).", status);
    bool overflow = outcome == ATTEMPT_REFUSED && is_overflow(&error);
    tell(attempt, &error, sold_as);
    if (overflow) {
        refusal->status = 400;
        snprintf(refusal->code, sizeof refusal->code, "context_length_exceeded");
    }
    if (outcome != ATTEMPT_REFUSED || error.explained)
        return outcome;
    /* A 4xx without a reason comes from something between us and the provider (a wrong base_url, a
     * proxy), so the customer is not at fault. The exception is a body that is too large for it. */
    if (status != 413)
        return ATTEMPT_GARBLED;
    snprintf(refusal->code, sizeof refusal->code, "request_too_large");
    return outcome;
}
