/* A provider's answer: the same head, body and end in one piece and byte by byte. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "net/client/response.h"

enum { BODY_BYTES_MAX = 1 << 22 }; /* a compressed body may be much larger than its bytes */

struct reading {
    struct response response;
    enum response_step step;
    struct buffer body;
    int status;
    size_t used;
    bool full;
};

static void begin(struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    response_init(&reading->response);
    buffer_init(&reading->body, BODY_BYTES_MAX);
}

static bool is_over(const struct reading *reading)
{
    return reading->step == RESPONSE_OVER || reading->step == RESPONSE_BROKEN || reading->full;
}

/* A copy: the reader may move what it was given. */
static void feed(struct reading *reading, const char *data, size_t bytes)
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    check(copy != NULL);
    if (bytes > 0)
        memcpy(copy, data, bytes);
    struct slice input = {copy, bytes};
    do {
        struct slice piece = {0};
        reading->step = response_next(&reading->response, &input, &piece);
        if (reading->step == RESPONSE_HEAD)
            reading->status = reading->response.head.status;
        if (reading->step == RESPONSE_DATA)
            reading->full |= !buffer_append_slice(&reading->body, piece);
    } while (!reading->full && (reading->step == RESPONSE_HEAD || reading->step == RESPONSE_DATA));
    check(input.bytes <= bytes && (input.bytes == 0 || is_over(reading)));
    reading->used += bytes - input.bytes;
    free(copy);
}

static void end(struct reading *reading)
{
    if (!is_over(reading))
        reading->step = response_at_close(&reading->response);
    check(reading->full || is_over(reading));
    check(reading->step != RESPONSE_BROKEN || reading->response.why);
}

static void check_same(const struct reading *whole, const struct reading *pieces)
{
    check(whole->step == pieces->step && whole->status == pieces->status);
    if (whole->step == RESPONSE_BROKEN)
        return; /* how much of the body came before depends on the pieces */
    check(whole->used == pieces->used && whole->body.bytes == pieces->body.bytes);
    check(whole->body.bytes == 0 ||
          memcmp(whole->body.data, pieces->body.data, whole->body.bytes) == 0);
    check(response_allows_another(&whole->response) == response_allows_another(&pieces->response));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct reading whole, pieces;
    begin(&whole);
    begin(&pieces);
    feed(&whole, (const char *)data, bytes);
    end(&whole);
    for (size_t i = 0; i < bytes && !is_over(&pieces); i++)
        feed(&pieces, (const char *)data + i, 1);
    end(&pieces);
    if (!whole.full && !pieces.full)
        check_same(&whole, &pieces);
    response_fini(&whole.response);
    response_fini(&pieces.response);
    buffer_fini(&whole.body);
    buffer_fini(&pieces.body);
    return 0;
}
