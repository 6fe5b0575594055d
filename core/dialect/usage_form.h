/* Reads the counts that a provider reports: OpenAI's form and those of similar APIs. A count that
 * is no whole number in range is ignored; the others stay valid. Pure functions. */
#ifndef DIALECT_USAGE_FORM_H
#define DIALECT_USAGE_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/unit.h"

/* -1: not reported, or not usable. Counts that a provider gives side by side are brought into
 * OpenAI's form: `cached` is part of `prompt`, `reasoning` is part of `completion`. */
struct usage_form {
    int64_t prompt;
    int64_t cached;
    int64_t completion;
    int64_t reasoning;
    int64_t total; /* as it stands */
    /* What has a price of its own: parts of `prompt` and `completion`, and what stands beside them.
     * -1: not told. `cache_write` includes `cache_write_long`. */
    struct unit_counts parts;
    bool has_parts; /* one is above 0 */
    /* Words about how it was billed; no text: not told. */
    struct json_value service_tier;
    struct json_value speed;
    struct json_value region;
    struct json_value search_context; /* Perplexity's */
    bool flawed;                      /* a count was ignored because it could not be true */
};

/* Nothing is told. */
void usage_form_init(struct usage_form *form);
/* Reads an object of counts. Returns false when it has none. */
bool usage_form_read(const struct json_value *usage, struct usage_form *out);

#endif
