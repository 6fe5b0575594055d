#include "exchange/otlp_body.h"

#include "base/check.h"
#include "exchange/otlp_pen.h"

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
enum {
    NAMES_BYTES_MAX = 3 * 512,
    FRONT_BYTES = 3 * (NAMES_BYTES_MAX + 64) + 2 * (NAMES_BYTES_MAX + 64)
};

/* `room` has NAMES_BYTES_MAX. */
static struct slice name_of(const char *text, char *room)
{
    struct slice name = slice_of(text);
    if (name.bytes > NAMES_BYTES_MAX / 3)
        name.bytes = NAMES_BYTES_MAX / 3;
    return otlp_valid(name, room);
}

static void put_resource_text(struct pen *out, struct slice key, const char *text)
{
    char room[NAMES_BYTES_MAX];
    otlp_put_valid(out, RESOURCE_ATTRIBUTE, key, name_of(text, room));
}

static void put_scope_text(struct pen *out, char tag, const char *text)
{
    char room[NAMES_BYTES_MAX];
    pen_field(out, tag, name_of(text, room));
}

static struct slice written(const char *from, const struct pen *pen)
{
    return (struct slice){from, (size_t)(pen->at - from)};
}

void otlp_body_begin(struct buffer *out)
{
    if (buffer_reserve(out, FRONT_BYTES) != NULL)
        out->bytes += FRONT_BYTES;
}

struct slice otlp_body_end(const struct otlp_resource *resource, struct buffer *out)
{
    char attributes[FRONT_BYTES], scope[FRONT_BYTES], front[FRONT_BYTES];
    struct pen pen = {attributes}, scope_pen = {scope}, front_pen = {front};
    if (out->failed)
        return (struct slice){0};
    put_resource_text(&pen, KEY("service.name"), resource->service_name);
    put_resource_text(&pen, KEY("service.version"), resource->service_version);
    put_resource_text(&pen, KEY("service.instance.id"), resource->instance_id);
    put_scope_text(&scope_pen, SCOPE_NAME, "llm-gateway");
    put_scope_text(&scope_pen, SCOPE_VERSION, resource->service_version);
    struct slice named = written(attributes, &pen), scoped = written(scope, &scope_pen);
    size_t scope_spans_bytes =
        1 + protobuf_varint_bytes(scoped.bytes) + scoped.bytes + out->bytes - FRONT_BYTES;
    size_t resource_spans_bytes = 1 + protobuf_varint_bytes(named.bytes) + named.bytes + 1 +
                                  protobuf_varint_bytes(scope_spans_bytes) + scope_spans_bytes;
    pen_byte(&front_pen, REQUEST_RESOURCE_SPANS);
    pen_varint(&front_pen, resource_spans_bytes);
    pen_field(&front_pen, RESOURCE_SPANS_RESOURCE, named);
    pen_byte(&front_pen, RESOURCE_SPANS_SCOPE_SPANS);
    pen_varint(&front_pen, scope_spans_bytes);
    pen_field(&front_pen, SCOPE_SPANS_SCOPE, scoped);
    struct slice all = written(front, &front_pen);
    check(all.bytes <= FRONT_BYTES);
    memcpy(out->data + FRONT_BYTES - all.bytes, all.data, all.bytes);
    return (struct slice){out->data + FRONT_BYTES - all.bytes,
                          out->bytes - FRONT_BYTES + all.bytes};
}
