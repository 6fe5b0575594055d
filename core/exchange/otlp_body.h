/* Writes spans as OTLP/HTTP takes them in Protobuf, its first form: what each collector takes, and
 * half as long as JSON (opentelemetry/proto/collector/trace/v1/trace_service.proto). docs/TRACES.md
 * lists the attributes. Pure. */
#ifndef EXCHANGE_OTLP_BODY_H
#define EXCHANGE_OTLP_BODY_H

#include <stddef.h>

#include "base/buffer.h"

/* Who sends them. Of a text longer than 512 bytes the rest is left out. */
struct otlp_resource {
    const char *service_name;
    const char *service_version;
    const char *instance_id;
};

/* A body, into an empty buffer: otlp_body_begin, any number of records (trace_record.h),
 * otlp_body_end. */
void otlp_body_begin(struct buffer *out);
/* Takes the next record of what is packed, with its attempts. Returns how many spans they have
 * become; 0: there is none. */
size_t otlp_body_add(struct slice *packed, struct buffer *out);
/* Returns what is to be sent: a part of the buffer. Empty: memory was short (out->failed). */
struct slice otlp_body_end(const struct otlp_resource *resource, struct buffer *out);

#endif
