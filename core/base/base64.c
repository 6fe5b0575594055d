#include "base/base64.h"

#include <sodium.h>

static void append(struct slice bytes, int variant, struct buffer *out)
{
    size_t length = sodium_base64_ENCODED_LEN(bytes.bytes, variant); /* with a NUL */
    char *room = buffer_reserve(out, length);
    if (room == NULL)
        return;
    sodium_bin2base64(room, length, (const unsigned char *)bytes.data, bytes.bytes, variant);
    out->bytes += length - 1;
}

void base64_append(struct slice bytes, struct buffer *out)
{
    append(bytes, sodium_base64_VARIANT_ORIGINAL, out);
}

void base64_append_url(struct slice bytes, struct buffer *out)
{
    append(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out);
}

bool base64_decode(struct slice text, struct buffer *out)
{
    size_t bytes_max = text.bytes / 4 * 3 + 3;
    char *room = buffer_reserve(out, bytes_max);
    size_t bytes;
    while (text.bytes > 0 && text.data[text.bytes - 1] == '=')
        text.bytes--;
    if (room == NULL ||
        sodium_base642bin((unsigned char *)room, bytes_max, text.data, text.bytes, NULL, &bytes,
                          NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return false;
    out->bytes += bytes;
    return true;
}
