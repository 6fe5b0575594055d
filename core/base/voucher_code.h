/* The codes of vouchers: XXXX-XXXX-XXXX-XXXX in Crockford's base32, 75 random bits and a check
 * character. So a typing error is told apart from a code that does not exist. Any thread. */
#ifndef BASE_VOUCHER_CODE_H
#define BASE_VOUCHER_CODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/slice.h"

enum {
    VOUCHER_CODE_BYTES = 20, /* with the NUL */
    VOUCHER_BATCH_CODES_MAX = 1000,
    VOUCHER_LINES_BYTES_MAX = 256 * VOUCHER_BATCH_CODES_MAX
};

/* Reads a code as people write it: small letters, spaces, O for 0, I and L for 1. Returns false
 * when it is none. */
bool voucher_code_read(struct slice text, char out[VOUCHER_CODE_BYTES]);

/* Makes a batch: its id, and a line "DIGEST SEALED" for each of `count` codes, as voucher.create
 * (store/call.h) takes them. The buffer keeps a failure. */
void voucher_codes_make(const struct secret *secret, size_t count, struct id *batch_id,
                        struct buffer *lines);

/* The code of a batch from its sealed text. Returns false when it is none of that batch. */
bool voucher_code_open(const struct secret *secret, const struct id *batch_id, struct slice sealed,
                       char out[VOUCHER_CODE_BYTES]);

#endif
