/* What all spans of attempts at a provider's model say alike: who is asked, where, and for which
 * model. These attributes are written once, and kept with the candidate. Pure. */
#ifndef EXCHANGE_OTLP_PROVIDER_H
#define EXCHANGE_OTLP_PROVIDER_H

#include "base/slice.h"

/* Returns them as they stand in a span; the caller frees `data`. */
struct slice otlp_provider_make(const char *provider, const char *model, const char *base_url);

#endif
