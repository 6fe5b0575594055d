/* The ways in which an attempt may end, and their words. Pure. */
#ifndef EXCHANGE_ATTEMPT_OUTCOME_H
#define EXCHANGE_ATTEMPT_OUTCOME_H

enum attempt_outcome {
    ATTEMPT_NONE,
    ATTEMPT_ANSWERED,
    ATTEMPT_REFUSED, /* the provider rejects the request (4xx): the customer must mend it */
    ATTEMPT_UNREACHABLE,
    ATTEMPT_BROKEN, /* the connection broke before an answer */
    ATTEMPT_TIMED_OUT,
    ATTEMPT_OVERLOADED, /* 429, 503, 529 */
    ATTEMPT_FAILED,     /* another 5xx, or an error instead of an answer */
    ATTEMPT_DENIED,     /* 401, 402, 403, insufficient_quota: a fault of our account there */
    ATTEMPT_UNKNOWN,    /* unknown model, path or method: a fault of our setup */
    ATTEMPT_GARBLED     /* the reply is no answer: HTML, no JSON, too large */
};

/* The word for the log: "connect", "timeout", "garbled", ... */
const char *attempt_outcome_name(enum attempt_outcome outcome);
/* The word of `retry.on` in routes.lua. ATTEMPT_GARBLED counts as "5xx", and a model that the
 * provider does not know counts as "auth". */
const char *attempt_outcome_cause(enum attempt_outcome outcome);

#endif
