/* The event loop: what is deferred is called once and soon, jobs of other threads get in, ticks
 * come. What is waited for is a condition, bounded by the ticks. */
#include "base/support.h"

#include <event2/event.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop/loop.h"

enum { TICKS_BEFORE_FAILURE = 100 };

struct fixture {
    struct job_queue queue;
    struct loop *loop;
    int server; /* its address is what `run` is given */
    char log[64];
    unsigned ticks;
};

/* What `note` is to note: as long as the test that says it. */
#define LETTER(c)                                                                                  \
    (char[])                                                                                       \
    {                                                                                              \
        c                                                                                          \
    }

static struct fixture fixture;

static void note(char what)
{
    size_t bytes = strlen(fixture.log);
    assert_true(bytes + 1 < sizeof fixture.log);
    fixture.log[bytes] = what;
}

/* So that a test fails instead of waiting for ever. */
static void on_guard_tick(void *arg)
{
    (void)arg;
    if (++fixture.ticks == TICKS_BEFORE_FAILURE)
        loop_stop(fixture.loop);
}

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    assert_true(job_queue_init(&fixture.queue, 8));
    fixture.loop = loop_new(&fixture.queue, &fixture.server, &fault);
    assert_non_null(fixture.loop);
    loop_on_tick(fixture.loop, on_guard_tick, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(fixture.loop);
    job_queue_fini(&fixture.queue);
    return 0;
}

/* Until somebody stops it, and not because a test hangs. */
static void run(void)
{
    loop_run(fixture.loop);
    assert_true(fixture.ticks < TICKS_BEFORE_FAILURE);
}

/* ---- deferred calls ---- */

static void note_and_stop(void *arg)
{
    note(*(char *)arg);
    loop_stop(fixture.loop);
}

static void note_only(void *arg)
{
    note(*(char *)arg);
}

static void deferred_calls_come_in_their_order(void **state)
{
    (void)state;
    struct deferred a = {.call = note_only, .arg = LETTER('a')};
    struct deferred b = {.call = note_only, .arg = LETTER('b')};
    struct deferred c = {.call = note_and_stop, .arg = LETTER('c')};
    loop_defer(fixture.loop, &a);
    loop_defer(fixture.loop, &b);
    loop_defer(fixture.loop, &c);
    assert_string_equal(fixture.log, ""); /* not from inside */
    run();
    assert_string_equal(fixture.log, "abc");
    assert_false(a.queued || b.queued || c.queued);
}

static void it_is_called_once_however_often_asked(void **state)
{
    (void)state;
    struct deferred a = {.call = note_only, .arg = LETTER('a')};
    struct deferred last = {.call = note_and_stop, .arg = LETTER('.')};
    loop_defer(fixture.loop, &a);
    loop_defer(fixture.loop, &a);
    loop_defer(fixture.loop, &last);
    loop_defer(fixture.loop, &a);
    run();
    assert_string_equal(fixture.log, "a.");
    loop_defer(fixture.loop, &a); /* and again, when it is asked again */
    loop_defer(fixture.loop, &last);
    run();
    assert_string_equal(fixture.log, "a.a.");
}

static void what_is_cancelled_is_not_called(void **state)
{
    (void)state;
    struct deferred a = {.call = note_only, .arg = LETTER('a')};
    struct deferred b = {.call = note_only, .arg = LETTER('b')};
    struct deferred last = {.call = note_and_stop, .arg = LETTER('.')};
    loop_cancel(fixture.loop, &a); /* nothing where it is not deferred */
    loop_defer(fixture.loop, &a);
    loop_defer(fixture.loop, &b);
    loop_cancel(fixture.loop, &a);
    loop_cancel(fixture.loop, &a);
    assert_false(a.queued);
    loop_defer(fixture.loop, &last);
    run();
    assert_string_equal(fixture.log, "b.");
}

/* All are cancelled, and the loop has been woken for nothing. */
static void a_cancelled_call_may_be_deferred_again(void **state)
{
    (void)state;
    struct deferred last = {.call = note_and_stop, .arg = LETTER('.')};
    loop_defer(fixture.loop, &last);
    loop_cancel(fixture.loop, &last);
    loop_defer(fixture.loop, &last);
    run();
    assert_string_equal(fixture.log, ".");
}

static struct deferred victim;

static void cancel_victim(void *arg)
{
    note(*(char *)arg);
    loop_cancel(fixture.loop, &victim);
}

static void one_deferred_call_may_cancel_another(void **state)
{
    (void)state;
    struct deferred killer = {.call = cancel_victim, .arg = LETTER('k')};
    struct deferred last = {.call = note_and_stop, .arg = LETTER('.')};
    victim = (struct deferred){.call = note_only, .arg = LETTER('v')};
    loop_defer(fixture.loop, &killer);
    loop_defer(fixture.loop, &victim);
    loop_defer(fixture.loop, &last);
    run();
    assert_string_equal(fixture.log, "k.");
}

static struct deferred itself;

static void defer_itself_twice(void *arg)
{
    (void)arg;
    note('i');
    if (strlen(fixture.log) < 3)
        loop_defer(fixture.loop, &itself);
    else
        loop_stop(fixture.loop);
}

static void a_deferred_call_may_defer_itself(void **state)
{
    (void)state;
    itself = (struct deferred){.call = defer_itself_twice};
    loop_defer(fixture.loop, &itself);
    run();
    assert_string_equal(fixture.log, "iii");
    assert_int_equal(fixture.ticks, 0); /* nothing waited for a tick */
}

/* ---- jobs ---- */

static void note_job(struct job *job, void *server)
{
    (void)job;
    assert_ptr_equal(server, &fixture.server);
    note('r');
    loop_stop(fixture.loop);
}

static void note_done(struct job *job)
{
    (void)job;
    note('d');
    loop_stop(fixture.loop);
}

static void *post_from_outside(void *job)
{
    assert_true(job_queue_post(&fixture.queue, job));
    return NULL;
}

static void a_job_of_another_thread_is_run(void **state)
{
    (void)state;
    struct job_queue elsewhere; /* where it would return to */
    struct job job = {.reply_queue = &elsewhere, .run = note_job, .done = note_done};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_from_outside, &job), 0);
    run();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(fixture.log, "r");
}

static void *return_from_outside(void *job)
{
    job_return(job);
    return NULL;
}

static void a_job_that_comes_back_is_done(void **state)
{
    (void)state;
    struct job job = {.reply_queue = loop_queue(fixture.loop), .run = note_job, .done = note_done};
    pthread_t thread;
    assert_ptr_equal(loop_queue(fixture.loop), &fixture.queue);
    assert_int_equal(pthread_create(&thread, NULL, return_from_outside, &job), 0);
    run();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(fixture.log, "d");
}

static void note_job_only(struct job *job, void *server)
{
    (void)job;
    (void)server;
    note('r');
}

/* In their order; one that comes back to nobody's ears is just gone. */
static void all_jobs_that_wait_are_taken(void **state)
{
    (void)state;
    struct job first = {.run = note_job_only};
    struct job silent = {.reply_queue = &fixture.queue};
    struct job second = {.run = note_job_only};
    struct job back = {.reply_queue = &fixture.queue, .done = note_done};
    assert_true(job_queue_post(&fixture.queue, &first));
    job_return(&silent);
    assert_true(job_queue_post(&fixture.queue, &second));
    job_return(&back);
    run();
    assert_string_equal(fixture.log, "rrd");
}

static void defer_from_job(struct job *job, void *server)
{
    (void)server;
    note('r');
    loop_defer(fixture.loop, &victim);
    job->run = NULL;
}

static void what_a_job_defers_comes_behind_all_jobs(void **state)
{
    (void)state;
    struct job first = {.run = defer_from_job};
    struct job second = {.run = note_job_only};
    victim = (struct deferred){.call = note_and_stop, .arg = LETTER('.')};
    assert_true(job_queue_post(&fixture.queue, &first));
    assert_true(job_queue_post(&fixture.queue, &second));
    run();
    assert_string_equal(fixture.log, "rr.");
    assert_int_equal(fixture.ticks, 0);
}

/* ---- ticks ---- */

static void tick_three_times(void *arg)
{
    note(*(char *)arg);
    if (strlen(fixture.log) >= 6)
        loop_stop(fixture.loop);
}

static void all_ticks_come_about_each_100_ms(void **state)
{
    (void)state;
    loop_on_tick(fixture.loop, note_only, LETTER('1'));
    loop_on_tick(fixture.loop, tick_three_times, LETTER('2'));
    int64_t begin_us = clock_mono_us();
    run();
    assert_string_equal(fixture.log, "121212");
    assert_int_equal(fixture.ticks, 3);
    assert_true(clock_mono_us() - begin_us >= 250 * 1000); /* later, where others are busy */
}

static void more_ticks_than_there_is_room_for(void)
{
    for (int i = 0; i < 4; i++)
        loop_on_tick(fixture.loop, note_only, LETTER('1'));
}

static void ticks_are_bounded(void **state)
{
    (void)state;
    assert_true(aborts(more_ticks_than_there_is_room_for));
}

/* ---- libevent's side ---- */

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    note('e');
    loop_defer(fixture.loop, &victim);
    note('b');
}

/* After the present callback has returned, and in this turn. */
static void what_an_event_defers_comes_behind_it(void **state)
{
    (void)state;
    struct event *event = event_new(loop_base(fixture.loop), -1, 0, on_event, NULL);
    assert_non_null(event);
    victim = (struct deferred){.call = note_and_stop, .arg = LETTER('.')};
    event_active(event, EV_TIMEOUT, 0);
    assert_int_equal(event_base_loop(loop_base(fixture.loop), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
    assert_string_equal(fixture.log, "eb.");
    event_free(event);
}

#define WITH_LOOP(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(deferred_calls_come_in_their_order),
        WITH_LOOP(it_is_called_once_however_often_asked),
        WITH_LOOP(what_is_cancelled_is_not_called),
        WITH_LOOP(a_cancelled_call_may_be_deferred_again),
        WITH_LOOP(one_deferred_call_may_cancel_another),
        WITH_LOOP(a_deferred_call_may_defer_itself),
        WITH_LOOP(a_job_of_another_thread_is_run),
        WITH_LOOP(a_job_that_comes_back_is_done),
        WITH_LOOP(all_jobs_that_wait_are_taken),
        WITH_LOOP(what_a_job_defers_comes_behind_all_jobs),
        WITH_LOOP(all_ticks_come_about_each_100_ms),
        WITH_LOOP(ticks_are_bounded),
        WITH_LOOP(what_an_event_defers_comes_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
