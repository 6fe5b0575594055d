#include "net/client/signing_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/check.h"

enum { BITS_MIN = 2048, SIGNATURE_BYTES_MAX = 2048 };

struct signing_key {
    EVP_PKEY *key;
};

/* OpenSSL would else ask the terminal for a password. */
static int no_password(char *out, int bytes, int writing, void *arg)
{
    (void)out;
    (void)bytes;
    (void)writing;
    (void)arg;
    return -1;
}

static EVP_PKEY *read_pem(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.bytes);
    check(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

struct signing_key *signing_key_read(struct slice pem, struct fault *fault)
{
    EVP_PKEY *key = read_pem(pem);
    if (key == NULL) {
        fault_set(fault, "invalid_key", "is no private key in PEM without a password");
        return NULL;
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < BITS_MIN) {
        EVP_PKEY_free(key);
        fault_set(fault, "invalid_key", "is no RSA key of at least %d bits", BITS_MIN);
        return NULL;
    }
    struct signing_key *made = malloc(sizeof *made);
    check(made != NULL);
    made->key = key;
    return made;
}

void signing_key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key); /* wipes its numbers */
    free(key);
}

bool signing_key_sign(const struct signing_key *key, struct slice text, struct buffer *out)
{
    size_t bytes = SIGNATURE_BYTES_MAX;
    char *room = buffer_reserve(out, bytes);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    check(context != NULL);
    bool signs = room != NULL &&
                 EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
                 EVP_DigestSign(context, (unsigned char *)room, &bytes,
                                (const unsigned char *)text.data, text.bytes) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (signs)
        out->bytes += bytes;
    return signs;
}
