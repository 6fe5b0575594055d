/* The `run` of each kind of job that the ledger thread takes; by it a job is known for what it is.
 * `server` is the struct ledger_thread. */
#ifndef STORE_BOOKS_LEDGER_JOBS_H
#define STORE_BOOKS_LEDGER_JOBS_H

struct job;

void ledger_thread_hold(struct job *job, void *server);
void ledger_thread_settlement(struct job *job, void *server);
void ledger_thread_call(struct job *job, void *server);
/* An operation that only reads: it is sent on, and never run by the ledger thread. */
void ledger_thread_read(struct job *job, void *server);
/* Comes back when memory has what other processes have changed; never run either. */
void ledger_thread_refresh(struct job *job, void *server);

#endif
