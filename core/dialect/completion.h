/* A completion, or a chunk of a stream, as a provider sends it: one walk finds the members that the
 * gateway needs. Values point into the text. See
 * https://platform.openai.com/docs/api-reference/chat/object */
#ifndef DIALECT_COMPLETION_H
#define DIALECT_COMPLETION_H

#include <stdbool.h>

#include "base/json.h"
#include "dialect/usage_beside.h"

struct completion {
    struct json_value root;
    struct json_value error; /* of type JSON_NULL where absent, like all that follow */
    struct json_value choices;
    struct json_value usage;
    struct json_value service_tier;
    struct usage_beside beside;
    struct slice id, model; /* as JSON strings; empty: absent, or of another type */
    unsigned error_count;   /* how many members are named `error` */
    unsigned usage_count;   /* how many are named `usage`; more than one is a contradiction */
};

/* Returns false when the text is no JSON object. */
bool completion_read(struct slice text, struct completion *out);
/* The same for a text with large values, which are not read twice. The index must live until
 * completion_end. */
bool completion_read_indexed(struct slice text, struct json_index *index, struct completion *out);
/* The index ends; the values stay. */
void completion_end(struct completion *completion);
/* The same for an object that was read. */
void completion_find(const struct json_value *root, struct completion *out);
bool completion_has_choices(const struct completion *completion);
/* Finds the text of a chunk that has only one choice and no finish reason. */
bool completion_find_text(const struct completion *chunk, struct json_value *text);
/* Some providers add padding, so that packet sizes do not reveal the text. It is as random as the
 * text and matters only to the client. */
bool completion_find_padding(const struct completion *chunk, struct json_value *padding);
/* Returns whether it reports an error. Some providers put an empty `error` beside each answer. */
bool completion_is_error(const struct completion *completion);

#endif
