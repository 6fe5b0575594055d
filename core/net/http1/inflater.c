#include "net/http1/inflater.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#define ZLIB_CONST /* zlib only reads its input */
#include <zlib.h>

#include "base/check.h"
#include "base/secret.h"

enum {
    OUTPUT_BYTES = 16 * 1024,
    WINDOW_BITS_ANY = 15 + 32 /* the largest window; the header tells gzip from zlib */
};

struct inflater {
    z_stream stream;
    bool full; /* the output was filled: more may come without new input */
    bool over;
    unsigned char output[OUTPUT_BYTES];
};

/* The decoded bytes may have held a password. */
static void free_wiped(void *context, void *block)
{
    (void)context;
    if (block != NULL)
        secret_wipe(block, malloc_usable_size(block));
    free(block);
}

static void *allocate(void *context, unsigned count, unsigned bytes)
{
    (void)context;
    return calloc(count, bytes);
}

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    check(inflater != NULL);
    inflater->stream.zfree = free_wiped;
    inflater->stream.zalloc = allocate;
    check(inflateInit2(&inflater->stream, WINDOW_BITS_ANY) == Z_OK);
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    secret_wipe(inflater, sizeof *inflater);
    free(inflater);
}

bool inflater_next(struct inflater *inflater, struct slice *input, struct slice *output)
{
    z_stream *stream = &inflater->stream;
    *output = (struct slice){0};
    if (inflater->over || (input->bytes == 0 && !inflater->full))
        return input->bytes == 0;
    check(input->bytes <= UINT_MAX);
    stream->next_in = (const Bytef *)input->data;
    stream->avail_in = (uInt)input->bytes;
    stream->next_out = inflater->output;
    stream->avail_out = OUTPUT_BYTES;
    int result = inflate(stream, Z_NO_FLUSH);
    input->data += input->bytes - stream->avail_in;
    input->bytes = stream->avail_in;
    inflater->full = stream->avail_out == 0;
    inflater->over = result == Z_STREAM_END;
    *output = (struct slice){(const char *)inflater->output, OUTPUT_BYTES - stream->avail_out};
    return result == Z_OK || result == Z_STREAM_END ||
           (result == Z_BUF_ERROR && stream->avail_in == 0);
}

bool inflater_is_over(const struct inflater *inflater)
{
    return inflater->over;
}
