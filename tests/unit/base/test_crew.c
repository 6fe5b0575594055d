#include "base/crew.h"

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

/* Not atomic: the home thread's own, which TSan sees to. */
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
    struct inbox home;
    assert_true(inbox_init(&home, 0));
    struct crew *crew = crew_new(4, JOBS);
    assert_non_null(crew);
    finished = 0;
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = (struct task){
            .job = {.home = &home, .run = run_task, .done = end_task},
            .number = i,
            .runs = &runs,
        };
        assert_true(crew_post(crew, &tasks[i].job));
    }
    for (int left = JOBS; left > 0;) {
        inbox_wait(&home, -1);
        left -= (int)inbox_finish(&home);
    }
    crew_free(crew);
    assert_int_equal(atomic_load(&runs), JOBS);
    assert_int_equal(finished, JOBS);
    inbox_fini(&home);
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
    free(job); /* no home: run owns it */
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
    struct crew *crew = crew_new(3, 3);
    assert_non_null(crew);
    for (int i = 0; i < 3; i++)
        assert_true(crew_post(crew, visit_new(&gate)));
    wait_until_inside(&gate, 3); /* each on a thread of its own, or this never ends */

    for (int i = 0; i < 3; i++)
        assert_true(crew_post(crew, visit_new(&gate)));
    struct job *refused = visit_new(&gate);
    assert_false(crew_post(crew, refused));
    free(refused); /* not taken */

    open_gate(&gate);
    crew_free(crew); /* finishes the three that wait */
    assert_int_equal(gate.inside, 6);
}

static void freed_without_work(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 16; threads *= 2) {
        struct crew *crew = crew_new(threads, 1);
        assert_non_null(crew);
        crew_free(crew);
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
