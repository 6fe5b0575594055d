/* A completion: the members that the gateway looks at, and whether it tells of an error. */
#include "base/support.h"

#include "dialect/completion.h"

static struct completion read(const char *text)
{
    struct completion completion;
    if (!completion_read(slice_of(text), &completion))
        fail_msg("not read: %s", text);
    return completion;
}

static void finds_its_members(void **state)
{
    (void)state;
    struct completion found =
        read(" {\"usage\":{\"a\":1},\"x\":{\"error\":1},\"choices\":[1],\"error\":\"no\"} ");
    assert_true(slice_equals(found.usage.raw, "{\"a\":1}"));
    assert_true(slice_equals(found.choices.raw, "[1]"));
    assert_true(slice_equals(found.error.raw, "\"no\""));
    assert_int_equal(found.error_count, 1);
    assert_int_equal(found.usage_count, 1);
    found = read("{}");
    assert_int_equal(found.usage.type, JSON_NULL);
    assert_int_equal(found.choices.type, JSON_NULL);
    assert_int_equal(found.error.type, JSON_NULL);
    assert_int_equal(found.error_count + found.usage_count, 0);
}

static void counts_what_is_said_twice(void **state)
{
    (void)state;
    struct completion found = read("{\"usage\":{},\"us\\u0061ge\":{},\"error\":1,\"error\":null}");
    assert_int_equal(found.usage_count, 2);
    assert_int_equal(found.error_count, 2);
}

static void what_is_no_object_is_no_completion(void **state)
{
    (void)state;
    static const char *const none[] = {"",  "null", "[]",      "[{\"choices\":[]}]",
                                       "{", "{}{}", "\"\"",    "{\"choices\":[}",
                                       "1", "{} x", "data: {}"};
    struct completion completion;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(completion_read(slice_of(none[i]), &completion));
}

static void a_choice_is_an_element_of_an_array(void **state)
{
    (void)state;
    static const char *const none[] = {"{}", "{\"choices\":null}", "{\"choices\":[ ]}",
                                       "{\"choices\":{\"0\":{}}}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct completion completion = read(none[i]);
        assert_false(completion_has_choices(&completion));
    }
    struct completion completion = read("{\"choices\":[{}]}");
    assert_true(completion_has_choices(&completion));
}

static void an_empty_error_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool error;
    } cases[] = {
        {"{}", false},
        {"{\"error\":null}", false},
        {"{\"error\":false}", false},
        {"{\"error\":0}", false},
        {"{\"error\":0.0}", false},
        {"{\"error\":\"\"}", false},
        {"{\"error\":[]}", false},
        {"{\"error\":{}}", false},
        {"{\"error\":true}", true},
        {"{\"error\":1}", true},
        {"{\"error\":0.5}", true},
        {"{\"error\":\"no\"}", true},
        {"{\"error\":[null]}", true},
        {"{\"error\":{\"message\":\"\"}}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct completion completion = read(cases[i].text);
        if (completion_is_error(&completion) != cases[i].error)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_members),
        cmocka_unit_test(counts_what_is_said_twice),
        cmocka_unit_test(what_is_no_object_is_no_completion),
        cmocka_unit_test(a_choice_is_an_element_of_an_array),
        cmocka_unit_test(an_empty_error_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
