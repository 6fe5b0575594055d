#include "exchange/packed_reply.h"

#include "exchange/exchange_internal.h"
#include "net/http1/gzip.h"

/* Shorter ones fit into a packet anyway. */
enum { PACKED_BYTES_MIN = 1024 };

void packed_reply_allow(struct exchange *exchange)
{
    exchange->may_pack = true;
}

/* Says in the reply's headers what it depends on. */
static bool is_wanted(struct exchange *exchange)
{
    http_reply_header(exchange->request, "Vary", "Accept-Encoding");
    return gzip_is_taken(&exchange->request->head);
}

bool packed_reply_make(struct exchange *exchange, int status, struct slice body, struct buffer *out)
{
    if (!exchange->may_pack || status != 200 || body.bytes < PACKED_BYTES_MIN ||
        exchange->request == NULL)
        return false;
    if (!is_wanted(exchange))
        return false;
    gzip_append(body, out);
    bool saves = !out->failed && out->bytes < body.bytes;
    if (saves)
        http_reply_header(exchange->request, "Content-Encoding", "gzip");
    return saves;
}

struct gzip_stream *packed_reply_begin(struct exchange *exchange)
{
    if (!exchange->may_pack || exchange->request == NULL || !is_wanted(exchange))
        return NULL;
    struct gzip_stream *packer = gzip_stream_new();
    if (packer != NULL)
        http_reply_header(exchange->request, "Content-Encoding", "gzip");
    return packer;
}
