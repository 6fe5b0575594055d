/* A thread pool for work that a stranger can ask for at no cost: Argon2id takes 64 MiB and tens of
 * milliseconds for each password. A client that asks more often than others waits longer and keeps
 * no other client out:
 *
 * - The next job belongs to the address that has waited longest for its turn, and within that
 *   address to the account that has. So 80 guesses from one address, or at one account, count as
 *   one among many.
 * - Jobs of a better rank go first: a browser that was signed in before, then a client that has not
 *   failed yet. Each fourth job is taken without regard to rank, so that no rank starves the last.
 * - When the queue is full, the address with the most jobs loses its last one. A job of the best
 *   rank is dropped only when no other can be.
 *
 * Any thread posts. A job goes back to its reply queue when it has run or was dropped. */
#ifndef BASE_FAIR_POOL_H
#define BASE_FAIR_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/job.h"

struct fair_pool;

enum fair_rank { FAIR_TRUSTED, FAIR_CLEAN, FAIR_SUSPECT };

struct fair_job {
    struct job job;   /* has a reply queue; its `run` gets a NULL server */
    uint64_t address; /* hashes of the client's address, and of the account that the job is about */
    uint64_t account;
    enum fair_rank rank;
    bool dropped; /* result: the job made room for another and has not run */

    /* private to the pool */
    uint64_t address_turn;
    uint64_t account_turn;
};

/* Starts the threads. Returns NULL when the system cannot start so many. */
struct fair_pool *fair_pool_new(unsigned thread_count, size_t jobs_max);
/* Returns false, and does not take the job, when the queue is full of jobs that have as good a
 * right as this one. */
bool fair_pool_post(struct fair_pool *pool, struct fair_job *job);
/* How many jobs wait. Any thread. */
size_t fair_pool_waiting(struct fair_pool *pool);
/* Refuses new jobs and returns the waiting ones as dropped: nobody waits for their results any
 * more. */
void fair_pool_drop_waiting(struct fair_pool *pool);
/* Runs the waiting jobs, ends the threads, frees the pool. */
void fair_pool_free(struct fair_pool *pool);

#endif
