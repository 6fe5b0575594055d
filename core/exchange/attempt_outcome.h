/* The ways in which an attempt may end, and their words. Pure. */
#ifndef EXCHANGE_ATTEMPT_OUTCOME_H
#define EXCHANGE_ATTEMPT_OUTCOME_H

#include <stdbool.h>

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

/* Whether what was asked for may have been done, and billed. A request is only repeated by itself
 * after ATTEMPT_NOT_BEGUN, or where the operator bears the risk (`retry.unknown` in routes.lua). */
enum attempt_class {
    ATTEMPT_NOT_BEGUN, /* "refused": safe to repeat */
    ATTEMPT_PERHAPS,   /* "unknown" */
    ATTEMPT_DONE       /* "answered" */
};
/* Of an attempt that was decided. `sent`: the provider may have the request; `status` is its own,
 * 0: none came. */
enum attempt_class attempt_outcome_class(enum attempt_outcome outcome, bool sent, int status);
const char *attempt_outcome_class_name(enum attempt_class class);

/* The word for the log: "connect", "timeout", "garbled", ... */
const char *attempt_outcome_name(enum attempt_outcome outcome);
/* The word of `retry.on` in routes.lua. ATTEMPT_GARBLED counts as "5xx", and a model that the
 * provider does not know counts as "auth". */
const char *attempt_outcome_cause(enum attempt_outcome outcome);

#endif
