/* The key directory: what a request's key is allowed, from memory. Loaded at start, changed by the
 * ledger thread right after the change is committed, so a deleted key is dead before the answer to
 * the DELETE. */
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
    int64_t budget_nusd;                 /* -1: none */
    char group[32];                      /* the customer's group, for policies; "" by default */
    char models[LIMIT_KEY_MODELS_BYTES]; /* allowed models, separated by '\n'; "" allows all */
};

/* False: no such key. Copies, so *out stays valid. Any thread. */
bool directory_find_key(struct store *store, const struct digest *digest, struct key_facts *out);
/* Grows whenever a key is removed, or is put as one that is disabled. Any thread. */
uint64_t directory_revocations(struct store *store);

#endif
