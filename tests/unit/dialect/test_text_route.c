/* A piece of text goes past the translation only once two others have become the same event. */
#include "base/support.h"

#include <string.h>

#include "dialect/text_route.h"

#define EVENT(text) "data: {\"t\":\"" text "\",\"n\":1}\n\n"

static struct text_route route;

static int set_up(void **state)
{
    (void)state;
    text_route_init(&route);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    text_route_fini(&route);
    return 0;
}

static void learn(const char *text, const char *event)
{
    text_route_learn(&route, slice_of(text), slice_of(event));
}

static void assert_written(const char *text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 4096);
    text_route_write(&route, slice_of(text), &out);
    assert_true(slice_equals(buffer_slice(&out), expected));
    buffer_fini(&out);
}

static void two_pieces_make_it_sure(void **state)
{
    (void)state;
    learn("one", EVENT("one"));
    assert_false(route.sure);
    learn("two", EVENT("two"));
    assert_true(route.sure);
    assert_written("three \\\"", EVENT("three \\\""));
}

static void another_form_begins_anew(void **state)
{
    (void)state;
    learn("one", EVENT("one"));
    learn("two", EVENT("two"));
    learn("three", "data: {\"u\":\"three\"}\n\n");
    assert_false(route.sure);
    learn("four", "data: {\"u\":\"four\"}\n\n");
    assert_true(route.sure);
    assert_written("x", "data: {\"u\":\"x\"}\n\n");
}

static void what_is_not_one_event_with_the_text_once_is_never_learned(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *events;
    } cases[] = {
        {"a", ""},          {"a", EVENT("a") EVENT("a")},
        {"a", EVENT("ab")}, {"t", EVENT("t")}, /* a key is such a string, too */
        {"", EVENT("")},    {"a", "data: {\"t\":\"a\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        learn(cases[i].text, cases[i].events);
        learn(cases[i].text, cases[i].events);
        assert_false(route.sure);
    }
}

static void a_text_that_is_no_plain_piece_ends_it(void **state)
{
    (void)state;
    learn("one", EVENT("one"));
    learn("two", EVENT("two"));
    learn("", "");
    assert_false(route.sure);
}

static void numbers_go_on(void **state)
{
    (void)state;
    learn("one", "data: {\"sequence_number\":8,\"t\":\"one\"}\n\n");
    learn("two", "data: {\"sequence_number\":9,\"t\":\"two\"}\n\n");
    assert_true(route.sure);
    assert_written("x", "data: {\"sequence_number\":10,\"t\":\"x\"}\n\n");
    assert_written("y", "data: {\"sequence_number\":11,\"t\":\"y\"}\n\n");
}

static void a_number_behind_the_text_is_not_followed(void **state)
{
    (void)state;
    learn("one", "data: {\"t\":\"one\",\"sequence_number\":8}\n\n");
    learn("two", "data: {\"t\":\"two\",\"sequence_number\":9}\n\n");
    assert_false(route.sure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_pieces_make_it_sure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_form_begins_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_one_event_with_the_text_once_is_never_learned,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_that_is_no_plain_piece_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_behind_the_text_is_not_followed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
