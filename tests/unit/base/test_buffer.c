#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/support.h"

/* The sanitizers stop at a malloc that is too large; here it must fail as it does without them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void assert_holds(const struct buffer *buffer, const char *text)
{
    assert_int_equal(buffer->bytes, strlen(text));
    assert_true(slice_equals(buffer_slice(buffer), text));
}

static void appends(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_holds(&buffer, "");
    assert_non_null(buffer_slice(&buffer).data);
    assert_true(buffer_append(&buffer, "ab\0cd", 3));
    assert_int_equal(buffer.bytes, 3);
    buffer_reset(&buffer);
    assert_true(buffer_append_text(&buffer, "n="));
    assert_true(buffer_append_int(&buffer, -42));
    assert_true(buffer_append_char(&buffer, ','));
    assert_true(buffer_append_slice(&buffer, (struct slice){"xyz", 2}));
    assert_true(buffer_append_slice(&buffer, (struct slice){NULL, 0}));
    assert_true(buffer_append_text(&buffer, ""));
    assert_true(buffer_printf(&buffer, "%s%d", "!", 7));
    assert_holds(&buffer, "n=-42,xy!7");
    buffer_fini(&buffer);
}

static void integers_at_their_edges(void **state)
{
    (void)state;
    static const int64_t cases[] = {0,  1,   -1,  9,         -9,        10,
                                    99, 100, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%lld", (long long)cases[i]);
        struct buffer buffer;
        buffer_init(&buffer, 20);
        assert_true(buffer_append_int(&buffer, cases[i]));
        assert_holds(&buffer, expected);
        buffer_fini(&buffer);
    }
}

/* For every maximum: what fits is kept, the first byte too many fails, and nothing beyond. */
static void maximum_is_exact(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        struct buffer buffer;
        buffer_init(&buffer, max);
        for (size_t i = 0; i < max; i++)
            assert_true(buffer_append_char(&buffer, (char)('a' + i % 26)));
        assert_true(buffer.capacity_bytes <= max);
        assert_true(buffer_append(&buffer, "", 0));
        assert_false(buffer.failed);
        assert_false(buffer_append_char(&buffer, '!'));
        assert_true(buffer.failed);
        assert_int_equal(buffer.bytes, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(buffer.data[i], 'a' + i % 26);
        buffer_fini(&buffer);
    }
}

static void failure_is_sticky_until_reset(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_true(buffer_append_text(&buffer, "abcd"));
    assert_false(buffer_append_text(&buffer, "12345"));
    /* Would fit, but would leave a hole where the five were. */
    assert_false(buffer_append_text(&buffer, "1"));
    assert_false(buffer_append_text(&buffer, ""));
    assert_false(buffer_append_int(&buffer, 1));
    assert_false(buffer_printf(&buffer, "%d", 1));
    assert_holds(&buffer, "abcd");
    buffer_consume(&buffer, 2);
    assert_true(buffer.failed);
    buffer_reset(&buffer);
    assert_true(buffer_append_text(&buffer, "12345678"));
    assert_holds(&buffer, "12345678");
    buffer_fini(&buffer);
}

static void no_memory_is_a_failure(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    assert_true(buffer_append_text(&buffer, "kept"));
    volatile size_t too_many = SIZE_MAX / 4;
    assert_false(buffer_append(&buffer, "x", too_many));
    assert_true(buffer.failed && buffer.no_memory);
    assert_holds(&buffer, "kept");
    buffer_reset(&buffer);
    assert_false(buffer.no_memory);
    too_many = SIZE_MAX - 1; /* would overflow the sum of both lengths */
    assert_true(buffer_append_text(&buffer, "kept"));
    assert_false(buffer_append(&buffer, "x", too_many));
    assert_true(buffer.failed && !buffer.no_memory); /* more than its maximum */
    assert_holds(&buffer, "kept");
    buffer_fini(&buffer);
}

static void printf_of_every_length(void **state)
{
    (void)state;
    char text[2049];
    for (size_t bytes = 0; bytes < sizeof text; bytes += bytes < 480 || bytes > 530 ? 31 : 1) {
        memset(text, 'p', bytes);
        text[bytes] = '\0';
        struct buffer buffer;
        buffer_init(&buffer, bytes); /* no byte to spare for a NUL */
        assert_true(buffer_printf(&buffer, "%s", text));
        assert_holds(&buffer, text);
        buffer_fini(&buffer);
        buffer_init(&buffer, bytes);
        assert_false(buffer_printf(&buffer, "%s+", text));
        assert_true(buffer.failed);
        assert_int_equal(buffer.bytes, 0);
        buffer_fini(&buffer);
    }
}

static void consumes_from_the_front(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 16);
    buffer_consume(&buffer, 5); /* of nothing */
    buffer_append_text(&buffer, "0123456789");
    buffer_consume(&buffer, 0);
    assert_holds(&buffer, "0123456789");
    buffer_consume(&buffer, 3);
    assert_holds(&buffer, "3456789");
    buffer_append_text(&buffer, "abc");
    assert_holds(&buffer, "3456789abc");
    buffer_consume(&buffer, 10);
    assert_holds(&buffer, "");
    buffer_append_text(&buffer, "0123456789abcdef"); /* the room is there again */
    assert_holds(&buffer, "0123456789abcdef");
    buffer_consume(&buffer, SIZE_MAX);
    assert_holds(&buffer, "");
    buffer_fini(&buffer);
}

static void used_again_after_fini(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 16);
    buffer_append_text(&buffer, "x");
    buffer_fini(&buffer);
    buffer_fini(&buffer);
    assert_null(buffer.data);
    buffer_init(&buffer, 4);
    assert_true(buffer_append_text(&buffer, "1234"));
    buffer_wipe_fini(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.bytes, 0);
    buffer_wipe_fini(&buffer); /* of nothing */
}

/* A random walk against a plain array. */
static void behaves_like_an_array(void **state)
{
    (void)state;
    enum { MAX = 3000 };
    struct dice dice = dice_make();
    char model[MAX];
    size_t model_bytes = 0;
    struct buffer buffer;
    buffer_init(&buffer, MAX);
    for (int step = 0; step < 20000; step++) {
        char piece[200];
        size_t bytes = dice_below(&dice, sizeof piece);
        memset(piece, (char)dice_u64(&dice), bytes);
        if (dice_below(&dice, 3) == 0) {
            size_t taken = bytes < model_bytes ? bytes : model_bytes;
            memmove(model, model + taken, model_bytes - taken);
            model_bytes -= taken;
            buffer_consume(&buffer, bytes);
        } else if (model_bytes + bytes <= MAX) {
            memcpy(model + model_bytes, piece, bytes);
            model_bytes += bytes;
            assert_true(buffer_append(&buffer, piece, bytes));
        } else {
            assert_false(buffer_append(&buffer, piece, bytes));
            assert_int_equal(buffer.bytes, model_bytes);
            buffer_reset(&buffer);
            model_bytes = 0;
        }
        assert_int_equal(buffer.bytes, model_bytes);
        if (model_bytes > 0)
            assert_memory_equal(buffer.data, model, model_bytes);
    }
    buffer_fini(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(integers_at_their_edges),
        cmocka_unit_test(maximum_is_exact),
        cmocka_unit_test(failure_is_sticky_until_reset),
        cmocka_unit_test(no_memory_is_a_failure),
        cmocka_unit_test(printf_of_every_length),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(used_again_after_fini),
        cmocka_unit_test(behaves_like_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
