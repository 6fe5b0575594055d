#include "base/fair_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { THREADS_MAX = 16, COUNTS = 2048, UNRANKED_EACH = 4 };

struct fair_pool {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct job_list waiting; /* in order of arrival; short enough for a linear search */
    size_t jobs_max;
    uint64_t turns; /* how many jobs have begun: the clock for turns */
    bool closing;
    unsigned thread_count;
    pthread_t threads[THREADS_MAX];
};

static struct fair_job *fair_of(struct job *job)
{
    return (struct fair_job *)(void *)job;
}

/* ---- whose turn it is ---- */

static bool goes_before(const struct fair_job *a, const struct fair_job *b, bool ranked)
{
    if (ranked && a->rank != b->rank)
        return a->rank < b->rank;
    if (a->address_turn != b->address_turn)
        return a->address_turn < b->address_turn;
    return a->account_turn < b->account_turn;
}

/* Sends the address of `begun`, and its account there, to the end of the row. */
static void note_turn(struct fair_pool *pool, const struct fair_job *begun)
{
    pool->turns++;
    for (struct job *job = pool->waiting.first; job != NULL; job = job->next) {
        struct fair_job *other = fair_of(job);
        if (other->address != begun->address)
            continue;
        other->address_turn = pool->turns;
        if (other->account == begun->account)
            other->account_turn = pool->turns;
    }
}

static void take_out(struct fair_pool *pool, const struct fair_job *wanted)
{
    struct job_list rest = {0};
    struct job *job;
    while ((job = job_list_pop(&pool->waiting)) != NULL) {
        if (fair_of(job) != wanted)
            job_list_push(&rest, job);
    }
    pool->waiting = rest;
}

static struct fair_job *next_job(struct fair_pool *pool)
{
    bool ranked = pool->turns % UNRANKED_EACH != 0;
    struct fair_job *next = NULL;
    for (struct job *job = pool->waiting.first; job != NULL; job = job->next) {
        if (next == NULL || goes_before(fair_of(job), next, ranked))
            next = fair_of(job);
    }
    if (next != NULL) {
        take_out(pool, next);
        note_turn(pool, next);
    }
    return next;
}

/* ---- threads ---- */

static struct fair_job *wait_for_job(struct fair_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct fair_job *job;
    while ((job = next_job(pool)) == NULL && !pool->closing)
        pthread_cond_wait(&pool->arrived, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void *serve(void *arg)
{
    struct fair_pool *pool = arg;
    struct fair_job *job;
    while ((job = wait_for_job(pool)) != NULL) {
        job->job.run(&job->job, NULL);
        job_return(&job->job);
    }
    return NULL;
}

struct fair_pool *fair_pool_new(unsigned thread_count, size_t jobs_max)
{
    check(thread_count > 0 && thread_count <= THREADS_MAX && jobs_max < COUNTS / 2);
    struct fair_pool *pool = calloc(1, sizeof *pool);
    check(pool != NULL);
    pool->jobs_max = jobs_max;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->arrived, NULL);
    for (unsigned i = 0; i < thread_count; i++) {
        if (pthread_create(&pool->threads[i], NULL, serve, pool) != 0) {
            fair_pool_free(pool);
            return NULL;
        }
        pool->thread_count++;
    }
    return pool;
}

/* ---- a full queue ---- */

/* For each number, how many waiting jobs have it: a hash table. */
struct counts {
    uint64_t number[COUNTS];
    uint16_t count[COUNTS];
};

static uint16_t *count_of(struct counts *counts, uint64_t number)
{
    size_t at = number % COUNTS;
    while (counts->count[at] > 0 && counts->number[at] != number)
        at = (at + 1) % COUNTS;
    counts->number[at] = number;
    return &counts->count[at];
}

static bool same_lane(const struct fair_job *a, const struct fair_job *b)
{
    return a->address == b->address && a->account == b->account;
}

/* Returns the last job of the address with the most jobs, and there of the account with the most.
 * Returns NULL when `added` would be that job. With `spared`, jobs of the best rank are left
 * out. */
static struct fair_job *find_longest(struct fair_pool *pool, struct counts *counts,
                                     const struct fair_job *added, bool spared)
{
    unsigned most_of_address = *count_of(&counts[0], added->address);
    unsigned most_of_account = *count_of(&counts[1], added->address ^ added->account);
    struct fair_job *victim = NULL;
    for (struct job *job = pool->waiting.first; job != NULL; job = job->next) {
        struct fair_job *other = fair_of(job);
        unsigned of_address = *count_of(&counts[0], other->address);
        unsigned of_account = *count_of(&counts[1], other->address ^ other->account);
        bool more = of_address > most_of_address ||
                    (of_address == most_of_address && of_account > most_of_account);
        bool later = victim != NULL && same_lane(other, victim);
        if ((spared && other->rank == FAIR_TRUSTED) || !(more || later))
            continue;
        most_of_address = of_address;
        most_of_account = of_account;
        victim = other;
    }
    return victim;
}

/* Jobs of the best rank give way last. They do give way, because a client may have many accounts
 * and be trusted by all of them. */
static struct fair_job *find_victim(struct fair_pool *pool, const struct fair_job *added)
{
    struct counts *counts = calloc(2, sizeof *counts);
    check(counts != NULL);
    for (struct job *job = pool->waiting.first; job != NULL; job = job->next) {
        ++*count_of(&counts[0], fair_of(job)->address);
        ++*count_of(&counts[1], fair_of(job)->address ^ fair_of(job)->account);
    }
    ++*count_of(&counts[0], added->address);
    ++*count_of(&counts[1], added->address ^ added->account);
    struct fair_job *victim = find_longest(pool, counts, added, true);
    if (victim == NULL)
        victim = find_longest(pool, counts, added, false);
    free(counts);
    return victim;
}

/* A new job gets the turns of its address and its account, if they wait already; else the last
 * turn. */
static void give_turn(struct fair_pool *pool, struct fair_job *added)
{
    added->address_turn = pool->turns;
    added->account_turn = pool->turns;
    for (struct job *job = pool->waiting.first; job != NULL; job = job->next) {
        const struct fair_job *other = fair_of(job);
        if (other->address != added->address)
            continue;
        added->address_turn = other->address_turn;
        if (other->account == added->account)
            added->account_turn = other->account_turn;
    }
}

bool fair_pool_post(struct fair_pool *pool, struct fair_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    struct fair_job *victim = NULL;
    bool taken = !pool->closing;
    if (taken && pool->waiting.count >= pool->jobs_max) {
        victim = find_victim(pool, job);
        taken = victim != NULL;
    }
    if (victim != NULL)
        take_out(pool, victim);
    if (taken) {
        job->dropped = false;
        give_turn(pool, job);
        job_list_push(&pool->waiting, &job->job);
        pthread_cond_signal(&pool->arrived);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (victim != NULL) {
        victim->dropped = true;
        job_return(&victim->job);
    }
    return taken;
}

void fair_pool_drop_waiting(struct fair_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct job_list dropped = pool->waiting;
    pool->waiting = (struct job_list){0};
    pool->closing = true;
    pthread_cond_broadcast(&pool->arrived);
    pthread_mutex_unlock(&pool->mutex);
    struct job *job;
    while ((job = job_list_pop(&dropped)) != NULL) {
        fair_of(job)->dropped = true;
        job_return(job);
    }
}

void fair_pool_free(struct fair_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->arrived);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->arrived);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

size_t fair_pool_waiting(struct fair_pool *pool)
{
    check(pthread_mutex_lock(&pool->mutex) == 0);
    size_t count = pool->waiting.count;
    check(pthread_mutex_unlock(&pool->mutex) == 0);
    return count;
}
