#include "base/thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/support.h"

enum { JOBS = 2000 };

struct task {
    struct job job; /* first */
    int number;
    int result;
    atomic_int *runs;
};

static struct task *task_of(struct job *job)
{
    return (struct task *)(void *)job;
}

static void run_task(struct job *job, void *server)
{
    struct task *task = task_of(job);
    task->result = server == NULL ? task->number * 3 : -1;
    atomic_fetch_add(task->runs, 1);
}

/* Not atomic: the thread of its reply queue's own, which TSan sees to. */
static int finished;

static void end_task(struct job *job)
{
    struct task *task = task_of(job);
    assert_int_equal(task->result, task->number * 3);
    finished++;
}

static void every_job_runs_once_and_comes_home(void **state)
{
    (void)state;
    static struct task tasks[JOBS];
    atomic_int runs = 0;
    struct job_queue reply_queue;
    assert_true(job_queue_init(&reply_queue, 0));
    struct thread_pool *pool = thread_pool_new(4, JOBS);
    assert_non_null(pool);
    finished = 0;
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = (struct task){
            .job = {.reply_queue = &reply_queue, .run = run_task, .done = end_task},
            .number = i,
            .runs = &runs,
        };
        assert_true(thread_pool_post(pool, &tasks[i].job));
    }
    for (int left = JOBS; left > 0;) {
        job_queue_wait(&reply_queue, -1);
        left -= (int)job_queue_finish(&reply_queue);
    }
    thread_pool_free(pool);
    assert_int_equal(atomic_load(&runs), JOBS);
    assert_int_equal(finished, JOBS);
    job_queue_fini(&reply_queue);
}

/* Jobs that hold a thread until they are let go. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int inside;
    bool open;
};

struct visit {
    struct job job; /* first */
    struct gate *gate;
};

static void run_visit(struct job *job, void *server)
{
    (void)server;
    struct gate *gate = ((struct visit *)(void *)job)->gate;
    pthread_mutex_lock(&gate->mutex);
    gate->inside++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
    free(job); /* no reply queue: run owns it */
}

static struct job *visit_new(struct gate *gate)
{
    struct visit *visit = calloc(1, sizeof *visit);
    assert_non_null(visit);
    visit->job.run = run_visit;
    visit->gate = gate;
    return &visit->job;
}

static void wait_until_inside(struct gate *gate, int count)
{
    pthread_mutex_lock(&gate->mutex);
    while (gate->inside < count)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

static void works_in_parallel_and_refuses_what_is_too_much(void **state)
{
    (void)state;
    struct gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct thread_pool *pool = thread_pool_new(3, 3);
    assert_non_null(pool);
    for (int i = 0; i < 3; i++)
        assert_true(thread_pool_post(pool, visit_new(&gate)));
    wait_until_inside(&gate, 3); /* each on a thread of its own, or this never ends */
    for (int i = 0; i < 3; i++)
        assert_true(thread_pool_post(pool, visit_new(&gate)));
    struct job *refused = visit_new(&gate);
    assert_false(thread_pool_post(pool, refused));
    free(refused); /* not taken */
    open_gate(&gate);
    thread_pool_free(pool); /* finishes the three that wait */
    assert_int_equal(gate.inside, 6);
}

static void freed_without_work(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 16; threads *= 2) {
        struct thread_pool *pool = thread_pool_new(threads, 1);
        assert_non_null(pool);
        thread_pool_free(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_and_comes_home),
        cmocka_unit_test(works_in_parallel_and_refuses_what_is_too_much),
        cmocka_unit_test(freed_without_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
