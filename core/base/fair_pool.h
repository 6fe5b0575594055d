/* A thread pool for work that costs a stranger nothing to ask for: Argon2id takes 64 MiB and tens
 * of milliseconds a password. A client that asks more often than others waits longer and keeps no
 * other client out:
 *
 * - The next job is of the address that has waited longest for its turn, and of that address the
 *   account. So 80 guesses from one place, or at one account, are one among many.
 * - Jobs of a better rank go first: a browser that was signed in before, then a client that has
 *   not failed yet. Each fourth job is taken without regard to that, so that no rank starves the
 *   last.
 * - When the queue is full, the last job of the address that has most of them makes room; one of
 *   the best rank only when no other can.
 *
 * Any thread posts; a job goes back when it has run, or was dropped. */
#ifndef BASE_FAIR_POOL_H
#define BASE_FAIR_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/job.h"

struct fair_pool;

enum fair_rank { FAIR_TRUSTED, FAIR_CLEAN, FAIR_SUSPECT };

struct fair_job {
    struct job job;   /* with a reply queue; its `run` gets a NULL server */
    uint64_t address; /* hashes of where it comes from, and of which account it is about */
    uint64_t account;
    enum fair_rank rank;
    bool dropped; /* out: it made room for another, and has not run */

    /* the pool's */
    uint64_t address_turn;
    uint64_t account_turn;
};

/* Starts the threads. NULL when the machine has no more of them. */
struct fair_pool *fair_pool_new(unsigned thread_count, size_t jobs_max);
/* False, and nothing taken: the queue is full of jobs that have as good a right as this one. */
bool fair_pool_post(struct fair_pool *pool, struct fair_job *job);
/* Nothing is taken any more, and what waits goes back as dropped: nobody waits for it any more. */
void fair_pool_drop_waiting(struct fair_pool *pool);
/* Finishes the jobs that wait, ends the threads, frees. */
void fair_pool_free(struct fair_pool *pool);

#endif
