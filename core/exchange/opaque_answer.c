#include "exchange/opaque_answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "exchange/exchange_internal.h"
#include "exchange/idempotency.h"
#include "exchange/stream_end.h"

/* Base64 is so much longer: the meter counts sound as it stands in JSON. */
static int64_t base64_bytes(size_t bytes)
{
    return (int64_t)(bytes + 2) / 3 * 4;
}

static void measure(struct exchange *exchange, struct slice data)
{
    struct stream *stream = &exchange->stream;
    struct media_sizes *sizes = &stream->meter.output;
    if (exchange->asks.media.opaque == OPAQUE_TEXT) {
        sizes->text_bytes += (int64_t)data.bytes;
        return;
    }
    if (stream->sound == NULL)
        stream->sound = calloc(1, sizeof *stream->sound);
    check(stream->sound != NULL);
    stream->sound->raw = exchange->asks.media.sound_raw;
    sizes->audio_bytes += base64_bytes(data.bytes);
    sound_length_feed(stream->sound, data);
    sizes->audio_ms = sound_length_ms(stream->sound);
}

void opaque_answer_take(struct exchange *exchange, struct slice data)
{
    struct stream *stream = &exchange->stream;
    struct buffer *last = &stream->held_event;
    if (data.bytes == 0)
        return;
    measure(exchange, data);
    buffer_append_slice(&stream->out, buffer_slice(last));
    buffer_reset(last);
    buffer_append(&stream->out, data.data, data.bytes - 1);
    if (!buffer_append_char(last, data.data[data.bytes - 1]))
        stream->out.failed = true;
}

void opaque_answer_note_end(struct exchange *exchange)
{
    struct meter *meter = &exchange->stream.meter;
    meter->finished = true;
    snprintf(meter->finish_reason, sizeof meter->finish_reason, "stop");
}

static const char *type_of(const struct attempt *attempt)
{
    return attempt->content_type[0] != '\0' ? attempt->content_type : "application/octet-stream";
}

void opaque_answer_begin(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    exchange_begin_sized(exchange, type_of(attempt), attempt->content_length);
}

static bool is_whole(const struct stream *stream)
{
    return !stream->failed && !stream->unwritten;
}

void opaque_answer_keep(struct exchange *exchange)
{
    const struct stream *stream = &exchange->stream;
    if (is_whole(stream)) {
        idempotency_copy(exchange, buffer_slice(&stream->out));
        idempotency_copy(exchange, buffer_slice(&stream->held_event));
        idempotency_keep(exchange, type_of(&exchange->attempt), -1);
        return;
    }
    char message[STREAM_END_MESSAGE_BYTES];
    stream_end_message(exchange, message);
    const struct answer_error error = {
        .status = 502, .code = stream_failure(stream)->code, .message = message, .final = true};
    struct buffer body;
    buffer_init(&body, 4096);
    exchange_write_error(exchange, &error, &body);
    idempotency_keep_failure(exchange, error.status, buffer_slice(&body));
    buffer_fini(&body);
}

void opaque_answer_end(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    if (is_whole(stream) && buffer_append_slice(&stream->out, buffer_slice(&stream->held_event)))
        http_reply_end(request, buffer_slice(&stream->out));
    else
        http_reply_cut(request);
    exchange_end(exchange);
}
