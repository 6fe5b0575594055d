#include "base/slice.h"

#include <string.h>

struct slice slice_of(const char *text)
{
    if (text == NULL)
        return (struct slice){"", 0};
    return (struct slice){text, strlen(text)};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_same_nocase(const char *a, const char *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool slice_is_visible(struct slice slice)
{
    for (size_t i = 0; i < slice.bytes; i++) {
        if (slice.data[i] <= ' ' || slice.data[i] >= 0x7f)
            return false;
    }
    return true;
}

bool slice_starts_with(struct slice slice, const char *prefix)
{
    size_t bytes = strlen(prefix);
    return bytes == 0 || (slice.bytes >= bytes && memcmp(slice.data, prefix, bytes) == 0);
}

ptrdiff_t slice_find(struct slice slice, struct slice needle)
{
    if (needle.bytes == 0)
        return 0;
    if (slice.bytes < needle.bytes)
        return -1;
    const char *found = memmem(slice.data, slice.bytes, needle.data, needle.bytes);
    return found != NULL ? found - slice.data : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice slice)
{
    while (slice.bytes > 0 && is_space(slice.data[0])) {
        slice.data++;
        slice.bytes--;
    }
    while (slice.bytes > 0 && is_space(slice.data[slice.bytes - 1]))
        slice.bytes--;
    return slice;
}

struct slice slice_take_word(struct slice *rest)
{
    const char *space = slice_char(*rest, ' ');
    size_t bytes = space != NULL ? (size_t)(space - rest->data) : rest->bytes;
    struct slice word = {rest->data, bytes};
    size_t skip = space != NULL ? bytes + 1 : bytes;
    *rest = (struct slice){rest->data + skip, rest->bytes - skip};
    return word;
}

void slice_copy(struct slice slice, char *out, size_t out_bytes)
{
    size_t bytes = slice.bytes < out_bytes - 1 ? slice.bytes : out_bytes - 1;
    if (bytes > 0)
        memcpy(out, slice.data, bytes);
    out[bytes] = '\0';
}
