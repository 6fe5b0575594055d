#include "exchange/attempt_outcome.h"

const char *attempt_outcome_name(enum attempt_outcome outcome)
{
    switch (outcome) {
    case ATTEMPT_NONE:
        return "none";
    case ATTEMPT_ANSWERED:
        return "answered";
    case ATTEMPT_REFUSED:
        return "refused";
    case ATTEMPT_UNREACHABLE:
        return "connect";
    case ATTEMPT_BROKEN:
        return "reset";
    case ATTEMPT_TIMED_OUT:
        return "timeout";
    case ATTEMPT_OVERLOADED:
        return "429";
    case ATTEMPT_FAILED:
        return "5xx";
    case ATTEMPT_DENIED:
        return "auth";
    case ATTEMPT_UNKNOWN:
        return "unknown";
    case ATTEMPT_GARBLED:
        return "garbled";
    }
    return "none";
}

const char *attempt_outcome_cause(enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_UNKNOWN)
        return "auth";
    return outcome == ATTEMPT_GARBLED ? "5xx" : attempt_outcome_name(outcome);
}

/* What a proxy says that has lost the server behind it, which may still work on the request:
 * nginx's and Cloudflare's (502, 504, 520 to 527). Other errors are the provider's own word that
 * there is no answer, which none of them bills. */
static bool is_of_a_proxy(int status)
{
    return status == 502 || status == 504 || (status >= 520 && status <= 527);
}

enum attempt_class attempt_outcome_class(enum attempt_outcome outcome, bool sent, int status)
{
    switch (outcome) {
    case ATTEMPT_ANSWERED:
        return ATTEMPT_DONE;
    case ATTEMPT_BROKEN:
    case ATTEMPT_TIMED_OUT:
    case ATTEMPT_GARBLED:
        return sent ? ATTEMPT_PERHAPS : ATTEMPT_NOT_BEGUN;
    case ATTEMPT_FAILED: /* an error in an answer that began well may have come late */
        return sent && (status < 300 || is_of_a_proxy(status)) ? ATTEMPT_PERHAPS
                                                               : ATTEMPT_NOT_BEGUN;
    default:
        return ATTEMPT_NOT_BEGUN;
    }
}

const char *attempt_outcome_class_name(enum attempt_class class)
{
    static const char *const names[] = {[ATTEMPT_NOT_BEGUN] = "refused",
                                        [ATTEMPT_PERHAPS] = "unknown",
                                        [ATTEMPT_DONE] = "answered"};
    return names[class];
}
