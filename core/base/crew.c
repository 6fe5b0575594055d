#include "base/crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

enum { CREW_THREADS_MAX = 16 };

struct crew {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct job_list waiting;
    size_t jobs_max;
    bool closing;
    unsigned thread_count;
    pthread_t threads[CREW_THREADS_MAX];
};

/* NULL when the crew closes and nothing waits any more. */
static struct job *next_job(struct crew *crew)
{
    check(pthread_mutex_lock(&crew->mutex) == 0);
    while (crew->waiting.count == 0 && !crew->closing)
        check(pthread_cond_wait(&crew->arrived, &crew->mutex) == 0);
    struct job *job = job_list_pop(&crew->waiting);
    check(pthread_mutex_unlock(&crew->mutex) == 0);
    return job;
}

static void *serve(void *arg)
{
    struct crew *crew = arg;
    struct job *job;
    while ((job = next_job(crew)) != NULL) {
        struct inbox *home = job->home;
        job->run(job, NULL);
        if (home != NULL)
            job_return(job);
    }
    return NULL;
}

struct crew *crew_new(unsigned thread_count, size_t jobs_max)
{
    check(thread_count > 0 && thread_count <= CREW_THREADS_MAX);
    struct crew *crew = calloc(1, sizeof *crew);
    check(crew != NULL);
    crew->jobs_max = jobs_max;
    check(pthread_mutex_init(&crew->mutex, NULL) == 0);
    check(pthread_cond_init(&crew->arrived, NULL) == 0);
    for (unsigned i = 0; i < thread_count; i++) {
        if (pthread_create(&crew->threads[i], NULL, serve, crew) != 0) {
            crew_free(crew);
            return NULL;
        }
        crew->thread_count++;
    }
    return crew;
}

bool crew_post(struct crew *crew, struct job *job)
{
    check(pthread_mutex_lock(&crew->mutex) == 0);
    bool taken = !crew->closing && crew->waiting.count < crew->jobs_max;
    if (taken) {
        job_list_push(&crew->waiting, job);
        check(pthread_cond_signal(&crew->arrived) == 0);
    }
    check(pthread_mutex_unlock(&crew->mutex) == 0);
    return taken;
}

void crew_free(struct crew *crew)
{
    check(pthread_mutex_lock(&crew->mutex) == 0);
    crew->closing = true;
    check(pthread_cond_broadcast(&crew->arrived) == 0);
    check(pthread_mutex_unlock(&crew->mutex) == 0);
    for (unsigned i = 0; i < crew->thread_count; i++)
        check(pthread_join(crew->threads[i], NULL) == 0);
    check(pthread_cond_destroy(&crew->arrived) == 0);
    check(pthread_mutex_destroy(&crew->mutex) == 0);
    free(crew);
}
