/* What is told of an exchange that is traced: a record, which its worker fills, and one of each
 * attempt that asked a provider. They become spans when the exchange ends (otlp_spans.h). What the
 * exchange itself knows until then is not noted a second time: each line of memory that is written
 * costs a call more than the work on it.
 *
 * Both come from a pool of the worker's: an allocation of their size would have the allocator tidy
 * up its small pieces each time, and cost a call more than all that is written into them. */
#ifndef EXCHANGE_TRACE_RECORD_H
#define EXCHANGE_TRACE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/unit.h"
#include "dialect/dialect_kind.h"
#include "exchange/trace_context.h"
#include "store/usage.h"

struct candidate;
struct completion;
struct trace_content;
struct json_value;

/* A short text of its own; what does not fit is cut. */
struct trace_text {
    uint8_t bytes;
    char data[127];
};

void trace_text_set(struct trace_text *text, struct slice given);
static inline struct slice trace_text_slice(const struct trace_text *text)
{
    return (struct slice){text->data, text->bytes};
}

enum { TRACE_ID_TEXT_BYTES = 33, SPAN_ID_TEXT_BYTES = 17 };

/* What is kept for the next ones, on one thread; zeroed at first. */
struct trace_kept {
    struct trace_kept *next;
};
struct trace_pool {
    struct trace_list {
        struct trace_kept *first;
        size_t count;
    } records, spans;
};

void trace_pool_fini(struct trace_pool *pool); /* when all that came from it is freed */

/* Times are monotonic. */
struct attempt_span {
    struct trace_kept kept; /* first: the pool casts back */
    struct attempt_span *next;
    struct trace_pool *pool;
    uint64_t span_id;
    bool streamed;
    bool metered;         /* source, counts, reasoning_tokens and cost_nusd are known */
    enum dialect dialect; /* in which it was asked */
    enum usage_source source;
    int number;
    int status;                /* the provider's; 0: none came */
    int64_t output_tokens_max; /* that it was asked for; 0: as many as it likes */
    int64_t choices;
    bool has_seed, has_top_k;
    int64_t seed, top_k;
    int64_t started_us;
    int64_t answered_us; /* of a stream; 0: it has not */
    int64_t ended_us;    /* 0: not yet */
    const char *error;   /* a literal; NULL: it has answered */
    int64_t reasoning_tokens;
    int64_t cost_nusd;
    struct candidate *candidate;   /* a reference */
    struct trace_content *content; /* NULL: it is not told */
    struct unit_counts counts;
    /* What it goes on with, by its id; empty: nothing, or the conversation has no name. */
    struct trace_text conversation, previous_response;
    /* As the provider says; empty: it has not. */
    struct trace_text response_id, response_model, finish_reason;
};

struct trace_record {
    struct trace_kept kept; /* first: the pool casts back */
    struct trace_pool *pool;
    struct trace_context context; /* of the exchange's span */
    uint64_t parent_id;           /* the span of the client's that it belongs to; 0: none */
    struct trace_context link;    /* the client's, which it does not belong to; zeros: none */
    bool secure;                  /* the client came by https */
    int64_t created_ms;           /* wall clock, at started_us */
    int64_t started_us;
    struct attempt_span *first, *last;
    /* The ids of the context, in hexadecimal digits, for the log. */
    char trace_id_text[TRACE_ID_TEXT_BYTES], span_id_text[SPAN_ID_TEXT_BYTES];
    struct trace_text route;      /* empty: there is nothing at the path */
    char state[TRACESTATE_BYTES]; /* `tracestate`, with the parent */
};

/* What else is told of an exchange when it ends. Its texts are the exchange's own. */
struct exchange_facts {
    struct slice request_id, method, path;
    struct slice error; /* its code; empty: none */
    struct slice user, key;
    struct slice model; /* the public name; empty: no model is asked */
    struct slice replay_of, shared_with;
    bool failed;       /* it is our error, or the provider's */
    bool charged;      /* the two amounts are known */
    int status;        /* 0: none was sent */
    int attempt_count; /* also those without a span */
    int64_t ended_us;
    int64_t charge_nusd;
    int64_t cost_nusd;
};

struct trace_record *trace_record_new(struct trace_pool *pool);
/* Before the record's ids are logged. */
void trace_record_identify(struct trace_record *record, const struct trace_context *context);
void trace_record_add(struct trace_record *record, struct attempt_span *span); /* moved in */
void trace_record_free(struct trace_record *record);                           /* NULL is allowed */

struct attempt_span *attempt_span_new(struct trace_pool *pool, struct candidate *candidate);
void attempt_span_free(struct attempt_span *span); /* NULL is allowed */
/* Notes who made an answer, and its id: of a whole answer, or of the first event that says it.
 * `holder`: the object that has the id; `model`: of type JSON_NULL if it is not told. Does nothing
 * if `span` is NULL. */
void attempt_span_note_answer(struct attempt_span *span, const struct json_value *holder,
                              const struct json_value *model);
/* The same for a completion or a chunk of OpenAI's chat. */
void attempt_span_note_completion(struct attempt_span *span, const struct completion *completion);
/* Keeps what an answer says, if that is told: bytes of a stream; a whole answer, behind which
 * nothing is heard. Do nothing if `span` is NULL. */
void attempt_span_hear(struct attempt_span *span, struct slice events);
void attempt_span_hear_whole(struct attempt_span *span, const struct json_value *answer);

#endif
