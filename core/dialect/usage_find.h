/* Finds the counts of a completion or chunk that has no `usage`, in the other places that providers
 * use. Pure functions. */
#ifndef DIALECT_USAGE_FIND_H
#define DIALECT_USAGE_FIND_H

#include <stdbool.h>

#include "base/json.h"

struct usage_form;

/* Returns false if it finds neither counts nor what has a price of its own. */
bool usage_find(const struct json_value *root, struct usage_form *out);

#endif
