#include "exchange/download.h"

#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "exchange/exchange_internal.h"
#include "exchange/packed_reply.h"
#include "net/http1/gzip.h"

void download_begin(struct exchange *exchange, const char *content_type)
{
    check(!exchange->reply_begun && !exchange->hold_open);
    exchange->downloading = true;
    exchange->download_packer = packed_reply_begin(exchange);
    exchange_begin_stream(exchange, content_type);
}

static void write_piece(void *arg, struct slice piece)
{
    struct exchange *exchange = arg;
    exchange->download_waits = http_reply_write(exchange->request, piece) >= LIMIT_OUTPUT_BYTES;
}

bool download_write(struct exchange *exchange, struct slice text)
{
    check(exchange->downloading);
    if (exchange->download_packer != NULL)
        gzip_stream_put(exchange->download_packer, text, false, write_piece, exchange);
    else
        write_piece(exchange, text);
    return exchange->download_waits;
}

void download_end(struct exchange *exchange)
{
    check(exchange->downloading);
    if (exchange->download_packer != NULL)
        gzip_stream_put(exchange->download_packer, (struct slice){0}, true, write_piece, exchange);
    exchange->downloading = false;
    exchange->download_waits = false; /* the task has written all: it is not to be woken */
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    http_reply_end(request, (struct slice){0});
    exchange_end(exchange);
}

bool download_is_open(const struct exchange *exchange)
{
    return exchange->downloading;
}

bool download_cut(struct exchange *exchange, const char *code)
{
    if (!exchange->downloading || exchange->request == NULL)
        return false;
    exchange->downloading = false;
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    snprintf(exchange->error_code, sizeof exchange->error_code, "%s", code);
    http_reply_cut(request);
    exchange_end(exchange);
    return true;
}

void download_drained(struct exchange *exchange)
{
    if (!exchange->download_waits)
        return;
    exchange->download_waits = false;
    exchange_wake(exchange);
}
