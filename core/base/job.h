/* Jobs are the only way from one thread to another. A job goes into the queue of the serving
 * thread, runs there, and comes back through its reply queue, whose thread calls `done`. A job is
 * embedded in what it works for (an exchange's hold, a password to be hashed). That memory must
 * stay valid until `done` is called; from then on it belongs to the thread of the reply queue
 * again.
 *
 * A queue is a mutex, a list and an eventfd. The eventfd is written only when the list was
 * empty. */
#ifndef BASE_JOB_H
#define BASE_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct job_queue;

struct job {
    struct job *next; /* private: next in its list */
    /* Where the job returns after `run`. NULL: it does not return, and `run` owns it. */
    struct job_queue *reply_queue;
    /* Called on the serving thread; `server` is that thread's own state (the ledger's database, a
     * worker, ...). */
    void (*run)(struct job *job, void *server);
    /* Called on the thread of the reply queue. NULL: nothing is called. */
    void (*done)(struct job *job);
};

/* A list in order of arrival. */
struct job_list {
    struct job *first;
    struct job *last;
    size_t count;
};

void job_list_push(struct job_list *list, struct job *job);
struct job *job_list_pop(struct job_list *list); /* returns NULL when the list is empty */

struct job_queue {
    pthread_mutex_t mutex;
    struct job_list waiting;
    size_t count_max;
    int wake_fd; /* eventfd, non-blocking: readable while jobs wait; the serving thread polls it */
    bool closed;
};

/* Returns false when no descriptor is left. */
bool job_queue_init(struct job_queue *queue, size_t count_max);
void job_queue_fini(struct job_queue *queue); /* the queue must be empty */

/* Puts a job in. Returns false, and does not take the job, when the queue is full or closed: the
 * caller then answers "overloaded". Any thread. */
bool job_queue_post(struct job_queue *queue, struct job *job);
/* Like job_queue_post, but a full queue takes the job too: for jobs on their way back, and for jobs
 * that resolve what an earlier job reserved (a settlement after its hold). Returns false only when
 * the queue is closed. */
bool job_queue_post_always(struct job_queue *queue, struct job *job);
/* Sends a finished job back; the thread of its reply queue calls `done`. A closed reply queue takes
 * it too, because its owner waits for the jobs it has sent out. Only for a job with a reply queue.
 * Read job->reply_queue before `run`: `run` may free a job that has none. */
void job_return(struct job *job);
/* Sends many jobs back and empties the list. Each reply queue gets its jobs at once, in the order
 * of the list. Jobs without a reply queue are dropped from the list; `run` owns them, but must not
 * have freed them yet. */
void job_return_all(struct job_list *jobs);
/* Takes all waiting jobs and clears the eventfd. Only for the thread that serves the queue. */
struct job_list job_queue_take(struct job_queue *queue);
/* Takes all jobs of a reply queue and calls `done` of each; returns how many. */
size_t job_queue_finish(struct job_queue *queue);
/* Refuses new jobs from now on, and wakes the threads that wait, once. */
void job_queue_close(struct job_queue *queue);
/* How many jobs wait. Any thread. */
size_t job_queue_waiting(struct job_queue *queue);
/* Blocks until a job waits or timeout_ms have passed (-1: no limit). For threads without an event
 * loop. */
void job_queue_wait(struct job_queue *queue, int timeout_ms);

#endif
