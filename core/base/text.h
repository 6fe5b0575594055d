/* Text of people in Unicode, by utf8proc. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Whether all of it is valid UTF-8. */
bool text_is_utf8(struct slice text);

/* How many characters (code points) a valid text has. */
size_t text_characters(struct slice text);

/* Writes the text in Unicode's normal form C into `out` and its length into *out_bytes: so that the
 * same characters are the same bytes, whatever keyboard they come from. What is already in that
 * form stays as it is. False: it is no UTF-8, or longer than `out_bytes_max`. No NUL is added. */
bool text_normalise(struct slice text, char *out, size_t out_bytes_max, size_t *out_bytes);

#endif
