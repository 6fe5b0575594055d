/* What servers answer when they are asked how much their models take. */
#include "dialect/context_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void note(const char *model, const struct context_lengths *lengths, void *arg)
{
    char *out = arg;
    size_t bytes = strlen(out);
    snprintf(out + bytes, 1024 - bytes, "%s=%lld/%lld ", model, (long long)lengths->served,
             (long long)lengths->trained);
}

#define LIST(entries) "{\"object\":\"list\",\"data\":[" entries "]}"

/* long: a list */
static void reads_what_servers_say(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *expected;
    } cases[] = {
        /* llama.cpp: with both lists, and by each of its names */
        {"{\"models\":[{\"name\":\"a\",\"model\":\"a\",\"details\":{\"format\":\"gguf\"}}],"
         "\"object\":\"list\",\"data\":[{\"id\":\"a\",\"aliases\":[\"a\",\"b\"],\"meta\":"
         "{\"n_ctx\":4096,\"n_ctx_train\":131072}}]}",
         "a=4096/131072 a=4096/131072 b=4096/131072 "},
        {LIST("{\"id\":\"/m/x.gguf\",\"meta\":{\"n_ctx_train\":8192}}"), "/m/x.gguf=0/8192 "},
        {LIST("{\"id\":\"a\",\"meta\":null}"), ""},
        {"{\"default_generation_settings\":{\"id\":0,\"n_ctx\":2048},\"total_slots\":4}",
         "=2048/0 "},
        {"{\"default_generation_settings\":{\"n_ctx\":0},\"role\":\"router\"}", ""},
        {"{\"default_generation_settings\":null}", ""},
        /* vLLM and SGLang; an adapter has none */
        {LIST("{\"id\":\"a\",\"max_model_len\":32768},{\"id\":\"lora\",\"max_model_len\":null}"),
         "a=32768/0 "},
        /* LM Studio: what is loaded goes before what is possible */
        {LIST("{\"id\":\"a\",\"max_context_length\":131072,\"loaded_context_length\":4096}"),
         "a=4096/0 "},
        {LIST("{\"id\":\"a\",\"state\":\"not-loaded\",\"max_context_length\":131072}"),
         "a=131072/0 "},
        {"{\"error\":\"Unexpected endpoint or method. (GET /props)\"}", NULL},
        /* Ollama: the usual tag may be left out */
        {"{\"models\":[{\"name\":\"a:latest\",\"model\":\"a:latest\",\"context_length\":4096}]}",
         "a:latest=4096/0 a=4096/0 a:latest=4096/0 a=4096/0 "},
        {"{\"models\":[]}", ""},
        /* OpenRouter: the provider that answers may take less */
        {LIST("{\"id\":\"x\",\"context_length\":200,\"top_provider\":{\"context_length\":100}}"),
         "x=100/0 "},
        {LIST("{\"id\":\"x\",\"context_length\":200,\"top_provider\":{\"context_length\":null}}"),
         "x=200/0 "},
        /* Groq, Mistral, Together */
        {LIST("{\"id\":\"a\",\"context_window\":8192},{\"id\":\"b\",\"max_context_length\":32768}"),
         "a=8192/0 b=32768/0 "},
        {"[{\"id\":\"a\",\"context_length\":5.0}]", "a=5/0 "},
        {LIST("{\"id\":\"\\u0061\\/b\",\"max_model_len\":5}"), "a/b=5/0 "},
        /* what is none */
        {LIST("{\"id\":\"a\",\"max_model_len\":0,\"context_length\":-1,\"context_window\":\"5\"}"),
         ""},
        {LIST("{\"id\":\"a\",\"max_model_len\":1e300,\"context_length\":1000000001}"), ""},
        {LIST("{\"id\":\"a\",\"max_model_len\":5.5,\"meta\":[1],\"top_provider\":7}"), ""},
        {LIST("{\"id\":7,\"max_model_len\":5},{\"id\":\"\",\"max_model_len\":5},[],null,5"), ""},
        {LIST("{\"id\":\"a\",\"aliases\":\"b\",\"max_model_len\":5}"), "a=5/0 "},
        {"{}", NULL},
        {"5", NULL},
        {"", NULL},
        {"<html>", NULL},
        {"{\"data\":[{\"id\":\"a\",\"max_model_len\":5}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char told[1024] = "";
        int count = context_form_read(slice_of(cases[i].answer), note, told);
        if ((count < 0) != (cases[i].expected == NULL) ||
            strcmp(told, count < 0 ? "" : cases[i].expected) != 0)
            fail_msg("%d, %s: %s", count, told, cases[i].answer);
    }
}

static void leaves_out_names_that_are_too_long(void **state)
{
    (void)state;
    for (size_t bytes = 120; bytes < 200; bytes++) {
        char answer[512];
        char told[1024] = "";
        char name[256] = "";
        memset(name, 'x', bytes);
        snprintf(answer, sizeof answer, "[{\"id\":\"%s\",\"context_length\":5}]", name);
        assert_true(context_form_read(slice_of(answer), note, told) >= 0);
        assert_true(strlen(told) == 0 || strlen(told) == bytes + 5);
        assert_true(bytes >= 128 || strlen(told) > 0);
    }
}

static void knows_where_to_ask(void **state)
{
    (void)state;
    static const struct {
        enum context_question question;
        const char *base_url, *expected;
    } cases[] = {
        {CONTEXT_OF_MODELS, "http://h:1/v1", "http://h:1/v1/models"},
        {CONTEXT_OF_MODELS, "https://h/api/v1", "https://h/api/v1/models"},
        {CONTEXT_OF_SERVER, "http://h:1/v1", "http://h:1/props"},
        {CONTEXT_OF_SERVER, "http://h:1", "http://h:1/props"},
        {CONTEXT_OF_SERVER, "http://h/llama/v1", "http://h/llama/props"},
        {CONTEXT_OF_SERVER, "http://h/v12", "http://h/v12/props"},
        {CONTEXT_OF_LM_STUDIO, "http://h/v1", "http://h/api/v0/models"},
        {CONTEXT_OF_OLLAMA, "http://h/v1", "http://h/api/ps"},
    };
    char url[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(context_form_url(cases[i].question, cases[i].base_url, url, sizeof url));
        assert_string_equal(url, cases[i].expected);
    }
    assert_false(context_form_url(CONTEXT_OF_MODELS, "http://h:1/v1", url, 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_servers_say),
        cmocka_unit_test(leaves_out_names_that_are_too_long),
        cmocka_unit_test(knows_where_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
