/* What is told beside the ledger, and is worth no wait: calls that were refused, and the attempts
 * of exchanges in which one failed. Whoever has a note puts it into a bounded queue, which costs a
 * copy; the ledger thread writes what waits, ten times a second and before anybody reads. A note
 * for which there is no room, or that the disk refuses, is dropped and counted; so is what a crash
 * finds in the queue. No money depends on any.
 *
 * Refusals above a rate of an account and minute are only counted, so that a client that asks in a
 * loop fills no disk. Rows are aged out. */
#ifndef STORE_NOTES_H
#define STORE_NOTES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"

struct db;
struct store;

struct refused_call {
    struct id exchange_id;
    struct id account_id;
    struct id key_id;
    int64_t created_ms;
    int64_t total_us;
    int32_t status;
    char code[48];
    char model[LIMIT_MODEL_NAME_BYTES]; /* "": none was asked for, or nobody could tell */
    char path[128];
};

struct attempt_note {
    int32_t number; /* from 1 on */
    char provider[64];
    char model[LIMIT_MODEL_NAME_BYTES]; /* its name there */
    char outcome[16];
    int32_t status; /* the provider's; 0: none came */
    int64_t created_ms;
    int64_t duration_us;
    char words[LIMIT_ATTEMPT_WORDS_BYTES + 1]; /* the provider's own, without secrets */
};

/* ---- any thread ---- */

/* Whether a refusal of this account is to be noted; else it has been counted. */
bool notes_take_refusal(struct store *store, const struct id *account_id, int64_t now_ms);
void notes_refusal(struct store *store, const struct refused_call *refused);
void notes_attempt(struct store *store, const struct id *exchange_id,
                   const struct attempt_note *attempt);

/* ---- for the store ---- */

enum { NOTES_ACCOUNTS = 1024 };

/* An account's refusals in a minute. */
struct notes_sample {
    struct id account_id;
    int64_t minute;
    int64_t kept;
    int64_t left_out; /* and not yet written */
};

struct note;

struct notes {
    pthread_mutex_t mutex;
    struct note *first;
    struct note *last;
    size_t count;
    uint64_t dropped; /* and not yet told */
    struct notes_sample samples[NOTES_ACCOUNTS];
    atomic_bool waiting;
    int64_t forget_due_us; /* the ledger thread's */
};

void notes_init(struct notes *notes);
void notes_fini(struct notes *notes);
/* Whether there is something that readers of the tables would miss. */
bool notes_waiting(const struct notes *notes);
/* The ledger thread's, outside of a transaction: writes what waits; forgets what is old. */
void notes_write(struct store *store, struct db *db);
void notes_forget(struct notes *notes, struct db *db);

#endif
