/* All strings of a value in one pass: each once, with the key that it stands under. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/support.h"

enum { DEPTH_MAX = 16 };

/* "key=string|" of each; "value" as it stands in JSON, without quotes. */
static const char *strings_of(const struct json_value *root)
{
    static char seen[256];
    struct json_item item;
    seen[0] = '\0';
    struct json_strings walk = json_strings(root);
    while (json_next_string(&walk, &item)) {
        size_t at = strlen(seen);
        struct slice raw = item.value.raw;
        assert_int_equal(item.value.type, JSON_STRING);
        assert_ptr_equal(item.value.index, root->index);
        assert_true(raw.bytes >= 2 && raw.data[0] == '"' && raw.data[raw.bytes - 1] == '"');
        snprintf(seen + at, sizeof seen - at, "%.*s=%.*s|", (int)item.key.bytes,
                 item.key.bytes > 0 ? item.key.data : "", (int)raw.bytes - 2, raw.data + 1);
    }
    assert_false(json_next_string(&walk, &item)); /* the end stays the end */
    return seen;
}

static void visits_each_string_under_its_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *strings;
    } cases[] = {
        {"{}", ""},
        {"5", ""},
        {"\"a\"", "=a|"},
        {"[\"a\",[\"b\"],1]", "=a|=b|"},
        {"{\"a\":\"b\",\"c\":1,\"d\":null,\"e\":\"\"}", "a=b|e=|"},
        {"{\"a\" \n: [ \"b\" , [\"c\"] ] ,\"d\":{\"e\":\"f\"}}", "a=b|a=c|e=f|"},
        /* behind a nested object it is the last key before it */
        {"{\"a\":[{\"b\":\"c\"},\"d\"]}", "b=c|b=d|"},
        /* what looks like keys and ends inside strings */
        {"{\"a\\\"\":\"b\\\":\",\"c\":\"{\\\\\",\"d\":\":\"}", "a\\\"=b\\\":|c={\\\\|d=:|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice text = slice_of(cases[i].text);
        struct json_value root;
        struct json_index index;
        struct fault fault;
        assert_true(json_parse(text, DEPTH_MAX, &root, &fault));
        assert_string_equal(strings_of(&root), cases[i].strings);
        assert_true(json_parse_indexed(text, DEPTH_MAX, 1, &index, &root, &fault));
        assert_string_equal(strings_of(&root), cases[i].strings);
    }
}

/* The value's own bytes, and not what stands around it. */
static void stays_within_its_value(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[\"b\"],\"c\":\"d\"}";
    struct json_value root;
    struct json_value part;
    struct json_item item;
    struct fault fault;
    assert_true(json_parse(slice_of(text), DEPTH_MAX, &root, &fault));
    assert_int_equal(json_find(&root, "a", &part), 1);
    struct json_strings walk = json_strings(&part);
    assert_true(json_next_string(&walk, &item));
    assert_true(slice_equals(item.value.raw, "\"b\""));
    assert_int_equal(item.key.bytes, 0);
    assert_false(json_next_string(&walk, &item));
    assert_int_equal(json_find(&root, "c", &part), 1);
    walk = json_strings(&part);
    assert_true(json_next_string(&walk, &item));
    assert_true(slice_equals(item.value.raw, "\"d\""));
    assert_false(json_next_string(&walk, &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(visits_each_string_under_its_key),
        cmocka_unit_test(stays_within_its_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
