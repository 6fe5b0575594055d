/* How an exchange is traced: the worker's side of tracer.h. Without a tracer (env->traces is NULL)
 * none of this is called; of an exchange that is not sampled `trace` is NULL, and nothing is noted.
 *
 * Shadows and test calls are not traced. A hedge has a record of its own, whose attempts belong to
 * the span of the call. */
#ifndef EXCHANGE_TRACE_H
#define EXCHANGE_TRACE_H

#include "base/log.h"

struct attempt_span;
struct candidate;
struct exchange;
struct id;
struct metrics_trace;
struct trace_lines;

/* A client's exchange begins. Decides whether it is sampled. */
void trace_begin(struct exchange *exchange);
/* A hedge of `original` begins. */
void trace_begin_beside(const struct exchange *original, struct exchange *exchange);
/* What the path means, as Lua's routes have it. */
void trace_note_route(struct exchange *exchange, const char *route);

/* An attempt begins, which will ask a provider. Returns its span; NULL: it is not traced. */
struct attempt_span *trace_attempt_begin(struct exchange *exchange, struct candidate *candidate);
/* Returns what that provider gets of our trace; NULL: its entry does not ask for it. */
const struct trace_lines *trace_attempt_lines(const struct exchange *exchange,
                                              const struct candidate *candidate,
                                              const struct attempt_span *span,
                                              struct trace_lines *out);
/* The present attempt has failed. */
void trace_attempt_failed(struct exchange *exchange);
/* It has answered; its answer has ended. */
void trace_attempt_answered(struct exchange *exchange);
void trace_attempt_ended(struct exchange *exchange);

/* The exchange has ended: hands the record over. Does nothing if it is not traced. `leader`: the
 * exchange that has asked in place of this one, or NULL. */
void trace_end(struct exchange *exchange, const struct id *leader);
/* The same for a hedge; `error`: NULL if its attempt has answered. */
void trace_end_beside(struct exchange *exchange, const char *error);
/* Frees what was not handed over. */
void trace_fini(struct exchange *exchange);

/* The id of the trace, in hexadecimal digits; NULL: the exchange is not sampled. */
const char *trace_id(const struct exchange *exchange);
/* The same for a histogram's exemplar, when the exchange has ended. */
const struct metrics_trace *trace_exemplar(const struct exchange *exchange,
                                           struct metrics_trace *out);
/* For the log's lines of an exchange: its request id, and those of its trace if it is sampled. */
struct log_field trace_log_id(const struct exchange *exchange);
struct log_field trace_log_span(const struct exchange *exchange);
#define LOG_CALL(exchange)                                                                         \
    log_text("request_id", exchange_told_id(exchange)->text), trace_log_id(exchange),              \
        trace_log_span(exchange)

#endif
