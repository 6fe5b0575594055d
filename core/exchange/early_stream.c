#include "exchange/early_stream.h"

#include "exchange/exchange_internal.h"
#include "exchange/limit_wait.h"

enum { ERROR_EVENT_BYTES = 16 * 1024 };

void early_stream_tick(struct exchange *exchange, int64_t now_us)
{
    bool begun = exchange->state == EXCHANGE_SENT || limit_wait_is_in_queue(exchange);
    bool waits = begun && exchange->asks.streamed && exchange->hold_open && !exchange->hold_pending;
    if (!waits || exchange->reply_begun || exchange->request == NULL ||
        exchange->body_open || /* some clients send no more when an answer begins */
        now_us - exchange->started_us < exchange->env->first_event_wait_ms * 1000)
        return;
    exchange->early_stream = true;
    exchange_begin_stream(exchange, stream_type(exchange->asks.as_array));
    exchange_keep_alive(exchange, now_us);
}

bool early_stream_is_open(const struct exchange *exchange)
{
    return exchange->early_stream && !exchange->stream.flowing &&
           exchange->state < EXCHANGE_SETTLING;
}

static void write_end(const struct exchange *exchange, const struct answer_error *error,
                      struct buffer *out)
{
    const struct error_body body = exchange_error_body(exchange, error);
    const struct final_usage usage = {0};
    if (!dialect_has_chunks(exchange->asks.dialect)) {
        dialect_form(exchange->asks.dialect)->write_failure(NULL, &body, &usage, out);
        return;
    }
    buffer_append_text(out, "data: ");
    exchange_write_error(exchange, error, out);
    buffer_append_text(out, "\n\ndata: [DONE]\n\n");
}

bool early_stream_refuse(struct exchange *exchange, const struct answer_error *error)
{
    struct http_request *request = exchange->request;
    struct buffer end;
    struct buffer shaped;
    if (!early_stream_is_open(exchange))
        return false;
    if (request == NULL)
        return exchange->detached; /* the client has left: there is no stream to write */
    buffer_init(&end, ERROR_EVENT_BYTES);
    write_end(exchange, error, &end);
    exchange->request = NULL;
    struct slice bytes = stream_shape(buffer_slice(&end), exchange->asks.as_array,
                                      &exchange->stream.array_begun, true, &shaped);
    http_reply_end(request, bytes);
    buffer_fini(&shaped);
    buffer_fini(&end);
    return true;
}
