/* Helper threads for what blocks or computes for long (password hashing): a queue that several
 * threads serve. A job's `run` is called with a NULL server on one of them, then the job goes
 * back. */
#ifndef BASE_THREAD_POOL_H
#define BASE_THREAD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/job.h"

struct thread_pool;

/* Starts the threads. NULL when the machine has no more of them. */
struct thread_pool *thread_pool_new(unsigned thread_count, size_t jobs_max);
/* False, and nothing taken, when jobs_max wait. Any thread. */
bool thread_pool_post(struct thread_pool *pool, struct job *job);
/* Finishes the jobs that wait, ends the threads, frees. */
void thread_pool_free(struct thread_pool *pool);

#endif
