#include "dialect/line_ends.h"

#include <string.h>

#include "base/limits.h"

void line_ends_init(struct line_ends *ends)
{
    *ends = (struct line_ends){0};
    buffer_init(&ends->out, LIMIT_EDITED_EVENT_BYTES);
}

void line_ends_fini(struct line_ends *ends)
{
    buffer_fini(&ends->out);
}

/* Returns the first CR that ends the data or has no LF after it, or NULL. */
static const char *find_cr(struct slice data)
{
    const char *end = data.data + data.bytes;
    const char *cr = slice_char(data, '\r');
    while (cr != NULL && cr + 1 < end && cr[1] == '\n')
        cr = memchr(cr + 2, '\r', (size_t)(end - (cr + 2)));
    return cr;
}

static bool translate(struct line_ends *ends, struct slice data)
{
    for (size_t i = 0; i < data.bytes; i++) {
        char c = data.data[i];
        bool second = ends->held_cr && c == '\n';
        ends->held_cr = c == '\r';
        if (!second && !buffer_append_char(&ends->out, c == '\r' ? '\n' : c))
            return false;
    }
    return true;
}

bool line_ends_take(struct line_ends *ends, struct slice data, struct slice *out)
{
    const char *cr = data.bytes > 0 ? find_cr(data) : NULL;
    *out = data;
    if (data.bytes == 0 || (cr == NULL && !ends->held_cr && !ends->translating))
        return true;
    buffer_reset(&ends->out);
    bool at_end = cr != NULL && cr + 1 == data.data + data.bytes;
    if (ends->held_cr && !ends->translating) {
        ends->held_cr = false;
        ends->translating = data.data[0] != '\n';
        buffer_append_char(&ends->out, ends->translating ? '\n' : '\r');
    }
    ends->translating = ends->translating || (cr != NULL && !at_end);
    if (ends->translating) {
        if (!translate(ends, data))
            return false;
    } else {
        buffer_append(&ends->out, data.data, data.bytes - at_end);
        ends->held_cr = at_end;
    }
    *out = buffer_slice(&ends->out);
    return !ends->out.failed;
}
