/* What an answer is, by its first bytes: labels are often wrong. A stream may come as text/plain or
 * without a type, and a plain answer where a stream was asked for. */
#ifndef DIALECT_FIRST_BYTES_H
#define DIALECT_FIRST_BYTES_H

#include <stdbool.h>

#include "base/slice.h"

enum first_bytes {
    FIRST_BYTES_TOO_FEW, /* white space only: more must come */
    FIRST_BYTES_STREAM,  /* server-sent events */
    FIRST_BYTES_PLAIN    /* anything else */
};

/* Judges the bytes that came first, and takes white space and a byte order mark off them. If they
 * are too few, what is left are the first bytes of a mark: to be put before what comes next.
 * `labelled`: it calls itself a stream. */
enum first_bytes first_bytes_judge(struct slice *data, bool labelled);

#endif
