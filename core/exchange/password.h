/* Hashing and checking of passwords for an exchange, on the helper threads: Argon2id takes tens
 * of milliseconds. */
#ifndef EXCHANGE_PASSWORD_H
#define EXCHANGE_PASSWORD_H

#include <stdbool.h>

#include "base/job.h"
#include "base/limits.h"
#include "base/secret.h"

struct exchange;

struct password_job {
    struct job job;
    struct exchange *exchange;
    char password[LIMIT_PASSWORD_BYTES + 1];
    size_t password_bytes;
    char hash[PASSWORD_HASH_BYTES]; /* in (to verify) or out */
    bool verify;
    bool ok; /* out */
};

/* Hashes `password`, or with a `hash` checks it against that. The task yields until
 * exchange_wake, then reads exchange->password->ok and ->hash. False: answered (too many at
 * once). */
bool exchange_password(struct exchange *exchange, struct slice password, const char *hash);
/* Forgets the password; after the task has read the result. */
void exchange_password_fini(struct exchange *exchange);

#endif
