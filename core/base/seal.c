#include "base/seal.h"

#include <sodium.h>

#include "base/base64.h"
#include "base/check.h"

enum {
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

_Static_assert(SEAL_EXTRA_BYTES == NONCE_BYTES + TAG_BYTES, "as in the header");

/* A key of its own: the secret itself only hashes. */
static void derive_key(const struct secret *secret, uint8_t key[KEY_BYTES])
{
    static const char purpose[] = "llm-gateway sealed texts 1";
    int failed = crypto_generichash(key, KEY_BYTES, (const unsigned char *)purpose,
                                    sizeof purpose - 1, secret->bytes, SECRET_BYTES);
    check(failed == 0);
}

void seal_close(const struct secret *secret, struct slice about, struct slice text,
                struct buffer *out)
{
    uint8_t key[KEY_BYTES];
    uint8_t *at = (uint8_t *)buffer_reserve(out, text.bytes + SEAL_EXTRA_BYTES);
    if (at == NULL)
        return;
    derive_key(secret, key);
    /* The nonce is random: 192 bits never meet twice. */
    randombytes_buf(at, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        at + NONCE_BYTES, NULL, (const unsigned char *)text.data, text.bytes,
        (const unsigned char *)about.data, about.bytes, NULL, at, key);
    out->bytes += text.bytes + SEAL_EXTRA_BYTES;
    sodium_memzero(key, sizeof key);
}

bool seal_open(const struct secret *secret, struct slice about, struct slice sealed,
               struct buffer *out)
{
    uint8_t key[KEY_BYTES];
    if (sealed.bytes < SEAL_EXTRA_BYTES)
        return false;
    size_t bytes = sealed.bytes - SEAL_EXTRA_BYTES;
    uint8_t *at = (uint8_t *)buffer_reserve(out, bytes + 1); /* an empty text needs a place, too */
    const unsigned char *from = (const unsigned char *)sealed.data;
    if (at == NULL)
        return false;
    derive_key(secret, key);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        at, NULL, NULL, from + NONCE_BYTES, sealed.bytes - NONCE_BYTES,
        (const unsigned char *)about.data, about.bytes, from, key);
    sodium_memzero(key, sizeof key);
    if (failed != 0)
        return false;
    out->bytes += bytes;
    return true;
}

bool seal_open_base64(const struct secret *secret, struct slice about, struct slice encoded,
                      struct buffer *out)
{
    struct buffer sealed;
    buffer_init(&sealed, out->bytes_max + SEAL_EXTRA_BYTES);
    bool opened =
        base64_decode(encoded, &sealed) && seal_open(secret, about, buffer_slice(&sealed), out);
    buffer_fini(&sealed);
    return opened;
}
