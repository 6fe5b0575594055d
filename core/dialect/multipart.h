/* A form with files: multipart/form-data (RFC 7578, RFC 2046). Finds where its parts are; copies
 * and decodes nothing. Readers of forms differ in what they forgive, so what one of them might read
 * in another way than we do is refused: the provider must find the same parts. Only for this room.
 * Pure functions. */
#ifndef DIALECT_MULTIPART_H
#define DIALECT_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/slice.h"
#include "dialect/request_fault.h"

struct multipart_part { /* slices of the body */
    struct slice name;  /* letters, digits and `_-.[]` */
    struct slice value;
    struct slice whole; /* its head and its value */
    bool is_file;       /* it has a file name */
};

struct multipart {
    struct multipart_part parts[LIMIT_FORM_PARTS]; /* in their order */
    size_t count;
};

/* Finds the boundary in a Content-Type. Returns false with *fault if it is none of a form, or has
 * no boundary of 1 to MULTIPART_BOUNDARY_BYTES_MAX characters of RFC 2046, without blanks. */
enum { MULTIPART_BOUNDARY_BYTES_MAX = 70 };
bool multipart_boundary(struct slice content_type, struct slice *out, struct request_fault *fault);

/* Finds the parts of the body. Returns false with *fault. */
bool multipart_scan(struct slice body, struct slice boundary, struct multipart *out,
                    struct request_fault *fault);

#endif
