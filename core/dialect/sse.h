/* Splits server-sent events (WHATWG HTML, 9.2) without changing a byte. Lines end with LF or CRLF;
 * a lone CR is an ordinary byte here, because line_ends.h has replaced those that end a line. */
#ifndef DIALECT_SSE_H
#define DIALECT_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

struct sse {
    struct buffer partial; /* an event whose end has not come yet */
    size_t line_bytes;     /* length of the line under way, without its CR */
    bool line_has_cr;
};

void sse_init(struct sse *sse);
void sse_fini(struct sse *sse);

/* Cuts `data` into events and gives each to on_event, whole, with the empty line that ends it. An
 * event that lies inside `data` is not copied. Returns false when an event is larger than
 * LIMIT_EVENT_BYTES: then nothing more can be fed. */
bool sse_feed(struct sse *sse, struct slice data, void (*on_event)(struct slice event, void *arg),
              void *arg);
/* Returns how many bytes of `data`, which would be fed next, belong to the event under way, or to
 * the next one if none is: all of them if it does not end there. */
size_t sse_event_bytes(const struct sse *sse, struct slice data);
/* Returns whether the fed bytes ended with a whole event. */
static inline bool sse_is_between_events(const struct sse *sse)
{
    return sse->partial.bytes == 0 && sse->line_bytes == 0;
}
/* Returns what came after the last whole event, because some streams end without an empty line, and
 * adds the line end and empty line that it lacks. The slice is empty when nothing came. Feed
 * nothing after it. */
struct slice sse_rest(struct sse *sse);

/* Returns the value of the event's `event` line; empty: it has none. */
struct slice sse_event_name(struct slice event);

/* Returns the value of the event's `data` lines. Of one line it is a slice of the event; several
 * are joined with LF in *joined, which the caller has initialised (NULL: there is one line).
 * data.data is NULL when the event has no data line. */
struct slice sse_data(struct slice event, struct buffer *joined);

#endif
