/* What providers have cost since a moment, from the sums in the database: for the start of a
 * server, once the store is open. */
#ifndef STORE_PROVIDER_COSTS_H
#define STORE_PROVIDER_COSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* Calls tell() for each provider that has cost something. `from_ms` is a whole quarter of an hour,
 * as every midnight is. Returns false with *fault: the database cannot be read. */
bool provider_costs_since(const char *path, int64_t from_ms,
                          void (*tell)(const char *provider, int64_t nusd, void *arg), void *arg,
                          struct fault *fault);

#endif
