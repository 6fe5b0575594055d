/* What an answer counts outside of its usage: OpenAI's `tool_usage` and the calls of its tools in
 * `output`, `svg_usage` of its pictures (of the answer, or of an item), Gemini's searches in
 * `groundingMetadata`. Pure functions. */
#ifndef DIALECT_USAGE_BESIDE_H
#define DIALECT_USAGE_BESIDE_H

#include <stdbool.h>

#include "base/json.h"

struct usage_form;

/* The members of an answer that have it. */
struct usage_beside {
    struct json_value tool_usage;
    struct json_value output;
    struct json_value candidates;
    struct json_value svg_usage; /* of a second model that writes a picture as SVG */
};

/* Adds it to the counts of the answer's usage, which has been read (usage_form_read sets all of
 * *form). Returns whether there was something. */
bool usage_beside_add_members(const struct usage_beside *beside, struct usage_form *form);
/* The same for an answer whose members have not been looked up. */
bool usage_beside_add(const struct json_value *answer, struct usage_form *form);

#endif
