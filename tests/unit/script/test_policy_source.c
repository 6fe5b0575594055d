/* Lines of values in policy texts. */
#include "script/policy_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy_step name(const char *text)
{
    return (struct policy_step){.name = slice_of(text)};
}

static struct policy_step place(long index)
{
    return (struct policy_step){.index = index};
}

#define LINE(text, ...)                                                                            \
    policy_source_line(slice_of(text), (struct policy_step[]){__VA_ARGS__},                        \
                       sizeof((struct policy_step[]){__VA_ARGS__}) / sizeof(struct policy_step))

static void test_follows_names_and_lists(void **unused)
{
    static const char text[] = "local a = 1 -- return { x = 1 }\n"
                               "local function f() return { model = 1 } end\n"
                               "return {\n"
                               "    [\"gpt-4o\"] = { name = 'x',\n"
                               "        input = \"1\",\n"
                               "        list = {\n"
                               "            { p = 1 },\n"
                               "            { p = 2 }; { p = 3,\n"
                               "              q = 4 },\n"
                               "        },\n"
                               "        rule = function(a, b) if a then return a, b end end,\n"
                               "        after = 1 },\n"
                               "    demo = { input = 2 },\n"
                               "}\n";
    (void)unused;
    assert_int_equal(LINE(text, name("gpt-4o")), 4);
    assert_int_equal(LINE(text, name("gpt-4o"), name("name")), 4);
    assert_int_equal(LINE(text, name("gpt-4o"), name("input")), 5);
    assert_int_equal(LINE(text, name("gpt-4o"), name("list"), place(1), name("p")), 7);
    assert_int_equal(LINE(text, name("gpt-4o"), name("list"), place(3), name("p")), 8);
    assert_int_equal(LINE(text, name("gpt-4o"), name("list"), place(3), name("q")), 9);
    assert_int_equal(LINE(text, name("gpt-4o"), name("after")), 12);
    assert_int_equal(LINE(text, name("demo"), name("input")), 13);
    /* What is missing is said of the table that should have it. */
    assert_int_equal(LINE(text, name("demo"), name("output")), 13);
    assert_int_equal(LINE(text, name("gpt-4o"), name("list"), place(9)), 6);
}

static void test_reads_all_of_luas_tokens(void **unused)
{
    static const char text[] =
        "--[[ return { a =\n ]] --[==[ ]] ]==]\n"
        "return {\n"
        "    s = \"a\\\"b, c = {\", t = 'it\\'s',\n"
        "    l = [[ x = {\n ]], m = [=[ ]] ]=],\n"
        "    [1 + 1] = 2, [\"k\" .. \"l\"] = 3, [f()] = { z = 1 },\n"
        "    n = 1.5e3, o = 0x1F, e = a == b, c = a.b[\"x, y\"](1, 2),\n"
        "    r = (function() repeat local q = 1, 2 until q return 1 end)(),\n"
        "    last = true -- , end\n"
        "}";
    (void)unused;
    assert_int_equal(LINE(text, name("s")), 4);
    assert_int_equal(LINE(text, name("t")), 4);
    assert_int_equal(LINE(text, name("l")), 5);
    assert_int_equal(LINE(text, name("m")), 6);
    assert_int_equal(LINE(text, name("n")), 8);
    assert_int_equal(LINE(text, name("c")), 8);
    assert_int_equal(LINE(text, name("r")), 9);
    assert_int_equal(LINE(text, name("last")), 10);
}

static void test_guesses_where_no_table_is_written(void **unused)
{
    static const char text[] = "local models = {}\n"
                               "models[\"gpt-4o\"] = { input = 1 }\n"
                               "models.demo = {\n"
                               "    input = 2 }\n"
                               "return models\n";
    (void)unused;
    assert_int_equal(LINE(text, name("gpt-4o"), name("input")), 2);
    assert_int_equal(LINE(text, name("demo"), name("input")), 4);
    assert_int_equal(LINE(text, name("demo"), name("output")), 3);
    assert_int_equal(LINE(text, name("nothing")), 0);
    assert_int_equal(LINE("", name("x")), 0);
}

static void test_broken_text_gives_no_line(void **unused)
{
    static const char *const texts[] = {
        "return {",        "return { a",    "return { [",
        "return { [\"a\"", "return { a = ", "return { \"",
        "return { [[",     "return { [=",   "}",
        "return {{{{{{",   "--[[",          "\\",
        "return",          "return {,,;;",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        /* In memory of exactly its size, so that ASan sees a byte too many. */
        size_t bytes = strlen(texts[i]);
        char *copy = malloc(bytes ? bytes : 1);
        struct policy_duplicate duplicate;
        struct policy_step path[] = {name("x"), place(2)};
        assert_non_null(copy);
        memcpy(copy, texts[i], bytes);
        assert_int_equal(policy_source_line((struct slice){copy, bytes}, path, 2), 0);
        assert_false(policy_source_duplicate((struct slice){copy, bytes}, &duplicate));
        free(copy);
    }
}

static bool env_name_is(const char *text, const char *expected)
{
    struct policy_step path[] = {name("openai"), name("api_key")};
    return slice_equals(policy_source_env_name(slice_of(text), path, 2), expected);
}

static void test_finds_the_variable(void **unused)
{
    (void)unused;
    assert_true(env_name_is("return { openai = { api_key = env(\"A_KEY\") } }", "A_KEY"));
    assert_true(env_name_is("return { openai = { api_key = env 'A_KEY', x = 1 } }", "A_KEY"));
    assert_true(env_name_is("return { openai = { api_key = key, x = env('B') } }", ""));
    assert_true(env_name_is("return { openai = { api_key = env(name) } }", ""));
    assert_true(env_name_is("return { openai = { x = env('B') } }", ""));
    assert_true(env_name_is("return { openai = { api_key = env", ""));
}

static void test_finds_duplicates(void **unused)
{
    struct policy_duplicate found;
    (void)unused;
    assert_true(policy_source_duplicate(
        slice_of("return { a = 1,\nb = { x = 1, y = { 1, 2 } },\n[\"a\"] = 2 }"), &found));
    assert_true(slice_equals(found.name, "a"));
    assert_int_equal(found.first_line, 1);
    assert_int_equal(found.second_line, 3);
    assert_true(policy_source_duplicate(slice_of("return { a = {\nx = 1,\nx = 2 }, b = 1, b = 2 }"),
                                        &found));
    assert_true(slice_equals(found.name, "x"));
    assert_int_equal(found.second_line, 3);
    assert_true(policy_source_duplicate(slice_of("return { { { a = 1, a = 1 } } }"), &found));
    assert_false(policy_source_duplicate(
        slice_of("return { a = { x = 1 }, b = { x = 1 }, 1, 1, [a] = 1, [b] = 2 }"), &found));
    assert_false(policy_source_duplicate(slice_of("return { f({ a = 1, a = 1 }) }"), &found));
    /* Nested deeper than anybody writes: not followed, not overflowed. */
    char *deep = calloc(1, 20000);
    assert_non_null(deep);
    memcpy(deep, "return ", 7);
    memset(deep + 7, '{', 19000);
    assert_false(policy_source_duplicate(slice_of(deep), &found));
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_names_and_lists),
        cmocka_unit_test(test_reads_all_of_luas_tokens),
        cmocka_unit_test(test_guesses_where_no_table_is_written),
        cmocka_unit_test(test_broken_text_gives_no_line),
        cmocka_unit_test(test_finds_the_variable),
        cmocka_unit_test(test_finds_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
