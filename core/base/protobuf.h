/* Protocol Buffers' wire form (protobuf.dev/programming-guides/encoding): a writer of fields into
 * room that is there, and a reader of what others have written. Pure. */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* ---- the writer ---- */

/* Each writes at `at`, where there is room for it, and returns what is behind it. The place is
 * handed on by value: a char that is written through a pointer may change the pointer itself, for
 * all that the compiler knows, and each byte would wait for the one before it. */

enum protobuf_type { PROTOBUF_VARINT, PROTOBUF_FIXED64, PROTOBUF_BYTES, PROTOBUF_FIXED32 = 5 };

/* The byte before a field. Only for numbers up to 15: larger ones take two. */
#define PROTOBUF_TAG(number, type) ((char)((number) << 3 | (type)))

enum { PROTOBUF_VARINT_BYTES_MAX = 10 };

static inline char *protobuf_put_varint(char *at, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        *at++ = (char)(number | 0x80);
    *at++ = (char)number;
    return at;
}

static inline size_t protobuf_varint_bytes(uint64_t number)
{
    size_t bytes = 1;
    while (number >>= 7)
        bytes++;
    return bytes;
}

/* Both the machine and the wire have the low byte first. */
static inline char *protobuf_put_fixed64(char *at, uint64_t number)
{
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

static inline char *protobuf_put_fixed32(char *at, uint32_t number)
{
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

/* A message, a text or bytes: its length, then itself. */
static inline char *protobuf_put_bytes(char *at, char tag, struct slice inner)
{
    *at++ = tag;
    at = protobuf_put_varint(at, inner.bytes);
    memcpy(at, inner.data, inner.bytes);
    return at + inner.bytes;
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
