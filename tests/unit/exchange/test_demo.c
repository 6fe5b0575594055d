/* The built-in provider: an answer as of any other, and none that nobody wants. */
#include "base/support.h"

#include <string.h>

#include "dialect/completion.h"
#include "exchange/demo.h"
#include "exchange/local_call.h"
#include "exchange/meter.h"
#include "exchange/provider.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]"
#define DELTA "\"delta\":{\"content\":"

enum { WORDS = 28 };

static struct local_call *demo;
static struct model_request asks;
static struct buffer text; /* ends with a NUL */
static char content_type[32];
static unsigned heads, ends;
static bool unwanted; /* ended at its head */

static void on_head(const struct upstream_head *head, void *arg)
{
    (void)arg;
    heads++;
    assert_int_equal(head->status, 200);
    assert_int_equal(head->retry_after_ms, -1);
    slice_copy(head->content_type, content_type, sizeof content_type);
    if (unwanted)
        local_call_free(demo);
}

static void on_data(struct slice data, void *arg)
{
    (void)arg;
    assert_false(unwanted);
    buffer_append_slice(&text, data);
    buffer_append_char(&text, '\0');
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    (void)arg;
    assert_int_equal(end, UPSTREAM_COMPLETE);
    assert_string_equal(detail, "");
    ends++;
}

static int set_up(void **state)
{
    buffer_init(&text, 1 << 20);
    heads = ends = 0;
    unwanted = false;
    return provider_set_up(state);
}

static int tear_down(void **state)
{
    buffer_fini(&text);
    return provider_tear_down(state);
}

static void start(const char *body, int64_t output_tokens_max)
{
    const struct upstream_events events = {on_head, on_data, on_end, NULL};
    const struct demo_request request = {.asks = &asks,
                                         .exchange_id = "req_1",
                                         .model = "a \"demo\"",
                                         .created_ms = 5999,
                                         .output_tokens_max = output_tokens_max};
    heads = ends = 0;
    provider_read_chat(body, &asks);
    demo = demo_start(provider_loop, &request, &events);
    assert_int_equal(heads, 0); /* not from inside */
}

/* The whole answer. */
static const char *answer(const char *body, int64_t output_tokens_max)
{
    buffer_reset(&text);
    start(body, output_tokens_max);
    provider_stop();
    provider_run();
    local_call_free(demo);
    return text.data;
}

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (; (in = strstr(in, what)) != NULL; in += strlen(what))
        n++;
    return n;
}

static void assert_usage(const struct json_value *usage, int64_t prompt, int64_t completion)
{
    struct meter meter = {.reported = false};
    assert_true(meter_read_usage(&meter, usage));
    assert_false(meter.flawed);
    assert_int_equal(meter.tokens.input, prompt);
    assert_int_equal(meter.tokens.output, completion);
}

static void a_plain_answer_is_a_completion(void **state)
{
    (void)state;
    struct completion completion;
    struct meter meter = {.reported = false};
    assert_true(completion_read(slice_of(answer("{\"model\":\"m\",\"n\":2," MESSAGES "}", 0)),
                                &completion));
    assert_string_equal(content_type, "application/json");
    assert_int_equal(heads + ends, 2);
    meter_read_choices(&meter, &completion.choices);
    assert_int_equal(meter_choices_ended(&meter), 2);
    assert_string_equal(meter.finish_reason, "stop");
    assert_int_equal(count(text.data, "This is the demo model of LLM Gateway."), 2);
    assert_true(slice_starts_with(completion.root.raw,
                                  "{\"id\":\"chatcmpl-req_1\",\"object\":\"chat.completion\","
                                  "\"created\":5,\"model\":\"a \\\"demo\\\"\","));
    assert_usage(&completion.usage, meter_estimate(asks.prompt.text_bytes), 2 * WORDS);
}

static void a_stream_says_a_word_in_each_event(void **state)
{
    (void)state;
    const char *stream = answer("{\"model\":\"m\",\"n\":2,\"stream\":true," MESSAGES "}", 0);
    assert_string_equal(content_type, "text/event-stream");
    assert_int_equal(count(stream, DELTA), 2 * WORDS);
    assert_int_equal(count(stream, "\"finish_reason\":\"stop\""), 2);
    assert_int_equal(count(stream, "data: {"), 2 * (WORDS + 2) + 1);
    assert_int_equal(count(stream, "\"usage\":"), 1);
    assert_string_equal(stream + strlen(stream) - strlen("data: [DONE]\n\n"), "data: [DONE]\n\n");
}

/* The lower one of the client's limit and ours. */
static void a_limit_makes_it_short(void **state)
{
    (void)state;
    static const char limited[] = "{\"model\":\"m\",\"max_tokens\":3,\"stream\":true," MESSAGES "}";
    static const char unlimited[] = "{\"model\":\"m\",\"stream\":true," MESSAGES "}";
    assert_int_equal(count(answer(limited, 0), DELTA), 3);
    assert_int_equal(count(text.data, "\"finish_reason\":\"length\""), 1);
    assert_int_equal(count(text.data, "\"completion_tokens\":3,"), 1);
    assert_int_equal(count(answer(limited, 2), DELTA), 2);
    assert_int_equal(count(answer(limited, 4), DELTA), 3);
    assert_int_equal(count(answer(unlimited, 2), DELTA), 2);
    assert_int_equal(count(answer(unlimited, WORDS), DELTA), WORDS);
    assert_int_equal(count(text.data, "\"finish_reason\":\"stop\""), 1);
}

static void who_does_not_want_it_is_told_no_more(void **state)
{
    (void)state;
    start("{\"model\":\"m\"," MESSAGES "}", 0);
    local_call_free(demo);
    provider_stop();
    provider_run();
    assert_int_equal(heads, 0);
    unwanted = true; /* in the middle of its events */
    start("{\"model\":\"m\"," MESSAGES "}", 0);
    provider_stop();
    provider_run();
    assert_int_equal(heads, 1);
    assert_int_equal(ends + text.bytes, 0);
    local_call_free(NULL);
}

#define WITH_DEMO(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DEMO(a_plain_answer_is_a_completion),
        WITH_DEMO(a_stream_says_a_word_in_each_event),
        WITH_DEMO(a_limit_makes_it_short),
        WITH_DEMO(who_does_not_want_it_is_told_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
