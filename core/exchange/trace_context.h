/* The trace context of a request, by W3C's Trace Context (level 1, and what level 2 adds): what the
 * header fields `traceparent` and `tracestate` say. Pure. */
#ifndef EXCHANGE_TRACE_CONTEXT_H
#define EXCHANGE_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct http_head;

/* Each with its NUL. A longer `tracestate` than this is dropped, as the standard allows. */
enum { TRACEPARENT_BYTES = 56, TRACESTATE_BYTES = 513 };

enum trace_flags {
    TRACE_SAMPLED = 1,
    TRACE_RANDOM = 2 /* level 2: the low 56 bits of the trace's id are random */
};

/* Of 32 hexadecimal digits; a span's has 16. Zero is none. */
struct trace_id {
    uint64_t high, low;
};

struct trace_context {
    struct trace_id trace_id;
    uint64_t span_id;
    unsigned flags; /* of trace_flags; others are not passed on */
};

/* The fields for a provider that gets our own trace. */
struct trace_lines {
    char parent[sizeof "traceparent: " + TRACEPARENT_BYTES];
    char state[sizeof "tracestate: " + TRACESTATE_BYTES]; /* "": none */
};

/* Reads a `traceparent`. Returns false if it is none: another version may say more behind the flags
 * and is read as far as version 00 goes; version ff and ids of zeros are never valid. */
bool trace_context_parse(struct slice text, struct trace_context *out);
static inline bool trace_id_is_none(struct trace_id id)
{
    return (id.high | id.low) == 0;
}
void trace_context_format(const struct trace_context *context, char out[TRACEPARENT_BYTES]);

/* Whether it is a list that a `tracestate` may be: at most 32 members, no key twice. */
bool trace_state_is(struct slice text);

/* Finds both in a request's head. Several fields `traceparent` are none; several `tracestate` are
 * one list. `state`: "" if there is none that can be passed on. */
bool trace_context_find(const struct http_head *head, struct trace_context *out);
void trace_state_find(const struct http_head *head, char state[TRACESTATE_BYTES]);

#endif
