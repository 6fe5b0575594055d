/* What a provider says, without what is ours: stars in place of secrets, and the sold name. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/redact.h"

static const struct {
    const char *key, *text, *told;
} secrets[] = {
    /* our key, whatever its form, wherever it stands */
    {"a+b|c d", "key a+b|c d, a+b|c da+b|c d", "key *******, **************"},
    {"aa", "aaa", "***"},
    {"", "nothing is ours", "nothing is ours"},
    {"gone", "nothing is ours", "nothing is ours"},
    /* what looks like a key of somebody */
    {"", "(sk-ant-1) AIzaSy_1, key-2", "(********) ********, key-*"},
    {"", "in organization `org_01j5b4` org_name ya29.c.x",
     "in organization `**********` org_name ********"},
    {"", "org-1 proj_2.", "org-* *******"},
    {"", "risk-free monkey-2 xorg-1", "risk-free monkey-2 xorg-1"},
    {"", "Bearer a.b/c= bEARER x;y", "Bearer ****** bEARER *;y"},
    {"", "xhttps://a.example/b?c http://d", "********************** http://*"},
    /* what was abbreviated */
    {"", "key abc...xyz and ab**yz", "key ********* and ******"},
    {"", "and so on... or so ...", "and so on... or so ..."},
    {"", "2*3 a.b..c", "2*3 a.b..c"},
    {"", "", ""},
};

static void blots_what_is_secret_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", secrets[i].text);
        redact_secrets(text, secrets[i].key);
        assert_string_equal(text, secrets[i].told);
    }
}

static const struct {
    const char *text, *model, *sold_as, *told;
} names[] = {
    {"The model deploy-7 is busy", "deploy-7", "gpt", "The model gpt is busy"},
    {"deploy-7, deploy-7", "deploy-7", "a-longer-name", "a-longer-name, a-longer-name"},
    {"gpt-4o and gpt-4", "gpt-4", "x", "gpt-4o and x"},
    {"my-gpt-4", "gpt-4", "x", "my-gpt-4"},
    {"gpt-4", "gpt-4", "gpt-4-turbo", "gpt-4-turbo"},
    {"nothing", "", "x", "nothing"},
};

static void names_models_as_they_are_sold(void **state)
{
    (void)state;
    char text[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, "%s", names[i].text);
        redact_model(text, sizeof text, names[i].model, names[i].sold_as);
        assert_string_equal(text, names[i].told);
    }
    for (size_t bytes = 9; bytes < 40; bytes++) { /* the text is cut, whatever its room */
        char *room = malloc(bytes);
        snprintf(room, bytes, "%s", "abc abc abc abc abc abc abc");
        redact_model(room, bytes, "abc", "a-longer-name");
        assert_true(strlen(room) < bytes);
        assert_null(strstr(room, "abc"));
        free(room);
    }
}

static const struct {
    const char *text, *told; /* NULL: it cannot be told */
} documents[] = {
    {"{ \"a\" : [1e5, \"sk-1 of deploy-7\", {\"deploy-7\":\"\\u0061\"}] }",
     "{ \"a\" : [1e5, \"sk-* of gpt\", {\"deploy-7\":\"\\u0061\"}] }"},
    {"[\"\\u0073k-1\",\"\"]", "[\"sk-*\",\"\"]"},
    {"\"\\u00e4 deploy\\u002d7\"", "\"\xc3\xa4 gpt\""},
    {"[\"a\\u0000sk-1\"]", NULL},
};

static void tells_documents_as_they_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct json_value root;
        struct fault fault;
        struct buffer out;
        buffer_init(&out, 256);
        assert_true(json_parse(slice_of(documents[i].text), 9, &root, &fault));
        bool told = redact_json(&root, "", "deploy-7", "gpt", &out);
        assert_int_equal(told, documents[i].told != NULL);
        if (told)
            assert_true(slice_equals(buffer_slice(&out), documents[i].told));
        buffer_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blots_what_is_secret_and_nothing_else),
        cmocka_unit_test(names_models_as_they_are_sold),
        cmocka_unit_test(tells_documents_as_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
