/* An alarm of a model is logged once a minute, and says how many were left out. */
#include "base/support.h"

#include <stdio.h>

#include "exchange/alarm_gate.h"

static struct alarm_gate gate;

static int set_up(void **state)
{
    (void)state;
    gate = (struct alarm_gate){0};
    return 0;
}

static bool raise(const char *what, const char *model, int64_t now_ms, int64_t wanted_left_out)
{
    int64_t left_out = -1;
    bool logged = alarm_gate_pass(&gate, what, model, now_ms, &left_out);
    assert_int_equal(left_out, wanted_left_out);
    return logged;
}

static void once_a_minute(void **state)
{
    (void)state;
    assert_true(raise("a", "m", 1000, 0));
    assert_false(raise("a", "m", 1000, 0));
    assert_false(raise("a", "m", 1000 + ALARM_GATE_PAUSE_MS - 1, 0));
    assert_true(raise("a", "m", 1000 + ALARM_GATE_PAUSE_MS, 2));
    assert_false(raise("a", "m", 1000 + ALARM_GATE_PAUSE_MS, 0));
}

static void each_alarm_of_each_model(void **state)
{
    (void)state;
    assert_true(raise("a", "m", 1000, 0));
    assert_true(raise("b", "m", 1000, 0));
    assert_true(raise("a", "n", 1000, 0));
    assert_true(raise("am", "", 1000, 0));
}

/* More models than slots: some are logged more often, none is lost for good. */
static void many_models(void **state)
{
    (void)state;
    for (int i = 0; i < 10 * ALARM_GATE_SLOTS; i++) {
        char model[16];
        int64_t left_out;
        snprintf(model, sizeof model, "%d", i);
        assert_true(alarm_gate_pass(&gate, "a", model, 1000, &left_out));
        assert_int_equal(left_out, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(once_a_minute, set_up),
        cmocka_unit_test_setup(each_alarm_of_each_model, set_up),
        cmocka_unit_test_setup(many_models, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
