/* Brings the counts of a usage object into OpenAI's form: what stands beside prompt and completion
 * is added to them. Pure functions. */
#ifndef DIALECT_USAGE_SETTLE_H
#define DIALECT_USAGE_SETTLE_H

#include "dialect/usage_counts.h"

void usage_settle(struct usage_counts *counts);
/* Returns what the total has beyond prompt and completion; 0: nothing, or it is unknown. */
int64_t usage_settle_unexplained(const struct usage_counts *counts);

#endif
