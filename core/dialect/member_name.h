/* The names of members as servers may read them. A server that ignores case (Go's encoding/json)
 * takes the last of such members: "Model" beside "model" would be another model than the one we
 * price. Pure functions. */
#ifndef DIALECT_MEMBER_NAME_H
#define DIALECT_MEMBER_NAME_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

enum { MEMBER_NAME_BYTES_MAX = 64 };

/* Decodes the key's escapes, into `room` if it has any; the caller gives a zeroed `room` and ends
 * it. The result is empty when it is longer than MEMBER_NAME_BYTES_MAX, for none of our names is so
 * long. */
struct slice member_name_decode(struct slice raw_key, struct buffer *room);

/* How a server may read names: without case, or also in camel case, where `_` inside a name does
 * not count. */
enum member_case { MEMBER_CASE_FOLDED, MEMBER_CASE_CAMEL };

/* Returns whether `name` is `ours` to a server that reads names so, by Unicode case folding. */
bool member_name_folds_to(struct slice name, const char *ours, enum member_case read_case);

/* The same, quick where the first letters differ. `ours` begins with a small letter. */
static inline bool member_name_reads_as(struct slice name, const char *ours,
                                        enum member_case read_case)
{
    unsigned char first = name.bytes > 0 ? (unsigned char)name.data[0] : 0;
    return ((first | 0x20) == ours[0] || first >= 0x80) &&
           member_name_folds_to(name, ours, read_case);
}

/* Returns one of our names in camel case: service_tier is serviceTier. */
const char *member_name_camel(const char *ours, char out[MEMBER_NAME_BYTES_MAX + 1]);

#endif
