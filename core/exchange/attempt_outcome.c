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
