/* One try to get an answer from one provider. By the first event of a stream, or by the whole of a
 * plain body, it decides whether the provider has answered. The owner gets the bytes of a stream.
 * Worker's thread. */
#ifndef EXCHANGE_ATTEMPT_H
#define EXCHANGE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/completion.h"
#include "dialect/dialect.h"
#include "dialect/model_request.h"
#include "dialect/stated_cost.h"
#include "exchange/attempt_outcome.h"
#include "exchange/candidate.h"
#include "exchange/provider_limits.h"
#include "exchange/translator.h"
#include "net/client/upstream.h"

struct local_call;
struct http_head;
struct loop;
struct shared_answer;

/* What an attempt tells its owner. No callback may free the attempt. */
struct attempt_events {
    /* The outcome is set; called once. After a failure the call has already ended. */
    void (*on_decided)(void *owner);
    /* Of a stream; none come after a failure. */
    void (*on_stream)(struct slice data, void *owner);
    /* The same of an answer that passes as it is: it has answered. */
    void (*on_opaque)(struct slice data, void *owner);
    /* A plain body has become large: the owner may pause it. */
    void (*on_large_body)(void *owner);
    /* Notes the choices of a plain answer of OpenAI's chat. Returns whether they say something. */
    bool (*on_choices)(const struct json_value *choices, void *owner);
    /* The same in another dialect. */
    bool (*on_answer)(const struct answer_facts *facts, void *owner);
    /* Whole events in the client's dialect: a plain answer that was translated. */
    void (*on_translated)(struct slice events, void *owner);
    /* Notes the provider's counts of a plain answer, behind its text. */
    void (*on_counts)(const struct answer_facts *facts, void *owner);
    /* The answer, or what should have become one, has ended. Called once; twice for a stream that
     * ends by itself, because its last bytes may decide the attempt. */
    void (*on_answer_end)(enum upstream_end end, const char *detail, void *owner);
    /* The call has ended by itself. Returns false if the owner expects nothing more from it. */
    bool (*on_call_end)(void *owner);
};

/* What is asked for. All is borrowed until the attempt has ended, `head` only until attempt_start
 * returns. */
struct attempt_request {
    struct loop *loop;
    struct upstream *upstream;
    const struct model_request *asks;
    const struct http_head *head; /* the client's; NULL: the client has left */
    const char *key;              /* a header, borrowed likewise; NULL: the candidate's own */
    const char *why_not;          /* it has failed already; NULL: no */
    enum attempt_outcome outcome;
    int64_t retry_after_ms; /* with OVERLOADED */
    const char *exchange_id;
    bool fresh;
    int64_t created_ms;
    /* The gateway itself keeps the answer; the ids of what it goes on from, NULL: nothing. */
    bool stored;
    const char *continues_response;
    const char *continues_conversation;
    int64_t output_tokens_max;  /* > 0: asks for at most this many */
    int64_t output_tokens_most; /* the longest answer that can be */
    int64_t searches_max;       /* > 0: the most of each kind that the model sells in a call */
    bool never_reasons;         /* by the policy the model has no such capability */
    const struct upstream_tail *tail; /* or NULL */
    size_t closing_bytes;
    struct shared_answer *record;      /* of the answer; or NULL */
    const struct shared_answer *given; /* in place of the provider's; or NULL */
    const struct trace_lines *trace;   /* or NULL */
    struct attempt_span *span;         /* moved in; or NULL */
    /* Moved in; zeroed: nothing is translated, or mapped. */
    struct translator translator, mapper;
};

struct attempt {
    const struct attempt_events *events;
    void *owner;
    struct candidate *candidate;      /* a reference; NULL before the first attempt */
    const struct model_request *asks; /* the request */
    struct upstream_call *call;       /* NULL: no call runs */
    struct local_call *local;         /* where no provider is asked */
    struct request_copy copy;         /* of the request; the upstream call borrows it */
    enum attempt_outcome outcome;     /* ATTEMPT_NONE: undecided */
    int status;                       /* the provider's */
    bool labelled_stream; /* its Content-Type says that it is a stream; the first bytes decide */
    struct shared_answer *record; /* or NULL */
    struct attempt_span *span;    /* or NULL */
    bool sorted;                  /* the first bytes have come and were judged */
    size_t early_bytes;           /* bytes that came before that */
    bool event_stream;
    bool opaque;                          /* it passes as it is (dialect/opaque_form.h) */
    char content_type[OPAQUE_TYPE_BYTES]; /* of an answer that may be no JSON, for the client */
    int64_t content_length;               /* -1: not told */
    int64_t retry_after_ms;               /* -1: the provider did not say */
    struct provider_limits limits;
    struct buffer body;           /* a plain answer or an error */
    enum dialect dialect;         /* in which the provider is asked */
    struct translator translator; /* zeroed: the client speaks the same */
    struct mapped_api *mapped;    /* NULL: it is none */
    struct buffer translated;     /* the request, if it is translated */
    struct completion completion; /* of a plain answer of OpenAI's chat, in `body` */
    struct answer_facts answer;   /* of a plain answer in another dialect of the client */
    struct stated_cost stated;
    int64_t started_us;
    int64_t sent_us;   /* of a tail; 0: nothing */
    int64_t heard_us;  /* when the last byte came; 0: no byte yet */
    bool sent;         /* the provider may have the request */
    bool stale;        /* UPSTREAM_STALE */
    bool held_up;      /* by us */
    char detail[160];  /* for the log */
    bool late;         /* a time limit has ended it; `detail` may also go to the client */
    bool rate_limited; /* OVERLOADED by a limit on us */
    bool too_large;
    bool explained;                   /* the provider gave a reason, which the refusal repeats */
    struct provider_refusal *refusal; /* NULL: none */
};

/* The provider's name, for the log; "" before the first attempt. */
const char *attempt_provider(const struct attempt *attempt);

/* Whether the provider has the whole request and has not failed yet: it may bill a cancelled
 * call. */
bool attempt_is_asked(const struct attempt *attempt);

enum attempt_class attempt_class(const struct attempt *attempt);
/* Whether OpenAI's choices come, in the client's form. */
bool attempt_passes_chunks(const struct attempt *attempt);
bool attempt_translates(const struct attempt *attempt);

/* Starts an attempt in place of the one before. Takes its own reference to the candidate. */
void attempt_start(struct attempt *attempt, struct candidate *candidate,
                   const struct attempt_request *request, const struct attempt_events *events,
                   void *owner);
void attempt_cancel(struct attempt *attempt);
void attempt_fini(struct attempt *attempt); /* also for a zeroed attempt */
/* Checks the candidate's time-outs. `held_up`: we cause the silence, because we read no more. */
void attempt_tick(struct attempt *attempt, bool held_up, int64_t now_us);
/* Once. A failure ends a call that still runs. */
void attempt_decide(struct attempt *attempt, enum attempt_outcome outcome, const char *detail);
/* It was moved here: what runs for it learns of that. Not inside an event; no local one. */
void attempt_settle_in(struct attempt *attempt, void *owner, const struct model_request *asks);
/* While its client does not read. */
void attempt_pause(struct attempt *attempt);
void attempt_resume(struct attempt *attempt);

/* Classifies an error by its status (0: it has none) and body. Fills refusal_* for the client:
 * without what looks like a secret, and with the name under which the model is sold. */
enum attempt_outcome attempt_classify(struct attempt *attempt, const char *sold_as, int status,
                                      struct slice body);

#endif
