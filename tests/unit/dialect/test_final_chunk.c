/* The chunks at the end of a stream: what was charged is what they say. */
#include "base/support.h"

#include <string.h>

#include "dialect/choices.h"
#include "dialect/final_chunk.h"
#include "dialect/parsed.h"

#define HEAD "{\"object\":\"chat.completion.chunk\",\"id\":\"c\",\"created\":1.0e1,\"model\":\"m\""

#define TEXT_HEAD "{\"object\":\"text_completion\",\"id\":\"c\",\"model\":\"m\""

static struct buffer out;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_fini(&out);
    return 0;
}

static void a_head_is_as_the_provider_wrote_it(void **state)
{
    (void)state;
    struct json_value chunk = parsed(
        "{\"model\" : \"m\",\"choices\":[],\"created\":1.0e1,\"object\":\"x\",\"id\":\"c\"}");
    final_chunk_head(DIALECT_CHAT, &chunk, &out);
    assert_written(&out, HEAD);
    chunk = parsed("{\"choices\":[]}");
    final_chunk_head(DIALECT_CHAT, &chunk, &out);
    assert_written(&out, "{\"object\":\"chat.completion.chunk\"");
}

static void each_choice_that_has_not_ended_is_short(void **state)
{
    (void)state;
    static const uint64_t second[2] = {1U << 1, 0};
    final_chunk_length(DIALECT_CHAT, slice_of(HEAD), 3, second, slice_of("{\"code\":\"x\"}"), &out);
    assert_written(&out, "data: " HEAD
                         ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"},"
                         "{\"index\":2,\"delta\":{},\"finish_reason\":\"length\"}],"
                         "\"metadata\":{\"code\":\"x\"}}\n\n");
    static const uint64_t most[2] = {UINT64_MAX, UINT64_MAX - 2};
    final_chunk_length(DIALECT_CHAT, slice_of(HEAD), 66, most, slice_of(""), &out);
    assert_written(&out, "data: " HEAD ",\"choices\":[{\"index\":65,\"delta\":{},\"finish_reason\":"
                         "\"length\"}]}\n\n");
    static const uint64_t all[2] = {UINT64_MAX, UINT64_MAX}; /* of the next nothing is known */
    final_chunk_length(DIALECT_CHAT, slice_of(HEAD), CHOICES_KNOWN + 1, all, slice_of(""), &out);
    assert_written(&out,
                   "data: " HEAD ",\"choices\":[{\"index\":128,\"delta\":{},\"finish_reason\":"
                   "\"length\"}]}\n\n");
}

static void a_completion_has_text_and_no_delta(void **state)
{
    (void)state;
    static const uint64_t none[2] = {0, 0};
    struct json_value chunk = parsed("{\"id\":\"c\",\"model\":\"m\"}");
    final_chunk_head(DIALECT_COMPLETIONS, &chunk, &out);
    assert_written(&out, TEXT_HEAD);
    final_chunk_length(DIALECT_COMPLETIONS, slice_of(TEXT_HEAD), 1, none, slice_of(""), &out);
    assert_written(&out, "data: " TEXT_HEAD ",\"choices\":[{\"index\":0,\"text\":\"\","
                         "\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n");
}

static const struct final_usage charged = {
    .prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 5, .charge_nusd = 540000};

static void usage_has_the_counts_that_were_charged(void **state)
{
    (void)state;
    final_chunk_usage(slice_of(HEAD), &charged, &out);
    assert_written(&out,
                   "data: " HEAD ",\"choices\":[],\"usage\":{\"cost\":0.00054,\"prompt_tokens\":10,"
                   "\"completion_tokens\":5,\"total_tokens\":15}}\n\n");
}

#define DETAILS(cached) ",\"prompt_tokens_details\":{\"cached_tokens\":" cached "}"
#define EVENT(members) "data: {\"id\":\"c\",\"choices\":[],\"usage\":{" members "}}\n\n"
#define COUNTS(prompt, completion) "\"prompt_tokens\":" prompt ",\"completion_tokens\":" completion

static void an_event_with_these_counts_gets_the_cost(void **state)
{
    (void)state;
    static const char event[] = EVENT(COUNTS("10", "5") DETAILS("4") ",\"cost\":7,\"x\":[ ]");
    assert_true(final_chunk_priced(slice_of(event), &charged, &out));
    assert_written(&out, EVENT(COUNTS("10", "5") DETAILS("4") ",\"cost\":0.00054,\"x\":[ ]"));
    struct final_usage uncached = charged;
    uncached.cached_tokens = 0;
    assert_true(final_chunk_priced(slice_of(EVENT(COUNTS("10", "5"))), &uncached, &out));
    assert_written(&out, EVENT("\"cost\":0.00054," COUNTS("10", "5")));
}

static void an_event_with_other_counts_is_not_told(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "data: [DONE]\n\n",
        "data: {\"id\":\"c\"}\n\n",
        EVENT(""),
        EVENT(COUNTS("11", "5") DETAILS("4")),
        EVENT(COUNTS("10", "6") DETAILS("4")),
        EVENT(COUNTS("10", "5") DETAILS("3")),
        EVENT(COUNTS("10", "5")),
        EVENT(COUNTS("0", "0")),
        "data: {\"usage\":{" COUNTS("10", "5") DETAILS("4") "},\"usage\":{}}\n\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (final_chunk_priced(slice_of(others[i]), &charged, &out) || out.bytes > 0)
            fail_msg("told: %s", others[i]);
    }
}

static void an_error_stands_alone_in_its_event(void **state)
{
    (void)state;
    final_chunk_error("It \"broke\".\n", "server_error", "provider_failed", &out);
    assert_written(&out, "data: {\"error\":{\"message\":\"It \\\"broke\\\".\\n\",\"type\":"
                         "\"server_error\",\"param\":null,\"code\":\"provider_failed\"}}\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_head_is_as_the_provider_wrote_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_completion_has_text_and_no_delta, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_choice_that_has_not_ended_is_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(usage_has_the_counts_that_were_charged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_with_these_counts_gets_the_cost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_event_with_other_counts_is_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_stands_alone_in_its_event, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
