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

size_t text_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

bool text_normalise(struct slice text, char *out, size_t out_bytes_max, size_t *out_bytes)
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t bytes =
        utf8proc_map((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.bytes, &normal,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (bytes < 0)
        return false;
    bool fits = (size_t)bytes <= out_bytes_max;
    if (fits) {
        memcpy(out, normal, (size_t)bytes);
        *out_bytes = (size_t)bytes;
    }
    secret_wipe(normal, (size_t)bytes); /* it may be a password */
    free(normal);
    return fits;
}
