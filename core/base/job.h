/* The only way anything crosses from one thread to another: a job goes into the serving thread's
 * inbox, runs there, and comes back through its home inbox, where `done` is called. A job is
 * embedded in what it works for (an exchange's hold, a password to be hashed); its memory belongs
 * to the home thread again once `done` is called and must stay valid until then.
 *
 * An inbox is a mutex, a list and an eventfd that is written only when the list was empty. */
#ifndef BASE_JOB_H
#define BASE_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct inbox;

struct job {
    struct job *next; /* the list it is in; inbox's */
    /* Where it returns after `run`; NULL: it does not return and `run` owns it. */
    struct inbox *home;
    /* On the serving thread; `server` is that thread's own state (the ledger's database, a worker,
     * ...). */
    void (*run)(struct job *job, void *server);
    void (*done)(struct job *job); /* on the home thread; NULL: nothing */
};

/* A list in order of arrival. */
struct job_list {
    struct job *first;
    struct job *last;
    size_t count;
};

void job_list_push(struct job_list *list, struct job *job);
struct job *job_list_pop(struct job_list *list); /* NULL when empty */

struct inbox {
    pthread_mutex_t mutex;
    struct job_list waiting;
    size_t count_max;
    int wake_fd; /* eventfd, non-blocking: readable while jobs wait; the serving thread polls it */
    bool closed;
};

bool inbox_init(struct inbox *inbox, size_t count_max); /* false: no descriptor left */
void inbox_fini(struct inbox *inbox);                   /* must be empty */

/* Puts a job in. False, and nothing taken, when the inbox is full or closed: the caller answers
 * "overloaded". Any thread. */
bool inbox_post(struct inbox *inbox, struct job *job);
/* As inbox_post, never refused for being full: for jobs on their way home and for resolving what an
 * earlier job has reserved (a settlement after its hold). False only when closed. */
bool inbox_post_always(struct inbox *inbox, struct job *job);
/* Sends a finished job home (calls nothing; the home thread calls `done`), also into a closed
 * inbox: its owner waits for what it has sent out. Only for a job with a home; read job->home
 * before `run`, which may free a job without one. */
void job_return(struct job *job);
/* Sends many home, each home's share in one go and in the order of the list; the list is empty
 * afterwards. Jobs without a home are dropped from it: `run` owns them (but must not have freed
 * them, as they are still in the list). */
void job_return_all(struct job_list *jobs);
/* Takes all that waits, and clears the wake-up. The serving or home thread only. */
struct job_list inbox_take(struct inbox *inbox);
/* Runs `done` of each job taken from a home inbox; returns how many. */
size_t inbox_finish(struct inbox *inbox);
/* Refuses what is posted from now on, and wakes whoever waits, once. */
void inbox_close(struct inbox *inbox);
/* Blocks until something waits or timeout_ms have gone (-1: no limit). For threads without a
 * loop. */
void inbox_wait(struct inbox *inbox, int timeout_ms);

#endif
