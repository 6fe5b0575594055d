/* Answers of the Responses API: what each event says, that a text counts once, and how it ends. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/forms.h"

#define DIALECT DIALECT_RESPONSES
#define EVENT(type, members) "{\"type\":\"response." type "\"," members "}"
#define DELTA(type, text) EVENT(type ".delta", "\"output_index\":0,\"delta\":\"" text "\"")
#define ITEM(event, members)                                                                       \
    EVENT("output_item." event, "\"output_index\":0,\"item\":{" members "}")

static void an_event_says_something(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        bool said;
        int64_t text_bytes, images, audio_bytes;
    } cases[] = {
        {EVENT("created", "\"response\":{\"status\":\"in_progress\"}"), false, 0, 0, 0},
        {EVENT("queued", "\"response\":{\"status\":\"queued\"}"), false, 0, 0, 0},
        {ITEM("added", "\"type\":\"message\",\"content\":[]"), false, 0, 0, 0},
        {ITEM("added", "\"type\":\"reasoning\",\"encrypted_content\":\"QUJD\""), false, 0, 0, 0},
        {ITEM("added", "\"type\":\"function_call\",\"name\":\"read\",\"call_id\":\"c\""), true, 4,
         0, 0},
        {ITEM("added", "\"type\":\"web_search_call\""), true, 0, 0, 0},
        {EVENT("content_part.added", "\"part\":{\"type\":\"output_text\",\"text\":\"\"}"), false, 0,
         0, 0},
        {DELTA("output_text", "h\\u00e9"), true, 3, 0, 0},
        {DELTA("output_text", ""), false, 0, 0, 0},
        {DELTA("reasoning_summary_text", "hm"), true, 2, 0, 0},
        {DELTA("reasoning_text", "hm"), true, 2, 0, 0},
        {DELTA("reasoning", "hm"), true, 2, 0, 0},
        {DELTA("refusal", "No"), true, 2, 0, 0},
        {DELTA("function_call_arguments", "{}"), true, 2, 0, 0},
        {DELTA("custom_tool_call_input", "ls"), true, 2, 0, 0},
        {DELTA("code_interpreter_call_code", "1"), true, 1, 0, 0},
        {DELTA("mcp_call_arguments", "{}"), true, 2, 0, 0},
        {DELTA("tomorrow", "abc"), true, 3, 0, 0},
        {DELTA("audio", "QUJD"), true, 0, 0, 4},
        {EVENT("audio.transcript.delta", "\"delta\":\"ab\""), true, 2, 0, 0},
        {EVENT("shell_call_output_content.delta", "\"delta\":{\"stdout\":\"much\"}"), true, 0, 0,
         0},
        {EVENT("image_generation_call.partial_image", "\"partial_image_b64\":\"QUJD\""), true, 0, 0,
         0},
        /* once more what the deltas had */
        {EVENT("output_text.done", "\"text\":\"hello\""), false, 0, 0, 0},
        {EVENT("content_part.done", "\"part\":{\"text\":\"hello\"}"), false, 0, 0, 0},
        {EVENT("function_call_arguments.done", "\"arguments\":\"{}\""), false, 0, 0, 0},
        {ITEM("done", "\"type\":\"message\",\"content\":[{\"text\":\"hello\"}]"), true, 0, 0, 0},
        {ITEM("done", "\"type\":\"image_generation_call\",\"result\":\"QUJD\""), true, 0, 1, 0},
        {ITEM("done", "\"type\":\"message\",\"content\":[]"), false, 0, 0, 0},
        {EVENT("web_search_call.searching", "\"item_id\":\"x\""), false, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT, NULL, cases[i].event);
        if (facts.said != cases[i].said || facts.sizes.text_bytes != cases[i].text_bytes ||
            facts.sizes.image_count != cases[i].images ||
            facts.sizes.audio_bytes != cases[i].audio_bytes || facts.kind != ANSWER_PASSES)
            fail_msg("%d, %lld bytes, %lld pictures, %lld of sound: %s", facts.said,
                     (long long)facts.sizes.text_bytes, (long long)facts.sizes.image_count,
                     (long long)facts.sizes.audio_bytes, cases[i].event);
        assert_null(facts.finish_reason);
    }
    form_assert_slice(form_event(DIALECT, NULL, DELTA("output_text", "a\\nb")).text, "a\\nb");
}

/* A provider that sends items without deltas is not free. */
static void an_item_without_deltas_counts(void **state)
{
    (void)state;
    struct answer_state *answer = answer_state_new();
    static const struct {
        const char *event;
        int64_t text_bytes;
    } events[] = {
        {ITEM("added", "\"type\":\"message\",\"content\":[]"), 0},
        {ITEM("done", "\"type\":\"message\",\"content\":[{\"text\":\"hello\",\"annotations\":[{"
                      "\"title\":\"x\"}]}]"),
         5},
        {ITEM("added", "\"type\":\"message\",\"content\":[]"), 0},
        {DELTA("output_text", "hel"), 3},
        {DELTA("output_text", "lo"), 2},
        {ITEM("done", "\"type\":\"message\",\"content\":[{\"text\":\"hello\"}]"), 0},
        {ITEM("added", "\"type\":\"function_call\",\"name\":\"f\""), 1},
        {ITEM("done", "\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\""), 2},
        {ITEM("done", "\"type\":\"custom_tool_call\",\"name\":\"f\",\"input\":\"ls\""),
         3}, /* not begun */
        {ITEM("added", "\"type\":\"reasoning\""), 0},
        {DELTA("reasoning_summary_text", "hm"), 2},
        {EVENT("reasoning_summary_part.done", "\"output_index\":0,\"part\":{\"text\":\"hm\"}"), 0},
        {ITEM("done", "\"type\":\"reasoning\",\"summary\":[{\"text\":\"hm\"}],"
                      "\"encrypted_content\":\"QUJDQUJD\""),
         0},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct answer_facts facts = form_event(DIALECT, answer, events[i].event);
        if (facts.sizes.text_bytes != events[i].text_bytes)
            fail_msg("%lld: %s", (long long)facts.sizes.text_bytes, events[i].event);
    }
    answer_state_free(answer);
}

static void tells_the_ends_apart(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        enum answer_kind kind;
        const char *finish;
    } cases[] = {
        {EVENT("completed", "\"response\":{\"status\":\"completed\",\"output\":[]}"), ANSWER_ENDS,
         "stop"},
        {EVENT("completed", "\"response\":{}"), ANSWER_ENDS, "stop"},
        {EVENT("completed",
               "\"response\":{\"status\":\"completed\",\"output\":[{\"type\":\"function_call\"}]}"),
         ANSWER_ENDS, "tool_calls"},
        {EVENT("incomplete", "\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{"
                             "\"reason\":\"max_output_tokens\"}}"),
         ANSWER_ENDS, "length"},
        {EVENT("incomplete", "\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{"
                             "\"reason\":\"content_filter\"}}"),
         ANSWER_ENDS, "content_filter"},
        {EVENT("incomplete", "\"response\":null"), ANSWER_ENDS, "length"},
        {EVENT("failed",
               "\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\"}}"),
         ANSWER_FAILS, NULL},
        {"{\"type\":\"error\",\"message\":\"busy\"}", ANSWER_FAILS, NULL},
        {"{\"error\":{\"message\":\"busy\"}}", ANSWER_FAILS, NULL},
        {"{\"type\":\"keepalive\",\"sequence_number\":3}", ANSWER_IGNORED, NULL},
        {"{\"type\":\"ping\"}", ANSWER_IGNORED, NULL},
        {"{}", ANSWER_IGNORED, NULL},
        {"{\"type\":5}", ANSWER_IGNORED, NULL},
        {"{\"type\":\"codex.rate_limits\"}", ANSWER_PASSES, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT, NULL, cases[i].event);
        if (facts.kind != cases[i].kind ||
            (facts.finish_reason == NULL) != (cases[i].finish == NULL))
            fail_msg("%d, %s: %s", facts.kind, facts.finish_reason ? facts.finish_reason : "",
                     cases[i].event);
        if (cases[i].finish != NULL)
            assert_string_equal(facts.finish_reason, cases[i].finish);
        assert_int_equal(facts.said, cases[i].kind == ANSWER_ENDS);
        if (facts.kind == ANSWER_FAILS)
            form_assert_slice(facts.error.raw, cases[i].event);
    }
}

#define RESPONSE                                                                                   \
    "{\"status\":\"completed\",\"model\":\"gpt\",\"service_tier\":\"flex\","                       \
    "\"usage\":{\"input_tokens\":5},\"tool_usage\":{},\"output\":[{\"type\":\"message\","          \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}]}"

static void check_prices(const struct answer_facts *facts)
{
    form_assert_slice(facts->holder.raw, RESPONSE);
    form_assert_slice(facts->model.raw, "\"gpt\"");
    form_assert_slice(facts->service_tier.raw, "\"flex\"");
    form_assert_slice(facts->usage.raw, "{\"input_tokens\":5}");
    form_assert_slice(facts->beside.tool_usage.raw, "{}");
    assert_int_equal(facts->beside.output.type, JSON_ARRAY);
}

static void finds_what_decides_the_price(void **state)
{
    (void)state;
    struct answer_facts facts =
        form_event(DIALECT, NULL, EVENT("completed", "\"response\":" RESPONSE));
    check_prices(&facts);
    assert_int_equal(facts.sizes.text_bytes, 0);
    facts = form_event(DIALECT, NULL, EVENT("in_progress", "\"response\":{\"model\":\"gpt\"}"));
    form_assert_slice(facts.model.raw, "\"gpt\"");
    assert_int_equal(facts.usage.type, JSON_NULL);
}

static void reads_plain_answers(void **state)
{
    (void)state;
    struct answer_facts facts = form_answer(DIALECT, RESPONSE);
    check_prices(&facts);
    assert_int_equal(facts.kind, ANSWER_PASSES);
    assert_int_equal(facts.sizes.text_bytes, 5);
    assert_true(facts.said);
    assert_string_equal(facts.finish_reason, "stop");
    assert_int_equal(form_answer(DIALECT, "{\"status\":\"failed\"}").kind, ANSWER_FAILS);
    assert_int_equal(form_answer(DIALECT, "{\"error\":{\"message\":\"no\"}}").kind, ANSWER_FAILS);
    facts = form_answer(DIALECT, "{\"error\":null,\"status\":\"in_progress\",\"output\":[]}");
    assert_int_equal(facts.kind, ANSWER_PASSES);
    assert_null(facts.finish_reason);
    assert_false(facts.said);
}

/* What a tool has found, and what is sealed, the model has not generated. */
static void measures_items(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        int64_t text_bytes;
    } cases[] = {
        {"\"type\":\"reasoning\",\"summary\":[{\"text\":\"ab\"}],\"content\":[{"
         "\"text\":\"c\"}],\"encrypted_content\":\"QUJD\"",
         3},
        {"\"type\":\"function_call\",\"id\":\"i\",\"call_id\":\"c\",\"name\":\"f\","
         "\"arguments\":\"{}\"",
         3},
        {"\"type\":\"code_interpreter_call\",\"code\":\"1+1\",\"outputs\":[{\"logs\":\"much\"}]",
         3},
        {"\"type\":\"mcp_call\",\"name\":\"f\",\"arguments\":\"{}\",\"output\":\"much\"", 3},
        {"\"type\":\"file_search_call\",\"results\":[{\"text\":\"much\"}]", 0},
        {"\"type\":\"local_shell_call\",\"action\":{\"type\":\"exec\",\"command\":[\"ls\",\"-l\"]}",
         4},
        {"\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"No\"}]", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"status\":\"completed\",\"output\":[{%s}]}", cases[i].item);
        struct answer_facts facts = form_answer(DIALECT, text);
        if (facts.sizes.text_bytes != cases[i].text_bytes)
            fail_msg("%lld: %s", (long long)facts.sizes.text_bytes, text);
    }
}

static void anything_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "5",
        "[]",
        "null",
        EVENT("completed", "\"response\":5"),
        EVENT("created", "\"response\":[]"),
        EVENT("output_item.added", "\"item\":5"),
        EVENT("output_item.done", "\"item\":[]"),
        EVENT("content_part.added", "\"part\":5"),
        EVENT("content_part.done", "\"part\":5"),
        EVENT("output_text.delta", "\"delta\":5"),
        EVENT("audio.delta", "\"delta\":5"),
        "{\"type\":\"response.output_item.done\",\"output_index\":1e300,\"sequence_number\":-5}",
        "{\"type\":\"response.output_item.done\",\"sequence_number\":9223372036854775807}",
    };
    struct answer_state *answer = answer_state_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        (void)form_event(DIALECT, NULL, texts[i]);
        (void)form_event(DIALECT, answer, texts[i]);
        (void)form_answer(DIALECT, texts[i]);
    }
    assert_false(answer->begun);
    answer_state_free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_says_something), cmocka_unit_test(an_item_without_deltas_counts),
        cmocka_unit_test(tells_the_ends_apart),    cmocka_unit_test(finds_what_decides_the_price),
        cmocka_unit_test(reads_plain_answers),     cmocka_unit_test(measures_items),
        cmocka_unit_test(anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
