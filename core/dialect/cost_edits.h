/* The edits that make an answer show what the customer pays. Pure functions. */
#ifndef DIALECT_COST_EDITS_H
#define DIALECT_COST_EDITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum { COST_EDITS_MAX = 2, COST_NUMBER_BYTES = 64 };

/* Makes the edits that put `cost` (all that the customer paid) into a usage object, in the place of
 * the provider's own, and remove `cost_details`. (Its other prices are hidden before: see
 * stated_cost.h.) `edits` has room for COST_EDITS_MAX; offsets are from
 * `text`. Returns how many edits there are. `number` holds the inserted text and must outlive the
 * edits. */
size_t cost_edits(struct slice text, const struct json_value *usage, int64_t charge_nusd,
                  char number[COST_NUMBER_BYTES], struct json_edit *edits);

#endif
