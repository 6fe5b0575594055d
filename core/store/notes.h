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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"

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

/* Any thread. */

/* Whether a refusal of this account is to be noted; else it has been counted. */
bool notes_take_refusal(struct store *store, const struct id *account_id, int64_t now_ms);
void notes_refusal(struct store *store, const struct refused_call *refused);
void notes_attempt(struct store *store, const struct id *exchange_id,
                   const struct attempt_note *attempt);

#endif
