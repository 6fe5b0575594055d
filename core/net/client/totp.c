#include "net/client/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/check.h"

enum { SHA1_BYTES = 20, COUNTER_BYTES = 8, CODES = 1000000 };

void totp_code(struct slice secret, int64_t step, char out[TOTP_DIGITS + 1])
{
    unsigned char counter[COUNTER_BYTES];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_bytes = 0;
    for (int i = 0; i < COUNTER_BYTES; i++)
        counter[i] = (unsigned char)((uint64_t)step >> (8 * (COUNTER_BYTES - 1 - i)));
    unsigned char *made =
        HMAC(EVP_sha1(), secret.data, (int)secret.bytes, counter, sizeof counter, mac, &mac_bytes);
    check(made != NULL && mac_bytes == SHA1_BYTES);
    unsigned at = mac[SHA1_BYTES - 1] & 15u; /* RFC 4226, 5.3 */
    uint32_t number = (uint32_t)(mac[at] & 127u) << 24 | (uint32_t)mac[at + 1] << 16 |
                      (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    snprintf(out, TOTP_DIGITS + 1, "%06u", (unsigned)(number % CODES));
    OPENSSL_cleanse(mac, sizeof mac);
}

int64_t totp_step(struct slice secret, struct slice code, int64_t now_ms)
{
    int64_t now = now_ms / TOTP_STEP_MS;
    int64_t found = -1;
    if (code.bytes != TOTP_DIGITS)
        return -1;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        char expected[TOTP_DIGITS + 1];
        totp_code(secret, step, expected);
        if (CRYPTO_memcmp(expected, code.data, TOTP_DIGITS) == 0)
            found = step;
        OPENSSL_cleanse(expected, sizeof expected);
    }
    return found;
}
