/* What a provider says that it charges us for a call: the members of its answer that the policy
 * names, added up exactly. Customers must not see them, nor any other price of the provider. Pure
 * functions. */
#ifndef DIALECT_STATED_COST_H
#define DIALECT_STATED_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"

enum { STATED_COST_PATHS = 4, STATED_COST_PATH_BYTES = 96 };

/* Where an amount stands. A path is the names of members from the outermost object inwards, with
 * dots between: "usage.cost". */
struct stated_cost_path {
    char path[STATED_COST_PATH_BYTES];
    char only_if[STATED_COST_PATH_BYTES]; /* it counts only if this member is true; "": always */
    int decimals;                         /* of its unit: 0 for USD, 2 for cents, 10 for ticks */
};

struct stated_cost_paths {
    size_t count; /* the first one must be there, or nothing is stated */
    struct stated_cost_path list[STATED_COST_PATHS];
};

struct stated_cost { /* zeroed: nothing was stated */
    bool came;
    bool malformed; /* what came is no amount: below 0, no number, above every bound, said twice */
    int64_t nusd;   /* the sum, rounded up once */
};

/* Reads the amounts of a completion or chunk: numbers, or texts of numbers, with or without an
 * exponent. Null is nothing. Returns false, and leaves *out as it was, if the first is not
 * there. */
bool stated_cost_read(const struct stated_cost_paths *paths, const struct json_value *root,
                      struct stated_cost *out);

/* Returns whether `text` (an event, a body) with the root object `root` has such an amount, another
 * member that repeats one, or one that states a price by its name (price_names.h). On true, *out is
 * initialised, holds the text with null in the place of each, and belongs to the caller. `paths`
 * may be NULL; they begin at `holder`, which is the root or a member of it. */
bool stated_cost_hide(const struct stated_cost_paths *paths, struct slice text,
                      const struct json_value *root, const struct json_value *holder,
                      struct buffer *out);

#endif
