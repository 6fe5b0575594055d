/* What a provider says, without what is ours: keys, organisations, addresses, and the names under
 * which it knows our models. No state, any thread. */
#ifndef EXCHANGE_REDACT_H
#define EXCHANGE_REDACT_H

#include <stddef.h>

/* Overwrites with stars our key at the provider, whole or abbreviated, and other things that look
 * like keys, organisations or addresses inside. */
void redact_secrets(char *text, const char *api_key);

/* Puts the name under which a model is sold where the provider writes its own; the text is cut at
 * `text_bytes`. */
void redact_model(char *text, size_t text_bytes, const char *model, const char *sold_as);

#endif
