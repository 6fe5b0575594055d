#include "base/webhook_signature.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/check.h"

#define PREFIX "whsec_"

bool webhook_key_parse(const char *secret, struct webhook_key *out)
{
    struct slice text = slice_of(secret);
    struct buffer bytes;
    if (!slice_starts_with(text, PREFIX))
        return false;
    text.data += sizeof PREFIX - 1;
    text.bytes -= sizeof PREFIX - 1;
    buffer_init(&bytes, WEBHOOK_KEY_BYTES + 4);
    bool ok = base64_decode(text, &bytes) && bytes.bytes >= WEBHOOK_KEY_BYTES_MIN &&
              bytes.bytes <= WEBHOOK_KEY_BYTES;
    out->bytes = ok ? bytes.bytes : 0;
    if (ok)
        memcpy(out->data, bytes.data, bytes.bytes);
    buffer_wipe_fini(&bytes);
    return ok;
}

void webhook_sign(const struct webhook_key *key, const char *id, int64_t timestamp_s,
                  struct slice body, char out[WEBHOOK_SIGNATURE_BYTES])
{
    crypto_auth_hmacsha256_state state;
    unsigned char hash[crypto_auth_hmacsha256_BYTES];
    char head[96];
    struct buffer text;
    int bytes = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, timestamp_s);
    check(bytes > 0 && (size_t)bytes < sizeof head);
    crypto_auth_hmacsha256_init(&state, key->data, key->bytes);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, (size_t)bytes);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.data, body.bytes);
    crypto_auth_hmacsha256_final(&state, hash);
    sodium_memzero(&state, sizeof state);
    buffer_init(&text, WEBHOOK_SIGNATURE_BYTES);
    buffer_append_text(&text, "v1,");
    base64_append((struct slice){(const char *)hash, sizeof hash}, &text);
    check(!text.failed);
    slice_copy(buffer_slice(&text), out, WEBHOOK_SIGNATURE_BYTES);
    buffer_fini(&text);
}

bool webhook_is_signed(const struct webhook_key *key, struct slice id, int64_t timestamp_s,
                       struct slice body, struct slice signatures)
{
    char id_text[WEBHOOK_ID_BYTES_MAX + 1];
    char right[WEBHOOK_SIGNATURE_BYTES];
    bool fits = false;
    if (id.bytes > WEBHOOK_ID_BYTES_MAX)
        return false;
    slice_copy(id, id_text, sizeof id_text);
    webhook_sign(key, id_text, timestamp_s, body, right);
    size_t bytes = strlen(right);
    while (signatures.bytes > 0) {
        struct slice given = slice_take_word(&signatures);
        fits |= given.bytes == bytes && sodium_memcmp(given.data, right, bytes) == 0;
    }
    return fits;
}

bool webhook_hmac_is(struct slice key, struct slice prefix, struct slice body, struct slice hex)
{
    crypto_auth_hmacsha256_state state;
    unsigned char hash[crypto_auth_hmacsha256_BYTES], given[crypto_auth_hmacsha256_BYTES];
    size_t bytes;
    if (hex.bytes != 2 * sizeof given ||
        sodium_hex2bin(given, sizeof given, hex.data, hex.bytes, NULL, &bytes, NULL) != 0 ||
        bytes != sizeof given)
        return false;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.data, key.bytes);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)prefix.data, prefix.bytes);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.data, body.bytes);
    crypto_auth_hmacsha256_final(&state, hash);
    sodium_memzero(&state, sizeof state);
    return sodium_memcmp(hash, given, sizeof hash) == 0;
}
