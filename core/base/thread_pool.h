/* Helper threads for work that blocks or computes for long (password hashing). All threads serve
 * one queue. One of them calls a job's `run` with a NULL server, then the job goes back. */
#ifndef BASE_THREAD_POOL_H
#define BASE_THREAD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/job.h"

struct thread_pool;

/* Starts the threads. Returns NULL when the system cannot start so many. */
struct thread_pool *thread_pool_new(unsigned thread_count, size_t jobs_max);
/* Returns false, and does not take the job, when jobs_max wait. Any thread. */
bool thread_pool_post(struct thread_pool *pool, struct job *job);
/* How many jobs wait. Any thread. */
size_t thread_pool_waiting(struct thread_pool *pool);
/* Runs the waiting jobs, ends the threads, frees the pool. NULL is allowed. */
void thread_pool_free(struct thread_pool *pool);

#endif
