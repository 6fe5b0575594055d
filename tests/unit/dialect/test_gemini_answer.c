/* Gemini's answers: what a chunk says, how it ends, and what it counts. */
#include "base/support.h"

#include "dialect/forms.h"

#define CANDIDATE(members) "{\"candidates\":[{" members "}]}"
#define PARTS(members) CANDIDATE("\"content\":{\"role\":\"model\",\"parts\":[{" members "}]}")
#define FINISH(reason) CANDIDATE("\"content\":{},\"finishReason\":\"" reason "\",\"index\":0")

static void a_chunk_says_something(void **state)
{
    (void)state;
    static const struct {
        const char *chunk;
        bool said;
        int64_t text_bytes, images, audio_bytes;
    } cases[] = {
        {"{}", false, 0, 0, 0},
        {"{\"responseId\":\"r\",\"usageMetadata\":{\"promptTokenCount\":5}}", false, 0, 0, 0},
        {CANDIDATE("\"content\":{\"role\":\"model\"}"), false, 0, 0, 0},
        {CANDIDATE("\"safetyRatings\":[{\"category\":\"a\"}]"), false, 0, 0, 0},
        {PARTS("\"text\":\"\""), false, 0, 0, 0},
        {PARTS("\"text\":\"h\\u00e9\""), true, 3, 0, 0},
        {PARTS("\"text\":\"hm\",\"thought\":true,\"thoughtSignature\":\"QUJD\""), true, 2, 0, 0},
        {PARTS("\"thoughtSignature\":\"QUJD\""), false, 0, 0, 0},
        {PARTS("\"functionCall\":{\"name\":\"f\",\"args\":{\"n\":12}}"), true, 28, 0, 0},
        {PARTS("\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"QUJD\"}"), true, 0, 1, 0},
        {PARTS("\"inline_data\":{\"mime_type\":\"audio/wav\",\"data\":\"QUJD\"}"), true, 0, 0, 4},
        {PARTS("\"inlineData\":{\"mimeType\":\"video/mp4\",\"data\":\"QUJD\"}"), true, 0, 1, 0},
        {PARTS("\"executableCode\":{\"code\":\"1\"}"), true, 12, 0, 0},
        {PARTS("\"codeExecutionResult\":{\"output\":\"much\"}"), true, 0, 0, 0},
        {CANDIDATE("\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"bc\"}]}},"
                   "{\"index\":1,\"content\":{\"parts\":[{\"text\":\"d\"}]}"),
         true, 4, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT_GEMINI, NULL, cases[i].chunk);
        if (facts.said != cases[i].said || facts.sizes.text_bytes != cases[i].text_bytes ||
            facts.sizes.image_count != cases[i].images ||
            facts.sizes.audio_bytes != cases[i].audio_bytes)
            fail_msg("%lld bytes, %lld pictures, %lld of sound: %s",
                     (long long)facts.sizes.text_bytes, (long long)facts.sizes.image_count,
                     (long long)facts.sizes.audio_bytes, cases[i].chunk);
        assert_int_equal(facts.kind, ANSWER_PASSES);
    }
    struct answer_facts facts = form_event(DIALECT_GEMINI, NULL, PARTS("\"text\":\"a\\nb\""));
    form_assert_slice(facts.text, "a\\nb");
}

static void knows_the_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *chunk, *finish;
    } cases[] = {
        {FINISH("STOP"), "stop"},
        {FINISH("MAX_TOKENS"), "length"},
        {FINISH("CONTINUATION"), "length"},
        {FINISH("SAFETY"), "content_filter"},
        {FINISH("PROHIBITED_CONTENT"), "content_filter"},
        {FINISH("MALFORMED_FUNCTION_CALL"), "stop"},
        {FINISH("TOMORROW"), "stop"},
        {CANDIDATE("\"finish_reason\":\"STOP\""), "stop"},
        {CANDIDATE("\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
                   "\"finishReason\":\"STOP\""),
         "tool_calls"},
        {CANDIDATE("\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
                   "\"finishReason\":\"MAX_TOKENS\""),
         "length"},
        {"{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", "content_filter"},
        {"{\"prompt_feedback\":{\"block_reason\":\"OTHER\"}}", "content_filter"},
        {FINISH("FINISH_REASON_UNSPECIFIED"), NULL},
        {FINISH(""), NULL},
        {"{\"promptFeedback\":{\"safetyRatings\":[]}}", NULL},
        {"{\"promptFeedback\":{\"blockReason\":\"BLOCKED_REASON_UNSPECIFIED\"}}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_facts facts = form_event(DIALECT_GEMINI, NULL, cases[i].chunk);
        bool ends = cases[i].finish != NULL;
        assert_int_equal(facts.kind, ends ? ANSWER_CLOSES : ANSWER_PASSES);
        assert_int_equal(facts.said, ends);
        if (ends)
            assert_string_equal(facts.finish_reason, cases[i].finish);
        else
            assert_null(facts.finish_reason);
    }
}

static void finds_what_decides_the_price(void **state)
{
    (void)state;
    static const char chunk[] =
        "{\"candidates\":[{\"groundingMetadata\":{\"webSearchQueries\":[\"a\"]}}],"
        "\"usageMetadata\":{\"promptTokenCount\":5,\"trafficType\":\"ON_DEMAND_PRIORITY\"},"
        "\"modelVersion\":\"gemini-x\"}";
    struct answer_facts facts = form_event(DIALECT_GEMINI, NULL, chunk);
    form_assert_slice(facts.holder.raw, chunk);
    form_assert_slice(facts.model.raw, "\"gemini-x\"");
    form_assert_slice(facts.service_tier.raw, "\"priority\"");
    form_assert_slice(facts.usage.raw,
                      "{\"promptTokenCount\":5,\"trafficType\":\"ON_DEMAND_PRIORITY\"}");
    assert_int_equal(facts.beside.candidates.type, JSON_ARRAY);
    facts = form_event(DIALECT_GEMINI, NULL,
                       "{\"usage_metadata\":{\"service_tier\":\"flex\"},\"model_version\":\"n\"}");
    form_assert_slice(facts.service_tier.raw, "\"flex\"");
    form_assert_slice(facts.model.raw, "\"n\"");
    facts = form_event(DIALECT_GEMINI, NULL, "{\"usageMetadata\":{\"trafficType\":\"ON_DEMAND\"}}");
    assert_int_equal(facts.service_tier.type, JSON_NULL);
    /* one of tomorrow is a tier, so that somebody hears of it */
    facts = form_event(DIALECT_GEMINI, NULL,
                       "{\"usageMetadata\":{\"trafficType\":\"ON_DEMAND_TURBO\"}}");
    form_assert_slice(facts.service_tier.raw, "\"ON_DEMAND_TURBO\"");
}

static void an_error_fails(void **state)
{
    (void)state;
    static const char error[] = "{\"error\":{\"code\":503,\"message\":\"busy\"}}";
    struct answer_facts facts = form_event(DIALECT_GEMINI, NULL, error);
    assert_int_equal(facts.kind, ANSWER_FAILS);
    form_assert_slice(facts.error.raw, error);
    assert_false(facts.said);
    assert_int_equal(form_answer(DIALECT_GEMINI, error).kind, ANSWER_FAILS);
    assert_int_equal(form_event(DIALECT_GEMINI, NULL, "{\"error\":null}").kind, ANSWER_PASSES);
}

static void reads_plain_answers(void **state)
{
    (void)state;
    struct answer_facts facts = form_answer(
        DIALECT_GEMINI, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"abc\"}]},"
                        "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5}}");
    assert_int_equal(facts.kind, ANSWER_PASSES);
    assert_true(facts.said);
    assert_int_equal(facts.sizes.text_bytes, 3);
    assert_string_equal(facts.finish_reason, "stop");
    assert_int_equal(facts.usage.type, JSON_OBJECT);
}

/* A stream without events: the counts of its last chunk hold. */
static void reads_a_list_of_chunks(void **state)
{
    (void)state;
    struct answer_facts facts =
        form_answer(DIALECT_GEMINI,
                    "[" PARTS("\"text\":\"ab\"") ",{\"candidates\":[{\"finishReason\":\"STOP\"}],"
                                                 "\"usageMetadata\":{\"promptTokenCount\":7}}]");
    assert_int_equal(facts.sizes.text_bytes, 2);
    assert_string_equal(facts.finish_reason, "stop");
    form_assert_slice(facts.usage.raw, "{\"promptTokenCount\":7}");
    facts = form_answer(DIALECT_GEMINI, "[{\"error\":{\"code\":400}}]");
    assert_int_equal(facts.kind, ANSWER_FAILS);
}

static void anything_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "5",
        "[]",
        "[5]",
        "null",
        "{\"candidates\":5}",
        "{\"candidates\":[5]}",
        CANDIDATE("\"content\":5"),
        CANDIDATE("\"content\":{\"parts\":5}"),
        CANDIDATE("\"content\":{\"parts\":[5]}"),
        PARTS("\"inlineData\":5"),
        "{\"usageMetadata\":5,\"promptFeedback\":5,\"modelVersion\":5}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_null(form_answer(DIALECT_GEMINI, texts[i]).finish_reason);
        assert_int_equal(form_event(DIALECT_GEMINI, NULL, texts[i]).kind, ANSWER_PASSES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_says_something),
        cmocka_unit_test(knows_the_reasons),
        cmocka_unit_test(finds_what_decides_the_price),
        cmocka_unit_test(an_error_fails),
        cmocka_unit_test(reads_plain_answers),
        cmocka_unit_test(reads_a_list_of_chunks),
        cmocka_unit_test(anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
