/* A service account of Google's: the key file that Google gives, and the assertion that is
 * exchanged for an access token (RFC 7523). It never changes and is reference counted: any
 * thread. */
#ifndef EXCHANGE_SERVICE_ACCOUNT_H
#define EXCHANGE_SERVICE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/sha256.h"

enum { SERVICE_ACCOUNT_TEXT_BYTES = 256 }; /* with NUL */

struct signing_key;

struct service_account {
    struct signing_key *key;
    char email[SERVICE_ACCOUNT_TEXT_BYTES];
    char key_id[SERVICE_ACCOUNT_TEXT_BYTES];
    char token_uri[SERVICE_ACCOUNT_TEXT_BYTES];
    char project[SERVICE_ACCOUNT_TEXT_BYTES]; /* "": the file names none */
    char ca_file[SERVICE_ACCOUNT_TEXT_BYTES]; /* for the token server; "": the system's */
    char id[SHA256_HEX_BYTES];                /* of the whole file: another key is another id */
    atomic_uint references;
};

/* `source` is the path of a key file, or its text, which begins with "{". `ca_file` (NULL: none)
 * has the authorities of a token server that is not Google's own: what stands before Google's
 * servers in your house does not stand before that one. The caller gets the one reference. Returns
 * NULL with *fault, which never quotes the file. */
struct service_account *service_account_read(const char *source, const char *ca_file,
                                             struct fault *fault);
struct service_account *service_account_ref(struct service_account *account);
void service_account_unref(struct service_account *account); /* NULL is allowed */
/* Whether the caller has the only reference. */
bool service_account_is_sole(const struct service_account *account);

/* Appends the body that asks the token server for an access token. Signs: not on an event loop. */
bool service_account_write_request(const struct service_account *account, int64_t now_ms,
                                   struct buffer *out);

#endif
