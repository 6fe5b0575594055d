/* Second factors: each code is used up once, nobody who has one gets a session without it, and a
 * pending sign-in ends with its tries and its password. */
#include "store/fixture.h"

#include <stdio.h>

#include "base/clock.h"

static struct fixture f;
static struct customer ann;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
#define TOKEN DIGEST "01"
#define SESSION DIGEST "02"
#define OTHER DIGEST "03"
#define RECOVERY DIGEST "04"
#define FAR INT64_C(4000000000000)

static const char *hash(void)
{
    static char text[200];
    snprintf(text, sizeof text, "%s",
             fixture_member(ASK("user.credentials", "tnn", "ann@example.com"), "password_hash"));
    return text;
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void confirm(int64_t step)
{
    assert_non_null(ASK("factor.begin", "tt", ann.user_id.text, "sealed"));
    assert_non_null(
        ASK("factor.confirm", "titt", ann.user_id.text, step, RECOVERY "\n" OTHER "\n", SESSION));
}

static void set_up(void **state)
{
    (void)state;
    fixture_assert_fails(ASK("factor.get", "t", ann.user_id.text), "not_found");
    fixture_assert_fails(
        ASK("factor.confirm", "titt", ann.user_id.text, INT64_C(1), RECOVERY "\n", SESSION),
        "not_found");
    assert_non_null(ASK("session.create", "ttittt", OTHER, ann.user_id.text, FAR, "", "", hash()));
    assert_non_null(ASK("factor.begin", "tt", ann.user_id.text, "first"));
    assert_non_null(ASK("factor.begin", "tt", ann.user_id.text, "second"));
    fixture_assert_has(ASK("factor.get", "t", ann.user_id.text), "\"enabled_at\":null");
    fixture_assert_has(ASK("session.user", "t", OTHER), "\"second_factor\":false");
    confirm(1);
    fixture_assert_has(ASK("factor.get", "t", ann.user_id.text), "\"recovery_codes\":2");
    fixture_assert_fails(ASK("session.user", "t", OTHER), "not_found");
    fixture_assert_fails(ASK("factor.begin", "tt", ann.user_id.text, "third"), "second_factor_on");
}

static void no_session_without_it(void **state)
{
    (void)state;
    confirm(1);
    fixture_assert_fails(
        ASK("session.create", "ttittt", OTHER, ann.user_id.text, FAR, "", "", hash()), "not_found");
    assert_non_null(ASK("signin.await", "ttti", TOKEN, ann.user_id.text, hash(), FAR));
    fixture_assert_fails(ASK("signin.enter", "ttittin", TOKEN, SESSION, FAR, "", "", INT64_C(1)),
                         "wrong_code");
    fixture_assert_has(ASK("signin.enter", "ttittin", TOKEN, SESSION, FAR, "", "", INT64_C(2)),
                       "\"second_factor\":true");
    assert_non_null(ASK("session.user", "t", SESSION));
    fixture_assert_fails(ASK("signin.enter", "ttittin", TOKEN, OTHER, FAR, "", "", INT64_C(3)),
                         "not_found");
}

static void codes_are_used_up(void **state)
{
    (void)state;
    confirm(5);
    for (int64_t step = 3; step <= 5; step++)
        fixture_assert_fails(ASK("factor.use", "tin", ann.user_id.text, step), "wrong_code");
    assert_non_null(ASK("factor.use", "tin", ann.user_id.text, INT64_C(7)));
    fixture_assert_fails(ASK("factor.use", "tin", ann.user_id.text, INT64_C(6)), "wrong_code");
    assert_non_null(ASK("factor.use", "tnt", ann.user_id.text, RECOVERY));
    fixture_assert_fails(ASK("factor.use", "tnt", ann.user_id.text, RECOVERY), "wrong_code");
    assert_non_null(ASK("factor.renew", "tntt", ann.user_id.text, OTHER, RECOVERY "\n"));
    fixture_assert_fails(ASK("factor.use", "tnt", ann.user_id.text, OTHER), "wrong_code");
    assert_non_null(ASK("factor.off", "tnt", ann.user_id.text, RECOVERY));
    fixture_assert_fails(ASK("factor.use", "tin", ann.user_id.text, INT64_C(9)), "wrong_code");
    fixture_assert_fails(ASK("factor.remove", "t", ann.user_id.text), "not_found");
}

static void pending_ends(void **state)
{
    (void)state;
    confirm(1);
    fixture_assert_fails(ASK("signin.await", "ttti", TOKEN, ann.user_id.text, "other", FAR),
                         "not_found");
    assert_non_null(ASK("signin.await", "ttti", TOKEN, ann.user_id.text, hash(), FAR));
    for (int i = 0; i < 5; i++)
        assert_non_null(ASK("signin.try", "t", TOKEN));
    fixture_assert_fails(ASK("signin.try", "t", TOKEN), "not_found");
    assert_non_null(ASK("signin.await", "ttti", OTHER, ann.user_id.text, hash(), FAR));
    assert_non_null(ASK("user.password", "ttnnn", ann.user_id.text, "new hash"));
    fixture_assert_fails(ASK("signin.try", "t", OTHER), "not_found");
    fixture_assert_fails(ASK("signin.enter", "ttittin", OTHER, SESSION, FAR, "", "", INT64_C(2)),
                         "not_found");
    assert_non_null(
        ASK("signin.await", "ttti", SESSION, ann.user_id.text, "new hash", clock_wall_ms() - 1));
    fixture_assert_fails(ASK("signin.try", "t", SESSION), "not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(set_up, setup, teardown),
        cmocka_unit_test_setup_teardown(no_session_without_it, setup, teardown),
        cmocka_unit_test_setup_teardown(codes_are_used_up, setup, teardown),
        cmocka_unit_test_setup_teardown(pending_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
