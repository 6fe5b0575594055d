#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/secret.h"

bool text_is_utf8(struct slice text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text.data;
    size_t left = text.bytes;
    while (left > 0) {
        utf8proc_int32_t code;
        utf8proc_ssize_t bytes = utf8proc_iterate(at, (utf8proc_ssize_t)left, &code);
        if (bytes <= 0)
            return false;
        at += bytes;
        left -= (size_t)bytes;
    }
    return true;
}

bool text_is_name(struct slice text, size_t bytes_max)
{
    if (text.bytes > bytes_max || !text_is_utf8(text))
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    }
    return true;
}

size_t text_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

bool text_normalise(struct slice text, char *out, size_t out_bytes_max, size_t *out_bytes)
{
    const utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    const utf8proc_uint8_t *data = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t count = utf8proc_decompose(data, (utf8proc_ssize_t)text.bytes, NULL, 0, form);
    if (count < 0)
        return false;
    /* utf8proc_map would do the same, but may leave a copy of the text in freed memory. */
    size_t room = (size_t)count * sizeof(utf8proc_int32_t) + 1;
    utf8proc_int32_t *codes = malloc(room);
    if (codes == NULL)
        return false;
    utf8proc_decompose(data, (utf8proc_ssize_t)text.bytes, codes, count, form);
    utf8proc_ssize_t bytes = utf8proc_reencode(codes, count, form);
    bool fits = bytes >= 0 && (size_t)bytes <= out_bytes_max;
    if (fits) {
        memcpy(out, codes, (size_t)bytes);
        *out_bytes = (size_t)bytes;
    }
    secret_wipe(codes, room); /* it may be a password */
    free(codes);
    return fits;
}
