#include "exchange/otlp_attribute.h"

#include "base/json_text.h"
#include "base/least.h"

/* The bytes before the fields of KeyValue, AnyValue and ArrayValue. */
enum {
    KEY_VALUE_VALUE = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    VALUE_TEXT = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    VALUE_BOOL = PROTOBUF_TAG(2, PROTOBUF_VARINT),
    VALUE_INT = PROTOBUF_TAG(3, PROTOBUF_VARINT),
    VALUE_DOUBLE = PROTOBUF_TAG(4, PROTOBUF_FIXED64),
    VALUE_ARRAY = PROTOBUF_TAG(5, PROTOBUF_BYTES),
    ARRAY_VALUE = PROTOBUF_TAG(1, PROTOBUF_BYTES)
};

/* ---- texts ---- */

static bool is_ascii(struct slice text)
{
    uint64_t any = 0, bytes;
    size_t i = 0;
    for (; text.bytes - i >= sizeof bytes; i += sizeof bytes) {
        memcpy(&bytes, text.data + i, sizeof bytes);
        any |= bytes;
    }
    for (; i < text.bytes; i++)
        any |= (unsigned char)text.data[i];
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

static struct slice mend(struct slice text, char *room)
{
    const char *end = text.data + text.bytes;
    char *at = room;
    for (const char *from = text.data; from < end;) {
        size_t bytes = (unsigned char)*from < 0x80 ? 1 : json_utf8_bytes(from, end);
        memcpy(at, bytes > 0 ? from : "\xef\xbf\xbd", bytes > 0 ? bytes : 3);
        at += bytes > 0 ? bytes : 3;
        from += bytes > 0 ? bytes : 1;
    }
    return (struct slice){room, (size_t)(at - room)};
}

struct slice otlp_valid(struct slice text, char *room)
{
    return is_ascii(text) ? text : mend(text, room);
}

struct slice otlp_cut(struct slice text)
{
    text.bytes = least_size(text.bytes, OTLP_TEXT_BYTES_MAX);
    return text;
}

/* ---- attributes ---- */

/* A field that is a message or a text, with its length. */
static size_t field_bytes(size_t inner_bytes)
{
    return 1 + protobuf_varint_bytes(inner_bytes) + inner_bytes;
}

/* Up to the value, which takes `value_bytes`. A key is moved with all its room, which is a few
 * moves of known length. */
static inline char *begin(char *at, char tag, const struct otlp_key *key, size_t value_bytes)
{
    size_t head_bytes = (size_t)2 + key->bytes;
    *at++ = tag;
    at = protobuf_put_varint(at, head_bytes + field_bytes(value_bytes));
    memcpy(at, &key->tag, sizeof *key - 1);
    at += head_bytes;
    *at++ = KEY_VALUE_VALUE;
    return protobuf_put_varint(at, value_bytes);
}

char *otlp_put_word(char *at, char tag, const struct otlp_key *key, struct slice word)
{
    at = begin(at, tag, key, field_bytes(word.bytes));
    return protobuf_put_bytes(at, VALUE_TEXT, word);
}

/* Few texts are other than ASCII. */
static __attribute__((noinline)) char *put_mended(char *at, char tag, const struct otlp_key *key,
                                                  struct slice text)
{
    char room[3 * OTLP_TEXT_BYTES_MAX];
    return otlp_put_word(at, tag, key, mend(text, room));
}

char *otlp_put_text(char *at, char tag, const struct otlp_key *key, struct slice text)
{
    text = otlp_cut(text);
    return is_ascii(text) ? otlp_put_word(at, tag, key, text) : put_mended(at, tag, key, text);
}

char *otlp_put_list(char *at, char tag, const struct otlp_key *key, struct slice text)
{
    char room[3 * OTLP_TEXT_BYTES_MAX];
    text = otlp_valid(otlp_cut(text), room);
    size_t value_bytes = field_bytes(text.bytes), array_bytes = field_bytes(value_bytes);
    at = begin(at, tag, key, field_bytes(array_bytes));
    *at++ = VALUE_ARRAY;
    at = protobuf_put_varint(at, array_bytes);
    *at++ = ARRAY_VALUE;
    at = protobuf_put_varint(at, value_bytes);
    return protobuf_put_bytes(at, VALUE_TEXT, text);
}

char *otlp_put_int(char *at, char tag, const struct otlp_key *key, int64_t number)
{
    at = begin(at, tag, key, 1 + protobuf_varint_bytes((uint64_t)number));
    *at++ = VALUE_INT;
    return protobuf_put_varint(at, (uint64_t)number);
}

char *otlp_put_double(char *at, char tag, const struct otlp_key *key, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    at = begin(at, tag, key, 9);
    *at++ = VALUE_DOUBLE;
    return protobuf_put_fixed64(at, bits);
}

char *otlp_put_true(char *at, char tag, const struct otlp_key *key)
{
    at = begin(at, tag, key, 2);
    *at++ = VALUE_BOOL;
    *at++ = 1;
    return at;
}
