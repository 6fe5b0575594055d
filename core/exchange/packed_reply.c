#include "exchange/packed_reply.h"

#include "exchange/exchange_internal.h"
#include "net/http1/gzip.h"

/* Shorter ones fit into a packet anyway. */
enum { PACKED_BYTES_MIN = 1024 };

void packed_reply_allow(struct exchange *exchange)
{
    exchange->may_pack = true;
}

bool packed_reply_make(struct exchange *exchange, int status, struct slice body, struct buffer *out)
{
    if (!exchange->may_pack || status != 200 || body.bytes < PACKED_BYTES_MIN ||
        exchange->request == NULL)
        return false;
    http_reply_header(exchange->request, "Vary", "Accept-Encoding");
    if (!gzip_is_taken(&exchange->request->head))
        return false;
    gzip_append(body, out);
    bool saves = !out->failed && out->bytes < body.bytes;
    if (saves)
        http_reply_header(exchange->request, "Content-Encoding", "gzip");
    return saves;
}
