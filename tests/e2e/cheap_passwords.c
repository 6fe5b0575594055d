/* Passwords that cost next to nothing to hash, under the whole program. Preloaded (LD_PRELOAD) it
 * stands before libsodium in the one call by which the gateway hashes a new password. A stored hash
 * names its own parameters, so what is verified later is the program's own code and cheap as well.
 * Nearly each end-to-end test signs a customer up: by the real hash that is a third of all their
 * processor time. tests/unit/base/test_secret.c holds what the real one costs. */
#include <sodium.h>

int crypto_pwhash_str(char out[crypto_pwhash_STRBYTES], const char *const password,
                      unsigned long long password_bytes, unsigned long long operations_max,
                      size_t memory_bytes_max)
{
    (void)operations_max, (void)memory_bytes_max;
    return crypto_pwhash_argon2id_str(out, password, password_bytes,
                                      crypto_pwhash_argon2id_OPSLIMIT_MIN,
                                      crypto_pwhash_argon2id_MEMLIMIT_MIN);
}
