/* What a provider's limit of tokens has left for calls that have not begun. */
#include "base/support.h"

#include "exchange/health.h"
#include "exchange/provider.h"
#include "exchange/provider_limits.h"

enum { NOW_MS = 1700000000 };

static struct health *health;

static int set_up(void **state)
{
    (void)state;
    health = health_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    health_free(health);
    return 0;
}

/* Tells of a call that may take so many tokens what its answer says of the limit. */
static void say_tokens(const struct candidate *one, struct health_pass *pass, int64_t limit,
                       int64_t left, int64_t reset_ms)
{
    const struct provider_limits limits = {
        true, {[PROVIDER_REQUESTS] = {-1, -1, -1}, [PROVIDER_TOKENS] = {limit, left, reset_ms}}};
    const struct health_end end = {.result = HEALTH_ANSWERED, .took_us = 1, .limits = &limits};
    (void)health_tell(pass, &one->terms.breaker, &end, NOW_MS);
}

static struct limit_room room(const struct candidate *one, int64_t after_ms)
{
    return health_room(health, &one->health, NOW_MS + after_ms);
}

/* 600 of 1,000 are left, and the other 400 come in 4 s: what runs may take some of them. */
static void tokens_are_left_beside_what_runs(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *pool = provider_target("p", "m", "another key");
    struct health_pass before, telling, since[2];
    health_force(health, &one->health, 5000, &before); /* counted in what is told */
    health_force(health, &one->health, 100, &telling);
    struct limit_room said = room(one, 0);
    assert_true(limit_room_takes(&said, INT64_MAX)); /* it has said nothing */
    say_tokens(one, &telling, 1000, 600, 4000);
    assert_int_equal(room(one, 0).tokens, 600);
    health_force(health, &one->health, 250, &since[0]);
    health_force(health, &one->health, 250, &since[1]);
    said = room(one, 0);
    assert_int_equal(said.tokens, 100);
    assert_true(limit_room_takes(&said, 100));
    assert_false(limit_room_takes(&said, 101));
    assert_true(limit_room_takes(&said, 1001)); /* it never fits: the provider shall say so */
    assert_int_equal(limit_room_until_ms(&said, 101, NOW_MS), NOW_MS + 10);
    assert_int_equal(limit_room_until_ms(&said, 300, NOW_MS), NOW_MS + 2000);
    assert_int_equal(limit_room_until_ms(&said, 900, NOW_MS), NOW_MS + 4000);
    assert_int_equal(room(one, 2000).tokens, 300);
    assert_int_equal(room(one, 4000).tokens, INT64_MAX);
    assert_int_equal(room(pool, 0).tokens, INT64_MAX);
    health_release(&before, NOW_MS);
    assert_int_equal(room(one, 0).tokens, 100);
    health_release(&since[0], NOW_MS);
    assert_int_equal(room(one, 0).tokens, 350);
    health_release(&since[1], NOW_MS);
    assert_int_equal(room(one, 0).tokens, 600);
    candidate_unref(one);
    candidate_unref(pool);
}

static void tokens_of_an_unknown_limit_come_all_at_once(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct health_pass pass;
    health_force(health, &one->health, 1, &pass);
    say_tokens(one, &pass, -1, 50, 3000);
    struct limit_room said = room(one, 1000);
    assert_false(limit_room_takes(&said, 51));
    assert_int_equal(limit_room_until_ms(&said, 51, NOW_MS + 1000), NOW_MS + 3000);
    assert_int_equal(limit_room_until_ms(&said, 50, NOW_MS + 1000), NOW_MS + 1000);
    candidate_unref(one);
}

/* No number that a provider or a request names leaves the range of the arithmetic. */
static void the_largest_numbers_are_bounded(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct health_pass pass, large;
    health_force(health, &one->health, INT64_MAX, &large);
    health_force(health, &one->health, INT64_MAX, &pass);
    say_tokens(one, &pass, INT64_MAX, 0, INT64_MAX);
    struct limit_room said = room(one, 86399999);
    assert_in_range(limit_room_until_ms(&said, 10, NOW_MS), NOW_MS, NOW_MS + 86400000);
    health_release(&large, NOW_MS);
    assert_int_equal(room(one, 86400000).tokens, INT64_MAX);
    candidate_unref(one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_are_left_beside_what_runs),
        TEST(tokens_of_an_unknown_limit_come_all_at_once),
        TEST(the_largest_numbers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
