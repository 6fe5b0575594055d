/* Part of base/json.h: visits all strings of a value in one pass, at any depth. */
#include "base/json.h"
#include "base/json_text.h"

struct json_strings json_strings(const struct json_value *value)
{
    return (struct json_strings){
        .at = value->raw.data, .end = value->raw.data + value->raw.bytes, .index = value->index};
}

/* Moves to the opening quote of the next string, key or not. Returns false when there is none. */
static bool find_quote(struct json_strings *walk)
{
    struct slice rest = {walk->at, (size_t)(walk->end - walk->at)};
    const char *quote = slice_char(rest, '"');
    walk->at = quote != NULL ? quote : walk->end;
    return quote != NULL;
}

bool json_next_string(struct json_strings *walk, struct json_item *out)
{
    while (find_quote(walk)) {
        const char *start = walk->at;
        const struct json_span *span = json_span_at(walk->index, start);
        walk->at = span != NULL ? span->end : json_skip_string(start + 1, walk->end);
        const struct slice raw = {start, (size_t)(walk->at - start)};
        const char *next = json_skip_space(walk->at, walk->end);
        if (next < walk->end && *next == ':') {
            walk->key = (struct slice){start + 1, raw.bytes - 2};
            continue;
        }
        const struct json_value string = {JSON_STRING, raw, walk->index};
        *out = (struct json_item){.key = walk->key, .value = string};
        return true;
    }
    return false;
}
