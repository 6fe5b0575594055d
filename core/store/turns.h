/* Turns of conversations that the gateway itself keeps for accounts: what a call took in and gave,
 * sealed (base/seal.h). The store sees neither. A settlement writes the turn of its answer in its
 * own transaction (ledger.h); an account's oldest turns go when it has too many bytes. */
#ifndef STORE_TURNS_H
#define STORE_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id.h"
#include "base/job.h"
#include "base/kept_kind.h"
#include "base/limits.h"
#include "base/slice.h"
#include "store/objects.h"

struct store;

/* The provider of such objects (objects.h); no provider can have this name. */
#define TURNS_PROVIDER ":gateway"

/* How long turns are kept, and how much of them for an account. */
struct turn_terms {
    int64_t keep_ms;
    int64_t bytes_max;
};

/* The turn of one answer; all is borrowed until the transaction has ended. */
struct made_turn {
    struct turn_terms terms;
    struct slice response_id;
    struct slice conversation_id; /* empty: none */
    bool begins;                  /* the conversation */
    int64_t previous_turn;        /* which it continues; 0: none */
    int64_t depth;                /* how many turns it continues */
    struct slice sealed;
};

struct found_turn {
    int64_t turn;
    int64_t depth;
    int64_t created_ms;
    char response_id[LIMIT_OBJECT_ID_BYTES + 1];
    struct buffer sealed;
};

/* A look-up of the turns that one request names, embedded in its owner. The caller sets
 * `job.reply_queue` and `job.done`. */
struct turn_lookup {
    struct job job;
    struct id account_id;
    const struct named_object *names; /* borrowed until the job is back */
    size_t count;
    /* output */
    bool failed;    /* the database cannot be read now */
    bool missing;   /* some are gone: expired, deleted, or pushed out by newer ones */
    bool too_large; /* more than LIMIT_KEPT_TURN_BYTES, or LIMIT_KEPT_TURNS */
    /* Each once. A response that brings input comes behind the turns that it continues, the turns
     * of a conversation in their order; both stand before those of items. */
    struct found_turn *turns;
    size_t turn_count;
    size_t continued; /* so many of them stand before those of items */
    size_t turn_room;
    size_t bytes; /* of all */
};

/* Sends it to a reports thread. Returns false without any work if too many wait there. */
bool turns_look(struct store *store, struct turn_lookup *lookup);
void turns_look_fini(struct turn_lookup *lookup);

#endif
