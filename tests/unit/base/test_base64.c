#include "base/base64.h"

#include <string.h>

#include "base/support.h"

static void check_pair(const char *bytes, size_t count, const char *text)
{
    struct buffer out;
    buffer_init(&out, 256);
    base64_append((struct slice){bytes, count}, &out);
    assert_int_equal(out.bytes, strlen(text));
    assert_memory_equal(out.data != NULL ? out.data : "", text, out.bytes);
    buffer_reset(&out);
    assert_true(base64_decode(slice_of(text), &out));
    assert_int_equal(out.bytes, count);
    assert_memory_equal(out.data != NULL ? out.data : "", bytes, count);
    buffer_fini(&out);
}

static void test_rfc_4648_examples(void **state)
{
    (void)state;
    check_pair("", 0, "");
    check_pair("f", 1, "Zg==");
    check_pair("fo", 2, "Zm8=");
    check_pair("foo", 3, "Zm9v");
    check_pair("foob", 4, "Zm9vYg==");
    check_pair("\0\xff\x10", 3, "AP8Q");
}

static void test_padding_may_be_missing(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 16);
    assert_true(base64_decode(slice_of("Zm9vYg"), &out));
    assert_int_equal(out.bytes, 4);
    buffer_fini(&out);
}

static void test_what_is_no_base64(void **state)
{
    static const char *const texts[] = {"Zg=g", "Z", "Zm9v!", "Zm 9v", "Zm9-"};
    struct buffer out;
    (void)state;
    buffer_init(&out, 64);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(base64_decode(slice_of(texts[i]), &out));
    assert_int_equal(out.bytes, 0);
    buffer_fini(&out);
}

static void test_what_does_not_fit(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 4);
    base64_append(slice_of("foob"), &out);
    assert_true(out.failed);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_4648_examples),
        cmocka_unit_test(test_padding_may_be_missing),
        cmocka_unit_test(test_what_is_no_base64),
        cmocka_unit_test(test_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
