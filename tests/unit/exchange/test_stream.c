/* What is kept of an answer that goes through: nothing of it vanishes without a word. */
#include "base/support.h"

#include <string.h>

#include "exchange/stream.h"

static struct stream stream;

static int set_up(void **state)
{
    (void)state;
    memset(&stream, 0, sizeof stream);
    stream_init(&stream);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_fini(&stream);
    return 0;
}

static struct completion read(const char *event)
{
    struct completion chunk;
    assert_true(completion_read(sse_data(slice_of(event), NULL), &chunk));
    return chunk;
}

static void events_wait_whole_and_in_order(void **state)
{
    (void)state;
    stream_append(&stream, slice_of("data: 1\n\n"));
    stream_append(&stream, slice_of("data: 2\n\n"));
    assert_true(slice_equals(buffer_slice(&stream.out), "data: 1\n\ndata: 2\n\n"));
}

static void without_its_usage_an_event_is_as_it_was(void **state)
{
    (void)state;
    static const char event[] = "data: {\"id\":1.0 ,\"usage\":null, \"choices\":[]}\n\n";
    struct completion chunk = read(event);
    stream_append_without_usage(&stream, slice_of(event), &chunk.root);
    assert_true(slice_equals(buffer_slice(&stream.out), "data: {\"id\":1.0 ,\"choices\":[]}\n\n"));
}

/* A stream in which an event is missing must fail. */
static void an_event_that_does_not_fit_is_noticed(void **state)
{
    (void)state;
    static const char event[] = "data: {\"id\":1,\"usage\":null}\n\n";
    struct completion chunk = read(event);
    stream.out.bytes_max = 8;
    stream_append_without_usage(&stream, slice_of(event), &chunk.root);
    assert_true(stream.out.failed);
    assert_int_equal(stream.out.bytes, 0);
}

static void usage_is_held_as_an_event_of_its_own(void **state)
{
    (void)state;
    static const char alone[] = "data: {\"x\":1,\"choices\":[ ],\"usage\":{\"a\":1}}\n\n";
    static const char beside[] = "data: {\"id\":\"c\",\"choices\":[{\"delta\":{}}],\"model\":\"m\","
                                 "\"usage\":{\"a\":2},\"x\":1}\n\n";
    struct completion chunk = read(alone);
    stream_hold_usage(&stream, DIALECT_CHAT, slice_of(alone), &chunk); /* as it came */
    assert_true(slice_equals(buffer_slice(&stream.held_event), alone));
    chunk = read(beside); /* the last one counts */
    stream_hold_usage(&stream, DIALECT_CHAT, slice_of(beside), &chunk);
    assert_true(slice_equals(buffer_slice(&stream.held_event),
                             "data: {\"object\":\"chat.completion.chunk\",\"id\":\"c\",\"model\":"
                             "\"m\",\"choices\":[],\"usage\":{\"a\":2}}\n\n"));
    assert_false(stream.out.failed);
    buffer_fini(&stream.held_event);
    buffer_init(&stream.held_event, 8);
    stream_hold_usage(&stream, DIALECT_CHAT, slice_of(beside), &chunk);
    assert_true(stream.out.failed);
}

static void a_failure_is_noted_as_far_as_there_is_room(void **state)
{
    (void)state;
    char words[2000];
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    stream_note_failure(&stream, "provider_failed", "It broke.");
    assert_true(stream.failed);
    assert_string_equal(stream_failure(&stream)->code, "provider_failed");
    assert_string_equal(stream_failure(&stream)->message, "It broke.");
    stream_note_failure(&stream, words, words);
    assert_int_equal(strlen(stream_failure(&stream)->code), sizeof stream.failure->code - 1);
    assert_int_equal(strlen(stream_failure(&stream)->message), sizeof stream.failure->message - 1);
}

/* The client has got a comment of the attempt before: when, is still known. */
static void the_next_attempt_begins_anew(void **state)
{
    (void)state;
    static const struct rate_set rates = {.samples = 1};
    stream_append(&stream, slice_of("data: 1\n\n"));
    stream_note_failure(&stream, "provider_failed", "It broke.");
    stream.meter.output.text_bytes = 5;
    stream.written_us = 7;
    stream.done = stream.started = true;
    stream_reset(&stream, &rates);
    assert_int_equal(stream.written_us, 7);
    assert_ptr_equal(stream.meter.rates, &rates);
    assert_int_equal(stream.meter.output.text_bytes, 0);
    assert_int_equal(stream.out.bytes, 0);
    assert_false(stream.failed || stream.done || stream.started);
    assert_string_equal(stream_failure(&stream)->code, "");
    stream_append(&stream, slice_of("data: 2\n\n"));
    assert_true(slice_equals(buffer_slice(&stream.out), "data: 2\n\n"));
}

#define WITH_STREAM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STREAM(events_wait_whole_and_in_order),
        WITH_STREAM(without_its_usage_an_event_is_as_it_was),
        WITH_STREAM(an_event_that_does_not_fit_is_noticed),
        WITH_STREAM(usage_is_held_as_an_event_of_its_own),
        WITH_STREAM(a_failure_is_noted_as_far_as_there_is_room),
        WITH_STREAM(the_next_attempt_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
