#include "dialect/member_name.h"

#include "base/json.h"

/* Returns the length of the first character of `rest` if it is `letter` after case folding, else 0.
 * Two folds are not ASCII: U+017F is an s and U+212A is a k. */
static size_t folded_bytes(struct slice rest, char letter)
{
    if (rest.bytes == 0)
        return 0;
    if (rest.data[0] == letter || (rest.data[0] | 0x20) == letter)
        return 1;
    if (letter == 's' && slice_starts_with(rest, "\xc5\xbf"))
        return 2;
    return letter == 'k' && slice_starts_with(rest, "\xe2\x84\xaa") ? 3 : 0;
}

/* `joins`: a `_` inside the names does not count. */
static inline bool folds(struct slice name, const char *ours, bool joins)
{
    size_t at = 0;
    for (; *ours != '\0'; ours++) {
        if (joins && *ours == '_')
            continue;
        while (joins && at > 0 && at < name.bytes && name.data[at] == '_')
            at++;
        char letter = *ours >= 'A' && *ours <= 'Z' ? (char)(*ours | 0x20) : *ours;
        size_t bytes = folded_bytes((struct slice){name.data + at, name.bytes - at}, letter);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    while (joins && at < name.bytes && name.data[at] == '_')
        at++;
    return at == name.bytes;
}

/* The constants give each case a copy without the other's checks: a request's members are compared
 * with dozens of names. */
bool member_name_folds_to(struct slice name, const char *ours, enum member_case read_case)
{
    return read_case == MEMBER_CASE_CAMEL ? folds(name, ours, true) : folds(name, ours, false);
}

struct slice member_name_decode(struct slice raw_key, struct buffer *room)
{
    if (slice_char(raw_key, '\\') == NULL)
        return raw_key;
    const struct json_value quoted = {.type = JSON_STRING,
                                      .raw = {raw_key.data - 1, raw_key.bytes + 2}};
    buffer_init(room, MEMBER_NAME_BYTES_MAX);
    return json_decode_string(&quoted, room) ? buffer_slice(room) : (struct slice){"", 0};
}

const char *member_name_camel(const char *ours, char out[MEMBER_NAME_BYTES_MAX + 1])
{
    size_t bytes = 0;
    for (bool large = false; *ours != '\0'; ours++) {
        if (*ours != '_')
            out[bytes++] = large ? (char)(*ours & ~0x20) : *ours;
        large = *ours == '_';
    }
    out[bytes] = '\0';
    return out;
}
