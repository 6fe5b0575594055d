#include "exchange/otlp_pen.h"

#include "base/json_text.h"

/* Replaces what is no UTF-8 by U+FFFD. Returns the end of what it has written. */
static char *put_mended(char *at, struct slice text)
{
    const char *end = text.data + text.bytes;
    for (const char *from = text.data; from < end;) {
        size_t bytes = (unsigned char)*from < 0x80 ? 1 : json_utf8_bytes(from, end);
        memcpy(at, bytes > 0 ? from : "\xef\xbf\xbd", bytes > 0 ? bytes : 3);
        at += bytes > 0 ? bytes : 3;
        from += bytes > 0 ? bytes : 1;
    }
    return at;
}

bool otlp_is_ascii(struct slice text)
{
    uint64_t any = 0, bytes;
    size_t i = 0;
    for (; text.bytes - i >= sizeof bytes; i += sizeof bytes) {
        memcpy(&bytes, text.data + i, sizeof bytes);
        any |= bytes;
    }
    for (; i < text.bytes; i++)
        any |= (uint64_t)(unsigned char)text.data[i] << 56 | (unsigned char)text.data[i];
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

struct slice otlp_valid(struct slice text, char *mended)
{
    if (otlp_is_ascii(text))
        return text;
    return (struct slice){mended, (size_t)(put_mended(mended, text) - mended)};
}
