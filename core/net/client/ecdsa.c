#include "net/client/ecdsa.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/check.h"

enum { KEY_BYTES_MAX = 512, SIGNATURE_BYTES_MAX = 128, CURVE_BYTES = 32 };

static bool is_p256(EVP_PKEY *key)
{
    char curve[CURVE_BYTES];
    size_t bytes;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, curve, sizeof curve, &bytes) == 1 &&
           strcmp(curve, "prime256v1") == 0;
}

/* NULL: it is none. */
static EVP_PKEY *read_key(struct slice text)
{
    struct buffer der;
    EVP_PKEY *key = NULL;
    buffer_init(&der, KEY_BYTES_MAX);
    if (base64_decode(text, &der) && der.bytes > 0) {
        const unsigned char *at = (const unsigned char *)der.data;
        key = d2i_PUBKEY(NULL, &at, (long)der.bytes);
        if (key != NULL && (at != (const unsigned char *)der.data + der.bytes || !is_p256(key))) {
            EVP_PKEY_free(key);
            key = NULL;
        }
    }
    buffer_fini(&der);
    ERR_clear_error();
    return key;
}

bool ecdsa_is_key(struct slice text)
{
    EVP_PKEY *key = read_key(text);
    EVP_PKEY_free(key);
    return key != NULL;
}

static bool verify(EVP_PKEY *key, struct slice text, struct slice signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    check(context != NULL);
    bool fits = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.bytes,
                                 (const unsigned char *)text.data, text.bytes) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return fits;
}

bool ecdsa_fits(struct slice key_text, struct slice text, struct slice signature)
{
    struct buffer der;
    EVP_PKEY *key = read_key(key_text);
    buffer_init(&der, SIGNATURE_BYTES_MAX);
    bool fits = key != NULL && base64_decode(signature, &der) && der.bytes > 0 &&
                verify(key, text, buffer_slice(&der));
    buffer_fini(&der);
    EVP_PKEY_free(key);
    return fits;
}
