#include "base/fair_pool.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "base/support.h"

enum { JOBS_MAX = 64 };

/* One thread, so that jobs run one after the other; the first one holds it until all are posted. */
struct work {
    struct fair_job fair; /* first */
    char name;
};

static char order[JOBS_MAX + 1];
static size_t order_count;
static sem_t gate;
static sem_t entered;

static void run_work(struct job *job, void *server)
{
    assert_null(server);
    order[order_count++] = ((struct work *)(void *)job)->name;
}

static void run_gate(struct job *job, void *server)
{
    (void)job;
    (void)server;
    sem_post(&entered);
    sem_wait(&gate);
}

static struct job_queue reply_queue;

static struct work work_of(char name, uint64_t address, uint64_t account, enum fair_rank rank)
{
    return (struct work){.fair = {.job = {.reply_queue = &reply_queue, .run = run_work},
                                  .address = address,
                                  .account = account,
                                  .rank = rank},
                         .name = name};
}

/* Starts a pool whose only thread is held. */
static struct fair_pool *held_pool(struct work *holder, size_t jobs_max)
{
    assert_true(job_queue_init(&reply_queue, 0));
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    memset(order, 0, sizeof order);
    order_count = 0;
    struct fair_pool *pool = fair_pool_new(1, jobs_max);
    assert_non_null(pool);
    *holder = work_of('-', 999, 999, FAIR_CLEAN);
    holder->fair.job.run = run_gate;
    assert_true(fair_pool_post(pool, &holder->fair));
    sem_wait(&entered);
    return pool;
}

static void let_run(struct fair_pool *pool)
{
    sem_post(&gate);
    fair_pool_free(pool); /* finishes what waits */
    job_queue_finish(&reply_queue);
    job_queue_fini(&reply_queue);
    sem_destroy(&gate);
    sem_destroy(&entered);
}

static void addresses_take_turns(void **state)
{
    (void)state;
    struct work holder, jobs[8];
    struct fair_pool *pool = held_pool(&holder, JOBS_MAX);
    for (int i = 0; i < 6; i++) {
        jobs[i] = work_of((char)('a' + i), 1, 1, FAIR_CLEAN);
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    jobs[6] = work_of('X', 2, 1, FAIR_CLEAN);
    jobs[7] = work_of('Y', 3, 1, FAIR_CLEAN);
    assert_true(fair_pool_post(pool, &jobs[6].fair));
    assert_true(fair_pool_post(pool, &jobs[7].fair));
    let_run(pool);
    assert_string_equal(order, "aXYbcdef");
}

static void accounts_of_an_address_take_turns(void **state)
{
    (void)state;
    struct work holder, jobs[6];
    struct fair_pool *pool = held_pool(&holder, JOBS_MAX);
    for (int i = 0; i < 4; i++) {
        jobs[i] = work_of((char)('a' + i), 1, 1, FAIR_CLEAN);
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    jobs[4] = work_of('X', 1, 2, FAIR_CLEAN);
    jobs[5] = work_of('Y', 1, 3, FAIR_CLEAN);
    assert_true(fair_pool_post(pool, &jobs[4].fair));
    assert_true(fair_pool_post(pool, &jobs[5].fair));
    let_run(pool);
    assert_string_equal(order, "aXYbcd");
}

static void ranks_go_first_but_starve_nobody(void **state)
{
    (void)state;
    struct work holder, jobs[10];
    struct fair_pool *pool = held_pool(&holder, JOBS_MAX);
    jobs[0] = work_of('s', 1, 1, FAIR_SUSPECT);
    assert_true(fair_pool_post(pool, &jobs[0].fair));
    for (int i = 1; i < 9; i++) {
        jobs[i] = work_of((char)('0' + i), (uint64_t)(10 + i), 1, FAIR_CLEAN);
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    jobs[9] = work_of('T', 30, 1, FAIR_TRUSTED);
    assert_true(fair_pool_post(pool, &jobs[9].fair));
    let_run(pool);
    assert_int_equal(order[0], 'T');
    assert_true(strchr(order, 's') < strchr(order, '5'));
    assert_int_equal(strlen(order), 10);
}

static void the_longest_queue_makes_room(void **state)
{
    (void)state;
    struct work holder, jobs[4], newcomer, another;
    struct fair_pool *pool = held_pool(&holder, 4);
    for (int i = 0; i < 4; i++) {
        jobs[i] = work_of((char)('a' + i), 1, 1, FAIR_CLEAN);
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    another = work_of('e', 1, 1, FAIR_CLEAN);
    assert_false(fair_pool_post(pool, &another.fair)); /* of the queue that is full of its own */
    newcomer = work_of('N', 2, 1, FAIR_CLEAN);
    assert_true(fair_pool_post(pool, &newcomer.fair));
    assert_true(jobs[3].fair.dropped);
    another = work_of('M', 1, 2, FAIR_CLEAN); /* another account of the first address */
    assert_true(fair_pool_post(pool, &another.fair));
    assert_true(jobs[2].fair.dropped);
    let_run(pool);
    assert_int_equal(strlen(order), 4);
    assert_non_null(strchr(order, 'N'));
    assert_non_null(strchr(order, 'M'));
    assert_null(strchr(order, 'd'));
}

/* A client that is known to accounts of its own cannot keep the others out. */
static void trusted_ones_make_room_last(void **state)
{
    (void)state;
    struct work holder, jobs[4], newcomers[3], late;
    struct fair_pool *pool = held_pool(&holder, 4);
    for (int i = 0; i < 3; i++) {
        jobs[i] = work_of((char)('a' + i), 1, (uint64_t)i, FAIR_TRUSTED);
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    jobs[3] = work_of('d', 1, 1, FAIR_CLEAN);
    assert_true(fair_pool_post(pool, &jobs[3].fair));
    for (int i = 0; i < 3; i++)
        newcomers[i] = work_of((char)('X' + i), (uint64_t)(2 + i), 9, FAIR_CLEAN);
    assert_true(fair_pool_post(pool, &newcomers[0].fair));
    assert_true(jobs[3].fair.dropped);
    assert_true(fair_pool_post(pool, &newcomers[1].fair));
    assert_true(fair_pool_post(pool, &newcomers[2].fair));
    assert_int_equal(jobs[0].fair.dropped + jobs[1].fair.dropped + jobs[2].fair.dropped, 2);
    late = work_of('W', 7, 9, FAIR_SUSPECT);
    assert_false(fair_pool_post(pool, &late.fair)); /* each has one */
    let_run(pool);
    assert_int_equal(strlen(order), 4);
}

static void what_waits_is_dropped_at_the_end(void **state)
{
    (void)state;
    struct work holder, waiting, late;
    struct fair_pool *pool = held_pool(&holder, JOBS_MAX);
    waiting = work_of('w', 1, 1, FAIR_TRUSTED);
    assert_true(fair_pool_post(pool, &waiting.fair));
    fair_pool_drop_waiting(pool);
    assert_true(waiting.fair.dropped);
    assert_int_equal(job_queue_finish(&reply_queue), 1);
    late = work_of('l', 1, 1, FAIR_TRUSTED);
    assert_false(fair_pool_post(pool, &late.fair));
    let_run(pool);
    assert_string_equal(order, "");
}

static atomic_int runs;

static void count_run(struct job *job, void *server)
{
    (void)job;
    (void)server;
    atomic_fetch_add(&runs, 1);
}

static void many_threads_run_all(void **state)
{
    enum { COUNT = 400 };
    static struct work jobs[COUNT];
    (void)state;
    assert_true(job_queue_init(&reply_queue, 0));
    struct fair_pool *pool = fair_pool_new(4, COUNT);
    assert_non_null(pool);
    for (int i = 0; i < COUNT; i++) {
        jobs[i] = work_of('x', (uint64_t)(i % 7), (uint64_t)(i % 5), (enum fair_rank)(i % 3));
        jobs[i].fair.job.run = count_run;
        assert_true(fair_pool_post(pool, &jobs[i].fair));
    }
    fair_pool_free(pool);
    assert_int_equal(atomic_load(&runs), COUNT);
    assert_int_equal(job_queue_finish(&reply_queue), COUNT);
    job_queue_fini(&reply_queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_take_turns),
        cmocka_unit_test(accounts_of_an_address_take_turns),
        cmocka_unit_test(ranks_go_first_but_starve_nobody),
        cmocka_unit_test(the_longest_queue_makes_room),
        cmocka_unit_test(trusted_ones_make_room_last),
        cmocka_unit_test(what_waits_is_dropped_at_the_end),
        cmocka_unit_test(many_threads_run_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
