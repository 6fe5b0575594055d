/* Writes the spans of an exchange, as they stand in the body of a request to a collector
 * (otlp_body.h). docs/TRACES.md lists the attributes. Pure. */
#ifndef EXCHANGE_OTLP_SPANS_H
#define EXCHANGE_OTLP_SPANS_H

#include <stddef.h>

#include "base/buffer.h"

struct exchange_facts;
struct trace_record;

/* Appends the exchange's span and those of its attempts. `facts`: NULL of a hedge, which has
 * attempts only. Returns how many these are; 0: there was no room, and nothing is appended. */
size_t otlp_spans_add(const struct trace_record *record, const struct exchange_facts *facts,
                      struct buffer *out);

#endif
