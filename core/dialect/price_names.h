/* The names by which providers state what they charge: "cost", "estimated_cost", "unitPrice",
 * "cost_in_usd_ticks", "credits_used", and others. Pure functions. */
#ifndef DIALECT_PRICE_NAMES_H
#define DIALECT_PRICE_NAMES_H

#include <stdbool.h>

#include "base/json.h"

/* Returns whether a member of the JSON text may have such a name: at the cost of looking at a few
 * letters, so that an ordinary event is not walked. A name with escapes may be one. */
bool price_names_stand_in(struct slice text);
/* The same for a whole text that is read; large strings of an indexed one are not looked at. */
bool price_names_stand_in_root(const struct json_value *root);
/* Returns whether this is such a name. */
bool price_names_have(struct slice key);
/* Returns whether a member holds what the model has made or found, or what the client had asked
 * for. There "price" may be anything: an argument of a tool, a token, a column. */
bool price_names_are_free_in(struct slice key);

#endif
