#include "base/job.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/support.h"

/* ---- lists ---- */

static void list_keeps_order(void **state)
{
    (void)state;
    struct job jobs[5];
    memset(jobs, 0x55, sizeof jobs); /* next is the list's to set */
    struct job_list list = {0};
    assert_null(job_list_pop(&list));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 5; i++) {
            job_list_push(&list, &jobs[i]);
            assert_int_equal(list.count, i + 1);
            assert_ptr_equal(list.last, &jobs[i]);
            assert_null(jobs[i].next);
        }
        for (size_t i = 0; i < 5; i++) {
            assert_ptr_equal(job_list_pop(&list), &jobs[i]);
            assert_null(jobs[i].next);
            assert_int_equal(list.count, 4 - i);
        }
        assert_null(job_list_pop(&list));
        assert_null(list.first);
        assert_null(list.last);
    }
}

/* ---- an inbox, one thread ---- */

static bool is_readable(const struct inbox *inbox)
{
    struct pollfd wanted = {.fd = inbox->wake_fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

static void bounded_and_never_more(void **state)
{
    (void)state;
    struct inbox inbox;
    struct job jobs[5] = {{0}};
    assert_true(inbox_init(&inbox, 3));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++)
            assert_true(inbox_post(&inbox, &jobs[i]));
        assert_false(inbox_post(&inbox, &jobs[3]));
        assert_true(inbox_post_always(&inbox, &jobs[4]));
        assert_false(inbox_post(&inbox, &jobs[3]));

        struct job_list taken = inbox_take(&inbox);
        assert_int_equal(taken.count, 4);
        static const int order[] = {0, 1, 2, 4};
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(job_list_pop(&taken), &jobs[order[i]]);
        assert_null(job_list_pop(&taken));
    }
    inbox_fini(&inbox);

    assert_true(inbox_init(&inbox, 0)); /* for jobs on their way home only */
    assert_false(inbox_post(&inbox, &jobs[0]));
    assert_true(inbox_post_always(&inbox, &jobs[0]));
    assert_int_equal(inbox_take(&inbox).count, 1);
    inbox_fini(&inbox);
}

static void readable_exactly_while_jobs_wait(void **state)
{
    (void)state;
    struct inbox inbox;
    struct job jobs[3] = {{0}};
    assert_true(inbox_init(&inbox, 2));
    assert_false(is_readable(&inbox));
    assert_int_equal(inbox_take(&inbox).count, 0);
    for (int round = 0; round < 3; round++) {
        inbox_post(&inbox, &jobs[0]);
        assert_true(is_readable(&inbox));
        inbox_post(&inbox, &jobs[1]);
        assert_false(inbox_post(&inbox, &jobs[2]));
        assert_true(is_readable(&inbox));
        assert_int_equal(inbox_take(&inbox).count, 2);
        assert_false(is_readable(&inbox));
        assert_int_equal(inbox_take(&inbox).count, 0);
        assert_false(is_readable(&inbox));
    }
    inbox_fini(&inbox);
}

static void closed_refuses_but_gives_what_it_has(void **state)
{
    (void)state;
    struct inbox inbox;
    struct job jobs[3] = {{0}};
    assert_true(inbox_init(&inbox, 10));
    assert_true(inbox_post(&inbox, &jobs[0]));
    inbox_close(&inbox);
    assert_false(inbox_post(&inbox, &jobs[1]));
    assert_false(inbox_post_always(&inbox, &jobs[1]));
    struct job_list taken = inbox_take(&inbox);
    assert_int_equal(taken.count, 1);
    assert_ptr_equal(taken.first, &jobs[0]);

    /* What it has sent out still comes home. */
    jobs[2].home = &inbox;
    job_return(&jobs[2]);
    assert_true(is_readable(&inbox));
    assert_int_equal(inbox_take(&inbox).count, 1);
    assert_false(is_readable(&inbox));
    inbox_close(&inbox); /* twice does no harm */
    inbox_fini(&inbox);
}

struct counted {
    struct job job; /* first: a job's address is its owner's */
    int done;
    struct inbox *again; /* posts itself there once more */
    bool freed;
};

static void count_done(struct job *job)
{
    struct counted *counted = (struct counted *)(void *)job;
    counted->done++;
    if (counted->again) {
        struct inbox *again = counted->again;
        counted->again = NULL;
        assert_true(inbox_post(again, job));
    }
    if (counted->freed)
        free(counted);
}

static void finish_calls_done_once_each(void **state)
{
    (void)state;
    struct inbox home;
    assert_true(inbox_init(&home, 10));
    assert_int_equal(inbox_finish(&home), 0);

    struct counted counted = {.job = {.home = &home, .done = count_done}, .again = &home};
    struct counted *freed = calloc(1, sizeof *freed);
    assert_non_null(freed);
    freed->job = (struct job){.home = &home, .done = count_done};
    freed->freed = true;
    struct job without_done = {.home = &home};
    job_return(&freed->job); /* its done frees it: nothing may look at it afterwards */
    job_return(&without_done);
    job_return(&counted.job);
    assert_int_equal(inbox_finish(&home), 3);
    assert_int_equal(counted.done, 1);

    /* What a done posts is for the next round, so that a round ends. */
    assert_int_equal(inbox_finish(&home), 1);
    assert_int_equal(counted.done, 2);
    assert_int_equal(inbox_finish(&home), 0);
    inbox_fini(&home);
}

static void all_return_home_in_order(void **state)
{
    (void)state;
    enum { HOMES = 3, JOBS = 20 };
    struct inbox homes[HOMES];
    for (int h = 0; h < HOMES; h++)
        assert_true(inbox_init(&homes[h], 0));
    struct job first = {.home = &homes[0]};
    job_return(&first); /* one home is not empty, one is closed, the third gets nothing */
    inbox_close(&homes[1]);

    struct job jobs[JOBS] = {{0}};
    struct job_list list = {0};
    for (int i = 0; i < JOBS; i++) {
        jobs[i].home = i % 3 == 2 ? NULL : &homes[i % 3];
        job_list_push(&list, &jobs[i]);
    }
    job_return_all(&list);
    assert_null(list.first);
    assert_null(list.last);
    assert_int_equal(list.count, 0);
    job_return_all(&list); /* of none */

    assert_false(is_readable(&homes[2]));
    for (int h = 0; h < 2; h++) {
        assert_true(is_readable(&homes[h]));
        struct job_list taken = inbox_take(&homes[h]);
        assert_int_equal(taken.count, 7 + (h == 0));
        if (h == 0)
            assert_ptr_equal(job_list_pop(&taken), &first);
        for (int i = h; i < JOBS; i += 3)
            assert_ptr_equal(job_list_pop(&taken), &jobs[i]);
        assert_null(job_list_pop(&taken));
        assert_false(is_readable(&homes[h]));
    }
    for (int h = 0; h < HOMES; h++)
        inbox_fini(&homes[h]);
}

static void fini_with_a_job(void)
{
    struct inbox inbox;
    struct job job = {0};
    inbox_init(&inbox, 1);
    inbox_post(&inbox, &job);
    inbox_fini(&inbox);
}

static void return_without_home(void)
{
    struct job job = {0};
    job_return(&job);
}

static void bugs_stop_the_process(void **state)
{
    (void)state;
    assert_true(aborts(fini_with_a_job));
    assert_true(aborts(return_without_home));
}

static void init_without_descriptors(void **state)
{
    (void)state;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    struct inbox inbox;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool made = inbox_init(&inbox, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(made);
}

/* ---- waiting ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_ends_in_time(void **state)
{
    (void)state;
    struct inbox inbox;
    struct job job = {0};
    assert_true(inbox_init(&inbox, 1));
    int64_t start_ms = now_ms();
    inbox_wait(&inbox, 0);
    inbox_wait(&inbox, 30);
    assert_in_range(now_ms() - start_ms, 29, 10000);

    inbox_post(&inbox, &job);
    start_ms = now_ms();
    inbox_wait(&inbox, -1); /* something waits: at once */
    inbox_wait(&inbox, 60000);
    assert_true(now_ms() - start_ms < 30000);
    inbox_take(&inbox);
    inbox_fini(&inbox);
}

static void *post_later(void *data)
{
    static struct job job;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    inbox_post(data, &job);
    return NULL;
}

static void *close_later(void *data)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    inbox_close(data);
    return NULL;
}

static void wait_is_woken(void **state)
{
    (void)state;
    struct inbox inbox;
    pthread_t thread;
    assert_true(inbox_init(&inbox, 1));
    assert_int_equal(pthread_create(&thread, NULL, post_later, &inbox), 0);
    inbox_wait(&inbox, -1);
    assert_int_equal(inbox_take(&inbox).count, 1);
    pthread_join(thread, NULL);

    assert_int_equal(pthread_create(&thread, NULL, close_later, &inbox), 0);
    inbox_wait(&inbox, -1); /* closing wakes too: nothing else would come any more */
    pthread_join(thread, NULL);
    assert_int_equal(inbox_take(&inbox).count, 0);
    assert_false(is_readable(&inbox));
    inbox_fini(&inbox);
}

static void ignore_signal(int number)
{
    (void)number;
}

struct signalled {
    pthread_t thread;
    atomic_bool ended;
};

/* Often enough that a wait which began anew each time would not end before these do. */
static void *signal_often(void *data)
{
    struct signalled *signalled = data;
    for (int i = 0; i < 1000 && !atomic_load(&signalled->ended); i++) {
        pthread_kill(signalled->thread, SIGUSR1);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return NULL;
}

static void wait_outlasts_signals(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = ignore_signal};
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    struct inbox inbox;
    assert_true(inbox_init(&inbox, 1));
    struct signalled self = {.thread = pthread_self()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, signal_often, &self), 0);
    int64_t start_ms = now_ms();
    inbox_wait(&inbox, 100);
    int64_t waited_ms = now_ms() - start_ms;
    atomic_store(&self.ended, true);
    pthread_join(thread, NULL);
    assert_in_range(waited_ms, 99, 5000); /* neither cut short nor begun anew */
    inbox_fini(&inbox);
}

/* ---- several threads ---- */

/* A serving thread and clients. The server's state and a client's are touched by their own thread
 * only, without a lock: under ThreadSanitizer this test proves that the inboxes are enough. */

enum { CLIENTS = 4, JOBS_EACH = 3000, JOBS_OUT_MAX = 50 };

struct server {
    struct inbox inbox;
    uint64_t sum;  /* unguarded on purpose */
    uint64_t runs; /* likewise */
    bool stopping;
    unsigned last[CLIENTS]; /* the number of the client's job that ran last */
    bool disordered;
};

struct client {
    struct inbox home;
    struct server *server;
    unsigned index;
    unsigned next;
    unsigned out;
    unsigned refused;
    uint64_t sum;
    unsigned last;
    bool disordered;
};

struct task {
    struct job job; /* first */
    struct client *client;
    unsigned number;
    uint64_t result;
};

static struct task *task_of(struct job *job)
{
    return (struct task *)(void *)job;
}

static void run_task(struct job *job, void *data)
{
    struct task *task = task_of(job);
    struct server *server = data;
    task->result = (uint64_t)task->number * 3;
    server->sum += task->result;
    server->runs++;
    unsigned *last = &server->last[task->client->index];
    server->disordered = server->disordered || task->number != *last + 1;
    *last = task->number;
}

static void end_task(struct job *job)
{
    struct task *task = task_of(job);
    struct client *client = task->client;
    client->sum += task->result;
    client->out--;
    client->disordered = client->disordered || task->number != client->last + 1;
    client->last = task->number;
    free(task);
}

static void run_stop(struct job *job, void *data)
{
    struct server *server = data;
    server->stopping = true;
    free(job); /* no home: run owns it */
}

static void *serve(void *data)
{
    struct server *server = data;
    while (!server->stopping) {
        inbox_wait(&server->inbox, -1);
        struct job_list jobs = inbox_take(&server->inbox);
        struct job *job;
        while ((job = job_list_pop(&jobs)) != NULL) {
            struct inbox *home = job->home; /* run may free a job without one */
            job->run(job, server);
            if (home)
                job_return(job);
        }
    }
    return NULL;
}

static void *order(void *data)
{
    struct client *client = data;
    while (client->next < JOBS_EACH || client->out > 0) {
        while (client->next < JOBS_EACH && client->out < JOBS_OUT_MAX) {
            struct task *task = malloc(sizeof *task);
            *task = (struct task){
                .job = {.home = &client->home, .run = run_task, .done = end_task},
                .client = client,
                .number = client->next + 1,
            };
            if (!inbox_post(&client->server->inbox, &task->job)) {
                client->refused++;
                free(task);
                break;
            }
            client->next++;
            client->out++;
        }
        inbox_wait(&client->home, client->out > 0 ? -1 : 1);
        inbox_finish(&client->home);
    }
    return NULL;
}

static void nothing_lost_or_out_of_order(void **state)
{
    (void)state;
    static struct server server; /* zeroed; large */
    static struct client clients[CLIENTS];
    pthread_t server_thread, threads[CLIENTS];
    /* Smaller than what the clients would have out together, so that it is often full. */
    assert_true(inbox_init(&server.inbox, CLIENTS * JOBS_OUT_MAX / 4));
    assert_int_equal(pthread_create(&server_thread, NULL, serve, &server), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].server = &server;
        clients[i].index = i;
        assert_true(inbox_init(&clients[i].home, 0));
        assert_int_equal(pthread_create(&threads[i], NULL, order, &clients[i]), 0);
    }

    const uint64_t sum_each = UINT64_C(3) * JOBS_EACH * (JOBS_EACH + 1) / 2;
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].sum, sum_each);
        assert_false(clients[i].disordered);
        inbox_fini(&clients[i].home);
    }
    struct job *stop = calloc(1, sizeof *stop);
    assert_non_null(stop);
    stop->run = run_stop;
    assert_true(inbox_post_always(&server.inbox, stop));
    pthread_join(server_thread, NULL);
    assert_int_equal(server.runs, CLIENTS * JOBS_EACH);
    assert_int_equal(server.sum, CLIENTS * sum_each);
    assert_false(server.disordered);
    inbox_fini(&server.inbox);
}

/* A home that ends as soon as its job is back: the returning thread must be out of it by then. */

static void run_nothing(struct job *job, void *data)
{
    (void)job;
    (void)data;
}

static void home_may_end_at_once(void **state)
{
    (void)state;
    static struct server server;
    pthread_t thread;
    assert_true(inbox_init(&server.inbox, 10));
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    for (int i = 0; i < 2000; i++) {
        struct inbox *home = malloc(sizeof *home);
        assert_non_null(home);
        assert_true(inbox_init(home, 1));
        struct job job = {.home = home, .run = run_nothing};
        assert_true(inbox_post(&server.inbox, &job));
        while (inbox_finish(home) == 0)
            inbox_wait(home, i % 2 ? -1 : 0); /* asleep, and spinning */
        inbox_fini(home);
        free(home);
    }
    struct job *stop = calloc(1, sizeof *stop);
    assert_non_null(stop);
    stop->run = run_stop;
    assert_true(inbox_post(&server.inbox, stop));
    pthread_join(thread, NULL);
    inbox_fini(&server.inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_keeps_order),
        cmocka_unit_test(bounded_and_never_more),
        cmocka_unit_test(readable_exactly_while_jobs_wait),
        cmocka_unit_test(closed_refuses_but_gives_what_it_has),
        cmocka_unit_test(finish_calls_done_once_each),
        cmocka_unit_test(all_return_home_in_order),
        cmocka_unit_test(bugs_stop_the_process),
        cmocka_unit_test(init_without_descriptors),
        cmocka_unit_test(wait_ends_in_time),
        cmocka_unit_test(wait_is_woken),
        cmocka_unit_test(wait_outlasts_signals),
        cmocka_unit_test(nothing_lost_or_out_of_order),
        cmocka_unit_test(home_may_end_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
