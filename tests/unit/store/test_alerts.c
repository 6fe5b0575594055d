/* The registry of alerts: what is told when, how often, and what is only counted. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/alerts.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static struct alerts *alerts;

static int set_up(void **state)
{
    (void)state;
    alerts = alerts_new(4 * HOUR);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    alerts_free(alerts);
    return 0;
}

static void breaker(const char *detail)
{
    alerts_raise(alerts, ALERT_BREAKER_OPEN, "a/m", detail);
}

/* Takes what is due as the ledger thread does. Returns the telling of the only news. */
static struct alert_news take_one(void)
{
    struct alert_news news[4];
    size_t count = alerts_take(alerts, clock_wall_ms(), news, 4);
    assert_int_equal(count, 1);
    alerts_done(alerts, &news[0], true);
    return news[0];
}

static void assert_nothing(void)
{
    struct alert_news news;
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), &news, 1), 0);
}

static void told_once_and_closed_once(void **state)
{
    (void)state;
    breaker("first");
    struct alert_news news = take_one();
    assert_int_equal(news.telling, ALERT_OPENED);
    assert_string_equal(news.alert.subject, "a/m");
    assert_string_equal(news.alert.detail, "first");
    breaker("second");
    breaker("");
    assert_nothing(); /* counted, and written a little later */
    clock_advance_ms(6 * SECOND);
    news = take_one();
    assert_int_equal(news.telling, ALERT_TELLS_NOTHING);
    assert_int_equal(news.alert.count, 3);
    assert_string_equal(news.alert.detail, "second");
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    news = take_one();
    assert_int_equal(news.telling, ALERT_CLOSED);
    assert_true(news.alert.closed_ms > 0);
    clock_advance_ms(24 * HOUR);
    assert_nothing();
}

static void told_again_while_open(void **state)
{
    (void)state;
    breaker("x");
    take_one();
    clock_advance_ms(4 * HOUR - SECOND);
    assert_nothing();
    clock_advance_ms(2 * SECOND);
    assert_int_equal(take_one().telling, ALERT_STILL_OPEN);
    assert_nothing();
    alerts_set_repeat(alerts, 0);
    clock_advance_ms(24 * HOUR);
    assert_nothing();
}

static void what_flaps_is_told_seldom(void **state)
{
    (void)state;
    breaker("x");
    struct alert_news first = take_one();
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    assert_int_equal(take_one().telling, ALERT_CLOSED);
    unsigned told = 0;
    for (int i = 0; i < 100; i++) { /* 200 s */
        struct alert_news news;
        breaker("x");
        clock_advance_ms(SECOND);
        if (alerts_take(alerts, clock_wall_ms(), &news, 1) == 1) {
            told += news.telling != ALERT_TELLS_NOTHING ? 1 : 0;
            assert_string_equal(news.alert.id.text, first.alert.id.text);
            alerts_done(alerts, &news, true);
        }
        alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
        clock_advance_ms(SECOND);
    }
    assert_int_equal(told, 0);
    breaker("x");
    clock_advance_ms(2 * MINUTE);
    struct alert_news news = take_one();
    assert_int_equal(news.telling, ALERT_OPENED); /* it is open when the quiet time is over */
    assert_int_equal(news.alert.count, 102);
}

static void anew_after_a_quiet_time(void **state)
{
    (void)state;
    breaker("x");
    struct alert_news first = take_one();
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    take_one();
    clock_advance_ms(6 * MINUTE);
    breaker("x");
    struct alert_news news = take_one();
    assert_int_equal(news.telling, ALERT_OPENED);
    assert_int_equal(news.alert.count, 1);
    assert_string_not_equal(news.alert.id.text, first.alert.id.text);
}

/* Between two looks of the teller. */
static void over_before_it_was_told(void **state)
{
    (void)state;
    breaker("x");
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    assert_int_equal(take_one().telling, ALERT_OPENED);
    assert_int_equal(take_one().telling, ALERT_CLOSED);
    assert_nothing();
}

static void without_an_end(void **state)
{
    (void)state;
    alerts_raise(alerts, ALERT_OVERRUN, "m", "1");
    assert_int_equal(take_one().telling, ALERT_OPENED);
    clock_advance_ms(50 * MINUTE);
    alerts_raise(alerts, ALERT_OVERRUN, "m", "2");
    assert_int_equal(take_one().telling, ALERT_TELLS_NOTHING);
    clock_advance_ms(50 * MINUTE);
    assert_nothing();
    clock_advance_ms(11 * MINUTE);
    assert_int_equal(take_one().telling, ALERT_CLOSED);
}

/* By more than the pauses are long: nothing waits until it has caught up. */
static void a_clock_that_is_set_back(void **state)
{
    (void)state;
    breaker("x");
    assert_int_equal(take_one().telling, ALERT_OPENED);
    clock_advance_ms(-24 * HOUR);
    assert_int_equal(take_one().telling, ALERT_STILL_OPEN);
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    assert_int_equal(take_one().telling, ALERT_CLOSED);
    clock_advance_ms(-24 * HOUR);
    breaker("y");
    assert_int_equal(take_one().telling, ALERT_OPENED);
    alerts_raise(alerts, ALERT_OVERRUN, "m", "1");
    assert_int_equal(take_one().telling, ALERT_OPENED);
    clock_advance_ms(-24 * HOUR);
    alerts_raise(alerts, ALERT_OVERRUN, "n", "1");
    struct alert_news news[4];
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), news, 4), 3); /* "m" closes, too */
}

static void by_kind_and_subject(void **state)
{
    struct alert_news news[8];
    (void)state;
    breaker("x");
    alerts_raise(alerts, ALERT_BREAKER_OPEN, "a/n", "x");
    alerts_raise(alerts, ALERT_OVERRUN, "a/m", "x");
    alerts_clear(alerts, ALERT_ACCOUNT_REFUSED, "a/m");
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), news, 8), 3);
    for (size_t i = 0; i < 3; i++)
        alerts_done(alerts, &news[i], true);
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/n");
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), news, 8), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(news[i].telling, ALERT_CLOSED);
}

static void kept_until_it_is_written(void **state)
{
    struct alert_news news, other;
    (void)state;
    breaker("x");
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), &news, 1), 1);
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), &other, 1), 0);
    assert_false(alerts_take_kind(alerts, ALERT_BREAKER_OPEN, clock_wall_ms(), &other));
    alerts_give_back(alerts, &news); /* the disk has failed */
    assert_true(alerts_take_kind(alerts, ALERT_BREAKER_OPEN, clock_wall_ms(), &news));
    assert_int_equal(news.telling, ALERT_OPENED);
    alerts_done(alerts, &news, false); /* told from memory: its row is still due */
    assert_int_equal(take_one().telling, ALERT_TELLS_NOTHING);
    assert_nothing();
}

/* What happens while a telling is under way is not lost. */
static void closed_while_it_is_told(void **state)
{
    struct alert_news news;
    (void)state;
    breaker("x");
    assert_int_equal(alerts_take(alerts, clock_wall_ms(), &news, 1), 1);
    alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    alerts_done(alerts, &news, true);
    assert_int_equal(take_one().telling, ALERT_CLOSED);
}

static struct alert inherited(enum alert_kind kind)
{
    struct alert alert = {.kind = kind,
                          .subject = "a/m",
                          .opened_ms = clock_wall_ms() - HOUR,
                          .last_ms = clock_wall_ms(),
                          .count = 7,
                          .tellings = 1,
                          .told_ms = clock_wall_ms() - HOUR,
                          .told_open = true};
    id_make(&alert.id, "alrt");
    return alert;
}

static void goes_on_after_a_restart(void **state)
{
    struct alert alert = inherited(ALERT_BALANCE_LOW);
    (void)state;
    alerts_inherit(alerts, &alert);
    assert_false(alerts_have_inherited(alerts));
    assert_nothing();
    alerts_raise(alerts, ALERT_BALANCE_LOW, "a/m", "less");
    clock_advance_ms(3 * HOUR + SECOND);
    struct alert_news news = take_one();
    assert_int_equal(news.telling, ALERT_STILL_OPEN);
    assert_int_equal(news.alert.count, 8);
    assert_string_equal(news.alert.id.text, alert.id.text);
}

/* Nobody sees the end of a breaker that a restart has closed. */
static void ends_after_a_restart(void **state)
{
    struct alert alert = inherited(ALERT_BREAKER_OPEN);
    (void)state;
    alerts_inherit(alerts, &alert);
    assert_true(alerts_have_inherited(alerts));
    clock_advance_ms(59 * MINUTE);
    assert_nothing();
    clock_advance_ms(2 * MINUTE);
    assert_int_equal(take_one().telling, ALERT_CLOSED);
    assert_false(alerts_have_inherited(alerts));
}

/* Its last raise may be hours old: that says nothing of how it is now. */
static void is_no_older_than_the_restart(void **state)
{
    struct alert alert = inherited(ALERT_BREAKER_OPEN);
    (void)state;
    alert.last_ms -= 120 * MINUTE;
    alerts_inherit(alerts, &alert);
    clock_advance_ms(59 * MINUTE);
    assert_nothing();
    clock_advance_ms(2 * MINUTE);
    assert_int_equal(take_one().telling, ALERT_CLOSED);
}

static void waits_for_its_receivers(void **state)
{
    const struct alert_receivers receivers = {.webhook = true};
    (void)state;
    alerts_wait_for_receivers(alerts);
    alerts_raise(alerts, ALERT_BREAKER_OPEN, "openai", "");
    assert_nothing();
    alerts_set_receivers(alerts, &receivers);
    assert_int_equal(take_one().telling, ALERT_OPENED);
}

static void many(void **state)
{
    char subject[32];
    struct alert_news news[LIMIT_ALERTS];
    (void)state;
    for (int i = 0; i < LIMIT_ALERTS + 10; i++) {
        snprintf(subject, sizeof subject, "m%d", i);
        alerts_raise(alerts, ALERT_OVERRUN, subject, "");
    }
    size_t count = alerts_take(alerts, clock_wall_ms(), news, LIMIT_ALERTS);
    assert_int_equal(count, LIMIT_ALERTS);
    for (size_t i = 0; i < count; i++)
        alerts_done(alerts, &news[i], true);
    clock_advance_ms(2 * HOUR);
    for (int round = 0; round < 2; round++) { /* closed, and told so */
        count = alerts_take(alerts, clock_wall_ms(), news, LIMIT_ALERTS);
        for (size_t i = 0; i < count; i++)
            alerts_done(alerts, &news[i], true);
    }
    clock_advance_ms(HOUR);
    alerts_raise(alerts, ALERT_OVERRUN, "another", "");
    assert_string_equal(take_one().alert.subject, "another");
}

static void long_texts_are_cut(void **state)
{
    char text[2 * ALERT_DETAIL_BYTES];
    (void)state;
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    alerts_raise(alerts, ALERT_OVERRUN, text, text);
    alerts_raise(alerts, ALERT_OVERRUN, text, text);
    struct alert_news news = take_one();
    assert_int_equal(strlen(news.alert.subject), ALERT_SUBJECT_BYTES - 1);
    assert_int_equal(strlen(news.alert.detail), ALERT_DETAIL_BYTES - 1);
    assert_int_equal(news.alert.count, 2);
}

static void each_kind_has_its_facts(void **state)
{
    (void)state;
    for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
        enum alert_kind found;
        const struct alert_facts *facts = alert_facts(kind);
        assert_true(alert_kind_of(facts->word, &found) && found == kind);
        assert_true(strlen(facts->title) > 0 && strlen(facts->closed) > 0);
        assert_true(strlen(facts->advice) > 0);
    }
    enum alert_kind ignored;
    assert_false(alert_kind_of("no_such", &ignored));
    alerts_raise(NULL, ALERT_OVERRUN, "m", "");
    alerts_clear(NULL, ALERT_OVERRUN, "m");
    assert_false(alerts_have_inherited(NULL));
}

static void *raise_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        breaker("x");
        if (i % 16 == 0)
            alerts_clear(alerts, ALERT_BREAKER_OPEN, "a/m");
    }
    return NULL;
}

static void from_many_threads(void **state)
{
    pthread_t threads[4];
    struct alert_news news;
    (void)state;
    breaker("x");
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, raise_often, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        if (alerts_take(alerts, clock_wall_ms(), &news, 1) == 1)
            alerts_done(alerts, &news, true);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    breaker("x");
    clock_advance_ms(HOUR / 6);
    while (alerts_take(alerts, clock_wall_ms(), &news, 1) == 1)
        alerts_done(alerts, &news, true);
    assert_int_equal(news.alert.count, 40002);
    assert_true(news.alert.told_open);
}

/* Policies in force that have one target, and one account. */
static void put_in_force(const char *revision, const char *target)
{
    struct alert_scope scope = {.count = 2};
    snprintf(scope.revision, sizeof scope.revision, "%s", revision);
    scope.subjects = calloc(2, sizeof *scope.subjects);
    uint64_t one = alerts_subject_hash(ALERT_BREAKER_OPEN, target);
    uint64_t other = alerts_subject_hash(ALERT_ACCOUNT_REFUSED, "a");
    scope.subjects[0] = one < other ? one : other;
    scope.subjects[1] = one < other ? other : one;
    alerts_set_scope(alerts, &scope);
}

static size_t open_count(void)
{
    struct alert_news news[LIMIT_ALERTS];
    size_t open = 0;
    clock_advance_ms(HOUR / 2); /* no kind has faded; what was told is written again */
    size_t count = alerts_take(alerts, clock_wall_ms(), news, LIMIT_ALERTS);
    for (size_t i = 0; i < count; i++) {
        open += news[i].alert.closed_ms == 0;
        alerts_done(alerts, &news[i], true);
    }
    return open;
}

static void new_policies_end_what_they_do_not_have(void **state)
{
    (void)state;
    put_in_force("1", "a/m");
    breaker("x");
    alerts_raise(alerts, ALERT_ACCOUNT_REFUSED, "a", "x");
    alerts_raise_under(alerts, "1", ALERT_POLICY_FAILED, "margins.lua:1", "x");
    alerts_raise_under(alerts, "1", ALERT_OVERRUN, "m", "x");
    assert_int_equal(open_count(), 4);
    put_in_force("2", "a/m");
    for (size_t i = 0; i < 2; i++) { /* the breaker's and the overrun go on, the others are over */
        breaker("y");
        alerts_raise_under(alerts, "1", ALERT_OVERRUN, "m", "y");
        assert_int_equal(open_count(), 2);
    }
    put_in_force("3", "a/another");
    alerts_raise_under(alerts, "1", ALERT_OVERRUN, "m", "z");
    assert_int_equal(open_count(), 1);
}

/* They would stay open: nobody clears them. */
static void calls_of_old_policies_raise_nothing_of_them(void **state)
{
    (void)state;
    assert_true(alerts_are_under(alerts, "1"));
    put_in_force("2", "a/m");
    assert_false(alerts_are_under(alerts, "1"));
    assert_true(alerts_are_under(alerts, "2"));
    alerts_raise_under(alerts, "1", ALERT_BREAKER_OPEN, "gone/m", "x");
    alerts_raise_under(alerts, "1", ALERT_ACCOUNT_REFUSED, "gone", "x");
    for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
        if (alert_facts(kind)->bond == ALERT_OF_POLICY)
            alerts_raise_under(alerts, "1", kind, "m", "x");
    }
    assert_nothing();
    alerts_raise_under(alerts, "1", ALERT_BREAKER_OPEN, "a/m", "x");
    alerts_raise_under(alerts, "1", ALERT_ACCOUNT_REFUSED, "a", "x");
    alerts_raise_under(alerts, "2", ALERT_CANARY_WORSE, "m", "x");
    assert_int_equal(open_count(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(told_once_and_closed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(told_again_while_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_policies_end_what_they_do_not_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_of_old_policies_raise_nothing_of_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_flaps_is_told_seldom, set_up, tear_down),
        cmocka_unit_test_setup_teardown(anew_after_a_quiet_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(over_before_it_was_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_an_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_kind_and_subject, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kept_until_it_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closed_while_it_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_no_older_than_the_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_its_receivers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_texts_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_kind_has_its_facts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
