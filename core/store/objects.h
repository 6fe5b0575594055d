/* What providers keep for accounts: responses, conversations and items, each by the provider's id.
 * All customers share the operator's account with a provider, so a request may name only what its
 * own account has made.
 *
 * A settlement writes the objects of its answer in its own transaction (ledger.h), so an id is
 * owned before the client has the last byte. Rows end LIMIT_OBJECT_MS after they were last
 * written. */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/job.h"
#include "base/kept_kind.h"
#include "base/slice.h"

struct store;

/* Content whose size is unknown, such as a picture: the gateway cannot say its tokens. */
enum { OBJECT_TOKENS_UNKNOWN = -1 };

struct made_object {
    struct slice id;
    enum kept_kind kind;
    int64_t tokens; /* of input that a call takes in by naming it, at most */
};

/* The objects of one answer; all is borrowed until the transaction has ended. */
struct made_objects {
    const char *provider;
    struct slice response_id; /* that has brought the items */
    const struct made_object *list;
    size_t count;
};

struct named_object {
    struct slice id;
    enum kept_kind kind;
    bool brings; /* what it names becomes input */
};

/* A look-up of all that one request names, embedded in its owner. The caller sets `job.reply_queue`
 * and `job.done`. */
struct object_lookup {
    struct job job;
    struct id account_id;
    const struct named_object *names; /* borrowed until the job is back */
    size_t count;
    /* output */
    bool failed;       /* the database cannot be read now */
    bool *found;       /* for each name: the account has it; the caller's room */
    bool divided;      /* two providers have what was found */
    char provider[64]; /* that has what was found; "": nothing was found */
    int64_t tokens; /* of input that the names bring, at most; items of one response count once */
    bool unknown;   /* and more, of unknown size */
    bool grows;     /* a conversation is named: others may have added to it meanwhile */
};

/* Sends it to a reports thread. Returns false without any work if too many wait there. */
bool objects_look(struct store *store, struct object_lookup *lookup);

#endif
