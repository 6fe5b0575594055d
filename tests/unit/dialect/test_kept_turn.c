#include "dialect/kept_turn.h"

#include <string.h>

#include "base/support.h"
#include "dialect/whole_request.h"

enum { TURNS_MAX = 4 };

static void assert_slice(struct slice found, const char *expected)
{
    assert_int_equal(found.bytes, strlen(expected));
    assert_memory_equal(found.data != NULL ? found.data : "", expected, found.bytes);
}

struct conversation {
    struct kept_turn turns[TURNS_MAX];
    size_t count;
};

static struct conversation read(const char *const *texts, size_t count)
{
    struct conversation found = {.count = count};
    for (size_t i = 0; i < count; i++)
        assert_true(kept_turn_read(slice_of(texts[i]), &found.turns[i]));
    return found;
}

#define READ(...)                                                                                  \
    read((const char *const[]){__VA_ARGS__},                                                       \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void check_items(const struct conversation *talk, const char *expected)
{
    struct kept_removals removals;
    kept_removals_init(&removals, talk->turns, talk->count);
    struct kept_turn_walk walk = kept_turn_walk(talk->turns, talk->count, &removals);
    struct kept_turn_item item;
    struct buffer out;
    buffer_init(&out, 4096);
    while (kept_turn_next(&walk, &item)) {
        kept_turn_put(&item, &out);
        buffer_append_char(&out, item.given ? '<' : '>');
    }
    assert_slice(buffer_slice(&out), expected);
    buffer_fini(&out);
    kept_removals_fini(&removals);
}

static void test_items_in_their_order(void **state)
{
    (void)state;
    struct conversation talk =
        READ("{\"input\":[{\"role\":\"user\",\"content\":\"a\"}],\"response\":{\"output\":"
             "[{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}]}}",
             "{\"input\":[],\"metadata\":{}}",
             "{\"input\":[{\"type\":\"x\"},{\"id\":\"i\",\"type\":\"y\"}],\"response\":{}}");
    check_items(&talk, "{\"id\":\"item_0_0\",\"type\":\"message\",\"role\":\"user\",\"content\":"
                       "[{\"type\":\"input_text\",\"text\":\"a\"}]}>"
                       "{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}<"
                       "{\"id\":\"item_2_0\",\"type\":\"x\"}>{\"id\":\"i\",\"type\":\"y\"}>");
}

static void test_what_is_removed_is_left_out(void **state)
{
    (void)state;
    struct conversation talk =
        READ("{\"input\":[{\"type\":\"a\"},{\"id\":\"m\",\"type\":\"b\"},{\"type\":\"c\"}]}",
             "{\"removed\":\"item_0_0\"}", "{\"removed\":\"m\"}",
             "{\"input\":[{\"id\":\"m\",\"type\":\"d\"}]}");
    /* Places stay as they were, and a later item may have the id again. */
    check_items(&talk, "{\"id\":\"item_0_2\",\"type\":\"c\"}>{\"id\":\"m\",\"type\":\"d\"}>");
}

static void test_no_turn(void **state)
{
    static const char *const texts[] = {"", "[]", "{", "1"};
    struct kept_turn turn;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(kept_turn_read(slice_of(texts[i]), &turn));
    struct conversation empty = READ("{}", "{\"input\":7,\"response\":[]}");
    check_items(&empty, "");
}

/* ---- requests that are made whole ---- */

static bool find_m(void *arg, struct slice id, struct slice *item)
{
    (void)arg;
    *item = slice_of("{\"found\":1}");
    return slice_equals(id, "m");
}

static void check_own(const char *request, const char *expected)
{
    struct json_value root;
    struct fault fault;
    struct buffer out;
    buffer_init(&out, 4096);
    assert_true(json_parse(slice_of(request), 16, &root, &fault));
    whole_request_own_items(&root, find_m, NULL, &out);
    assert_slice(buffer_slice(&out), expected);
    buffer_fini(&out);
}

static void test_own_items(void **state)
{
    (void)state;
    check_own("{}", "");
    check_own("{\"input\":\"a\\n\"}",
              "{\"type\":\"message\",\"role\":\"user\",\"content\":\"a\\n\"}");
    check_own("{\"input\":[ {\"type\":\"item_reference\",\"id\":\"m\"} , {\"id\":\"m\"},"
              "{\"type\":\"item_reference\",\"id\":\"n\"},"
              "{\"role\":\"user\",\"content\":\"a\",\"id\":\"m\"}]}",
              "{\"found\":1},{\"found\":1},{\"type\":\"item_reference\",\"id\":\"n\"},"
              "{\"role\":\"user\",\"content\":\"a\",\"id\":\"m\"}");
}

static void test_a_request_is_made_whole(void **state)
{
    struct json_value root;
    struct fault fault;
    struct buffer out;
    (void)state;
    buffer_init(&out, 4096);
    assert_true(json_parse(slice_of("{\"model\":\"m\", \"previous_response_id\":\"r\",\"big\":"
                                    "12345678901234567890,\"conversation\":{\"id\":\"c\"},"
                                    "\"input\":\"a\",\"unknown\":[ ]}"),
                           16, &root, &fault));
    whole_request_write(&root, slice_of("1,2"), &out);
    assert_slice(buffer_slice(&out), "{\"model\":\"m\",\"big\":12345678901234567890,"
                                     "\"unknown\":[ ],\"input\":[1,2]}");
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_in_their_order),
        cmocka_unit_test(test_what_is_removed_is_left_out),
        cmocka_unit_test(test_no_turn),
        cmocka_unit_test(test_own_items),
        cmocka_unit_test(test_a_request_is_made_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
