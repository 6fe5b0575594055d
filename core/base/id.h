/* Ids: a prefix that names the kind, then a ULID (https://github.com/ulid/spec): 48 bits of wall
 * milliseconds and 80 random bits in Crockford base32. Ids sort by time, cannot be guessed and are
 * globally unique. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* the longest prefix has 5 characters with its underscore; includes the NUL */
enum { ID_BYTES = 32 };

struct id {
    char text[ID_BYTES];
};

/* `prefix` is "req", "key", "user", "acct", "tx", ...: at most 4 characters. */
void id_make(struct id *out, const char *prefix);
/* Like id_make, with the given time: for tests, and for ids that must sort by an event's time. */
void id_make_at(struct id *out, const char *prefix, int64_t wall_ms);
/* Returns true when `text` is well-formed and has that prefix; copies it to *out unless that is
 * NULL. */
bool id_parse(struct slice text, const char *prefix, struct id *out);

#endif
