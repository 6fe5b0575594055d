/* Ids: a prefix that names the kind, then a ULID (https://github.com/ulid/spec): 48 bits of wall
 * milliseconds and 80 random bits in Crockford base32. Sortable by time, not guessable, globally
 * unique. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { ID_BYTES = 32 }; /* the longest prefix is 5 characters with its underscore; NUL included */

struct id {
    char text[ID_BYTES];
};

/* `prefix` is "req", "key", "user", "acct", "tx", ...: at most 4 characters. */
void id_make(struct id *out, const char *prefix);
/* As id_make, with the given time: for tests and for ids that must sort by an event's time. */
void id_make_at(struct id *out, const char *prefix, int64_t wall_ms);
/* True when `text` is well-formed and has that prefix; copies it to *out (which may be NULL). */
bool id_parse(struct slice text, const char *prefix, struct id *out);

#endif
