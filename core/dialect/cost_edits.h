/* What an answer says of its cost: what the customer has paid, and nothing of what the provider
 * takes of us. Pure functions. */
#ifndef DIALECT_COST_EDITS_H
#define DIALECT_COST_EDITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum { COST_EDITS_MAX = 16, COST_NUMBER_BYTES = 64 };

/* The edits that put `cost` (what the customer paid in all) into a usage object, and take out what
 * a provider says of its own prices, by whatever name. `edits` has room for COST_EDITS_MAX; offsets
 * are from `text`. Returns how many. `number` keeps the inserted text and must outlive the
 * edits. */
size_t cost_edits(struct slice text, const struct json_value *usage, int64_t charge_nusd,
                  char number[COST_NUMBER_BYTES], struct json_edit *edits);

#endif
