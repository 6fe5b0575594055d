#include "exchange/otlp_body.h"

#include "base/check.h"
#include "exchange/otlp_attribute.h"

/* The bytes before the fields of ExportTraceServiceRequest, ResourceSpans, Resource, ScopeSpans and
 * InstrumentationScope. */
enum {
    REQUEST_RESOURCE_SPANS = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    RESOURCE_SPANS_RESOURCE = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    RESOURCE_SPANS_SCOPE_SPANS = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    RESOURCE_ATTRIBUTE = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    SCOPE_SPANS_SCOPE = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    SCOPE_NAME = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    SCOPE_VERSION = PROTOBUF_TAG(2, PROTOBUF_BYTES)
};

/* What stands before the spans has their length in it, so it is written last, into room that is
 * left for it. */
enum { NAMES_BYTES_MAX = 3 * 512, FRONT_BYTES = 5 * (NAMES_BYTES_MAX + OTLP_ATTRIBUTE_BYTES) };

/* `room` has NAMES_BYTES_MAX. */
static struct slice name_of(const char *text, char *room)
{
    struct slice name = slice_of(text);
    if (name.bytes > NAMES_BYTES_MAX / 3)
        name.bytes = NAMES_BYTES_MAX / 3;
    return otlp_valid(name, room);
}

static char *put_resource_text(char *at, const struct otlp_key *key, const char *text)
{
    char room[NAMES_BYTES_MAX];
    return otlp_put_word(at, RESOURCE_ATTRIBUTE, key, name_of(text, room));
}

static char *put_scope_text(char *at, char tag, const char *text)
{
    char room[NAMES_BYTES_MAX];
    return protobuf_put_bytes(at, tag, name_of(text, room));
}

static struct slice written(const char *from, const char *to)
{
    return (struct slice){from, (size_t)(to - from)};
}

static struct slice put_resource(const struct otlp_resource *resource, char room[FRONT_BYTES])
{
    static const struct otlp_key name = OTLP_KEY("service.name");
    static const struct otlp_key version = OTLP_KEY("service.version");
    static const struct otlp_key instance = OTLP_KEY("service.instance.id");
    char *at = put_resource_text(room, &name, resource->service_name);
    at = put_resource_text(at, &version, resource->service_version);
    at = put_resource_text(at, &instance, resource->instance_id);
    return written(room, at);
}

static struct slice put_scope(const struct otlp_resource *resource, char room[FRONT_BYTES])
{
    char *at = put_scope_text(room, SCOPE_NAME, "llm-gateway");
    at = put_scope_text(at, SCOPE_VERSION, resource->service_version);
    return written(room, at);
}

void otlp_body_begin(struct buffer *out)
{
    if (buffer_reserve(out, FRONT_BYTES) != NULL)
        out->bytes += FRONT_BYTES;
}

struct slice otlp_body_spans(const struct buffer *body)
{
    return (struct slice){body->data + FRONT_BYTES, body->bytes - FRONT_BYTES};
}

struct slice otlp_body_end(const struct otlp_resource *resource, struct buffer *out)
{
    char attributes[FRONT_BYTES], scope[FRONT_BYTES], front[FRONT_BYTES];
    if (out->failed)
        return (struct slice){0};
    struct slice named = put_resource(resource, attributes), scoped = put_scope(resource, scope);
    size_t scope_spans_bytes =
        1 + protobuf_varint_bytes(scoped.bytes) + scoped.bytes + out->bytes - FRONT_BYTES;
    size_t resource_spans_bytes = 1 + protobuf_varint_bytes(named.bytes) + named.bytes + 1 +
                                  protobuf_varint_bytes(scope_spans_bytes) + scope_spans_bytes;
    char *at = front;
    *at++ = REQUEST_RESOURCE_SPANS;
    at = protobuf_put_varint(at, resource_spans_bytes);
    at = protobuf_put_bytes(at, RESOURCE_SPANS_RESOURCE, named);
    *at++ = RESOURCE_SPANS_SCOPE_SPANS;
    at = protobuf_put_varint(at, scope_spans_bytes);
    struct slice all = written(front, protobuf_put_bytes(at, SCOPE_SPANS_SCOPE, scoped));
    check(all.bytes <= FRONT_BYTES);
    memcpy(out->data + FRONT_BYTES - all.bytes, all.data, all.bytes);
    return (struct slice){out->data + FRONT_BYTES - all.bytes,
                          out->bytes - FRONT_BYTES + all.bytes};
}
