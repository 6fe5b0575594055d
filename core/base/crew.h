/* Helper threads for what blocks or computes for long (password hashing): an inbox that several
 * threads serve. A job's `run` is called with a NULL server on one of them, then the job goes
 * home. */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/job.h"

struct crew;

/* Starts the threads. NULL when the machine has no more of them. */
struct crew *crew_new(unsigned thread_count, size_t jobs_max);
/* False, and nothing taken, when jobs_max wait. Any thread. */
bool crew_post(struct crew *crew, struct job *job);
/* Finishes the jobs that wait, ends the threads, frees. */
void crew_free(struct crew *crew);

#endif
