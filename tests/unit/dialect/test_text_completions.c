/* What is read of a request for completions, and what of it a provider gets. */
#include "base/support.h"

#include <string.h>

#include "dialect/dialect.h"
#include "dialect/parsed.h"

static const struct dialect_form *form(void)
{
    return dialect_form(DIALECT_COMPLETIONS);
}

static const struct request_address address;

static void read_into(const char *text, struct model_request *out)
{
    struct request_fault fault = {0};
    if (!form()->read_request(slice_of(text), &address, 0, out, &fault))
        fail_msg("%s (%s): %s", fault.message, fault.code, text);
}

static const struct {
    const char *text;
    int64_t inputs, choices, output_tokens, usual, echoed_bytes;
} read_cases[] = {
    {"{\"model\":\"m\"}", 1, 1, -1, 16, 0},
    {"{\"model\":\"m\",\"prompt\":null,\"max_tokens\":null,\"echo\":true}", 1, 1, -1, 16, 0},
    {"{\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":7,\"echo\":false}", 1, 1, 7, 0, 0},
    /* held as one, so that it is a limit everywhere */
    {"{\"model\":\"m\",\"prompt\":\"a\\n\",\"max_tokens\":0,\"echo\":true}", 1, 1, 1, 0, 2},
    {"{\"model\":\"m\",\"prompt\":[1,2,3],\"n\":2,\"echo\":true}", 1, 2, -1, 16, 2 * 3 * 16},
    {"{\"model\":\"m\",\"prompt\":[[1],[2,3]],\"best_of\":5,\"echo\":true}", 2, 10, -1, 16, 3 * 16},
    {"{\"model\":\"m\",\"prompt\":[\"ab\",\"c\"],\"n\":3,\"best_of\":2,\"echo\":true}", 2, 6, -1,
     16, 9},
    {"{\"model\":\"m\",\"prompt\":[\"a\",\"b\"],\"n\":64,\"stream\":true}", 2, 128, -1, 16, 0},
};

static void all_that_is_generated_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof read_cases / sizeof *read_cases; i++) {
        struct model_request request;
        read_into(read_cases[i].text, &request);
        if (request.prompt.input_count != read_cases[i].inputs ||
            request.choices != read_cases[i].choices ||
            request.output_tokens != read_cases[i].output_tokens ||
            request.usual_tokens != read_cases[i].usual ||
            request.echoed_bytes != read_cases[i].echoed_bytes)
            fail_msg("%s", read_cases[i].text);
    }
}

static const struct {
    const char *text;
    int64_t most;
    const char *copy;
} copies[] = {
    {"{\"model\":\"m\",\"prompt\":\"a\",\"x\":[]}", 0,
     "{\"model\":\"theirs\",\"prompt\":\"a\",\"x\":[]}"},
    {"{\"model\":\"m\"}", 9, "{\"max_tokens\":9,\"model\":\"theirs\"}"},
    {"{\"model\":\"m\",\"max_tokens\":null}", 9, "{\"model\":\"theirs\",\"max_tokens\":9}"},
    {"{\"model\":\"m\",\"max_tokens\":10}", 9, "{\"model\":\"theirs\",\"max_tokens\":9}"},
    {"{\"model\":\"m\",\"max_tokens\":8}", 9, "{\"model\":\"theirs\",\"max_tokens\":8}"},
    {"{\"model\":\"m\",\"max_tokens\":0}", 9, "{\"model\":\"theirs\",\"max_tokens\":0}"},
    {"{\"model\":\"m\",\"stream\":true}", 9,
     "{\"stream_options\":{\"include_usage\":true},\"max_tokens\":9,\"model\":\"theirs\","
     "\"stream\":true}"},
    {"{\"usage\":{\"include\":true},\"model\":\"m\"}", 9,
     "{\"max_tokens\":9,\"model\":\"theirs\"}"},
};

static void a_provider_gets_it_with_few_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        const struct request_changes changes = {.model = "theirs",
                                                .output_tokens_max = copies[i].most,
                                                .max_tokens_field = "max_completion_tokens"};
        struct model_request request;
        struct request_copy copy = {0};
        struct buffer out;
        read_into(copies[i].text, &request);
        assert_true(form()->apply(&request, &changes, &copy));
        buffer_init(&out, 4096);
        for (size_t part = 0; part < copy.part_count; part++)
            buffer_append_slice(&out, copy.parts[part]);
        assert_written(&out, copies[i].copy);
        buffer_fini(&out);
        request_copy_fini(&copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_generated_counts),
        cmocka_unit_test(a_provider_gets_it_with_few_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
