#include "base/sha256.h"

#include <sodium.h>

void sha256_hex(struct slice text, char out[SHA256_HEX_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.bytes);
    sodium_bin2hex(out, SHA256_HEX_BYTES, hash, sizeof hash);
}

void sha256_base64(struct slice text, char out[SHA256_BASE64_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.bytes);
    sodium_bin2base64(out, SHA256_BASE64_BYTES, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
}
