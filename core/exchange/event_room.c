#include "exchange/event_room.h"

#include "base/clock.h"
#include "base/limits.h"
#include "exchange/exchange.h"

/* What a stream has ready for its client at most, while its provider is not asked for more. */
enum {
    OUT_BYTES_MAX = 2 * LIMIT_ORDINARY_EVENT_BYTES,
    LARGE_OUT_BYTES_MAX = 2 * LIMIT_EVENT_BYTES
};

static bool is_large(const struct exchange *exchange)
{
    return exchange->relay.sse.partial.bytes > LIMIT_ORDINARY_EVENT_BYTES;
}

static void enter(struct exchange *exchange)
{
    exchange->env->large_events++;
    exchange->relay.has_room = true;
    exchange->relay.out.bytes_max = LARGE_OUT_BYTES_MAX;
}

/* The memory goes back at once: the next event is an ordinary one. */
static void give_back(struct buffer *buffer, size_t bytes_max)
{
    if (buffer->bytes == 0 && buffer->capacity_bytes > LIMIT_ORDINARY_EVENT_BYTES) {
        buffer_fini(buffer);
        buffer_init(buffer, bytes_max);
    }
}

void event_room_leave(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (!relay->has_room)
        return;
    relay->has_room = false;
    exchange->env->large_events--;
}

void event_room_look(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (is_large(exchange) && !relay->has_room && exchange->attempt.call != NULL) {
        if (exchange->env->large_events < LIMIT_LARGE_EVENTS) {
            enter(exchange);
        } else if (!relay->lacks_room) {
            relay->lacks_room = true;
            relay->lacks_room_us = clock_mono_us();
            upstream_pause(exchange->attempt.call);
        }
    }
    if (!relay->has_room || is_large(exchange) || relay->paused || relay->out.bytes > 0)
        return;
    give_back(&relay->sse.partial, LIMIT_EVENT_BYTES);
    give_back(&relay->joined, LIMIT_EVENT_BYTES);
    give_back(&relay->out, OUT_BYTES_MAX);
    relay->out.bytes_max = OUT_BYTES_MAX;
    event_room_leave(exchange);
}

/* Clients that do not take their pictures keep others waiting, but not for ever. */
static bool is_room(const struct exchange *exchange)
{
    enum { PATIENCE_MS = 10000, CROWDED = 4 };
    unsigned taken = exchange->env->large_events;
    if (taken < LIMIT_LARGE_EVENTS)
        return true;
    int64_t waited_us = clock_mono_us() - exchange->relay.lacks_room_us;
    return waited_us > PATIENCE_MS * 1000 && taken < CROWDED * LIMIT_LARGE_EVENTS;
}

void event_room_tick(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (!relay->lacks_room || !is_room(exchange))
        return;
    relay->lacks_room = false;
    if (exchange->attempt.call == NULL)
        return;
    enter(exchange);
    exchange->attempt.heard_us = clock_mono_us(); /* the silence was ours */
    if (!relay->paused)
        upstream_resume(exchange->attempt.call);
}
