/* Forms with files in pieces: any split gives the same parts, or the same fault, as the whole. The
 * first line is the Content-Type, the rest is the body. */
#include "fuzz.h"

#include "../unit/dialect/form_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *start = (const char *)data;
    const char *end = bytes > 0 ? memchr(start, '\n', bytes) : NULL;
    struct slice type = {start, end != NULL ? (size_t)(end - start) : bytes};
    size_t skipped = type.bytes + (end != NULL ? 1 : 0);
    const struct slice body = {start + skipped, bytes - skipped};
    struct slice boundary;
    struct multipart form;
    struct request_fault fault;
    if (!multipart_boundary(type, &boundary, &fault))
        return 0;
    bool good = multipart_scan(body, boundary, false, &form, &fault);
    const struct multipart *whole = good ? &form : NULL;
    size_t piece = 1 + bytes % 97;
    form_pieces_compare(body, boundary, 1, 1, whole, &fault);
    form_pieces_compare(body, boundary, piece, 2 + bytes % 7, whole, &fault);
    form_pieces_compare(body, boundary, body.bytes / 2 + 1, body.bytes + 1, whole, &fault);
    return 0;
}
