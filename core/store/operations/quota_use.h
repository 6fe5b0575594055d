/* How amounts of quotas are written. The operation quota.use is in the .c. */
#ifndef STORE_OPERATIONS_QUOTA_USE_H
#define STORE_OPERATIONS_QUOTA_USE_H

#include <stdint.h>

#include "base/buffer.h"
#include "store/quotas.h"

/* Money as money, all else as a number. */
void quota_use_amount(struct buffer *out, const char *name, enum quota_unit unit, int64_t amount);

#endif
