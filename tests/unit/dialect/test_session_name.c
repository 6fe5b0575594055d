/* How a client calls its conversation: each member that says it, which of several counts, and what
 * looks like one and is none. */
#include "base/support.h"

#include <string.h>

#include "base/limits.h"
#include "dialect/session_name.h"

static void check(const char *body, const char *expected)
{
    struct fault fault;
    struct json_value root;
    struct json_item item;
    struct session_name session = {.source = SESSION_NONE};
    assert_true(json_parse(slice_of(body), LIMIT_JSON_DEPTH, &root, &fault));
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &item))
        session_name_note(&session, item.key, &item.value);
    struct slice text = session_name_text(&session);
    if (!slice_equals(text, expected))
        fail_msg("%s: '%.*s'", body, (int)text.bytes, text.data);
}

static void each_client_names_it_its_own_way(void **state)
{
    (void)state;
    check("{\"session_id\":\"s1\"}", "s1");
    check("{\"prompt_cache_key\":\"k1\"}", "k1");
    check("{\"conversation\":\"conv_1\"}", "conv_1");
    check("{\"conversation\":{\"id\":\"conv_2\"}}", "conv_2");
    check("{\"metadata\":{\"user_id\":\"user_a_account_b_session_c\"}}",
          "user_a_account_b_session_c");
    check("{\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"c\\\"}\"}}",
          "{\\\"session_id\\\":\\\"c\\\"}");
}

static void the_most_telling_one_counts_in_any_order(void **state)
{
    (void)state;
    check("{\"session_id\":\"s\",\"prompt_cache_key\":\"k\",\"conversation\":\"c\"}", "s");
    check("{\"conversation\":\"c\",\"prompt_cache_key\":\"k\",\"session_id\":\"s\"}", "s");
    check("{\"conversation\":\"c\",\"prompt_cache_key\":\"k\"}", "k");
    check("{\"conversation\":\"c\",\"session_id\":null,\"prompt_cache_key\":\"\"}", "c");
}

static void others_are_none(void **state)
{
    (void)state;
    check("{}", "");
    check("{\"metadata\":{\"user_id\":\"end-user-7\"}}", "");
    check("{\"metadata\":{\"session_\":\"x\"},\"conversation\":\"c\"}", "c");
    check("{\"metadata\":\"session_1\",\"session_id\":7,\"prompt_cache_key\":[\"k\"]}", "");
    check("{\"conversation\":{\"id\":1},\"sessionsid\":\"s\"}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_client_names_it_its_own_way),
        cmocka_unit_test(the_most_telling_one_counts_in_any_order),
        cmocka_unit_test(others_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
