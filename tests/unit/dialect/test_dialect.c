/* Which dialect a client speaks: its path tells, for errors have its form before a body is read. */
#include "base/support.h"

#include "dialect/dialect.h"

static void a_path_tells_the_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum dialect dialect;
    } cases[] = {
        {"/v1/chat/completions", DIALECT_CHAT},
        {"/v1/models", DIALECT_CHAT},
        {"/v1/embeddings", DIALECT_CHAT},
        {"/v1/completions", DIALECT_CHAT},
        {"/", DIALECT_CHAT},
        {"", DIALECT_CHAT},
        {"/v1/messages", DIALECT_ANTHROPIC},
        {"/v1/messages/count_tokens", DIALECT_ANTHROPIC},
        {"/v1/messages/batches", DIALECT_ANTHROPIC},
        {"/anthropic/v1/messages", DIALECT_ANTHROPIC},
        {"/v1/responses", DIALECT_RESPONSES},
        {"/v1/responses/resp_1/input_items", DIALECT_RESPONSES},
        {"/v1/responses/compact", DIALECT_RESPONSES},
        {"/v1/conversations/conv_1", DIALECT_RESPONSES},
        {"/v1beta/models/gemini-x:generateContent", DIALECT_GEMINI},
        {"/v1beta/models", DIALECT_GEMINI},
        {"/v1/models/gemini-x:streamGenerateContent", DIALECT_GEMINI}, /* google-genai 3 */
        /* only a whole segment is a name */
        {"/v1/messages_of_mine", DIALECT_CHAT},
        {"/v1/chat/responsesx", DIALECT_CHAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (dialect_of_path(slice_of(cases[i].path), false) != cases[i].dialect)
            fail_msg("%s", cases[i].path);
    }
    assert_int_equal(dialect_of_path(slice_of("/v1/models/claude"), true), DIALECT_ANTHROPIC);
    assert_int_equal(dialect_of_path(slice_of("/v1/chat/completions"), true), DIALECT_CHAT);
    assert_int_equal(dialect_of_path(slice_of("/v1beta/models"), true), DIALECT_GEMINI);
}

static void every_dialect_has_a_form_and_a_name(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < DIALECTS; dialect++) {
        const struct dialect_form *form = dialect_form((enum dialect)dialect);
        assert_non_null(form);
        assert_non_null(form->read_request);
        assert_non_null(form->apply);
        if (dialect < CONVERSATIONS) /* the others have no streams, or those of chat */
            assert_non_null(form->read_event);
        if (dialect != DIALECT_COMPLETIONS)
            assert_non_null(form->read_answer);
        assert_non_null(form->usage_name);
        assert_non_null(form->keep_alive);
        assert_non_null(form->last_event);
        enum dialect found;
        assert_true(dialect_of_name(dialect_name((enum dialect)dialect), &found));
        assert_int_equal(found, dialect);
    }
    enum dialect none;
    assert_false(dialect_of_name("openai", &none));
    assert_string_equal(dialect_name(DIALECT_CHAT), "openai-chat");
    assert_string_equal(dialect_name(DIALECT_RESPONSES), "openai-responses");
    assert_string_equal(dialect_name(DIALECT_ANTHROPIC), "anthropic");
    assert_string_equal(dialect_name(DIALECT_GEMINI), "gemini");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_tells_the_dialect),
        cmocka_unit_test(every_dialect_has_a_form_and_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
