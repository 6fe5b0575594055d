#include "base/seal.h"

#include <string.h>

#include "base/support.h"

static const struct secret secret = {{1, 2, 3}};
static const struct secret other_secret = {{1, 2, 4}};

static void close_text(const char *about, const char *text, struct buffer *out)
{
    buffer_init(out, 1024);
    seal_close(&secret, slice_of(about), slice_of(text), out);
    assert_false(out->failed);
    assert_int_equal(out->bytes, strlen(text) + SEAL_EXTRA_BYTES);
}

static bool opens(const struct secret *with, const char *about, struct slice sealed)
{
    struct buffer out;
    buffer_init(&out, 1024);
    bool opened = seal_open(with, slice_of(about), sealed, &out);
    assert_true(opened || out.bytes == 0);
    buffer_fini(&out);
    return opened;
}

static void test_what_is_sealed_opens(void **state)
{
    static const char *const texts[] = {"", "a", "a longer text, with \"quotes\""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer sealed;
        struct buffer text;
        close_text("acct_1", texts[i], &sealed);
        buffer_init(&text, 1024);
        assert_true(seal_open(&secret, slice_of("acct_1"), buffer_slice(&sealed), &text));
        assert_int_equal(text.bytes, strlen(texts[i]));
        assert_memory_equal(text.data != NULL ? text.data : "", texts[i], text.bytes);
        buffer_fini(&sealed);
        buffer_fini(&text);
    }
}

static void test_nothing_else_opens(void **state)
{
    struct buffer sealed;
    (void)state;
    close_text("acct_1", "a text", &sealed);
    struct slice whole = buffer_slice(&sealed);
    assert_true(opens(&secret, "acct_1", whole));
    assert_false(opens(&secret, "acct_2", whole));
    assert_false(opens(&other_secret, "acct_1", whole));
    for (size_t bytes = 0; bytes < whole.bytes; bytes++)
        assert_false(opens(&secret, "acct_1", (struct slice){whole.data, bytes}));
    for (size_t i = 0; i < whole.bytes; i++) {
        sealed.data[i] ^= 1;
        assert_false(opens(&secret, "acct_1", whole));
        sealed.data[i] ^= 1;
    }
    buffer_fini(&sealed);
}

static void test_one_text_is_sealed_in_two_ways(void **state)
{
    struct buffer one;
    struct buffer two;
    (void)state;
    close_text("acct_1", "the same text", &one);
    close_text("acct_1", "the same text", &two);
    assert_int_equal(one.bytes, two.bytes);
    assert_memory_not_equal(one.data, two.data, one.bytes);
    buffer_fini(&one);
    buffer_fini(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sealed_opens),
        cmocka_unit_test(test_nothing_else_opens),
        cmocka_unit_test(test_one_text_is_sealed_in_two_ways),
    };
    struct fault fault;
    if (!secret_init(&fault))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
