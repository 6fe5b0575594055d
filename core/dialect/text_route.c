#include "dialect/text_route.h"

#include <ctype.h>
#include <string.h>

#include "dialect/media.h"

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

/* Whether this piece has gone as the one before. */
static bool went_so(const struct text_route *route, struct slice text, struct slice event)
{
    size_t before = route->before.bytes;
    if (before == 0 || event.bytes < before + text.bytes)
        return false;
    return slice_same((struct slice){event.data, before}, buffer_slice(&route->before)) &&
           memcmp(event.data + before, text.data, text.bytes) == 0 &&
           slice_same(rest_of(event, before + text.bytes), buffer_slice(&route->after));
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

/* Cuts the number out of an event that has one. */
struct numbered {
    struct buffer event; /* without its digits */
    bool found;
    size_t at;
    int64_t number;
};

static void cut_number(struct slice event, struct numbered *out)
{
    static const char name[] = "\"sequence_number\":";
    ptrdiff_t at = slice_find(event, slice_of(name));
    *out = (struct numbered){.found = at >= 0};
    buffer_init(&out->event, 2 * ROUTE_BYTES_MAX + MEDIA_BYTES_MIN * 8);
    if (!out->found)
        return;
    size_t end = out->at = (size_t)at + sizeof name - 1;
    for (; end < event.bytes && isdigit((unsigned char)event.data[end]) && end - out->at < 15;
         end++)
        out->number = out->number * 10 + (event.data[end] - '0');
    buffer_append(&out->event, event.data, out->at);
    buffer_append_slice(&out->event, rest_of(event, end));
}

static void learn(struct text_route *route, struct slice text, struct slice event)
{
    if (text.bytes > 0 && went_so(route, text, event)) {
        route->sure = true;
        return;
    }
    forget(route);
    if (text.bytes == 0 || event.bytes > text.bytes + ROUTE_BYTES_MAX || !is_one(event))
        return;
    ptrdiff_t at = find_string(event, text);
    if (at < 0)
        return;
    buffer_append(&route->before, event.data, (size_t)at);
    buffer_append_slice(&route->after, rest_of(event, (size_t)at + text.bytes));
    if (route->before.failed || route->after.failed)
        forget(route);
}

void text_route_learn(struct text_route *route, struct slice text, struct slice translated)
{
    struct numbered numbered;
    if (translated.bytes > text.bytes + ROUTE_BYTES_MAX) {
        forget(route);
        return;
    }
    cut_number(translated, &numbered);
    if (numbered.event.failed)
        forget(route);
    else
        learn(route, text, numbered.found ? buffer_slice(&numbered.event) : translated);
    bool inside = numbered.found && numbered.at <= route->before.bytes;
    if (numbered.found && !inside)
        forget(route);
    route->numbered = inside;
    route->number_at = numbered.at;
    route->number = numbered.number;
    buffer_fini(&numbered.event);
}

void text_route_write(struct text_route *route, struct slice text, struct buffer *out)
{
    struct slice before = buffer_slice(&route->before);
    if (route->numbered) {
        buffer_append(out, before.data, route->number_at);
        buffer_append_int(out, ++route->number);
        before = rest_of(before, route->number_at);
    }
    buffer_append_slice(out, before);
    buffer_append_slice(out, text);
    buffer_append_slice(out, buffer_slice(&route->after));
}
