/* Anthropic's answers: what each event says, how the answer ends, and what it counts. */
#include "base/support.h"

#include "dialect/forms.h"

#define DIALECT DIALECT_ANTHROPIC
#define START(block) "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{" block "}}"
#define DELTA(delta) "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{" delta "}}"
#define STOPS(reason)                                                                              \
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                             \
    "\"},\"usage\":{\"output_tokens\":3}}"

static void an_event_says_something(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        bool said;
        int64_t text_bytes;
    } cases[] = {
        {"{\"type\":\"message_start\",\"message\":{\"role\":\"assistant\",\"content\":[]}}", false,
         0},
        {START("\"type\":\"text\",\"text\":\"\""), false, 0},
        {START("\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"QUJD\""), false, 0},
        {START("\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"read\",\"input\":{}"), true, 4},
        {START("\"type\":\"redacted_thinking\",\"data\":\"QUJD\""), true, 4},
        {START("\"type\":\"web_search_tool_result\",\"content\":[{\"title\":\"much\"}]"), true, 0},
        {DELTA("\"type\":\"text_delta\",\"text\":\"h\\u00e9\""), true, 3},
        {DELTA("\"type\":\"text_delta\",\"text\":\"\""), false, 0},
        {DELTA("\"type\":\"thinking_delta\",\"thinking\":\"hm\""), true, 2},
        {DELTA("\"type\":\"signature_delta\",\"signature\":\"QUJD\""), false, 0},
        {DELTA("\"type\":\"input_json_delta\",\"partial_json\":\"{}\""), true, 2},
        {DELTA("\"type\":\"citations_delta\",\"citation\":{\"cited_text\":\"much\"}"), false, 0},
        {"{\"type\":\"content_block_stop\",\"index\":0}", false, 0},
        {"{\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":3}}", false, 0},
        {"{\"type\":\"tomorrow\",\"text\":\"a\"}", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT, NULL, cases[i].event);
        if (facts.said != cases[i].said || facts.sizes.text_bytes != cases[i].text_bytes ||
            facts.kind != ANSWER_PASSES)
            fail_msg("%d, %lld bytes: %s", facts.said, (long long)facts.sizes.text_bytes,
                     cases[i].event);
        assert_null(facts.finish_reason);
    }
    form_assert_slice(
        form_event(DIALECT, NULL, DELTA("\"type\":\"text_delta\",\"text\":\"a\\nb\"")).text,
        "a\\nb");
}

static void tells_the_ends_apart(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        enum answer_kind kind;
        const char *finish;
    } cases[] = {
        {STOPS("end_turn"), ANSWER_CLOSES, "stop"},
        {STOPS("stop_sequence"), ANSWER_CLOSES, "stop"},
        {STOPS("pause_turn"), ANSWER_CLOSES, "stop"},
        {STOPS("tool_use"), ANSWER_CLOSES, "tool_calls"},
        {STOPS("max_tokens"), ANSWER_CLOSES, "length"},
        {STOPS("model_context_window_exceeded"), ANSWER_CLOSES, "length"},
        {STOPS("refusal"), ANSWER_CLOSES, "content_filter"},
        {STOPS("tomorrow"), ANSWER_CLOSES, "stop"},
        {STOPS(""), ANSWER_PASSES, NULL},
        {"{\"type\":\"message_stop\"}", ANSWER_ENDS, NULL},
        {"{\"type\":\"ping\"}", ANSWER_IGNORED, NULL},
        {"{\"type\":5}", ANSWER_IGNORED, NULL},
        {"{}", ANSWER_IGNORED, NULL},
        {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}", ANSWER_FAILS, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT, NULL, cases[i].event);
        if (facts.kind != cases[i].kind)
            fail_msg("%d: %s", facts.kind, cases[i].event);
        if (cases[i].finish == NULL)
            assert_null(facts.finish_reason);
        else
            assert_string_equal(facts.finish_reason, cases[i].finish);
        if (facts.kind == ANSWER_FAILS)
            form_assert_slice(facts.error.raw, cases[i].event);
    }
}

static void finds_what_decides_the_price(void **state)
{
    (void)state;
    struct answer_facts facts =
        form_event(DIALECT, NULL,
                   "{\"type\":\"message_start\",\"message\":{\"model\":\"claude\","
                   "\"usage\":{\"input_tokens\":5}}}");
    form_assert_slice(facts.holder.raw, "{\"model\":\"claude\",\"usage\":{\"input_tokens\":5}}");
    form_assert_slice(facts.model.raw, "\"claude\"");
    form_assert_slice(facts.usage.raw, "{\"input_tokens\":5}");
    facts = form_event(DIALECT, NULL, STOPS("end_turn"));
    form_assert_slice(facts.holder.raw, STOPS("end_turn"));
    form_assert_slice(facts.usage.raw, "{\"output_tokens\":3}");
}

static void reads_plain_answers(void **state)
{
    (void)state;
    struct answer_facts facts = form_answer(
        DIALECT,
        "{\"type\":\"message\",\"model\":\"claude\",\"stop_reason\":\"tool_use\",\"content\":["
        "{\"type\":\"text\",\"text\":\"abc\",\"citations\":[{\"cited_text\":\"much\"}]},"
        "{\"type\":\"tool_use\",\"name\":\"f\",\"input\":{\"a\":\"b\"}}],"
        "\"usage\":{\"input_tokens\":5}}");
    assert_int_equal(facts.kind, ANSWER_PASSES);
    assert_true(facts.said);
    assert_int_equal(facts.sizes.text_bytes, 3 + 1 + 1);
    assert_string_equal(facts.finish_reason, "tool_calls");
    form_assert_slice(facts.usage.raw, "{\"input_tokens\":5}");
    form_assert_slice(facts.model.raw, "\"claude\"");
    assert_int_equal(form_answer(DIALECT, "{\"type\":\"error\",\"error\":{}}").kind, ANSWER_FAILS);
    assert_int_equal(form_answer(DIALECT, "{\"error\":{\"message\":\"no\"}}").kind, ANSWER_FAILS);
}

static void anything_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "5",
        "[]",
        "{\"type\":\"message_start\",\"message\":5}",
        "{\"type\":\"message_delta\",\"delta\":5,\"usage\":5}",
        "{\"type\":\"content_block_start\",\"content_block\":5,\"index\":\"a\"}",
        "{\"type\":\"content_block_start\",\"index\":1e300}",
        "{\"type\":\"content_block_delta\",\"delta\":[]}",
        "{\"content\":5,\"stop_reason\":5}",
        "{\"content\":[5]}",
    };
    struct answer_state *answer = answer_state_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_null(form_event(DIALECT, NULL, texts[i]).finish_reason);
        assert_null(form_event(DIALECT, answer, texts[i]).finish_reason);
        assert_null(form_answer(DIALECT, texts[i]).finish_reason);
    }
    answer_state_free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_says_something),
        cmocka_unit_test(tells_the_ends_apart),
        cmocka_unit_test(finds_what_decides_the_price),
        cmocka_unit_test(reads_plain_answers),
        cmocka_unit_test(anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
