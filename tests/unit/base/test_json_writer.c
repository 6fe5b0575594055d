/* The JSON of results: commas where they belong, money exact, and text that cannot break out. */
#include "base/json_writer.h"

#include <string.h>

#include "base/support.h"

static struct buffer out;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_fini(&out);
    return 0;
}

static void assert_written(const char *text)
{
    assert_false(out.failed);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, text);
    buffer_reset(&out);
}

static void commas_stand_between_and_nowhere_else(void **state)
{
    (void)state;
    json_writer_object(&out, NULL);
    json_writer_int(&out, "a", -5);
    json_writer_array(&out, "b");
    json_writer_int(&out, NULL, 1);
    json_writer_object(&out, NULL);
    json_writer_object_end(&out);
    json_writer_array(&out, NULL);
    json_writer_array_end(&out);
    json_writer_array_end(&out);
    json_writer_object(&out, "c");
    json_writer_bool(&out, "d", true);
    json_writer_bool(&out, "e", false);
    json_writer_object_end(&out);
    json_writer_null(&out, "f");
    json_writer_object_end(&out);
    assert_written("{\"a\":-5,\"b\":[1,{},[]],\"c\":{\"d\":true,\"e\":false},\"f\":null}");
}

/* A text that ends like an opened container is none: its quote stands behind it. */
static void texts_are_strings(void **state)
{
    (void)state;
    json_writer_array(&out, NULL);
    json_writer_text(&out, NULL, "[");
    json_writer_text(&out, NULL, "a\"}{");
    json_writer_text_or_null(&out, NULL, "");
    json_writer_text_or_null(&out, NULL, "null");
    json_writer_json(&out, NULL, "{\"x\":[ 1 ]}");
    json_writer_array_end(&out);
    assert_written("[\"[\",\"a\\\"}{\",null,\"null\",{\"x\":[ 1 ]}]");
    json_writer_object(&out, NULL);
    json_writer_text(&out, "a\"b", "");
    json_writer_object_end(&out);
    assert_written("{\"a\\\"b\":\"\"}");
}

static void money_is_exact(void **state)
{
    (void)state;
    json_writer_object(&out, NULL);
    json_writer_money(&out, "a", 540000);
    json_writer_money(&out, "b", -1);
    json_writer_money_number(&out, "c", 540000);
    json_writer_money_number(&out, "d", 2000000000);
    json_writer_object_end(&out);
    assert_written("{\"a\":\"0.000540000\",\"b\":\"-0.000000001\",\"c\":0.00054,\"d\":2}");
}

static void times_are_of_rfc_3339(void **state)
{
    (void)state;
    json_writer_object(&out, NULL);
    json_writer_time(&out, "a", 86400123);
    json_writer_day(&out, "b", 1);
    json_writer_object_end(&out);
    assert_written("{\"a\":\"1970-01-02T00:00:00.123Z\",\"b\":\"1970-01-02\"}");
}

static void what_does_not_fit_is_noticed_at_the_end(void **state)
{
    (void)state;
    buffer_fini(&out);
    buffer_init(&out, 8);
    json_writer_object(&out, NULL);
    json_writer_text(&out, "a", "too long");
    json_writer_object_end(&out);
    assert_true(out.failed);
}

#define WITH_BUFFER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BUFFER(commas_stand_between_and_nowhere_else),
        WITH_BUFFER(texts_are_strings),
        WITH_BUFFER(money_is_exact),
        WITH_BUFFER(times_are_of_rfc_3339),
        WITH_BUFFER(what_does_not_fit_is_noticed_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
