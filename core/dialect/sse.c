#include "dialect/sse.h"

#include <string.h>

#include "base/limits.h"

void sse_init(struct sse *sse)
{
    memset(sse, 0, sizeof *sse);
    buffer_init(&sse->partial, LIMIT_EVENT_BYTES);
}

void sse_fini(struct sse *sse)
{
    buffer_fini(&sse->partial);
}

/* Notes data[from..to), which has no LF, as part of the line under way. */
static void note_line_part(struct sse *sse, const char *data, size_t from, size_t to)
{
    if (to > from) {
        sse->line_has_cr = data[to - 1] == '\r';
        sse->line_bytes += to - from;
    }
}

static bool line_is_empty(const struct sse *sse)
{
    return sse->line_bytes == 0 || (sse->line_bytes == 1 && sse->line_has_cr);
}

/* Notes the lines of `data` up to the end of the event under way. Returns how many bytes those are;
 * *ended: the event ends there. */
static size_t note_event(struct sse *sse, struct slice data, bool *ended)
{
    size_t at = 0;
    *ended = false;
    while (at < data.bytes && !*ended) {
        const char *lf = memchr(data.data + at, '\n', data.bytes - at);
        size_t end = lf != NULL ? (size_t)(lf - data.data) : data.bytes;
        note_line_part(sse, data.data, at, end);
        if (lf == NULL)
            return data.bytes;
        at = end + 1;
        *ended = line_is_empty(sse);
        sse->line_bytes = 0;
        sse->line_has_cr = false;
    }
    return at;
}

size_t sse_event_bytes(const struct sse *sse, struct slice data)
{
    struct sse ahead = {.line_bytes = sse->line_bytes, .line_has_cr = sse->line_has_cr};
    bool ended;
    return note_event(&ahead, data, &ended);
}

bool sse_feed(struct sse *sse, struct slice data, void (*on_event)(struct slice event, void *arg),
              void *arg)
{
    while (data.bytes > 0) {
        bool ended;
        struct slice part = {data.data, note_event(sse, data, &ended)};
        data.data += part.bytes;
        data.bytes -= part.bytes;
        if (ended && sse->partial.bytes == 0) {
            if (part.bytes > LIMIT_EVENT_BYTES)
                return false;
            on_event(part, arg);
            continue;
        }
        if (!buffer_append_slice(&sse->partial, part))
            return false;
        if (!ended)
            return true;
        on_event(buffer_slice(&sse->partial), arg);
        buffer_reset(&sse->partial);
    }
    return true;
}

struct slice sse_rest(struct sse *sse)
{
    if (sse->partial.bytes > 0)
        buffer_append_text(&sse->partial, sse->line_bytes > 0 ? "\n\n" : "\n");
    return buffer_slice(&sse->partial);
}

/* Takes the next line off *rest, without its end. */
static struct slice next_line(struct slice *rest)
{
    const char *lf = slice_char(*rest, '\n');
    size_t bytes = lf != NULL ? (size_t)(lf - rest->data) : rest->bytes;
    struct slice line = {rest->data, bytes};
    size_t used = lf != NULL ? bytes + 1 : bytes;
    rest->data += used;
    rest->bytes -= used;
    if (line.bytes > 0 && line.data[line.bytes - 1] == '\r')
        line.bytes--;
    return line;
}

struct slice sse_event_name(struct slice event)
{
    struct slice name = {"", 0};
    while (event.bytes > 0) {
        struct slice line = next_line(&event);
        if (slice_starts_with(line, "event:"))
            name = slice_trim((struct slice){line.data + 6, line.bytes - 6});
    }
    return name;
}

struct slice sse_data(struct slice event, struct buffer *joined)
{
    struct slice found = {0};
    unsigned count = 0;
    while (event.bytes > 0) {
        struct slice line = next_line(&event);
        bool bare = slice_equals(line, "data"); /* means an empty value */
        if (!bare && !slice_starts_with(line, "data:"))
            continue;
        size_t name_bytes = bare ? 4 : 5;
        struct slice value = {line.data + name_bytes, line.bytes - name_bytes};
        if (value.bytes > 0 && value.data[0] == ' ') {
            value.data++;
            value.bytes--;
        }
        if (++count == 1) {
            found = value;
            continue;
        }
        if (count == 2)
            buffer_append_slice(joined, found);
        buffer_append_char(joined, '\n');
        buffer_append_slice(joined, value);
    }
    return count < 2 ? found : buffer_slice(joined);
}
