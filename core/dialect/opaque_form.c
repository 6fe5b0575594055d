#include "dialect/opaque_form.h"

#include <string.h>

static bool begins(struct slice type, const char *with)
{
    size_t bytes = strlen(with);
    return type.bytes >= bytes && slice_same_nocase(type.data, with, bytes);
}

/* Also "application/problem+json". */
static bool is_json(struct slice type)
{
    static const char word[] = "json";
    const size_t bytes = sizeof word - 1;
    return type.bytes >= bytes && slice_same_nocase(type.data + type.bytes - bytes, word, bytes);
}

static bool is_media(struct slice type)
{
    return begins(type, "audio/") || begins(type, "video/") ||
           slice_equals_nocase(type, "application/octet-stream") ||
           slice_equals_nocase(type, "application/ogg");
}

void opaque_form_copy_type(struct slice type, char out[OPAQUE_TYPE_BYTES])
{
    bool good = type.bytes < OPAQUE_TYPE_BYTES;
    for (size_t i = 0; good && i < type.bytes; i++)
        good = type.data[i] >= ' ' && type.data[i] <= '~';
    slice_copy(good ? type : (struct slice){"", 0}, out, OPAQUE_TYPE_BYTES);
}

static struct slice without_parameters(struct slice type)
{
    const char *end = slice_char(type, ';');
    if (end != NULL)
        type.bytes = (size_t)(end - type.data);
    return slice_trim(type);
}

bool opaque_form_is(enum opaque_form asked, struct slice content_type, char first)
{
    struct slice type = without_parameters(content_type);
    bool text = begins(type, "text/") || slice_equals_nocase(type, "application/x-subrip");
    if (asked == OPAQUE_NONE || is_json(type) || slice_equals_nocase(type, "text/html") ||
        slice_equals_nocase(type, "text/event-stream"))
        return false;
    if (asked == OPAQUE_MEDIA && text)
        return false;
    if (asked == OPAQUE_MEDIA ? is_media(type) : text)
        return true;
    return first != '{' && first != '[' && first != '<';
}
