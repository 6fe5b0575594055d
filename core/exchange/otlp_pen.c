#include "exchange/otlp_pen.h"

#include "base/json_text.h"

bool otlp_is_ascii(struct slice text)
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

struct slice otlp_mended(struct slice text, char *room)
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
    return otlp_is_ascii(text) ? text : otlp_mended(text, room);
}
