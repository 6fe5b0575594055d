/* The counts that a provider reports, in whatever form: OpenAI's and those of others that speak
 * like it. A count that is no whole number in range is none; the others hold. Pure functions. */
#ifndef DIALECT_USAGE_FORM_H
#define DIALECT_USAGE_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* -1: not said, or not usable. Disjoint kinds are brought into OpenAI's form: `cached` is part of
 * `prompt`, `reasoning` part of `completion`. */
struct usage_form {
    int64_t prompt;
    int64_t cached;
    int64_t completion;
    int64_t reasoning;
    bool flawed; /* a count was left out, for it could not be true */
};

/* Reads an object of counts. False: there is none in it. */
bool usage_form_read(const struct json_value *usage, struct usage_form *out);

/* Finds the counts of a completion or chunk that has no `usage` of its own: in other places that
 * providers put them. */
bool usage_form_find(const struct json_value *root, struct usage_form *out);

#endif
