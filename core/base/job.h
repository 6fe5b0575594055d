/* The only way anything crosses from one thread to another: a job goes into the serving thread's
 * queue, runs there, and comes back through its reply queue, where `done` is called. A job is
 * embedded in what it works for (an exchange's hold, a password to be hashed); its memory belongs
 * to the thread of its reply queue again once `done` is called and must stay valid until then.
 *
 * A queue is a mutex, a list and an eventfd that is written only when the list was empty. */
#ifndef BASE_JOB_H
#define BASE_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct job_queue;

struct job {
    struct job *next; /* the list it is in; queue's */
    /* Where it returns after `run`; NULL: it does not return and `run` owns it. */
    struct job_queue *reply_queue;
    /* On the serving thread; `server` is that thread's own state (the ledger's database, a worker,
     * ...). */
    void (*run)(struct job *job, void *server);
    void (*done)(struct job *job); /* on the thread of its reply queue; NULL: nothing */
};

/* A list in order of arrival. */
struct job_list {
    struct job *first;
    struct job *last;
    size_t count;
};

void job_list_push(struct job_list *list, struct job *job);
struct job *job_list_pop(struct job_list *list); /* NULL when empty */

struct job_queue {
    pthread_mutex_t mutex;
    struct job_list waiting;
    size_t count_max;
    int wake_fd; /* eventfd, non-blocking: readable while jobs wait; the serving thread polls it */
    bool closed;
};

bool job_queue_init(struct job_queue *queue, size_t count_max); /* false: no descriptor left */
void job_queue_fini(struct job_queue *queue);                   /* must be empty */

/* Puts a job in. False, and nothing taken, when the queue is full or closed: the caller answers
 * "overloaded". Any thread. */
bool job_queue_post(struct job_queue *queue, struct job *job);
/* As job_queue_post, never refused for being full: for jobs on their way back and for resolving
 * what an earlier job has reserved (a settlement after its hold). False only when closed. */
bool job_queue_post_always(struct job_queue *queue, struct job *job);
/* Sends a finished job back (calls nothing; the thread of its reply queue calls `done`), also into
 * a closed queue: its owner waits for what it has sent out. Only for a job with a reply queue; read
 * job->reply_queue before `run`, which may free a job without one. */
void job_return(struct job *job);
/* Sends many back, each reply queue's share in one go and in the order of the list; the list is
 * empty afterwards. Jobs without a reply queue are dropped from it: `run` owns them (but must not
 * have freed them, as they are still in the list). */
void job_return_all(struct job_list *jobs);
/* Takes all that waits, and clears the wake-up. The thread that serves it only. */
struct job_list job_queue_take(struct job_queue *queue);
/* Runs `done` of each job taken from a reply queue; returns how many. */
size_t job_queue_finish(struct job_queue *queue);
/* Refuses what is posted from now on, and wakes whoever waits, once. */
void job_queue_close(struct job_queue *queue);
/* Blocks until something waits or timeout_ms have gone (-1: no limit). For threads without a
 * loop. */
void job_queue_wait(struct job_queue *queue, int timeout_ms);

#endif
