/* The body in which spans go to a collector: an ExportTraceServiceRequest of OTLP/HTTP in Protobuf,
 * its first form, which each collector takes and which is a quarter as long as JSON
 * (opentelemetry/proto/collector/trace/v1/trace_service.proto). Pure. */
#ifndef EXCHANGE_OTLP_BODY_H
#define EXCHANGE_OTLP_BODY_H

#include "base/buffer.h"

/* Who sends it. Of a text longer than 512 bytes the rest is left out. */
struct otlp_resource {
    const char *service_name;
    const char *service_version;
    const char *instance_id;
};

/* Into an empty buffer: otlp_body_begin, any number of spans (otlp_spans.h), otlp_body_end. */
void otlp_body_begin(struct buffer *out);
/* Those so far, before otlp_body_end: they may be added to another body. */
struct slice otlp_body_spans(const struct buffer *body);
/* Returns what is to be sent: a part of the buffer. Empty: memory was short (out->failed). */
struct slice otlp_body_end(const struct otlp_resource *resource, struct buffer *out);

#endif
