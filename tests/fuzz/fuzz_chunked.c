/* A chunked body: the same body, end and refusal in one piece and byte by byte. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "net/http1/chunked.h"

struct reading {
    struct chunked chunked;
    struct buffer body;
    struct refusal refusal;
    size_t used;
};

static void begin(struct reading *reading)
{
    *reading = (struct reading){0};
    chunked_init(&reading->chunked);
    buffer_init(&reading->body, 1 << 20);
}

static bool is_over(const struct reading *reading)
{
    return reading->chunked.state == CHUNKED_END || reading->refusal.status != 0;
}

static void feed(struct reading *reading, const char *data, size_t bytes)
{
    reading->used +=
        chunked_feed(&reading->chunked, data, bytes, &reading->body, &reading->refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *text = (const char *)data;
    struct reading whole, pieces;
    begin(&whole);
    begin(&pieces);
    feed(&whole, text, bytes);
    for (size_t i = 0; i < bytes && !is_over(&pieces); i++)
        feed(&pieces, text + i, 1);
    check(whole.refusal.status == pieces.refusal.status);
    check(whole.chunked.state == pieces.chunked.state);
    check(is_over(&whole) || whole.used == bytes);
    if (whole.refusal.status == 0) {
        check(whole.used == pieces.used && whole.body.bytes == pieces.body.bytes);
        check(whole.body.bytes == 0 ||
              memcmp(whole.body.data, pieces.body.data, whole.body.bytes) == 0);
    }
    buffer_fini(&whole.body);
    buffer_fini(&pieces.body);
    return 0;
}
