#include "base/protobuf.h"

static bool take_varint(struct slice *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && rest->bytes > 0; shift += 7) {
        unsigned char byte = (unsigned char)*rest->data++;
        rest->bytes--;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static bool take_bytes(struct slice *rest, uint64_t bytes, struct slice *out)
{
    if (bytes > rest->bytes)
        return false;
    *out = (struct slice){rest->data, (size_t)bytes};
    rest->data += bytes;
    rest->bytes -= (size_t)bytes;
    return true;
}

static uint64_t number_of(struct slice fixed)
{
    uint64_t number = 0;
    for (size_t i = fixed.bytes; i > 0; i--)
        number = number << 8 | (unsigned char)fixed.data[i - 1];
    return number;
}

static bool take_fixed(struct slice *rest, size_t bytes, uint64_t *out)
{
    struct slice fixed;
    if (!take_bytes(rest, bytes, &fixed))
        return false;
    *out = number_of(fixed);
    return true;
}

bool protobuf_next(struct slice *rest, struct protobuf_field *out)
{
    uint64_t tag;
    *out = (struct protobuf_field){.number = 0};
    if (!take_varint(rest, &tag) || tag >> 3 == 0)
        return false;
    out->number = tag >> 3;
    out->type = (enum protobuf_type)(tag & 7);
    switch (out->type) {
    case PROTOBUF_VARINT:
        return take_varint(rest, &out->value);
    case PROTOBUF_FIXED64:
        return take_fixed(rest, 8, &out->value);
    case PROTOBUF_FIXED32:
        return take_fixed(rest, 4, &out->value);
    case PROTOBUF_BYTES:
        return take_varint(rest, &out->value) && take_bytes(rest, out->value, &out->inner);
    }
    return false; /* a group, which Protobuf has given up */
}
