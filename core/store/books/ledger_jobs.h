/* The `run` functions of the ledger thread's jobs; they also tell the kind of a job. `server` is
 * the struct ledger_thread. */
#ifndef STORE_BOOKS_LEDGER_JOBS_H
#define STORE_BOOKS_LEDGER_JOBS_H

struct job;

void ledger_thread_hold(struct job *job, void *server);
void ledger_thread_settlement(struct job *job, void *server);
void ledger_thread_call(struct job *job, void *server);
/* Loads the counters of a claim (struct quota_load). */
void ledger_thread_quotas(struct job *job, void *server);
/* An operation that only reads: it is forwarded, and never run by the ledger thread. */
void ledger_thread_read(struct job *job, void *server);
/* A job that returns when memory has the changes of other processes; it is never run, either. */
void ledger_thread_refresh(struct job *job, void *server);

#endif
