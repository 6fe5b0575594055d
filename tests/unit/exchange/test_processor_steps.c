/* Questions to the payment processor, one after the other: what an answer brings into the next. */
#include "base/support.h"

#include <string.h>

#include "exchange/processor_steps.h"

static const char steps[] =
    "/one\nA: 1\n\na=1\nthen\n/two\nB: 2\n\nx={answer.total}&y={answer.id}&z=3\n"
    "then\n/three\n\n\nid={answer.id}";

static void the_first_and_what_follows(void **state)
{
    (void)state;
    assert_true(slice_equals(processor_steps_first(slice_of(steps)), "/one\nA: 1\n\na=1"));
    assert_true(processor_steps_more(slice_of(steps)));
    assert_false(processor_steps_more(slice_of("/one\n\na=then")));
}

static bool rest(const char *answer, struct buffer *out)
{
    const char *why = NULL;
    buffer_init(out, 4096);
    bool ok = processor_steps_rest(slice_of(steps), slice_of(answer), out, &why);
    assert_true(ok || strlen(why) > 0);
    return ok;
}

static void an_answer_fills_the_next_question_only(void **state)
{
    struct buffer out;
    (void)state;
    assert_true(rest("{\"id\": \"tc_1-A\", \"more\": [1], \"total\": 2200}", &out));
    assert_true(slice_equals(buffer_slice(&out), "/two\nB: 2\n\nx=2200&y=tc_1-A&z=3\nthen\n/three\n"
                                                 "\n\nid={answer.id}"));
    buffer_fini(&out);
}

static void other_answers_fill_nothing(void **state)
{
    static const char *const answers[] = {"",
                                          "{",
                                          "[]",
                                          "{\"id\": \"a\"}",
                                          "{\"id\": \"a\", \"total\": null}",
                                          "{\"id\": \"a&b\", \"total\": 1}",
                                          "{\"id\": \"\", \"total\": 1}",
                                          "{\"id\": \"a\", \"total\": 1.5}",
                                          "{\"id\": \"a\", \"total\": {\"total\": 1}}",
                                          "{\"id\": \"a\", \"total\": 1, \"total\": 2}",
                                          "{\"id\": \"a\\n\", \"total\": 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct buffer out;
        assert_false(rest(answers[i], &out));
        buffer_fini(&out);
    }
}

static void what_is_charged(void **state)
{
    static const struct {
        const char *steps;
        int64_t minor;
    } cases[] = {
        {"/x\nA: 1\n\namount=2200&b=1", 2200},
        {"/x\n\nb=1&amount=2200&c=1\nthen\n/y\n\namount=1", 2200},
        {"/x\n\nb=1\nthen\n/y\n\namount=1", 0},
        {"/x\n\nthe_amount=1&line[amount]=2", 0},
        {"/x\n\nb=1&amount={answer.total}", 0},
        {"/x\n\namount=", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(processor_steps_charge(slice_of(cases[i].steps)), cases[i].minor);
    assert_true(processor_steps_charge(slice_of("/x\n\namount=99999999999999999999999")) > 0);
}

static void a_refusal_has_words(void **state)
{
    static const struct {
        const char *answer, *words;
    } cases[] = {
        {"{\"error\": {\"message\": \"Your card was \\u0064eclined.\"}}",
         "Your card was declined."},
        {"{\"message\": \"no\"}", "no"},
        {"{\"error\": {\"message\": \"\"}}", NULL},
        {"{\"error\": {\"message\": 1}}", NULL},
        {"<html>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 256);
        assert_true(processor_steps_refusal(slice_of(cases[i].answer), &out) ==
                    (cases[i].words != NULL));
        if (cases[i].words != NULL)
            assert_true(slice_equals(buffer_slice(&out), cases[i].words));
        buffer_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_what_follows),
        cmocka_unit_test(an_answer_fills_the_next_question_only),
        cmocka_unit_test(other_answers_fill_nothing),
        cmocka_unit_test(what_is_charged),
        cmocka_unit_test(a_refusal_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
