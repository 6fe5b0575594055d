/* The calls to models that run right now on a worker, for the operator. On its thread. */
#ifndef EXCHANGE_RUNNING_CALLS_H
#define EXCHANGE_RUNNING_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "exchange/candidate.h"

struct exchange_env;

struct running_call {
    struct id exchange_id;
    struct id user_id; /* "": not known yet */
    struct id key_id;
    char model[LIMIT_MODEL_NAME_BYTES];
    char provider[CANDIDATE_PROVIDER_BYTES]; /* that is asked; "": none yet */
    const char *state;                       /* a literal */
    int attempts;
    int64_t age_ms;
    int64_t first_byte_ms; /* since its start; -1: none yet */
    int64_t held_nusd;
};

/* Fills `out` with those that have run the longest. Returns how many; *all: how many there are. */
size_t running_calls_list(const struct exchange_env *env, struct running_call *out, size_t room,
                          size_t *all);

#endif
