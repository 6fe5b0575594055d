/* What a request's key may do, from memory. Loaded at the start; the ledger
 * thread changes it right after the commit, so a deleted key stops before the DELETE is
 * answered. */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "base/secret.h"

struct store;

struct key_facts {
    struct id key_id;
    struct id account_id;
    struct id user_id;
    bool key_disabled;
    bool user_disabled;
    int64_t expires_ms;                  /* 0: never */
    int64_t secret_until_ms;             /* of a replaced secret; 0: the present one */
    bool secret_ended;                   /* before that */
    int64_t budget_nusd;                 /* -1: no budget */
    char group[32];                      /* of the customer, for policies; "" by default */
    char models[LIMIT_KEY_MODELS_BYTES]; /* allowed models, separated by '\n'; "" allows all */
};

/* Copies the facts, so *out stays valid. False: no such key. Any thread. */
bool directory_find_key(struct store *store, const struct digest *digest, struct key_facts *out);
/* A counter that grows when a key is removed, disabled or replaced. Any thread. */
uint64_t directory_revocations(struct store *store);

#endif
