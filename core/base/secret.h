/* API keys, session tokens and the secret that both are hashed with. The database has only hashes,
 * so a copy of it opens nothing. The secret lies in a file of its own (mode 0600). */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"

enum {
    SECRET_BYTES = 32,
    DIGEST_BYTES = 32,
    APIKEY_RANDOM_CHARS = 32,                   /* base62: 190 bits */
    APIKEY_CHARS = 7 + APIKEY_RANDOM_CHARS + 6, /* llm_sk_ + random + CRC-32 in base62 */
    TOKEN_CHARS = 43 /* a session token: 32 random bytes in base64url without padding */
};

struct secret {
    uint8_t bytes[SECRET_BYTES];
};

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

/* Call it once before anything else here, on the main thread. */
bool secret_init(struct fault *fault);

/* Reads the secret from `path`. If there is no file it creates one with a random secret (mode 0600,
 * synced). Refuses a file of another size, or one that other users may read. */
bool secret_load(const char *path, struct secret *out, struct fault *fault);

/* BLAKE2b keyed with the secret. */
void secret_digest(const struct secret *secret, struct slice text, struct digest *out);

enum { DIGEST_HEX_BYTES = 2 * DIGEST_BYTES + 1 };
void digest_hex(const struct digest *digest, char out[DIGEST_HEX_BYTES]);
/* Reads a digest from hex in lower case. Returns false when `hex` is not 64 such digits. */
bool digest_parse(const char *hex, struct digest *out);

/* A new key `llm_sk_...`, NUL-terminated. */
void apikey_make(char out[APIKEY_CHARS + 1]);
/* Returns true when the text has the form of a key and its check characters fit. So a typing error
 * is told apart from a revoked key without asking the directory. */
bool apikey_well_formed(struct slice text);
/* Overwrites with stars what follows `llm_sk_` anywhere in the text, be it a whole key or not. */
void apikey_mask(char *text);

/* A new session token, NUL-terminated. */
void token_make(char out[TOKEN_CHARS + 1]);

/* Argon2id (libsodium's interactive limits) takes tens of milliseconds and 64 MiB: call these on a
 * helper thread only. `out` gets a string that contains its own parameters. */
enum { PASSWORD_HASH_BYTES = 128 };
bool password_hash(struct slice password, char out[PASSWORD_HASH_BYTES]);
bool password_verify(struct slice password, const char *hash);

void secret_wipe(void *data, size_t bytes);
uint64_t random_u64(void);
void random_bytes(void *out, size_t bytes);

#endif
