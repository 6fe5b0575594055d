/* A stream of events: not a byte is lost or changed, and pieces make no difference. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "dialect/sse.h"

struct reading {
    struct sse sse;
    struct buffer seen;
    struct buffer joined;
    size_t events;
};

static void on_event(struct slice event, void *arg)
{
    struct reading *reading = arg;
    check(event.bytes > 0);
    reading->events++;
    check(buffer_append_slice(&reading->seen, event));
    buffer_reset(&reading->joined);
    struct slice value = sse_data(event, &reading->joined);
    check(fuzz_inside(value, event) || fuzz_inside(value, buffer_slice(&reading->joined)));
}

static void begin(struct reading *reading, size_t bytes)
{
    *reading = (struct reading){0};
    sse_init(&reading->sse);
    buffer_init(&reading->seen, 2 * bytes + 16);
    buffer_init(&reading->joined, bytes + 1);
}

static void end(struct reading *reading)
{
    struct slice rest = sse_rest(&reading->sse);
    if (rest.bytes > 0)
        on_event(rest, reading);
    sse_fini(&reading->sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct slice text = {(const char *)data, bytes};
    struct reading whole, pieces;
    begin(&whole, bytes);
    begin(&pieces, bytes);
    check(sse_feed(&whole.sse, text, on_event, &whole));
    check(whole.seen.bytes <= bytes);
    check(whole.seen.bytes == 0 || memcmp(whole.seen.data, data, whole.seen.bytes) == 0);
    for (size_t i = 0; i < bytes; i++)
        check(sse_feed(&pieces.sse, (struct slice){text.data + i, 1}, on_event, &pieces));
    check(whole.events == pieces.events && whole.seen.bytes == pieces.seen.bytes);
    end(&whole);
    end(&pieces);
    check(whole.seen.bytes == pieces.seen.bytes && whole.seen.bytes >= bytes);
    check(bytes == 0 || memcmp(whole.seen.data, data, bytes) == 0);
    buffer_fini(&whole.seen);
    buffer_fini(&pieces.seen);
    buffer_fini(&whole.joined);
    buffer_fini(&pieces.joined);
    return 0;
}
