/* A form with files: multipart/form-data (RFC 7578, RFC 2046). Finds where its parts are; copies
 * and decodes nothing. Readers of forms differ in what they forgive, so what one of them might read
 * in another way than we do is refused: the provider must find the same parts. Only for this room.
 * Pure functions. */
#ifndef DIALECT_MULTIPART_H
#define DIALECT_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Finds the parts of the body. `emptied`: the bytes of its files have been left out. Returns false
 * with *fault. */
bool multipart_scan(struct slice body, struct slice boundary, bool emptied, struct multipart *out,
                    struct request_fault *fault);

/* ---- for multipart_flow.c, which reads the same of a form that comes in pieces ---- */

/* What stands between two parts, without the line break before it. */
struct multipart_delimiter {
    char text[MULTIPART_BOUNDARY_BYTES_MAX + 2];
    size_t bytes;
};

struct multipart_delimiter multipart_delimiter_of(struct slice boundary);
struct slice multipart_delimiter_text(const struct multipart_delimiter *delimiter);
/* Whether a line break stands before this place. */
bool multipart_is_delimited(struct slice data, size_t at);
/* Takes the head of part `number`, and *length, its Content-Length; empty: it has none. */
bool multipart_take_head(struct slice *rest, const struct multipart_delimiter *delimiter,
                         size_t number, struct multipart_part *part, struct slice *length,
                         struct request_fault *fault);
bool multipart_has_length(struct slice length, uint64_t bytes);

enum multipart_flaw {
    MULTIPART_FOREIGN,  /* it does not begin with its boundary */
    MULTIPART_UNBROKEN, /* no line break follows a boundary */
    MULTIPART_FULL,     /* too many parts */
    MULTIPART_TRAILED   /* something follows the end */
};
/* Each returns false. */
bool multipart_refuse(enum multipart_flaw flaw, size_t parts, struct request_fault *fault);
bool multipart_refuse_part(size_t number, struct request_fault *fault, const char *why);
#define MULTIPART_ENDLESS "does not end: the last boundary is missing"
#define MULTIPART_DOUBTFUL "has the boundary in it; take another one"
#define MULTIPART_LENGTH "is not as long as its Content-Length says"

#endif
