/* Answers that are kept for retries with the same Idempotency-Key, with Stripe's semantics: the
 * first status and body are answered again for LIMIT_KEPT_ANSWER_MS, and nothing is done twice.
 *
 * An answer is written in the transaction that charges for it (a settlement's, a top-up's), so
 * there is never one without the other. It is looked for by whoever has just claimed the key
 * (claims.h): then nobody else can be about to write it. */
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

/* What is to be kept; everything is borrowed until the transaction has ended. */
struct kept_answer {
    const struct claim *claim;
    const char *exchange_id;
    const char *transfer_id; /* of a top-up; NULL: a call to a model */
    int status;
    const char *content_type;
    int64_t cost_nusd; /* of the header x-llm-cost; -1: there was none */
    struct slice body; /* data NULL: it is too large to be kept */
};

enum lookup_outcome {
    LOOKUP_NOTHING, /* it is new, or its time is over */
    LOOKUP_FOUND,
    LOOKUP_TOO_LARGE, /* it was answered, but the body is not kept */
    LOOKUP_OTHER,     /* the key was used for something else */
    LOOKUP_FAILED     /* the database cannot be read now */
};

/* Embedded in what looks. `job.reply_queue` and `job.done` are the caller's. */
struct answer_lookup {
    struct job job;
    const struct claim *claim; /* borrowed until it is back */
    /* out */
    enum lookup_outcome outcome;
    struct id exchange_id; /* with FOUND and TOO_LARGE */
    int status;
    char content_type[64];
    int64_t cost_nusd; /* -1: none */
    struct buffer body;
};

/* Sends it to a reports thread. False: too many wait there; nothing was done. */
bool answers_look(struct store *store, struct answer_lookup *lookup);
void answers_look_fini(struct answer_lookup *lookup);

#endif
