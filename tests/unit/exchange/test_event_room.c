/* Room for large events: of the streams of a worker only so many have one under way, and who waits
 * for room does not wait for ever. */
#include "base/support.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "exchange/event_room.h"
#include "exchange/exchange_internal.h"
#include "exchange/provider.h"

static struct exchange_env env;
static struct exchange *exchange;
static struct model_request asks;
static int listener;

static void on_decided(void *owner)
{
    (void)owner;
}

static const struct attempt_events events = {.on_decided = on_decided};

/* A stream whose provider is asked, and says nothing. */
static int set_up(void **state)
{
    char base_url[PROVIDER_URL_BYTES];
    assert_int_equal(provider_set_up(state), 0);
    listener = provider_listen_silently(base_url);
    struct candidate_terms terms = provider_terms();
    terms.base_url = base_url;
    struct candidate *candidate = candidate_new(&terms);
    provider_read_chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
                       &asks);
    const struct attempt_request request = {
        .loop = provider_loop, .upstream = provider_upstream, .asks = &asks, .exchange_id = ""};
    env = (struct exchange_env){.large_events = 0};
    exchange = calloc(1, sizeof *exchange);
    assert_non_null(exchange);
    exchange->env = &env;
    stream_init(&exchange->stream);
    attempt_start(&exchange->attempt, candidate, &request, &events, NULL);
    assert_non_null(exchange->attempt.call);
    candidate_unref(candidate);
    return 0;
}

static int tear_down(void **state)
{
    attempt_fini(&exchange->attempt);
    stream_fini(&exchange->stream);
    free(exchange);
    close(listener);
    return provider_tear_down(state);
}

/* So much of an event has come. */
static void take(size_t bytes)
{
    struct buffer *partial = &exchange->stream.sse.partial;
    assert_non_null(buffer_reserve(partial, bytes));
    partial->bytes += bytes;
    event_room_look(exchange);
}

static void assert_room(bool has, bool lacks, unsigned taken)
{
    assert_int_equal(exchange->stream.has_room, has);
    assert_int_equal(exchange->stream.lacks_room, lacks);
    assert_int_equal(env.large_events, taken);
}

static void ordinary_events_need_no_room(void **state)
{
    (void)state;
    env.large_events = LIMIT_LARGE_EVENTS;
    take(LIMIT_ORDINARY_EVENT_BYTES);
    assert_room(false, false, LIMIT_LARGE_EVENTS);
    assert_int_equal(exchange->stream.out.bytes_max, STREAM_OUT_BYTES_MAX);
}

static void a_large_event_takes_room_and_gives_it_back(void **state)
{
    (void)state;
    struct stream *stream = &exchange->stream;
    take(LIMIT_ORDINARY_EVENT_BYTES + 1);
    assert_room(true, false, 1);
    assert_true(stream->out.bytes_max >= LIMIT_EVENT_BYTES);
    take(1);
    assert_room(true, false, 1); /* once */
    stream->sse.partial.bytes = 0;
    buffer_append_char(&stream->out, 'x'); /* whole, and the client has not got it yet */
    event_room_look(exchange);
    assert_room(true, false, 1);
    stream->out.bytes = 0;
    stream->paused = true;
    event_room_look(exchange);
    assert_room(true, false, 1);
    stream->paused = false;
    event_room_look(exchange);
    assert_room(false, false, 0);
    assert_int_equal(stream->out.bytes_max, STREAM_OUT_BYTES_MAX);
    assert_int_equal(stream->sse.partial.capacity_bytes, 0); /* the memory has gone, too */
    assert_int_equal(stream->sse.partial.bytes_max, LIMIT_EVENT_BYTES);
}

static void where_there_is_none_a_stream_waits(void **state)
{
    (void)state;
    env.large_events = LIMIT_LARGE_EVENTS;
    take(LIMIT_ORDINARY_EVENT_BYTES + 1);
    assert_room(false, true, LIMIT_LARGE_EVENTS);
    event_room_tick(exchange);
    assert_room(false, true, LIMIT_LARGE_EVENTS);
    env.large_events--; /* another has gone */
    event_room_tick(exchange);
    assert_room(true, false, LIMIT_LARGE_EVENTS);
    assert_true(exchange->attempt.heard_us > 0); /* it goes on */
}

static void after_ten_seconds_more_are_let_in(void **state)
{
    (void)state;
    struct stream *stream = &exchange->stream;
    env.large_events = 4 * LIMIT_LARGE_EVENTS;
    take(LIMIT_ORDINARY_EVENT_BYTES + 1);
    stream->lacks_room_us = clock_mono_us() - 11 * 1000 * 1000;
    event_room_tick(exchange); /* but no more than these */
    assert_room(false, true, 4 * LIMIT_LARGE_EVENTS);
    env.large_events--;
    stream->lacks_room_us = clock_mono_us() - 9 * 1000 * 1000;
    event_room_tick(exchange);
    assert_room(false, true, 4 * LIMIT_LARGE_EVENTS - 1);
    stream->lacks_room_us = clock_mono_us() - 11 * 1000 * 1000;
    event_room_tick(exchange);
    assert_room(true, false, 4 * LIMIT_LARGE_EVENTS);
}

static void who_leaves_gives_its_room_back_once(void **state)
{
    (void)state;
    take(LIMIT_ORDINARY_EVENT_BYTES + 1);
    event_room_leave(exchange);
    event_room_leave(exchange);
    assert_room(false, false, 0);
}

/* The provider has gone while the stream waited: no room is taken for what does not come. */
static void without_a_call_nothing_is_waited_for(void **state)
{
    (void)state;
    env.large_events = LIMIT_LARGE_EVENTS;
    take(LIMIT_ORDINARY_EVENT_BYTES + 1);
    attempt_cancel(&exchange->attempt);
    env.large_events = 0;
    event_room_tick(exchange);
    assert_room(false, false, 0);
    take(1);
    assert_room(false, false, 0);
}

#define WITH_ROOM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOM(ordinary_events_need_no_room),
        WITH_ROOM(a_large_event_takes_room_and_gives_it_back),
        WITH_ROOM(where_there_is_none_a_stream_waits),
        WITH_ROOM(after_ten_seconds_more_are_let_in),
        WITH_ROOM(who_leaves_gives_its_room_back_once),
        WITH_ROOM(without_a_call_nothing_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
