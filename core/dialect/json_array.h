/* A stream as one JSON array: Gemini's form for clients that do not ask for alt=sse. Pure
 * functions. */
#ifndef DIALECT_JSON_ARRAY_H
#define DIALECT_JSON_ARRAY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Appends the data of whole events as elements. *begun: an element has been written. */
void json_array_append(struct slice events, bool *begun, struct buffer *out);
/* Appends the end of the array. */
void json_array_end(bool begun, struct buffer *out);

#endif
