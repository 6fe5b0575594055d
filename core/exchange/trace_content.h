/* What was said in an attempt: for its span, where the operator wants that (docs/TRACES.md). The
 * answer is put together while it comes; the request is read when the exchange ends, because its
 * body lives until then. */
#ifndef EXCHANGE_TRACE_CONTENT_H
#define EXCHANGE_TRACE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "dialect/dialect_kind.h"

struct content_answer;
struct model_request;

struct trace_content;

/* NULL: the conventions have no form for what is said in this dialect. `bytes_max`: of each
 * attribute. */
struct trace_content *trace_content_new(enum dialect dialect, size_t bytes_max);
void trace_content_free(struct trace_content *content); /* NULL is allowed */
/* Takes the answer. */
struct content_answer *trace_content_answer(struct trace_content *content);

/* Writes the attributes. `secret`: must not stand in them. */
void trace_content_finish(struct trace_content *content, const struct model_request *asks,
                          struct slice secret);
/* In place of that: there is no room for them. */
void trace_content_leave_out(struct trace_content *content);

/* The most that trace_content_put writes. */
size_t trace_content_bytes_max(const struct trace_content *content);
/* Writes a span's attributes at `at`, and returns what is behind them (otlp_attribute.h). */
char *trace_content_put(const struct trace_content *content, char *at);

#endif
