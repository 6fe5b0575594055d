/* What exchanges of our own (ours.h) have in common: what they may cost, and the operations of the
 * store by which they are noted. */
#ifndef EXCHANGE_OWN_CALL_H
#define EXCHANGE_OWN_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/call.h"

struct candidate;
struct exchange;

/* Runs an operation in `call`, in place of the one before; `done` is called when it is back.
 * Returns false if the store's queue is full. */
bool own_call_post(const struct exchange *exchange, struct store_call *call, const char *operation,
                   const struct store_value *args, size_t count, void (*done)(struct job *job));

/* The result of one must be told until the store has it, however long the disk fails: else its cost
 * would be missing in the books. */
struct own_call_tries {
    unsigned count;
    int64_t due_us; /* the next one */
};

/* What each kind of them begins with. */
struct own_call {
    struct store_call call; /* first: jobs are cast back */
    struct exchange *exchange;
    bool pending; /* `call` is on its way */
    struct own_call_tries tries;
    /* All is told, or lost. */
    void (*end)(struct exchange *exchange);
    /* The store cannot be told. */
    void (*log_loss)(const struct exchange *exchange, const char *why);
};
/* Tells the store what came of it, by this operation. If that cannot be told now, the owner calls
 * this again when the tries are due. */
void own_call_tell(struct own_call *own, const char *operation, const struct store_value *args,
                   size_t count);
/* A try has failed. `call`: NULL, if it could not be posted. Returns false if no other one follows:
 * the store refuses it, or the worker stops. */
bool own_call_try_again(const struct exchange *exchange, const struct store_call *call,
                        struct own_call_tries *tries);

/* What the provider bills at most for what the exchange's budget expects. Returns false if that
 * cannot be counted. */
bool own_call_worst_nusd(const struct exchange *exchange, const struct candidate *candidate,
                         int64_t *out_nusd);

#endif
