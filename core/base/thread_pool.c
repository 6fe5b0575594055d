#include "base/thread_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

enum { CREW_THREADS_MAX = 16 };

struct thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct job_list waiting;
    size_t jobs_max;
    bool closing;
    unsigned thread_count;
    pthread_t threads[CREW_THREADS_MAX];
};

static struct job *next_job(struct thread_pool *pool)
{
    check(pthread_mutex_lock(&pool->mutex) == 0);
    while (pool->waiting.count == 0 && !pool->closing)
        check(pthread_cond_wait(&pool->arrived, &pool->mutex) == 0);
    struct job *job = job_list_pop(&pool->waiting);
    check(pthread_mutex_unlock(&pool->mutex) == 0);
    return job;
}

static void *serve(void *arg)
{
    struct thread_pool *pool = arg;
    struct job *job;
    while ((job = next_job(pool)) != NULL) {
        struct job_queue *reply_queue = job->reply_queue;
        job->run(job, NULL);
        if (reply_queue != NULL)
            job_return(job);
    }
    return NULL;
}

struct thread_pool *thread_pool_new(unsigned thread_count, size_t jobs_max)
{
    check(thread_count > 0 && thread_count <= CREW_THREADS_MAX);
    struct thread_pool *pool = calloc(1, sizeof *pool);
    check(pool != NULL);
    pool->jobs_max = jobs_max;
    check(pthread_mutex_init(&pool->mutex, NULL) == 0);
    check(pthread_cond_init(&pool->arrived, NULL) == 0);
    for (unsigned i = 0; i < thread_count; i++) {
        if (pthread_create(&pool->threads[i], NULL, serve, pool) != 0) {
            thread_pool_free(pool);
            return NULL;
        }
        pool->thread_count++;
    }
    return pool;
}

bool thread_pool_post(struct thread_pool *pool, struct job *job)
{
    check(pthread_mutex_lock(&pool->mutex) == 0);
    bool taken = !pool->closing && pool->waiting.count < pool->jobs_max;
    if (taken) {
        job_list_push(&pool->waiting, job);
        check(pthread_cond_signal(&pool->arrived) == 0);
    }
    check(pthread_mutex_unlock(&pool->mutex) == 0);
    return taken;
}

void thread_pool_free(struct thread_pool *pool)
{
    if (pool == NULL)
        return;
    check(pthread_mutex_lock(&pool->mutex) == 0);
    pool->closing = true;
    check(pthread_cond_broadcast(&pool->arrived) == 0);
    check(pthread_mutex_unlock(&pool->mutex) == 0);
    for (unsigned i = 0; i < pool->thread_count; i++)
        check(pthread_join(pool->threads[i], NULL) == 0);
    check(pthread_cond_destroy(&pool->arrived) == 0);
    check(pthread_mutex_destroy(&pool->mutex) == 0);
    free(pool);
}

size_t thread_pool_waiting(struct thread_pool *pool)
{
    check(pthread_mutex_lock(&pool->mutex) == 0);
    size_t count = pool->waiting.count;
    check(pthread_mutex_unlock(&pool->mutex) == 0);
    return count;
}
