/* Unicode texts that people write; uses utf8proc. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

bool text_is_utf8(struct slice text);

/* Whether it is a name for people: UTF-8 without control characters, at most so long; "" is one. */
bool text_is_name(struct slice text, size_t bytes_max);

/* Returns how many characters (code points) a valid text has. */
size_t text_characters(struct slice text);

/* Writes the text in Unicode's normal form C into `out`, without a NUL, and its length into
 * *out_bytes. In this form the same characters are the same bytes, whatever keyboard they come
 * from. Returns false when the text is no UTF-8, or its normal form is longer than
 * `out_bytes_max`. */
bool text_normalise(struct slice text, char *out, size_t out_bytes_max, size_t *out_bytes);

#endif
