/* The third part of base/json.h: what strings and numbers mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_model.h"
#include "base/support.h"

/* A slice, so that a text may hold a NUL. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

static struct json_value parse(const char *text)
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(slice_of(text), 64, &root, &fault))
        fail_msg("%s: %s", fault.message, text);
    return root;
}

/* ---- strings ---- */

static void assert_decodes(const char *text, struct slice expected)
{
    struct json_value string = parse(text);
    struct buffer decoded;
    buffer_init(&decoded, expected.bytes);
    assert_true(json_decode_string(&string, &decoded));
    assert_int_equal(decoded.bytes, expected.bytes);
    if (expected.bytes > 0)
        assert_memory_equal(decoded.data, expected.data, expected.bytes);
    assert_int_equal(json_text_bytes(&string), expected.bytes);
    if (memchr(expected.data, '\0', expected.bytes) == NULL)
        assert_true(json_string_is(&string, expected.data));
    buffer_fini(&decoded);
}

static void decodes_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct slice decoded;
    } cases[] = {
        {"\"\"", TEXT("")},
        {"\"plain\"", TEXT("plain")},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t")},
        {"\"a\\u0000b\"", TEXT("a\0b")},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
         TEXT("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
        {"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
        {"\"\\ud83d\\ude00!\"", TEXT("\xf0\x9f\x98\x80!")},
        {"\"\\ud83d\"", TEXT("\xef\xbf\xbd")},
        {"\"\\ud83dx\"", TEXT("\xef\xbf\xbdx")},
        {"\"\\ud83d\\n\"", TEXT("\xef\xbf\xbd\n")},
        {"\"\\ud83d\\u0041\"", TEXT("\xef\xbf\xbd"
                                    "A")},
        {"\"\\ude00\\ud83d\"", TEXT("\xef\xbf\xbd\xef\xbf\xbd")},
        {"\"\\ud83d\\ud83d\\ude00\"", TEXT("\xef\xbf\xbd\xf0\x9f\x98\x80")},
        {"\"\xc3\xa9\xe2\x82\xac\"", TEXT("\xc3\xa9\xe2\x82\xac")},
        {"\"\\\\u0041\"", TEXT("\\u0041")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_decodes(cases[i].text, cases[i].decoded);
}

/* Every \\uXXXX alone, before and behind halves of surrogate pairs, against the model. */
static void decodes_every_escaped_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x10000; code++) {
        char text[64];
        int bytes =
            snprintf(text, sizeof text, "[\"\\u%04x\",\"\\ud800\\u%04X\",\"\\u%04x\\udfff\"]", code,
                     code, code);
        model_assert_agrees((struct slice){text, (size_t)bytes}, 1);
    }
}

static void decoding_into_a_full_buffer_fails(void **state)
{
    (void)state;
    struct json_value string = parse("\"abc\\u20ac\"");
    for (size_t room = 0; room < 8; room++) {
        struct buffer decoded;
        buffer_init(&decoded, room);
        assert_int_equal(json_decode_string(&string, &decoded), room >= 6);
        buffer_fini(&decoded);
    }
}

static void compares_strings(void **state)
{
    (void)state;
    struct json_value value = parse("\"us\\u0065r\"");
    assert_true(json_string_is(&value, "user"));
    assert_false(json_string_is(&value, "use"));
    assert_false(json_string_is(&value, "users"));
    assert_false(json_string_is(&value, "us\\u0065r"));
    assert_false(json_string_is(&value, ""));
    value = parse("\"user\\u0000\"");
    assert_false(json_string_is(&value, "user"));
    value = parse("true");
    assert_false(json_string_is(&value, "true"));
    value = parse("[\"a\"]");
    assert_false(json_string_is(&value, "a"));
}

static void finds_strings_among_others(void **state)
{
    (void)state;
    static const char *const names[] = {"user", "1", "tool"};
    struct json_value value = parse("\"to\\u006fl\"");
    assert_true(json_string_is_one_of(&value, names, 3));
    assert_false(json_string_is_one_of(&value, names, 2));
    assert_false(json_string_is_one_of(&value, names, 0));
    value = parse("1");
    assert_false(json_string_is_one_of(&value, names, 3));
    value = parse("\"users\"");
    assert_false(json_string_is_one_of(&value, names, 3));
}

static void counts_text_but_no_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } cases[] = {
        {"\"abc\"", 3},
        {"1234", 0},
        {"{\"key\":\"ab\"}", 2},
        {"{\"key\" \n : \"ab\"}", 2},
        {"[\"a\",[\"bc\",{\"k\":[\"def\"]}]]", 6},
        {"[\"a\" , \"b\"]", 2},
        {"{\"k\":\":\",\"l\":\"\\\":\"}", 3},
        {"[\"\\n\",\"\\u20ac\",\"\\ud83d\\ude00\"]", 8},
        {"{\"k\\\"\":1}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value root = parse(cases[i].text);
        assert_int_equal(json_text_bytes(&root), cases[i].bytes);
    }
}

/* ---- numbers ---- */

static bool to_int64(const char *text, int64_t *out)
{
    struct json_value root = parse(text);
    return json_int64(&root, out);
}

static void reads_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t n;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"0.000", 0},
        {"-0.0e-5", 0},
        {"0e99999999999999999999999", 0},
        {"0e-99999999999999999999999", 0},
        {"5", 5},
        {"-5", -5},
        {"5.0", 5},
        {"5e2", 500},
        {"5E+2", 500},
        {"50e-1", 5},
        {"5000.000e-3", 5},
        {"0.5e1", 5},
        {"0.0005e4", 5},
        {"1.25e2", 125},
        {"12500e-2", 125},
        {"1e18", INT64_C(1000000000000000000)},
        {"1e0", 1},
        {"1e-0", 1},
        {"1e00000000000000000000000000000000002", 100},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775807.000", INT64_MAX},
        {"922337203685477580.7e1", INT64_MAX},
        {"92233720368547758070e-1", INT64_MAX},
        {"9.223372036854775807e18", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9.223372036854775808E18", INT64_MIN},
        {"-9223372036854775807", -INT64_MAX},
        {"9007199254740993", INT64_C(9007199254740993)}, /* no double on the way */
        {"100000000000000000000000000000e-29", 1},
        {"0.00000000000000000000000000001e29", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = 4242;
        if (!to_int64(cases[i].text, &n))
            fail_msg("refused: %s", cases[i].text);
        assert_int_equal(n, cases[i].n);
    }
}

static void refuses_what_is_no_int64(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "5.5",
        "0.1",
        "-0.1",
        "5e-1",
        "55e-2",
        "1e-1",
        "1e-99999999999999999999",
        "1e400",
        "-1e400",
        "1e19",
        "1e99999999999999999999999",
        "9223372036854775808",
        "-9223372036854775809",
        "9223372036854775807.1",
        "9223372036854775807.00000000000000000000000001",
        "9.2233720368547758071e18",
        "10000000000000000000",
        "18446744073709551616",
        "18446744073709551617",
        "184467440737095516160",
        "92233720368547758080e-1",
        "1e18446744073709551616",
        "1e9223372036854775808",
        "1e4294967296",
        "1000000000000000000000000000000000000000000000000000000000000000000000000",
        "null",
        "true",
        "\"5\"",
        "[5]",
        "{}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = 4242;
        if (to_int64(cases[i], &n))
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(n, 4242);
    }
}

/* What digits x 10^exponent is, by moving characters about. False when it is no int64. */
static bool slow_int64(const char *digits, long exponent, bool negative, int64_t *out)
{
    char text[256];
    size_t bytes = strlen(digits);
    memcpy(text, digits, bytes);
    for (; exponent > 0; exponent--)
        text[bytes++] = '0';
    for (; exponent < 0 && bytes > 0; exponent++) {
        if (text[--bytes] != '0')
            return false;
    }
    const char *at = text;
    text[bytes] = '\0';
    while (*at == '0')
        at++;
    const char *limit = negative ? "9223372036854775808" : "9223372036854775807";
    if (strlen(at) > 19 || (strlen(at) == 19 && strcmp(at, limit) > 0))
        return false;
    *out = (int64_t)((negative ? 0 - (uint64_t)1 : 1) * strtoull(*at ? at : "0", NULL, 10));
    return true;
}

static void integers_agree_with_slow_arithmetic(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    unsigned fit = 0;
    for (int i = 0; i < 100000; i++) {
        char digits[32] = "", text[128];
        if (dice_below(&dice, 3) == 0)
            snprintf(digits, sizeof digits, "%llu",
                     (unsigned long long)INT64_MAX - 3 + dice_below(&dice, 8));
        size_t more = dice_below(&dice, digits[0] ? 4 : 20);
        for (size_t n = strlen(digits); more > 0; more--, n++)
            digits[n] = dice_below(&dice, 2) ? '0' : (char)('0' + dice_below(&dice, 10));
        if (!digits[0])
            strcpy(digits, "1");
        if (digits[0] == '0')
            digits[0] = '7';
        bool negative = dice_below(&dice, 2);
        size_t count = strlen(digits);
        size_t decimals = dice_below(&dice, 2) ? dice_below(&dice, count) : 0;
        long exponent = (long)dice_below(&dice, 50) - 25;
        if (dice_below(&dice, 2))
            exponent = (long)decimals; /* often such that it is integral */
        int at = snprintf(text, sizeof text, "%s%.*s", negative ? "-" : "", (int)(count - decimals),
                          digits);
        if (decimals > 0)
            at += snprintf(text + at, sizeof text - (size_t)at, ".%s", digits + count - decimals);
        if (exponent != 0 || dice_below(&dice, 2))
            snprintf(text + at, sizeof text - (size_t)at, "e%ld", exponent);
        int64_t expected = 0, n = 0;
        bool integral = slow_int64(digits, exponent - (long)decimals, negative, &expected);
        if (to_int64(text, &n) != integral)
            fail_msg("%s", text);
        if (integral && n != expected)
            fail_msg("%s read as %lld", text, (long long)n);
        fit += integral;
    }
    assert_in_range(fit, 10000, 90000);
}

static void tells_half_characters(void **state)
{
    static const char *const whole[] = {"\"\"", "\"a\\\\ud800\"", "\"\\ud83d\\ude00\"",
                                        "\"\\ufffd\"", "\"\\n\\u0041\""};
    static const char *const half[] = {"\"\\ud83d\"", "\"\\ude00\\ud83d\"", "\"a\\ud83dx\""};
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        const struct json_value value = {.type = JSON_STRING, .raw = slice_of(whole[i])};
        assert_true(json_string_is_whole(&value));
    }
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        const struct json_value value = {.type = JSON_STRING, .raw = slice_of(half[i])};
        assert_false(json_string_is_whole(&value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(decodes_every_escaped_code),
        cmocka_unit_test(decoding_into_a_full_buffer_fails),
        cmocka_unit_test(compares_strings),
        cmocka_unit_test(finds_strings_among_others),
        cmocka_unit_test(counts_text_but_no_keys),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(refuses_what_is_no_int64),
        cmocka_unit_test(tells_half_characters),
        cmocka_unit_test(integers_agree_with_slow_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
