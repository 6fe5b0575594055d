#include "net/http1/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* zlib only reads its input */
#include <zlib.h>

#include "base/check.h"

enum {
    WINDOW_BITS_GZIP = 15 + 16, /* the largest window; 16: gzip's header */
    MEMORY_LEVEL = 8,
    LEVEL = 6,       /* a page of a list takes a third of a millisecond */
    STREAM_LEVEL = 1 /* long files: a third of the time, a fifth more bytes */
};

enum { PIECE_BYTES = 16 * 1024 };

struct gzip_stream {
    z_stream zlib;
    char piece[PIECE_BYTES];
};

/* "; q=0", "; q=0.000": the client does not want it. */
static bool is_refused(struct slice weight)
{
    size_t at = 0;
    while (at < weight.bytes && strchr("; \tq=", weight.data[at]) != NULL)
        at++;
    bool said = at > 0;
    while (at < weight.bytes && strchr("0.", weight.data[at]) != NULL)
        at++;
    bool more = at < weight.bytes && weight.data[at] >= '1' && weight.data[at] <= '9';
    return said && !more;
}

bool gzip_is_taken(const struct http_head *head)
{
    const struct slice *value = head_header(head, "accept-encoding");
    ptrdiff_t at = value != NULL ? slice_find(*value, slice_of("gzip")) : -1;
    if (at < 0)
        return false;
    size_t end = (size_t)at + sizeof "gzip" - 1;
    struct slice rest = {value->data + end, value->bytes - end};
    ptrdiff_t comma = slice_find(rest, slice_of(","));
    if (comma >= 0)
        rest.bytes = (size_t)comma;
    return !is_refused(rest);
}

void gzip_append(struct slice text, struct buffer *out)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    check(text.bytes <= UINT_MAX);
    check(deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
                       Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room_bytes = deflateBound(&stream, (uLong)text.bytes);
    char *room = buffer_reserve(out, room_bytes);
    if (room != NULL) {
        stream.next_in = (const Bytef *)text.data;
        stream.avail_in = (uInt)text.bytes;
        stream.next_out = (Bytef *)room;
        stream.avail_out = (uInt)room_bytes;
        check(deflate(&stream, Z_FINISH) == Z_STREAM_END); /* the bound is one */
        out->bytes += room_bytes - stream.avail_out;
    }
    deflateEnd(&stream);
}

/* ---- piece by piece ---- */

struct gzip_stream *gzip_stream_new(void)
{
    struct gzip_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && deflateInit2(&stream->zlib, STREAM_LEVEL, Z_DEFLATED, WINDOW_BITS_GZIP,
                                       MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

void gzip_stream_free(struct gzip_stream *stream)
{
    if (stream != NULL)
        deflateEnd(&stream->zlib);
    free(stream);
}

void gzip_stream_put(struct gzip_stream *stream, struct slice text, bool last, gzip_write *write,
                     void *arg)
{
    z_stream *zlib = &stream->zlib;
    check(text.bytes <= UINT_MAX);
    zlib->next_in = (const Bytef *)text.data;
    zlib->avail_in = (uInt)text.bytes;
    do {
        zlib->next_out = (Bytef *)stream->piece;
        zlib->avail_out = sizeof stream->piece;
        int status = deflate(zlib, last ? Z_FINISH : Z_SYNC_FLUSH);
        check(status != Z_STREAM_ERROR); /* put after the last */
        size_t bytes = sizeof stream->piece - zlib->avail_out;
        if (bytes > 0)
            write(arg, (struct slice){stream->piece, bytes});
    } while (zlib->avail_out == 0); /* there may be more */
}
