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

/* ---- a queue, one thread ---- */

static bool is_readable(const struct job_queue *queue)
{
    struct pollfd wanted = {.fd = queue->wake_fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

static void bounded_and_never_more(void **state)
{
    (void)state;
    struct job_queue queue;
    struct job jobs[5] = {{0}};
    assert_true(job_queue_init(&queue, 3));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++)
            assert_true(job_queue_post(&queue, &jobs[i]));
        assert_false(job_queue_post(&queue, &jobs[3]));
        assert_true(job_queue_post_always(&queue, &jobs[4]));
        assert_false(job_queue_post(&queue, &jobs[3]));
        struct job_list taken = job_queue_take(&queue);
        assert_int_equal(taken.count, 4);
        static const int order[] = {0, 1, 2, 4};
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(job_list_pop(&taken), &jobs[order[i]]);
        assert_null(job_list_pop(&taken));
    }
    job_queue_fini(&queue);
    assert_true(job_queue_init(&queue, 0)); /* for jobs on their way back only */
    assert_false(job_queue_post(&queue, &jobs[0]));
    assert_true(job_queue_post_always(&queue, &jobs[0]));
    assert_int_equal(job_queue_take(&queue).count, 1);
    job_queue_fini(&queue);
}

static void readable_exactly_while_jobs_wait(void **state)
{
    (void)state;
    struct job_queue queue;
    struct job jobs[3] = {{0}};
    assert_true(job_queue_init(&queue, 2));
    assert_false(is_readable(&queue));
    assert_int_equal(job_queue_take(&queue).count, 0);
    for (int round = 0; round < 3; round++) {
        job_queue_post(&queue, &jobs[0]);
        assert_true(is_readable(&queue));
        job_queue_post(&queue, &jobs[1]);
        assert_false(job_queue_post(&queue, &jobs[2]));
        assert_true(is_readable(&queue));
        assert_int_equal(job_queue_take(&queue).count, 2);
        assert_false(is_readable(&queue));
        assert_int_equal(job_queue_take(&queue).count, 0);
        assert_false(is_readable(&queue));
    }
    job_queue_fini(&queue);
}

static void closed_refuses_but_gives_what_it_has(void **state)
{
    (void)state;
    struct job_queue queue;
    struct job jobs[3] = {{0}};
    assert_true(job_queue_init(&queue, 10));
    assert_true(job_queue_post(&queue, &jobs[0]));
    job_queue_close(&queue);
    assert_false(job_queue_post(&queue, &jobs[1]));
    assert_false(job_queue_post_always(&queue, &jobs[1]));
    struct job_list taken = job_queue_take(&queue);
    assert_int_equal(taken.count, 1);
    assert_ptr_equal(taken.first, &jobs[0]);
    /* What it has sent out still comes back. */
    jobs[2].reply_queue = &queue;
    job_return(&jobs[2]);
    assert_true(is_readable(&queue));
    assert_int_equal(job_queue_take(&queue).count, 1);
    assert_false(is_readable(&queue));
    job_queue_close(&queue); /* twice does no harm */
    job_queue_fini(&queue);
}

struct counted {
    struct job job; /* first: a job's address is its owner's */
    int done;
    struct job_queue *again; /* posts itself there once more */
    bool freed;
};

static void count_done(struct job *job)
{
    struct counted *counted = (struct counted *)(void *)job;
    counted->done++;
    if (counted->again != NULL) {
        struct job_queue *again = counted->again;
        counted->again = NULL;
        assert_true(job_queue_post(again, job));
    }
    if (counted->freed)
        free(counted);
}

static void finish_calls_done_once_each(void **state)
{
    (void)state;
    struct job_queue reply_queue;
    assert_true(job_queue_init(&reply_queue, 10));
    assert_int_equal(job_queue_finish(&reply_queue), 0);
    struct counted counted = {.job = {.reply_queue = &reply_queue, .done = count_done},
                              .again = &reply_queue};
    struct counted *freed = calloc(1, sizeof *freed);
    assert_non_null(freed);
    freed->job = (struct job){.reply_queue = &reply_queue, .done = count_done};
    freed->freed = true;
    struct job without_done = {.reply_queue = &reply_queue};
    job_return(&freed->job); /* its done frees it: nothing may look at it afterwards */
    job_return(&without_done);
    job_return(&counted.job);
    assert_int_equal(job_queue_finish(&reply_queue), 3);
    assert_int_equal(counted.done, 1);
    /* What a done posts is for the next round, so that a round ends. */
    assert_int_equal(job_queue_finish(&reply_queue), 1);
    assert_int_equal(counted.done, 2);
    assert_int_equal(job_queue_finish(&reply_queue), 0);
    job_queue_fini(&reply_queue);
}

static void all_return_home_in_order(void **state)
{
    (void)state;
    enum { HOMES = 3, JOBS = 20 };
    struct job_queue homes[HOMES];
    for (int h = 0; h < HOMES; h++)
        assert_true(job_queue_init(&homes[h], 0));
    struct job first = {.reply_queue = &homes[0]};
    job_return(&first); /* one reply queue is not empty, one is closed, the third gets nothing */
    job_queue_close(&homes[1]);
    struct job jobs[JOBS] = {{0}};
    struct job_list list = {0};
    for (int i = 0; i < JOBS; i++) {
        jobs[i].reply_queue = i % 3 == 2 ? NULL : &homes[i % 3];
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
        struct job_list taken = job_queue_take(&homes[h]);
        assert_int_equal(taken.count, 7 + (h == 0));
        if (h == 0)
            assert_ptr_equal(job_list_pop(&taken), &first);
        for (int i = h; i < JOBS; i += 3)
            assert_ptr_equal(job_list_pop(&taken), &jobs[i]);
        assert_null(job_list_pop(&taken));
        assert_false(is_readable(&homes[h]));
    }
    for (int h = 0; h < HOMES; h++)
        job_queue_fini(&homes[h]);
}

static void fini_with_a_job(void)
{
    struct job_queue queue;
    struct job job = {0};
    job_queue_init(&queue, 1);
    job_queue_post(&queue, &job);
    job_queue_fini(&queue);
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
    struct job_queue queue;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool made = job_queue_init(&queue, 1);
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
    struct job_queue queue;
    struct job job = {0};
    assert_true(job_queue_init(&queue, 1));
    int64_t start_ms = now_ms();
    job_queue_wait(&queue, 0);
    job_queue_wait(&queue, 30);
    assert_in_range(now_ms() - start_ms, 29, 10000);
    job_queue_post(&queue, &job);
    start_ms = now_ms();
    job_queue_wait(&queue, -1); /* something waits: at once */
    job_queue_wait(&queue, 60000);
    assert_true(now_ms() - start_ms < 30000);
    job_queue_take(&queue);
    job_queue_fini(&queue);
}

static void *post_later(void *data)
{
    static struct job job;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    job_queue_post(data, &job);
    return NULL;
}

static void *close_later(void *data)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    job_queue_close(data);
    return NULL;
}

static void wait_is_woken(void **state)
{
    (void)state;
    struct job_queue queue;
    pthread_t thread;
    assert_true(job_queue_init(&queue, 1));
    assert_int_equal(pthread_create(&thread, NULL, post_later, &queue), 0);
    job_queue_wait(&queue, -1);
    assert_int_equal(job_queue_take(&queue).count, 1);
    pthread_join(thread, NULL);
    assert_int_equal(pthread_create(&thread, NULL, close_later, &queue), 0);
    job_queue_wait(&queue, -1); /* closing wakes too: nothing else would come any more */
    pthread_join(thread, NULL);
    assert_int_equal(job_queue_take(&queue).count, 0);
    assert_false(is_readable(&queue));
    job_queue_fini(&queue);
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
    struct job_queue queue;
    assert_true(job_queue_init(&queue, 1));
    struct signalled self = {.thread = pthread_self()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, signal_often, &self), 0);
    int64_t start_ms = now_ms();
    job_queue_wait(&queue, 100);
    int64_t waited_ms = now_ms() - start_ms;
    atomic_store(&self.ended, true);
    pthread_join(thread, NULL);
    assert_in_range(waited_ms, 99, 5000); /* neither cut short nor begun anew */
    job_queue_fini(&queue);
}

/* ---- several threads ---- */

/* A serving thread and clients. The server's state and a client's are touched by their own thread
 * only, without a lock: under ThreadSanitizer this test proves that the queues are enough. */

enum { CLIENTS = 4, JOBS_EACH = 3000, JOBS_OUT_MAX = 50 };

struct server {
    struct job_queue queue;
    uint64_t sum;  /* unguarded on purpose */
    uint64_t runs; /* likewise */
    bool stopping;
    unsigned last[CLIENTS]; /* the number of the client's job that ran last */
    bool disordered;
};

struct client {
    struct job_queue reply_queue;
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
    free(job); /* no reply queue: run owns it */
}

static void *serve(void *data)
{
    struct server *server = data;
    while (!server->stopping) {
        job_queue_wait(&server->queue, -1);
        struct job_list jobs = job_queue_take(&server->queue);
        struct job *job;
        while ((job = job_list_pop(&jobs)) != NULL) {
            struct job_queue *reply_queue = job->reply_queue; /* run may free a job without one */
            job->run(job, server);
            if (reply_queue != NULL)
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
                .job = {.reply_queue = &client->reply_queue, .run = run_task, .done = end_task},
                .client = client,
                .number = client->next + 1,
            };
            if (!job_queue_post(&client->server->queue, &task->job)) {
                client->refused++;
                free(task);
                break;
            }
            client->next++;
            client->out++;
        }
        job_queue_wait(&client->reply_queue, client->out > 0 ? -1 : 1);
        job_queue_finish(&client->reply_queue);
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
    assert_true(job_queue_init(&server.queue, CLIENTS * JOBS_OUT_MAX / 4));
    assert_int_equal(pthread_create(&server_thread, NULL, serve, &server), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].server = &server;
        clients[i].index = i;
        assert_true(job_queue_init(&clients[i].reply_queue, 0));
        assert_int_equal(pthread_create(&threads[i], NULL, order, &clients[i]), 0);
    }
    const uint64_t sum_each = UINT64_C(3) * JOBS_EACH * (JOBS_EACH + 1) / 2;
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].sum, sum_each);
        assert_false(clients[i].disordered);
        job_queue_fini(&clients[i].reply_queue);
    }
    struct job *stop = calloc(1, sizeof *stop);
    assert_non_null(stop);
    stop->run = run_stop;
    assert_true(job_queue_post_always(&server.queue, stop));
    pthread_join(server_thread, NULL);
    assert_int_equal(server.runs, CLIENTS * JOBS_EACH);
    assert_int_equal(server.sum, CLIENTS * sum_each);
    assert_false(server.disordered);
    job_queue_fini(&server.queue);
}

/* A reply queue that ends as soon as its job is back: the returning thread must be out of it by
 * then. */

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
    assert_true(job_queue_init(&server.queue, 10));
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    for (int i = 0; i < 2000; i++) {
        struct job_queue *reply_queue = malloc(sizeof *reply_queue);
        assert_non_null(reply_queue);
        assert_true(job_queue_init(reply_queue, 1));
        struct job job = {.reply_queue = reply_queue, .run = run_nothing};
        assert_true(job_queue_post(&server.queue, &job));
        while (job_queue_finish(reply_queue) == 0)
            job_queue_wait(reply_queue, i % 2 ? -1 : 0); /* asleep, and spinning */
        job_queue_fini(reply_queue);
        free(reply_queue);
    }
    struct job *stop = calloc(1, sizeof *stop);
    assert_non_null(stop);
    stop->run = run_stop;
    assert_true(job_queue_post(&server.queue, stop));
    pthread_join(thread, NULL);
    job_queue_fini(&server.queue);
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
