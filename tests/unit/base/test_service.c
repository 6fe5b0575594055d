/* A thread with a queue: it serves in order, finishes what came before its stop, and says why it
 * cannot be started. */
#include "base/support.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/service.h"

enum { JOBS = 1000 };

struct counter {
    struct service service;
    int served;
    bool in_order;
};

struct numbered {
    struct job job;
    int number;
};

static void count(struct job *job, void *server)
{
    struct counter *counter = server;
    int number = ((struct numbered *)job)->number;
    counter->in_order = counter->in_order && number == counter->served;
    counter->served++;
}

static void serve(void *server)
{
    struct counter *counter = server;
    service_run_jobs(&counter->service);
}

static void what_came_before_the_stop_is_served_in_order(void **state)
{
    (void)state;
    static struct numbered jobs[JOBS];
    struct counter counter = {.in_order = true};
    struct fault fault;
    assert_true(service_start(&counter.service, "test", JOBS, serve, &counter, &fault));
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct numbered){.job = {.run = count}, .number = i};
        assert_true(job_queue_post(&counter.service.queue, &jobs[i].job));
    }
    service_stop(&counter.service);
    assert_int_equal(counter.served, JOBS);
    assert_true(counter.in_order);
    service_stop(&counter.service); /* again: nothing */
}

static void a_job_comes_back_through_its_reply_queue(void **state)
{
    (void)state;
    struct counter counter = {.in_order = true};
    struct job_queue replies;
    struct fault fault;
    assert_true(job_queue_init(&replies, 1));
    assert_true(service_start(&counter.service, "test", 1, serve, &counter, &fault));
    struct numbered job = {.job = {.run = count, .reply_queue = &replies}};
    assert_true(job_queue_post(&counter.service.queue, &job.job));
    job_queue_wait(&replies, -1);
    assert_int_equal(job_queue_finish(&replies), 1);
    assert_int_equal(counter.served, 1);
    service_stop(&counter.service);
    job_queue_fini(&replies);
}

struct batches {
    struct service service;
    size_t served;
};

/* One that takes all that has come, as the journal does. */
static void take_batches(void *server)
{
    struct batches *batches = server;
    while (!batches->service.stopping) {
        service_take(&batches->service, -1);
        batches->served += batches->service.waiting.count;
        while (job_list_pop(&batches->service.waiting) != NULL)
            ;
    }
}

static void batches_are_taken_whole(void **state)
{
    (void)state;
    static struct job jobs[JOBS];
    struct batches batches = {.served = 0};
    struct fault fault;
    assert_true(service_start(&batches.service, "test", JOBS, take_batches, &batches, &fault));
    for (int i = 0; i < JOBS; i++)
        assert_true(job_queue_post(&batches.service.queue, &jobs[i]));
    service_stop(&batches.service);
    assert_int_equal(batches.served, JOBS);
}

static void without_a_descriptor_it_says_so(void **state)
{
    (void)state;
    struct rlimit before;
    struct service service;
    struct fault fault;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool started = service_start(&service, "test", 1, serve, NULL, &fault);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(started);
    assert_string_equal(fault.code, "no_descriptor");
    service_stop(&service); /* nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_before_the_stop_is_served_in_order),
        cmocka_unit_test(a_job_comes_back_through_its_reply_queue),
        cmocka_unit_test(batches_are_taken_whole),
        cmocka_unit_test(without_a_descriptor_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
