/* The model's name in answers: the public one, and nothing else of them changes. */
#include "base/support.h"

#include <string.h>

#include "dialect/parsed.h"
#include "dialect/renamed.h"

/* `json` is all of the text behind so many bytes. NULL as `after`: it stays as it is. */
static void look(const char *name, const char *text, size_t before, const char *after)
{
    struct json_value root = parsed(text + before);
    struct buffer out;
    bool renamed = renamed_text(slice_of(name), slice_of(text), &root, &out);
    if (renamed != (after != NULL))
        fail_msg("renamed: %d: %s", renamed, text);
    if (!renamed)
        return;
    assert_written(&out, after);
    buffer_fini(&out);
}

static void another_name_is_replaced(void **state)
{
    (void)state;
    look("\"gpt\"", "{\"id\":\"m\", \"model\" : \"m-7\" ,\"x\":{\"model\":\"m-7\"}}", 0,
         "{\"id\":\"m\", \"model\" : \"gpt\" ,\"x\":{\"model\":\"m-7\"}}");
    look("\"a-longer-name\"", "{\"model\":\"\"}", 0, "{\"model\":\"a-longer-name\"}");
    look("\"gpt\"", "data: {\"m\\u006fdel\":\"m-7\"}\n", 6, "data: {\"m\\u006fdel\":\"gpt\"}\n");
}

static void what_is_right_or_unclear_stays(void **state)
{
    (void)state;
    look("\"gpt\"", "{\"model\":\"gpt\"}", 0, NULL);
    look("", "{\"model\":\"m-7\"}", 0, NULL);
    look("\"gpt\"", "{\"id\":\"m-7\"}", 0, NULL);
    look("\"gpt\"", "{\"model\":null}", 0, NULL);
    look("\"gpt\"", "{\"model\":[\"m-7\"]}", 0, NULL);
    look("\"gpt\"", "{\"model\":\"m-7\",\"model\":\"m-7\"}", 0, NULL);
    look("\"gpt\"", "[\"model\",\"m-7\"]", 0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_name_is_replaced),
        cmocka_unit_test(what_is_right_or_unclear_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
