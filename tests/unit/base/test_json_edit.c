/* The second part of base/json.h: writing and editing. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_model.h"
#include "base/support.h"

/* ---- writing ---- */

static void assert_writes(struct slice text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, strlen(expected));
    assert_true(json_write_string(&out, text));
    if (!slice_equals(buffer_slice(&out), expected))
        fail_msg("wrote %.*s, not %s", (int)out.bytes, out.data, expected);
    buffer_fini(&out);
    for (size_t room = 0; room < strlen(expected); room++) { /* too small is said */
        buffer_init(&out, room);
        assert_false(json_write_string(&out, text));
        buffer_fini(&out);
    }
}

static void writes_strings(void **state)
{
    (void)state;
#define REPLACED "\xef\xbf\xbd"
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        {"", "\"\""},
        {"plain text of more than sixteen bytes", "\"plain text of more than sixteen bytes\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\t\n\v\f\r", "\"\\b\\t\\n\\u000b\\f\\r\""},
        {"\x01\x07\x0e\x1f\x7f", "\"\\u0001\\u0007\\u000e\\u001f\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         "\"a" REPLACED "b\""},
        {"\xc3", "\"" REPLACED "\""},
        {"\xc3(", "\"" REPLACED "(\""},
        {"\xc0\x80", "\"" REPLACED REPLACED "\""},
        {"\xed\xa0\x80", "\"" REPLACED REPLACED REPLACED "\""},
        {"\xe2\x82", "\"" REPLACED REPLACED "\""},
        {"\xc3\xa9\xff\xc3\xa9\"", "\"\xc3\xa9" REPLACED "\xc3\xa9\\\"\""},
        {"</script>", "\"</script>\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_writes(slice_of(cases[i].text), cases[i].written);
    assert_writes((struct slice){"a\0b", 3}, "\"a\\u0000b\"");
    assert_writes((struct slice){NULL, 0}, "\"\"");
    struct buffer out;
    buffer_init(&out, 100);
    assert_true(json_write_text(&out, "a\n"));
    assert_true(slice_equals(buffer_slice(&out), "\"a\\n\""));
    buffer_fini(&out);
}

/* Whatever the bytes, the result is valid JSON; where they were UTF-8 it decodes to them. */
static void random_bytes_are_written_validly(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "plain ascii text here",
        "\"",
        "\\",
        "\n",
        "\x01",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xed\xa0\x80",
        "\x80",
    };
    enum { VALID = 8 };
    struct dice dice = dice_make();
    for (int i = 0; i < 30000; i++) {
        bool utf8 = i % 2;
        struct buffer text, written, decoded;
        buffer_init(&text, 10000);
        buffer_init(&written, 60000);
        buffer_init(&decoded, 60000);
        for (size_t n = dice_below(&dice, 12); n > 0; n--)
            buffer_append_text(&text, pieces[dice_below(&dice, utf8 ? VALID : 14)]);
        char *block = malloc(text.bytes + 1);
        assert_non_null(block);
        if (text.bytes > 0)
            memcpy(block + 1, text.data, text.bytes); /* ends where the block ends */
        struct slice slice = {block + 1, text.bytes};
        assert_true(json_write_string(&written, slice));
        struct json_value root;
        assert_true(json_parse(buffer_slice(&written), 1, &root, NULL));
        assert_int_equal(root.type, JSON_STRING);
        assert_true(json_decode_string(&root, &decoded));
        if (utf8) {
            assert_int_equal(decoded.bytes, text.bytes);
            if (text.bytes > 0)
                assert_memory_equal(decoded.data, text.data, text.bytes);
        }
        free(block);
        buffer_fini(&text);
        buffer_fini(&written);
        buffer_fini(&decoded);
    }
}

/* ---- edits ---- */

static void assert_edited(const char *text, const struct json_edit *edits, size_t edit_count,
                          const char *expected)
{
    struct buffer out;
    buffer_init(&out, strlen(expected));
    assert_true(json_apply_edits(slice_of(text), edits, edit_count, &out));
    if (!slice_equals(buffer_slice(&out), expected))
        fail_msg("got %.*s, not %s", (int)out.bytes, out.data, expected);
    buffer_fini(&out);
    for (size_t room = 0; room < strlen(expected); room++) {
        buffer_init(&out, room);
        assert_false(json_apply_edits(slice_of(text), edits, edit_count, &out));
        buffer_fini(&out);
    }
}

#define PUT(offset, removed, literal)                                                              \
    {                                                                                              \
        offset, removed,                                                                           \
        {                                                                                          \
            literal, sizeof literal - 1                                                            \
        }                                                                                          \
    }

static void applies_edits(void **state)
{
    (void)state;
    static const struct {
        struct json_edit edits[3];
        size_t count;
        const char *expected;
    } cases[] = {
        {{PUT(0, 0, "")}, 0, "0123456789"},
        {{PUT(0, 0, "a")}, 1, "a0123456789"},
        {{PUT(10, 0, "a")}, 1, "0123456789a"},
        {{PUT(0, 10, "")}, 1, ""},
        {{PUT(0, 10, "new")}, 1, "new"},
        {{PUT(4, 2, "xyz")}, 1, "0123xyz6789"},
        {{PUT(0, 1, "a"), PUT(1, 1, "b"), PUT(9, 1, "c")}, 3, "ab2345678c"},
        {{PUT(5, 0, "in"), PUT(5, 3, "")}, 2, "01234in89"}, /* an insertion before a removal */
        {{PUT(5, 0, "a"), PUT(5, 0, "b"), PUT(5, 1, "c")}, 3, "01234abc6789"},
        {{PUT(2, 3, ""), PUT(5, 0, "x")}, 2, "01x56789"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_edited("0123456789", cases[i].edits, cases[i].count, cases[i].expected);
    assert_edited("", (struct json_edit[]){PUT(0, 0, "a")}, 1, "a");
}

static void apply(const struct json_edit *edits, size_t edit_count)
{
    struct buffer out;
    buffer_init(&out, 100);
    json_apply_edits(slice_of("0123456789"), edits, edit_count, &out);
}

static void unsorted(void)
{
    apply((struct json_edit[]){PUT(5, 1, ""), PUT(4, 1, "")}, 2);
}

static void overlapping(void)
{
    apply((struct json_edit[]){PUT(4, 2, ""), PUT(5, 1, "")}, 2);
}

static void behind_the_end(void)
{
    apply((struct json_edit[]){PUT(11, 0, "")}, 1);
}

static void past_the_end(void)
{
    apply((struct json_edit[]){PUT(9, 2, "")}, 1);
}

static void endless(void)
{
    apply((struct json_edit[]){PUT(9, SIZE_MAX, "")}, 1);
}

static void wrong_edits_are_bugs(void **state)
{
    (void)state;
    assert_true(aborts(unsorted));
    assert_true(aborts(overlapping));
    assert_true(aborts(behind_the_end));
    assert_true(aborts(past_the_end));
    assert_true(aborts(endless));
}

/* Against doing one edit after the other, from the last to the first. */
static void random_edits(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int i = 0; i < 20000; i++) {
        char text[64], expected[256];
        size_t bytes = dice_below(&dice, sizeof text);
        for (size_t n = 0; n < bytes; n++)
            text[n] = (char)('a' + n % 26);
        struct json_edit edits[6];
        size_t count = 0;
        for (size_t at = 0; count < 6;) {
            at += dice_below(&dice, 12);
            if (at > bytes)
                break;
            size_t removed = dice_below(&dice, 5);
            removed = removed < bytes - at ? removed : bytes - at;
            struct slice inserted = {"0123456789", dice_below(&dice, 6)};
            edits[count++] = (struct json_edit){at, removed, inserted};
            at += removed;
        }
        memcpy(expected, text, bytes);
        size_t expected_bytes = bytes;
        for (size_t n = count; n > 0; n--) {
            const struct json_edit *edit = &edits[n - 1];
            char *rest = expected + edit->offset + edit->removed_bytes;
            memmove(expected + edit->offset + edit->inserted.bytes, rest,
                    (size_t)(expected + expected_bytes - rest));
            memcpy(expected + edit->offset, edit->inserted.data, edit->inserted.bytes);
            expected_bytes += edit->inserted.bytes - edit->removed_bytes;
        }
        struct buffer out;
        buffer_init(&out, sizeof expected);
        assert_true(json_apply_edits((struct slice){text, bytes}, edits, count, &out));
        assert_int_equal(out.bytes, expected_bytes);
        if (expected_bytes > 0)
            assert_memory_equal(out.data, expected, expected_bytes);
        buffer_fini(&out);
    }
}

/* ---- removals ---- */

static struct json_value parse(struct slice text)
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(text, 64, &root, &fault))
        fail_msg("%s: %.*s", fault.message, (int)text.bytes, text.data);
    return root;
}

static void assert_removed(const char *text, const char *name, const char *expected)
{
    struct json_value root = parse(slice_of(text));
    struct json_edit edit = json_removal(slice_of(text), &root, name);
    assert_int_equal(edit.inserted.bytes, 0);
    assert_edited(text, &edit, 1, expected);
}

static void removes_members(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{\"a\":1,\"usage\":null}", "{\"a\":1}"},
        {"{\"usage\":null,\"a\":1}", "{\"a\":1}"},
        {"{\"usage\":null}", "{}"},
        {"{\"a\":1,\"usage\":null,\"b\":2}", "{\"a\":1,\"b\":2}"},
        {"{ \"usage\" : null }", "{}"},
        {"{ \"usage\" : null , \"a\" : 1 }", "{ \"a\" : 1 }"},
        {"{ \"a\" : 1 , \"usage\" : null }", "{ \"a\" : 1 }"},
        {"{ \"a\" : 1 , \"usage\" : null , \"b\" : 2 }", "{ \"a\" : 1 , \"b\" : 2 }"},
        {"{\n  \"a\": 1,\n  \"usage\": null\n}", "{\n  \"a\": 1\n}"},
        {"{\n  \"usage\": null,\n  \"a\": 1\n}", "{\n  \"a\": 1\n}"},
        {"{\n  \"a\": 1,\n  \"usage\": {},\n  \"b\": 2\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}"},
        {" {\"usage\":1} ", " {} "},
        {"{\"us\\u0061ge\":{\"usage\":[1,{\"usage\":2}]},\"a\":{\"usage\":3}}",
         "{\"a\":{\"usage\":3}}"},
        {"{\"a\":\"usage\",\"usage\":\"}\\\",\"}", "{\"a\":\"usage\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_removed(cases[i].text, "usage", cases[i].expected);
}

static void removes_from_an_object_inside(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"options\":{\"x\":1,\"usage\":true},\"b\":2}";
    struct json_value root = parse(slice_of(text)), options;
    assert_int_equal(json_find(&root, "options", &options), 1);
    struct json_edit edit = json_removal(slice_of(text), &options, "usage");
    assert_edited(text, &edit, 1, "{\"a\":1,\"options\":{\"x\":1},\"b\":2}");
}

static void remove_what_is_not_there(void)
{
    struct json_value root = parse(slice_of("{\"a\":1}"));
    json_removal(slice_of("{\"a\":1}"), &root, "b");
}

static void remove_what_is_there_twice(void)
{
    struct json_value root = parse(slice_of("{\"a\":1,\"\\u0061\":2}"));
    json_removal(root.raw, &root, "a");
}

static void removing_none_or_two_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(remove_what_is_not_there));
    assert_true(aborts(remove_what_is_there_twice));
}

/* Any member out of any object: what is left means what it means without that member. */
static void random_removals(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "usage", "", "stream options", "e"};
    struct dice dice = dice_make();
    for (int i = 0; i < 10000; i++) {
        size_t count = 1 + dice_below(&dice, 5);
        size_t gone = dice_below(&dice, count);
        struct buffer text, rest, expected, meaning;
        struct buffer *all[] = {&text, &rest, &expected, &meaning};
        for (size_t n = 0; n < 4; n++)
            buffer_init(all[n], 1 << 20);
        struct buffer without; /* written anew, without the member */
        buffer_init(&without, 1 << 20);
        buffer_append_text(&text, " {");
        buffer_append_char(&without, '{');
        for (size_t n = 0; n < count; n++) {
            struct buffer member;
            buffer_init(&member, 1 << 20);
            json_write_text(&member, names[n]);
            model_write_space(&dice, &member);
            buffer_append_char(&member, ':');
            model_write(&dice, 3, &member);
            if (n > 0)
                buffer_append_char(&text, ',');
            model_write_space(&dice, &text);
            buffer_append_slice(&text, buffer_slice(&member));
            if (n != gone) {
                if (without.bytes > 1)
                    buffer_append_char(&without, ',');
                buffer_append_slice(&without, buffer_slice(&member));
            }
            buffer_fini(&member);
        }
        model_write_space(&dice, &text);
        buffer_append_text(&text, "} ");
        buffer_append_char(&without, '}');
        struct json_value root = parse(buffer_slice(&text));
        struct json_edit edit = json_removal(buffer_slice(&text), &root, names[gone]);
        assert_true(json_apply_edits(buffer_slice(&text), &edit, 1, &rest));
        root = parse(buffer_slice(&rest));
        model_walk(&root, &meaning);
        size_t text_bytes = 0;
        assert_true(model_read(buffer_slice(&without), 64, &expected, &text_bytes));
        assert_int_equal(meaning.bytes, expected.bytes);
        assert_memory_equal(meaning.data, expected.data, expected.bytes);
        buffer_fini(&without);
        for (size_t n = 0; n < 4; n++)
            buffer_fini(all[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_strings),
        cmocka_unit_test(random_bytes_are_written_validly),
        cmocka_unit_test(applies_edits),
        cmocka_unit_test(wrong_edits_are_bugs),
        cmocka_unit_test(random_edits),
        cmocka_unit_test(removes_members),
        cmocka_unit_test(removes_from_an_object_inside),
        cmocka_unit_test(removing_none_or_two_is_a_bug),
        cmocka_unit_test(random_removals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
