/* Writes spans as OTLP/HTTP takes them in JSON: ids as lower-case hexadecimal digits, 64-bit
 * numbers as strings, enumerations as numbers (opentelemetry.io/docs/specs/otlp, "JSON Protobuf
 * Encoding"). docs/TRACES.md lists the attributes. */
#ifndef EXCHANGE_OTLP_JSON_H
#define EXCHANGE_OTLP_JSON_H

#include <stddef.h>

#include "base/buffer.h"

/* Who sends them. */
struct otlp_resource {
    const char *service_name;
    const char *service_version;
    const char *instance_id;
};

/* A body: otlp_json_begin, any number of records (trace_record.h), otlp_json_end. */
void otlp_json_begin(const struct otlp_resource *resource, struct buffer *out);
/* Takes the next record of what is packed, with its attempts. Returns how many spans they have
 * become; 0: there is none. */
size_t otlp_json_add(struct slice *packed, struct buffer *out);
void otlp_json_end(struct buffer *out);

/* Reads the answer to a body that was taken: how many of its spans were not. */
long otlp_json_rejected(const char *answer);

#endif
