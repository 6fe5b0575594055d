/* What the writers of OTLP bodies share: texts, and attributes, each a KeyValue with an AnyValue in
 * it (opentelemetry/proto/common/v1/common.proto). Pure. */
#ifndef EXCHANGE_OTLP_PEN_H
#define EXCHANGE_OTLP_PEN_H

#include <stdbool.h>

#include "base/protobuf.h"

/* The bytes before the fields. */
enum {
    KEY_VALUE_KEY = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    KEY_VALUE_VALUE = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    VALUE_TEXT = PROTOBUF_TAG(1, PROTOBUF_BYTES)
};

/* Protobuf's texts are UTF-8, or the whole body is refused. A mended text has U+FFFD where another
 * has a byte that is no UTF-8; the room for it is three times as long. */
bool otlp_is_ascii(struct slice text);
struct slice otlp_mended(struct slice text, char *room);
/* The text itself if it is ASCII, as most are; else mended. */
struct slice otlp_valid(struct slice text, char *room);

/* Inlined, so that a key, which is a literal, is a few moves of known length. */
#define INLINE static inline __attribute__((always_inline))

/* Up to the value, which takes `value_bytes`. */
INLINE void otlp_begin_attribute(struct pen *out, char tag, struct slice key, size_t value_bytes)
{
    size_t bytes = 2 + key.bytes + 1 + protobuf_varint_bytes(value_bytes) + value_bytes;
    pen_byte(out, tag);
    pen_varint(out, bytes);
    pen_field(out, KEY_VALUE_KEY, key);
    pen_byte(out, KEY_VALUE_VALUE);
    pen_varint(out, value_bytes);
}

INLINE void otlp_put_valid(struct pen *out, char tag, struct slice key, struct slice text)
{
    otlp_begin_attribute(out, tag, key, 1 + protobuf_varint_bytes(text.bytes) + text.bytes);
    pen_field(out, VALUE_TEXT, text);
}

/* Of literals: their lengths are known to the compiler, and below 128. */
#define KEY(key) ((struct slice){"" key, sizeof key - 1})

#endif
