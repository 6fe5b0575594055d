/* Notes beside the ledger, which no request waits for: refused calls, and the attempts of exchanges
 * in which one failed. A caller copies a note into a bounded queue. The ledger thread writes the
 * queue ten times a second and before anything is read. A note is dropped and counted if there is
 * no room or the disk refuses it; a crash loses the queue. No money depends on notes.
 *
 * Refusals above a rate per account and minute are only counted, so that a client that asks in a
 * loop does not fill the disk. Old rows are deleted. */
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
    char model[LIMIT_MODEL_NAME_BYTES]; /* "": no model was asked for, or it is unknown */
    char path[128];
};

struct attempt_note {
    int32_t number; /* from 1 on */
    char provider[64];
    char model[LIMIT_MODEL_NAME_BYTES]; /* the provider's name for it */
    char outcome[16];
    char class[16]; /* "refused", "unknown" (it may have been billed), "answered" */
    int32_t status; /* the provider's; 0: no reply came */
    int64_t created_ms;
    int64_t duration_us;
    char words[LIMIT_ATTEMPT_WORDS_BYTES + 1]; /* of the provider, without secrets */
};

/* Any thread. */

/* Whether a refusal of this account should be noted; if not, it was counted. */
bool notes_take_refusal(struct store *store, const struct id *account_id, int64_t now_ms);
void notes_refusal(struct store *store, const struct refused_call *refused);
void notes_attempt(struct store *store, const struct id *exchange_id,
                   const struct attempt_note *attempt);

#endif
