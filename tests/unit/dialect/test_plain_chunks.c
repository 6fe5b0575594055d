/* A plain completion becomes the stream that was asked for, and nothing of it is lost. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/parsed.h"
#include "dialect/plain_chunks.h"

#define HEAD "data: {\"object\":\"chat.completion.chunk\",\"id\":\"c\",\"model\":\"m\""
#define DONE "data: [DONE]\n\n"

static const struct {
    const char *plain, *chunks;
} cases[] = {
    /* what it says, how it ends, what it counts */
    {"{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
     "\"assistant\",\"content\":\"Hi\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
     "\"usage\":{\"prompt_tokens\":1},\"x\":1}",
     HEAD ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},"
          "\"logprobs\":null,\"finish_reason\":null}]}\n\n" HEAD
          ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" HEAD
          ",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n" DONE},
    /* a choice that has not ended, and one without an index, by its place */
    {"{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":7,\"message\":{},"
     "\"finish_reason\":null},{\"message\":null}],\"usage\":null}",
     HEAD ",\"choices\":[{\"index\":7,\"delta\":{},\"finish_reason\":null}]}\n\n" HEAD
          ",\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":null}]}\n\n" DONE},
    /* a tool call says which one it is */
    {"{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"tool_calls\":"
     "[{\"id\":\"a\"},{\"index\":5,\"id\":\"b\"},{\"id\":\"c\"}]}}]}",
     HEAD
     ",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\"},"
     "{\"index\":5,\"id\":\"b\"},{\"index\":2,\"id\":\"c\"}]},\"finish_reason\":null}]}\n\n" DONE},
    /* a line break would end the event's line */
    {"{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"x\":{\r\n\"y\":\n1}"
     "}}]}",
     HEAD ",\"choices\":[{\"index\":0,\"delta\":{\"x\":{  \"y\": 1}},\"finish_reason\":null}]}"
          "\n\n" DONE},
    {"{\"id\":\"c\",\"model\":\"m\",\"choices\":[]}", DONE},
};

static void a_plain_answer_becomes_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct completion completion;
        struct buffer out;
        buffer_init(&out, 1 << 16);
        assert_true(completion_read(slice_of(cases[i].plain), &completion));
        assert_true(plain_chunks_write(DIALECT_CHAT, &completion, &out));
        assert_written(&out, cases[i].chunks);
        buffer_fini(&out);
    }
}

/* Whose choices look alike in both forms. */
static void a_plain_completion_becomes_chunks(void **state)
{
    (void)state;
    static const char choice[] = "{\"text\":\"a\",\"logprobs\":{},\"finish_reason\":\"stop\"}";
    static const char head[] = "data: {\"object\":\"text_completion\",\"id\":\"c\",\"choices\":[";
    char plain[256];
    char chunks[512];
    struct completion completion;
    struct buffer out;
    snprintf(plain, sizeof plain, "{\"id\":\"c\",\"choices\":[%s],\"usage\":{\"x\":1}}", choice);
    snprintf(chunks, sizeof chunks, "%s%s]}\n\n%s],\"usage\":{\"x\":1}}\n\n" DONE, head, choice,
             head);
    buffer_init(&out, 1 << 16);
    assert_true(completion_read(slice_of(plain), &completion));
    assert_true(plain_chunks_write(DIALECT_COMPLETIONS, &completion, &out));
    assert_written(&out, chunks);
    buffer_fini(&out);
}

static void chunks_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    size_t whole_bytes = strlen(cases[0].chunks);
    for (size_t most = whole_bytes - 1; most <= whole_bytes; most++) {
        struct completion completion;
        struct buffer out;
        buffer_init(&out, most);
        assert_true(completion_read(slice_of(cases[0].plain), &completion));
        assert_int_equal(plain_chunks_write(DIALECT_CHAT, &completion, &out), most == whole_bytes);
        buffer_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_answer_becomes_chunks),
        cmocka_unit_test(a_plain_completion_becomes_chunks),
        cmocka_unit_test(chunks_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
