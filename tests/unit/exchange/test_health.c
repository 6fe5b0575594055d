/* How providers do: who may be asked after what, for which model and key, what the window shows,
 * and all of it from many threads. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct health_news call(const struct candidate *candidate, enum health_result result,
                               int64_t retry_after_ms, int64_t now_ms)
{
    struct health_pass pass;
    const struct health_end end = {result, 20000, retry_after_ms, NULL, false};
    const struct breaker_terms *terms = &candidate->terms.breaker;
    assert_true(health_enter(health, &candidate->health, 0, now_ms, &pass));
    struct health_news news = health_tell(&pass, terms, &end, now_ms);
    if (result == HEALTH_ANSWERED)
        (void)health_tell_end(&pass, terms, &(struct health_answer){false, 2000000, 100}, now_ms);
    return news;
}

static void assert_view(const struct candidate *candidate, int64_t now_ms,
                        enum health_obstacle obstacle, int64_t until_ms)
{
    struct health_view view = health_look(health, &candidate->health, now_ms);
    assert_int_equal(view.obstacle, obstacle);
    assert_int_equal(view.until_ms, until_ms);
}

static void failures_eject_a_model_of_a_provider(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *reloaded = provider_target("p", "m", "another key");
    struct candidate *other = provider_target("p", "n", "k");
    struct health_news news = {0};
    for (int i = 0; i < 3; i++)
        news = call(one, HEALTH_FAILED, 0, NOW_MS);
    assert_int_equal(news.target, BREAKER_OPENS);
    assert_int_equal(news.pause_ms, 1000);
    assert_view(one, NOW_MS + 999, HEALTH_EJECTED, NOW_MS + 1000);
    assert_view(reloaded, NOW_MS + 999, HEALTH_EJECTED, NOW_MS + 1000);
    assert_view(other, NOW_MS, HEALTH_CLEAR, 0);
    assert_view(one, NOW_MS + 1000, HEALTH_CLEAR, 0);
    struct health_pass probe;
    struct health_pass second;
    assert_true(health_enter(health, &one->health, 0, NOW_MS + 1000, &probe));
    assert_false(health_enter(health, &reloaded->health, 0, NOW_MS + 1000, &second));
    assert_false(second.open);
    health_release(&probe, NOW_MS + 1001); /* its client has left */
    assert_int_equal(call(reloaded, HEALTH_ANSWERED, 0, NOW_MS + 1001).target, BREAKER_CLOSES);
    assert_view(one, NOW_MS + 1001, HEALTH_CLEAR, 0);
    candidate_unref(one);
    candidate_unref(reloaded);
    candidate_unref(other);
}

static void what_a_customer_must_mend_is_no_failure(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    for (int i = 0; i < 50; i++)
        assert_int_equal(call(one, HEALTH_REFUSED, 0, NOW_MS).target, BREAKER_STAYS);
    assert_view(one, NOW_MS, HEALTH_CLEAR, 0);
    candidate_unref(one);
}

static void a_rate_limit_pauses_the_key_that_got_it(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *pool = provider_target("p", "m", "another key");
    struct candidate *other = provider_target("p", "n", "k");
    assert_int_equal(call(one, HEALTH_LIMITED, 7000, NOW_MS).pause_ms, 7000);
    assert_view(one, NOW_MS + 6999, HEALTH_PAUSED, NOW_MS + 7000);
    assert_view(one, NOW_MS + 7000, HEALTH_CLEAR, 0);
    assert_view(pool, NOW_MS, HEALTH_CLEAR, 0);
    assert_view(other, NOW_MS, HEALTH_CLEAR, 0);
    candidate_unref(one);
    candidate_unref(pool);
    candidate_unref(other);
}

/* Where the provider says nothing, the pauses grow until a call is answered. */
static void an_unsaid_pause_grows(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    int64_t now_ms = NOW_MS;
    static const int64_t pauses_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        assert_int_equal(call(one, HEALTH_LIMITED, -1, now_ms).pause_ms, pauses_ms[i]);
        now_ms += pauses_ms[i];
    }
    (void)call(one, HEALTH_ANSWERED, 0, now_ms);
    assert_int_equal(call(one, HEALTH_LIMITED, -1, now_ms).pause_ms, 1000);
    struct candidate *other = provider_target("p", "q", "k");
    assert_int_equal(call(other, HEALTH_LIMITED, INT64_MAX, now_ms).pause_ms, 3600000);
    candidate_unref(other);
    candidate_unref(one);
}

static struct health_news say(const struct candidate *one, enum health_result result,
                              int64_t remaining, int64_t reset_ms, int64_t now_ms)
{
    struct health_pass pass;
    const struct provider_limits limits = {
        true, {[PROVIDER_REQUESTS] = {100, remaining, reset_ms}, [PROVIDER_TOKENS] = {-1, -1, -1}}};
    const struct health_end end = {.result = result, .took_us = 1, .limits = &limits};
    health_force(health, &one->health, 0, &pass);
    return health_tell(&pass, &one->terms.breaker, &end, now_ms);
}

static void a_limit_that_is_spent_pauses_before_a_refusal(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *pool = provider_target("p", "m", "another key");
    assert_int_equal(say(one, HEALTH_ANSWERED, 1, 7000, NOW_MS).pause_ms, 0);
    assert_view(one, NOW_MS, HEALTH_CLEAR, 0);
    struct health_news news = say(one, HEALTH_ANSWERED, 0, 7000, NOW_MS);
    assert_int_equal(news.pause_ms, 7000);
    assert_true(news.spent);
    assert_view(one, NOW_MS + 6999, HEALTH_PAUSED, NOW_MS + 7000);
    assert_view(pool, NOW_MS, HEALTH_CLEAR, 0);
    news = say(one, HEALTH_ANSWERED, 3, 7000, NOW_MS + 1); /* it was under way: its count is old */
    assert_false(news.spent);
    assert_view(one, NOW_MS + 6999, HEALTH_PAUSED, NOW_MS + 7000);
    assert_view(one, NOW_MS + 7000, HEALTH_CLEAR, 0);
    (void)say(one, HEALTH_ANSWERED, 0, 0, NOW_MS + 7000); /* no time: no pause */
    (void)say(one, HEALTH_ANSWERED, 0, -1, NOW_MS + 7000);
    assert_view(one, NOW_MS + 7000, HEALTH_CLEAR, 0);
    news = say(one, HEALTH_FAILED, 0, INT64_MAX, NOW_MS + 8000);
    assert_int_equal(news.pause_ms, 600000);
    candidate_unref(one);
    candidate_unref(pool);
}

static bool is_full(const struct candidate *one, int64_t now_ms)
{
    return health_room(health, &one->health, now_ms).requests <= 0;
}

/* Whether so many attempts that run may take what the limit has left. */
static bool is_full_with(const struct candidate *one, size_t running, int64_t now_ms)
{
    struct health_pass passes[8];
    assert_true(running <= sizeof passes / sizeof passes[0]);
    for (size_t i = 0; i < running; i++)
        health_force(health, &one->health, 0, &passes[i]);
    bool full = is_full(one, now_ms);
    for (size_t i = 0; i < running; i++)
        health_release(&passes[i], now_ms);
    return full;
}

static void a_limit_is_full_when_what_runs_may_take_the_rest(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    assert_false(is_full_with(one, 0, NOW_MS)); /* it has said nothing */
    assert_false(is_full_with(one, 8, NOW_MS));
    (void)say(one, HEALTH_ANSWERED, 3, 5000, NOW_MS);
    assert_false(is_full_with(one, 2, NOW_MS));
    assert_true(is_full_with(one, 3, NOW_MS + 4999));
    assert_false(is_full_with(one, 3, NOW_MS + 5000)); /* what it said is not true any more */
    (void)say(one, HEALTH_ANSWERED, -1, 5000, NOW_MS + 5000);
    assert_false(is_full_with(one, 3, NOW_MS + 5000));
    candidate_unref(one);
}

/* Slow calls: what ran already when the one began that was told how much is left is counted in
 * that. */
static void what_ran_before_is_counted_already(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct health_pass before[4], telling, since[3];
    for (size_t i = 0; i < 4; i++)
        health_force(health, &one->health, 0, &before[i]);
    health_force(health, &one->health, 0, &telling);
    const struct provider_limits limits = {
        .said = true,
        .of = {[PROVIDER_REQUESTS] = {.limit = 9, .remaining = 3, .reset_ms = 5000},
               [PROVIDER_TOKENS] = {.limit = -1, .remaining = -1}}};
    const struct health_end end = {.result = HEALTH_ANSWERED, .took_us = 1, .limits = &limits};
    (void)health_tell(&telling, &one->terms.breaker, &end, NOW_MS);
    assert_false(is_full(one, NOW_MS)); /* though four run */
    for (size_t i = 0; i < 3; i++) {
        assert_false(is_full(one, NOW_MS));
        health_force(health, &one->health, 0, &since[i]);
    }
    assert_true(is_full(one, NOW_MS));
    for (size_t i = 0; i < 4; i++)
        health_release(&before[i], NOW_MS);
    assert_true(is_full(one, NOW_MS)); /* they are no places of ours */
    health_release(&since[0], NOW_MS);
    assert_false(is_full(one, NOW_MS));
    for (size_t i = 1; i < 3; i++)
        health_release(&since[i], NOW_MS);
    candidate_unref(one);
}

static void our_account_is_left_out_at_once(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *other = provider_target("p", "n", "k");
    struct candidate *pool = provider_target("p", "m", "another key");
    struct health_news news = call(one, HEALTH_DENIED, 0, NOW_MS);
    assert_int_equal(news.account, BREAKER_OPENS);
    assert_int_equal(news.target, BREAKER_STAYS);
    assert_view(one, NOW_MS + 29999, HEALTH_ACCOUNT, NOW_MS + 30000);
    assert_view(other, NOW_MS, HEALTH_ACCOUNT, NOW_MS + 30000); /* all models of this key */
    assert_view(pool, NOW_MS, HEALTH_CLEAR, 0);
    assert_int_equal(call(other, HEALTH_ANSWERED, 0, NOW_MS + 30000).account, BREAKER_CLOSES);
    assert_view(one, NOW_MS + 30000, HEALTH_CLEAR, 0);
    candidate_unref(one);
    candidate_unref(other);
    candidate_unref(pool);
}

/* One customer can bring forth a 403: that never takes the key from all, and it takes several in a
 * row to leave the model out. */
static void a_403_is_no_denial(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct candidate *other = provider_target("p", "n", "k");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(call(one, HEALTH_FORBIDDEN, 0, NOW_MS).target, BREAKER_STAYS);
        assert_int_equal(call(one, HEALTH_ANSWERED, 0, NOW_MS).target, BREAKER_STAYS);
    }
    for (int i = 0; i < 3; i++)
        (void)call(one, HEALTH_FORBIDDEN, 0, NOW_MS);
    assert_view(one, NOW_MS, HEALTH_EJECTED, NOW_MS + 1000);
    assert_view(other, NOW_MS, HEALTH_CLEAR, 0);
    candidate_unref(one);
    candidate_unref(other);
}

static void answers_that_break_off_are_failures(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct health_news news = {0};
    for (int i = 0; i < 3; i++) {
        struct health_pass pass;
        const struct health_end end = {HEALTH_ANSWERED, 20000, 0, NULL, false};
        assert_true(health_enter(health, &one->health, 0, NOW_MS, &pass));
        (void)health_tell(&pass, &one->terms.breaker, &end, NOW_MS);
        news = health_tell_end(&pass, &one->terms.breaker, &(struct health_answer){.cut = true},
                               NOW_MS);
    }
    assert_int_equal(news.target, BREAKER_OPENS);
    candidate_unref(one);
}

static void the_window_is_shown(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    struct buffer out;
    int64_t now_ms = health_now_ms();
    (void)call(one, HEALTH_ANSWERED, 0, now_ms);
    (void)call(one, HEALTH_FAILED, 0, now_ms);
    buffer_init(&out, 32768);
    health_render_provider(health, "p", &out);
    buffer_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "\"model\":\"m\""));
    assert_non_null(strstr(out.data, "\"breaker\":\"closed\""));
    assert_non_null(strstr(out.data, "\"calls\":2,\"failures\":1"));
    assert_non_null(strstr(out.data, "\"answered\":1"));
    assert_non_null(strstr(out.data, "\"first_byte_ms\":{\"count\":1,\"mean\":20,\"p50\":23,"
                                     "\"p90\":23,\"p95\":23}"));
    assert_non_null(strstr(out.data, "\"total_ms\":{\"count\":1,\"mean\":2000,\"p50\":2047"));
    assert_non_null(strstr(out.data, "\"tokens_per_s\":50"));
    buffer_reset(&out);
    health_render_provider(health, "q", &out);
    buffer_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "\"calls\":0"));
    assert_non_null(strstr(out.data, "\"models\":[]"));
    buffer_fini(&out);
    candidate_unref(one);
}

static struct health_figures figures(const struct candidate *one, int64_t now_ms)
{
    return health_figures_of(health, &one->health, now_ms);
}

static void latency_fades(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    assert_int_equal(figures(one, NOW_MS).latency_us, 0);
    (void)call(one, HEALTH_ANSWERED, 0, NOW_MS);
    assert_int_equal(figures(one, NOW_MS).latency_us, 20000);
    assert_int_equal(figures(one, NOW_MS + 60000).latency_us, 5000);
    candidate_unref(one);
}

static void success_is_a_share(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    assert_int_equal(health_success_ppm(health, &one->health, NOW_MS), 1000000);
    (void)call(one, HEALTH_ANSWERED, 0, NOW_MS);
    (void)call(one, HEALTH_FAILED, 0, NOW_MS);
    (void)call(one, HEALTH_REFUSED, 0, NOW_MS); /* the customer's fault */
    (void)call(one, HEALTH_ANSWERED, 0, NOW_MS);
    assert_int_equal(health_success_ppm(health, &one->health, NOW_MS), 750000);
    assert_int_equal(health_success_ppm(health, &one->health, NOW_MS + 60000), 1000000);
    candidate_unref(one);
}

static void answer(const struct candidate *one, int64_t took_us, int64_t tokens)
{
    struct health_pass pass;
    const struct health_end end = {HEALTH_ANSWERED, 20000, 0, NULL, false};
    const struct health_answer whole = {false, took_us, tokens};
    assert_true(health_enter(health, &one->health, 0, NOW_MS, &pass));
    (void)health_tell(&pass, &one->terms.breaker, &end, NOW_MS);
    (void)health_tell_end(&pass, &one->terms.breaker, &whole, NOW_MS);
}

/* In us for a thousand tokens: 50 tokens a second are 20 s. */
static void throughput_is_of_tokens_and_time(void **state)
{
    (void)state;
    struct candidate *one = provider_target("p", "m", "k");
    assert_int_equal(figures(one, NOW_MS).token_us, 0);
    answer(one, 2000000, 0); /* no text: embeddings, say */
    answer(one, 0, 100);     /* a client that reads slowly */
    assert_int_equal(figures(one, NOW_MS).token_us, 0);
    answer(one, 2000000, 100);
    assert_int_equal(figures(one, NOW_MS).token_us, 20000000);
    assert_int_equal(figures(one, NOW_MS + 30000).token_us, 10000000);
    for (int i = 0; i < 8; i++)
        answer(one, 1000000, 2); /* short answers say little of it */
    assert_in_range(figures(one, NOW_MS).token_us, 19000000, 45000000);
    for (int i = 0; i < 60; i++)
        answer(one, 1000000, 1000);
    assert_in_range(figures(one, NOW_MS).token_us, 900000, 1100000);
    answer(one, INT64_C(3600000000) * 6, INT64_MAX); /* the largest there are */
    assert_true(figures(one, NOW_MS).token_us > 0);
    candidate_unref(one);
}

/* Many models, each of which is to be shown, with the longest names there are. */
static void a_page_has_room_for_some(void **state)
{
    (void)state;
    char model[CANDIDATE_MODEL_BYTES];
    struct buffer out;
    for (int i = 0; i < 60; i++) {
        memset(model, '"', sizeof model);
        snprintf(model + sizeof model - 4, 4, "%d", i);
        struct candidate *one = provider_target("p", model, "k");
        (void)call(one, HEALTH_LIMITED, 5000, health_now_ms());
        candidate_unref(one);
    }
    buffer_init(&out, 32768);
    health_render_provider(health, "p", &out);
    buffer_append_char(&out, '\0');
    assert_false(out.failed);
    assert_non_null(strstr(out.data, "\"left_out\":40"));
    buffer_fini(&out);
}

/* More names than there is room for: the last ones may always be asked. */
static void a_full_registry_refuses_nothing(void **state)
{
    (void)state;
    char model[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(model, sizeof model, "m%d", i);
        struct candidate *one = provider_target("p", model, "k");
        (void)call(one, HEALTH_DENIED, 0, NOW_MS + i * INT64_C(3600000));
        candidate_unref(one);
    }
    struct candidate *last = provider_target("q", "m", "k");
    for (int i = 0; i < 10; i++)
        (void)call(last, HEALTH_DENIED, 0, NOW_MS);
    assert_view(last, NOW_MS, HEALTH_CLEAR, 0);
    candidate_unref(last);
}

static void answer_plain(const struct candidate *one, int64_t took_ms, int64_t now_ms)
{
    struct health_pass pass;
    const struct health_end end = {HEALTH_ANSWERED, took_ms * 1000, 0, NULL, true};
    assert_true(health_enter(health, &one->health, 0, now_ms, &pass));
    (void)health_tell(&pass, &one->terms.breaker, &end, now_ms);
}

static int64_t quantile_ms(const struct candidate *one, int64_t percent, int64_t now_ms)
{
    return health_plain_quantile_us(health, &one->health, percent * 10000, now_ms) / 1000;
}

/* Of whole plain answers; too few tell nothing, and what is old is forgotten. */
static void how_long_plain_answers_take(void **state)
{
    (void)state;
    enum { SPAN_MS = 300000, BEGIN_MS = NOW_MS / SPAN_MS * SPAN_MS };
    struct candidate *one = provider_target("p", "m", "k");
    assert_int_equal(quantile_ms(one, 50, BEGIN_MS), 0);
    for (int i = 0; i < 18; i++)
        answer_plain(one, 100, BEGIN_MS);
    (void)call(one, HEALTH_ANSWERED, 0, BEGIN_MS); /* a stream */
    answer_plain(one, 100, BEGIN_MS);
    assert_int_equal(quantile_ms(one, 50, BEGIN_MS), 0);
    answer_plain(one, 4000, BEGIN_MS);
    assert_in_range(quantile_ms(one, 50, BEGIN_MS), 90, 113);
    assert_in_range(quantile_ms(one, 95, BEGIN_MS), 96, 113);
    assert_int_equal(quantile_ms(one, 96, BEGIN_MS), 0); /* no whole one is expected above it */
    for (int i = 0; i < 80; i++)
        answer_plain(one, i < 76 ? 100 : 4000, BEGIN_MS + SPAN_MS);
    assert_in_range(quantile_ms(one, 99, BEGIN_MS + SPAN_MS), 3584, 4100);
    assert_in_range(quantile_ms(one, 95, BEGIN_MS + 2 * SPAN_MS - 1), 90, 113);
    assert_in_range(quantile_ms(one, 96, BEGIN_MS + 2 * SPAN_MS), 3584, 4100); /* 76 of 80 */
    assert_int_equal(quantile_ms(one, 50, BEGIN_MS + 3 * SPAN_MS), 0);
    candidate_unref(one);
}

static void *work(void *arg)
{
    struct candidate *const *candidates = arg;
    struct dice dice = {(uint64_t)(uintptr_t)&arg};
    for (int i = 0; i < 4000; i++) {
        const struct candidate *one = candidates[dice_below(&dice, 4)];
        const struct provider_limits limits = {i % 3 == 0, {{10, i % 7, 50}, {-1, -1, -1}}};
        struct health_pass pass;
        const struct health_end end = {(enum health_result)dice_below(&dice, HEALTH_RESULTS), i, 1,
                                       &limits, i % 2 == 0};
        int64_t now_ms = NOW_MS + i * 100;
        if (health_look(health, &one->health, now_ms).obstacle != HEALTH_CLEAR ||
            !health_enter(health, &one->health, 0, now_ms, &pass))
            continue;
        if (dice_below(&dice, 10) == 0)
            health_release(&pass, now_ms);
        else
            (void)health_tell(&pass, &one->terms.breaker, &end, now_ms);
        if (dice_below(&dice, 2) == 0)
            (void)health_tell_end(&pass, &one->terms.breaker,
                                  &(struct health_answer){dice_below(&dice, 9) == 0, i + 1, i},
                                  now_ms);
        (void)figures(one, now_ms);
        (void)health_plain_quantile_us(health, &one->health, 900000, now_ms);
        (void)is_full(one, now_ms);
    }
    return NULL;
}

static void from_many_threads(void **state)
{
    (void)state;
    struct candidate *candidates[4] = {
        provider_target("p", "m", "k"), provider_target("p", "m", "l"),
        provider_target("p", "n", "k"), provider_target("q", "m", "k")};
    pthread_t threads[4];
    struct buffer out;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, candidates), 0);
    buffer_init(&out, 65536);
    for (int i = 0; i < 20; i++) {
        buffer_reset(&out);
        health_render_provider(health, "p", &out);
        assert_false(out.failed);
    }
    buffer_fini(&out);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 4; i++)
        candidate_unref(candidates[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(failures_eject_a_model_of_a_provider, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_customer_must_mend_is_no_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rate_limit_pauses_the_key_that_got_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unsaid_pause_grows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_that_is_spent_pauses_before_a_refusal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_ran_before_is_counted_already, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_is_full_when_what_runs_may_take_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(our_account_is_left_out_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_403_is_no_denial, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_that_break_off_are_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_window_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_has_room_for_some, set_up, tear_down),
        cmocka_unit_test_setup_teardown(latency_fades, set_up, tear_down),
        cmocka_unit_test_setup_teardown(success_is_a_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(throughput_is_of_tokens_and_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_registry_refuses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(how_long_plain_answers_take, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
