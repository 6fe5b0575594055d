#include "dialect/text_route.h"

#include <string.h>

enum { ROUTE_BYTES_MAX = 1024 }; /* before and behind the text */

void text_route_init(struct text_route *route)
{
    buffer_init(&route->before, ROUTE_BYTES_MAX);
    buffer_init(&route->after, ROUTE_BYTES_MAX);
    route->sure = false;
}

void text_route_fini(struct text_route *route)
{
    buffer_fini(&route->before);
    buffer_fini(&route->after);
}

static void forget(struct text_route *route)
{
    buffer_reset(&route->before);
    buffer_reset(&route->after);
    route->sure = false;
}

static struct slice rest_of(struct slice slice, size_t from)
{
    return (struct slice){slice.data + from, slice.bytes - from};
}

/* Whether the events are one event. */
static bool is_one(struct slice events)
{
    ptrdiff_t end = slice_find(events, slice_of("\n\n"));
    return end >= 0 && (size_t)end + 2 == events.bytes;
}

static bool is_same(struct slice a, const struct buffer *b)
{
    return a.bytes == b->bytes && memcmp(a.data, b->data, a.bytes) == 0;
}

/* Whether this piece has gone as the one before. */
static bool went_so(const struct text_route *route, struct slice text, struct slice event)
{
    size_t before = route->before.bytes;
    if (before == 0 || event.bytes < before + text.bytes)
        return false;
    return is_same((struct slice){event.data, before}, &route->before) &&
           memcmp(event.data + before, text.data, text.bytes) == 0 &&
           is_same(rest_of(event, before + text.bytes), &route->after);
}

/* Returns where the text stands as a whole string, or -1: nowhere, or at several places. */
static ptrdiff_t find_string(struct slice event, struct slice text)
{
    ptrdiff_t found = -1;
    for (size_t from = 0; from < event.bytes;) {
        ptrdiff_t at = slice_find(rest_of(event, from), text);
        if (at < 0)
            break;
        size_t start = from + (size_t)at;
        size_t end = start + text.bytes;
        bool string = start > 0 && event.data[start - 1] == '"' && end < event.bytes &&
                      event.data[end] == '"';
        if (string && found >= 0)
            return -1;
        found = string ? (ptrdiff_t)start : found;
        from = start + 1;
    }
    return found;
}

void text_route_learn(struct text_route *route, struct slice text, struct slice translated)
{
    if (text.bytes > 0 && went_so(route, text, translated)) {
        route->sure = true;
        return;
    }
    forget(route);
    if (text.bytes == 0 || translated.bytes > text.bytes + ROUTE_BYTES_MAX || !is_one(translated))
        return;
    ptrdiff_t at = find_string(translated, text);
    if (at < 0)
        return;
    buffer_append(&route->before, translated.data, (size_t)at);
    buffer_append_slice(&route->after, rest_of(translated, (size_t)at + text.bytes));
    if (route->before.failed || route->after.failed)
        forget(route);
}

void text_route_write(const struct text_route *route, struct slice text, struct buffer *out)
{
    buffer_append_slice(out, buffer_slice(&route->before));
    buffer_append_slice(out, text);
    buffer_append_slice(out, buffer_slice(&route->after));
}
