/* Server-sent events (WHATWG HTML, 9.2), split into events without changing a byte. Lines end
 * with LF or CRLF; a lone CR is an ordinary byte here (line_ends.h has seen to it). */
#ifndef DIALECT_SSE_H
#define DIALECT_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

struct sse {
    struct buffer partial; /* of an event whose end has not come yet */
    size_t line_bytes;     /* of the line under way, without its CR */
    bool line_has_cr;
};

void sse_init(struct sse *sse);
void sse_fini(struct sse *sse);

/* Cuts `data` into events; each is handed on whole, with the empty line that ends it. An event
 * that lies inside `data` is not copied. False when an event is larger than LIMIT_EVENT_BYTES:
 * then nothing more can be fed. */
bool sse_feed(struct sse *sse, struct slice data, void (*on_event)(struct slice event, void *arg),
              void *arg);
/* Whether all that was fed were whole events. */
static inline bool sse_is_between_events(const struct sse *sse)
{
    return sse->partial.bytes == 0 && sse->line_bytes == 0;
}
/* What came after the last whole event (a stream that ends without an empty line), with the end of
 * line and the empty line that it lacks; or an empty slice. Nothing can be fed after it. */
struct slice sse_rest(struct sse *sse);

/* Whether the event has this name (its `event` line). */
bool sse_is_named(struct slice event, const char *name);

/* The value of the event's `data` lines. One line: a slice of the event itself. Several: joined
 * with LF in *joined (which the caller has initialised). data.data is NULL when there is no data
 * line. */
struct slice sse_data(struct slice event, struct buffer *joined);

#endif
