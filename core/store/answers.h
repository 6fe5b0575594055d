/* Kept answers for retries with the same Idempotency-Key, with Stripe's semantics: a retry within
 * LIMIT_KEPT_ANSWER_MS gets the first status and body again, and nothing is done twice.
 *
 * An answer is written in the transaction that charges for it (a settlement's, a top-up's), so
 * neither exists without the other. Claim the key (claims.h) before you look for its answer: then
 * no other exchange can be about to write it. */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id.h"
#include "base/job.h"
#include "base/slice.h"
#include "store/claims.h"

struct store;

/* The answer to keep; all is borrowed until the transaction has ended. */
struct kept_answer {
    const struct claim *claim;
    const char *exchange_id;
    const char *transfer_id; /* of a top-up; NULL for a call to a model */
    int status;
    const char *content_type;
    int64_t cost_nusd; /* for the header x-llm-cost; -1: no such header */
    struct slice body; /* data NULL: too large to be kept */
};

enum lookup_outcome {
    LOOKUP_NOTHING, /* the key is new, or its answer has expired */
    LOOKUP_FOUND,
    LOOKUP_TOO_LARGE, /* it was answered, but the body was not kept */
    LOOKUP_OTHER,     /* the key was used for another request */
    LOOKUP_FAILED     /* the database cannot be read now */
};

/* A look-up, embedded in its owner. The caller sets `job.reply_queue` and `job.done`. */
struct answer_lookup {
    struct job job;
    const struct claim *claim; /* borrowed until the job is back */
    /* output */
    enum lookup_outcome outcome;
    struct id exchange_id; /* with FOUND and TOO_LARGE */
    int status;
    char content_type[64];
    int64_t cost_nusd; /* -1: no cost */
    struct buffer body;
};

/* Sends it to a reports thread. Returns false without any work if too many wait there. */
bool answers_look(struct store *store, struct answer_lookup *lookup);
void answers_look_fini(struct answer_lookup *lookup);

#endif
