/* A completion, or a chunk of a streamed one, as a provider sends it: the members that the gateway
 * looks at, found in one walk. Values point into the text. See
 * https://platform.openai.com/docs/api-reference/chat/object */
#ifndef DIALECT_COMPLETION_H
#define DIALECT_COMPLETION_H

#include <stdbool.h>

#include "base/json.h"

struct completion {
    struct json_value root;
    struct json_value error; /* of type JSON_NULL: none, like each of these */
    struct json_value choices;
    struct json_value usage;
    unsigned error_count; /* how many times there is an error */
    unsigned usage_count; /* how many times there is a usage: more than one is a contradiction */
};

/* False: the text is no JSON object. */
bool completion_read(struct slice text, struct completion *out);
/* Whether there is a choice in it. */
bool completion_has_choices(const struct completion *completion);
/* Whether it tells of an error. Some providers write an empty one beside each answer. */
bool completion_is_error(const struct completion *completion);

#endif
