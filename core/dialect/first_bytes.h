/* Judges an answer by its first bytes, because labels are often wrong: a stream may come as
 * text/plain or without a type, and a plain answer may come where a stream was asked for. */
#ifndef DIALECT_FIRST_BYTES_H
#define DIALECT_FIRST_BYTES_H

#include <stdbool.h>

#include "base/slice.h"

enum first_bytes {
    FIRST_BYTES_TOO_FEW, /* only white space or part of a mark so far */
    FIRST_BYTES_STREAM,  /* server-sent events */
    FIRST_BYTES_PLAIN    /* anything else */
};

/* Judges the first bytes, and removes white space and a byte order mark from their front. When
 * there are too few, *data keeps the beginning of a mark: put it before the bytes that come next.
 * `labelled`: the answer calls itself a stream. */
enum first_bytes first_bytes_judge(struct slice *data, bool labelled);

#endif
