/* Whether a key of a JSON object is a name: inline, because each request asks it some fifty times,
 * and the names are literals. Most keys differ in length or first letter, and few have escapes. */
#ifndef BASE_JSON_KEY_H
#define BASE_JSON_KEY_H

#include <stdbool.h>
#include <string.h>

#include "base/slice.h"

bool json_key_decodes_to(struct slice raw_key, const char *name); /* for json_key_is only */

/* Returns true when the raw key, without its quotes, is `name`, of that length, once it is decoded.
 */
static inline bool json_key_is_sized(struct slice raw_key, const char *name, size_t bytes)
{
    if (raw_key.bytes < bytes) /* an escape is longer than what it stands for */
        return false;
    if (raw_key.bytes == bytes)
        return memcmp(raw_key.data, name, bytes) == 0 && strchr(name, '\\') == NULL;
    bool differs = raw_key.data[0] != name[0] && raw_key.data[0] != '\\';
    return !differs && json_key_decodes_to(raw_key, name);
}

static inline bool json_key_is(struct slice raw_key, const char *name)
{
    return json_key_is_sized(raw_key, name, strlen(name));
}

#endif
