/* Removes from a provider's texts what belongs to the operator: keys, organisations, addresses, and
 * the provider's names for our models. No state, any thread. */
#ifndef EXCHANGE_REDACT_H
#define EXCHANGE_REDACT_H

#include <stddef.h>

/* Overwrites with stars our key at the provider, whole or abbreviated, and everything else that
 * looks like a key, an organisation or an internal address. */
void redact_secrets(char *text, const char *api_key);

/* Replaces the provider's name of a model by the name under which it is sold. The text is cut at
 * `text_bytes`. */
void redact_model(char *text, size_t text_bytes, const char *model, const char *sold_as);

#endif
