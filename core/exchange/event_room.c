#include "exchange/event_room.h"

#include "base/clock.h"
#include "base/limits.h"
#include "exchange/exchange_internal.h"
#include "exchange/shadow.h"

enum { LARGE_OUT_BYTES_MAX = 2 * LIMIT_EVENT_BYTES };

static bool is_large(const struct exchange *exchange)
{
    return exchange->stream.sse.partial.bytes > LIMIT_ORDINARY_EVENT_BYTES ||
           (!exchange->attempt.event_stream &&
            exchange->attempt.body.bytes > LIMIT_ORDINARY_EVENT_BYTES);
}

static void enter(struct exchange *exchange)
{
    exchange->env->large_events++;
    exchange->stream.has_room = true;
    exchange->stream.out.bytes_max = LARGE_OUT_BYTES_MAX;
}

/* Frees the memory at once: the next event is an ordinary one. */
static void give_back(struct buffer *buffer, size_t bytes_max)
{
    if (buffer->bytes == 0 && buffer->capacity_bytes > LIMIT_ORDINARY_EVENT_BYTES) {
        buffer_fini(buffer);
        buffer_init(buffer, bytes_max);
    }
}

void event_room_leave(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (!stream->has_room)
        return;
    stream->has_room = false;
    exchange->env->large_events--;
}

void event_room_look(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (exchange->shadow != NULL && is_large(exchange)) {
        shadow_fail(exchange, "too_large"); /* the room is for customers */
        return;
    }
    if (is_large(exchange) && !stream->has_room && exchange->attempt.call != NULL) {
        if (exchange->env->large_events < LIMIT_LARGE_EVENTS) {
            enter(exchange);
        } else if (!stream->lacks_room) {
            stream->lacks_room = true;
            stream->lacks_room_us = clock_mono_us();
            attempt_pause(&exchange->attempt);
        }
    }
    if (!stream->has_room || is_large(exchange) || stream->paused || stream->out.bytes > 0)
        return;
    give_back(&stream->sse.partial, LIMIT_EVENT_BYTES);
    give_back(&stream->joined, LIMIT_EVENT_BYTES);
    give_back(&stream->out, STREAM_OUT_BYTES_MAX);
    stream->out.bytes_max = STREAM_OUT_BYTES_MAX;
    event_room_leave(exchange);
}

/* Clients that do not read their pictures make other streams wait, but not for ever. */
static bool is_room(const struct exchange *exchange)
{
    enum { PATIENCE_MS = 10000, CROWDED = 4 };
    unsigned taken = exchange->env->large_events;
    if (taken < LIMIT_LARGE_EVENTS)
        return true;
    int64_t waited_us = clock_mono_us() - exchange->stream.lacks_room_us;
    return waited_us > PATIENCE_MS * 1000 && taken < CROWDED * LIMIT_LARGE_EVENTS;
}

void event_room_tick(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (!stream->lacks_room || !is_room(exchange))
        return;
    stream->lacks_room = false;
    if (exchange->attempt.call == NULL)
        return;
    enter(exchange);
    if (!stream->paused)
        attempt_resume(&exchange->attempt);
}
