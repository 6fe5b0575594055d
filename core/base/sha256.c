#include "base/sha256.h"

#include <sodium.h>

void sha256_hex(struct slice text, char out[SHA256_HEX_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.bytes);
    sodium_bin2hex(out, SHA256_HEX_BYTES, hash, sizeof hash);
}
