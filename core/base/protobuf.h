/* Protocol Buffers' wire form (protobuf.dev/programming-guides/encoding): a pen that writes fields
 * into room that is there, and a reader of what others have written. Pure. */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* ---- the pen ---- */

/* Whoever holds it has seen to it that there is room. */
struct pen {
    char *at;
};

enum protobuf_type { PROTOBUF_VARINT, PROTOBUF_FIXED64, PROTOBUF_BYTES, PROTOBUF_FIXED32 = 5 };

/* The byte before a field. Only for numbers up to 15: larger ones take two. */
#define PROTOBUF_TAG(number, type) ((char)((number) << 3 | (type)))

static inline void pen_byte(struct pen *pen, char byte)
{
    *pen->at++ = byte;
}

static inline void pen_bytes(struct pen *pen, const char *data, size_t bytes)
{
    memcpy(pen->at, data, bytes);
    pen->at += bytes;
}

static inline void pen_varint(struct pen *pen, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        *pen->at++ = (char)(number | 0x80);
    *pen->at++ = (char)number;
}

static inline size_t protobuf_varint_bytes(uint64_t number)
{
    size_t bytes = 1;
    while (number >>= 7)
        bytes++;
    return bytes;
}

static inline void pen_fixed64(struct pen *pen, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        *pen->at++ = (char)(number >> 8 * i);
}

static inline void pen_fixed32(struct pen *pen, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        *pen->at++ = (char)(number >> 8 * i);
}

/* A message, a text or bytes: its length, then itself. */
static inline void pen_field(struct pen *pen, char tag, struct slice inner)
{
    pen_byte(pen, tag);
    pen_varint(pen, inner.bytes);
    pen_bytes(pen, inner.data, inner.bytes);
}

/* ---- the reader ---- */

struct protobuf_field {
    uint64_t number;
    enum protobuf_type type;
    uint64_t value;     /* of numbers */
    struct slice inner; /* of PROTOBUF_BYTES */
};

/* Takes the next field. False at the end, and where the rest is no field. */
bool protobuf_next(struct slice *rest, struct protobuf_field *out);

#endif
