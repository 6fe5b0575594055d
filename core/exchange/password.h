/* Hashes and checks passwords for an exchange on the threads of a fair pool: Argon2id takes tens of
 * milliseconds. Passwords are compared in Unicode's normal form C, as NIST SP 800-63B-4 requires.
 * Hashes from before that rule, made of the bytes as they came, still work. */
#ifndef EXCHANGE_PASSWORD_H
#define EXCHANGE_PASSWORD_H

#include <stdbool.h>

#include "base/fair_pool.h"
#include "base/limits.h"
#include "base/secret.h"

struct exchange;

struct password_job {
    struct fair_job fair;
    struct exchange *exchange;
    char password[LIMIT_PASSWORD_BYTES];
    size_t password_bytes;
    char normal[LIMIT_PASSWORD_BYTES];
    size_t normal_bytes;
    char hash[PASSWORD_HASH_BYTES]; /* input to verify, else output */
    bool verify;
    bool ok; /* output */
};

/* The password, and by whom the pool takes turns when there are many questions. */
struct password_question {
    struct slice password; /* at most LIMIT_PASSWORD_BYTES, in UTF-8 */
    /* The hash to compare with. "": no such user, but takes the same time. NULL: makes a hash. */
    const char *hash;
    struct slice account; /* the e-mail address */
    enum fair_rank rank;
};

/* The task yields until exchange_wake, then reads ok, hash and fair.dropped of
 * exchange_password_result. Returns false if it has answered: there are too many at once. */
bool exchange_password(struct exchange *exchange, const struct password_question *question);
const struct password_job *exchange_password_result(const struct exchange *exchange);
/* Wipes the password. Call it after the task has read the result. */
void exchange_password_fini(struct exchange *exchange);

#endif
