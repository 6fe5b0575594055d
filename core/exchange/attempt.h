/* An attempt: one try to get an answer from one provider. It decides, by the first event of a
 * stream or the whole of a plain body, whether the provider has answered; what a stream brings is
 * its owner's. It knows no exchange. On the worker's thread. */
#ifndef EXCHANGE_ATTEMPT_H
#define EXCHANGE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/chat.h"
#include "dialect/completion.h"
#include "exchange/candidate.h"
#include "net/client/upstream.h"

struct demo;
struct http_head;
struct loop;

enum attempt_outcome {
    ATTEMPT_NONE,
    ATTEMPT_ANSWERED,
    ATTEMPT_REFUSED,     /* the provider finds the request wrong (4xx): the customer's to mend */
    ATTEMPT_UNREACHABLE, /* no connection */
    ATTEMPT_BROKEN,      /* cut before it had answered */
    ATTEMPT_TIMED_OUT,
    ATTEMPT_OVERLOADED, /* 429, 503, 529 */
    ATTEMPT_FAILED,     /* another 5xx, or an error in place of an answer */
    ATTEMPT_DENIED,     /* 401, 402, 403, insufficient_quota: our account there is the problem */
    ATTEMPT_UNKNOWN,    /* it knows no such model, path or method: our setup is the problem */
    ATTEMPT_GARBLED     /* what came is no answer: HTML, no JSON, too large */
};

/* What an attempt tells its owner. None of them may free it. */
struct attempt_events {
    /* The outcome is set: once. A failure has ended its call. */
    void (*on_decided)(void *owner);
    /* Bytes of a stream; nothing of one comes behind a failure. */
    void (*on_stream)(struct slice data, void *owner);
    /* Notes the choices of a plain answer. Returns whether they say something. */
    bool (*on_choices)(const struct json_value *choices, void *owner);
    /* The answer, or what was to become one, is over: told once, of a stream that ends by itself
     * twice, for its last bytes may decide it. */
    void (*on_answer_end)(enum upstream_end end, const char *detail, void *owner);
    /* The call has ended by itself. False: the owner waits for nothing more of it. */
    bool (*on_call_end)(void *owner);
};

/* What is asked; all of it is borrowed until the attempt has ended, but for `head`. */
struct attempt_request {
    struct loop *loop;
    struct upstream *upstream;
    const struct chat_request *chat;
    const struct http_head *head; /* the client's; NULL: it has left */
    const char *exchange_id;
    int64_t created_ms;
    int64_t output_tokens_max; /* > 0: asks for at most so many */
};

struct attempt {
    const struct attempt_events *events;
    void *owner;
    struct candidate *candidate;     /* a reference; NULL before the first try */
    const struct chat_request *chat; /* what it asks */
    struct upstream_call *call;      /* NULL: none runs */
    struct demo *demo;               /* the same of the built-in provider */
    struct chat_copy copy;           /* of the request; the upstream call has borrowed it */
    enum attempt_outcome outcome;    /* ATTEMPT_NONE: undecided */
    int status;                      /* the provider's */
    bool labelled_stream;            /* it calls itself one; what it is, its first bytes say */
    bool sorted;                     /* they have come */
    size_t early_bytes;              /* that came until then */
    bool event_stream;
    int64_t retry_after_ms;       /* -1: not said */
    struct buffer body;           /* a plain answer or an error */
    struct completion completion; /* of a plain answer, in `body` */
    int64_t started_us;
    int64_t heard_us;   /* when the last byte came; 0: none yet */
    char detail[160];   /* for the log */
    bool late;          /* it was waited for long enough; `detail` is for the client, too */
    bool rate_limited;  /* of OVERLOADED: by its limit on us */
    bool explained;     /* it said why, which refusal_message repeats */
    int refusal_status; /* for the client of a REFUSED attempt */
    /* What may be told of an attempt that has failed. */
    char refusal_message[512];
    char refusal_param[64];
    char refusal_code[48];
};

/* The word for the log: "connect", "timeout", "garbled", ... */
const char *attempt_outcome_name(enum attempt_outcome outcome);
/* The word of routes.lua's `retry.on`, where something that is no answer counts as "5xx", and a
 * model that the provider does not know as "auth". */
const char *attempt_outcome_cause(enum attempt_outcome outcome);

/* Whom it asks, for the log; "" before the first try. */
const char *attempt_provider(const struct attempt *attempt);

/* Whether the provider has all of the request and has not failed yet: it may bill what we
 * cancel. */
bool attempt_is_asked(const struct attempt *attempt);

/* Starts a try, in place of the one before. Decides later, or at once. Takes its own reference to
 * the candidate. */
void attempt_start(struct attempt *attempt, struct candidate *candidate,
                   const struct attempt_request *request, const struct attempt_events *events,
                   void *owner);
/* Ends it at once, if it runs. */
void attempt_cancel(struct attempt *attempt);
void attempt_fini(struct attempt *attempt); /* also of a cleared one */
/* Compares the candidate's time-outs. `held_up`: the silence is ours, who do not take more. */
void attempt_tick(struct attempt *attempt, bool held_up, int64_t now_us);
/* Sets the outcome, once. A failure ends what still runs. */
void attempt_decide(struct attempt *attempt, enum attempt_outcome outcome, const char *detail);
/* The provider is to wait, for its client does; and to go on. */
void attempt_pause(struct attempt *attempt);
void attempt_resume(struct attempt *attempt);

/* Sorts an error of a provider by its status (0: it has none) and what its body says; fills
 * refusal_* for the client, with anything that looks like a secret taken out, and with the name
 * under which the model is sold instead of the provider's. */
enum attempt_outcome attempt_classify(struct attempt *attempt, const char *sold_as, int status,
                                      struct slice body);

#endif
