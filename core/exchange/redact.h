/* Removes from a provider's texts what belongs to the operator: keys, organisations, addresses, and
 * the provider's names for our models. No state, any thread. */
#ifndef EXCHANGE_REDACT_H
#define EXCHANGE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/json.h"

/* Overwrites with stars our key at the provider, whole or abbreviated, and everything else that
 * looks like a key, an organisation or an internal address. */
void redact_secrets(char *text, const char *api_key);

/* Replaces the provider's name of a model by the name under which it is sold. The text is cut at
 * `text_bytes`. */
void redact_model(char *text, size_t text_bytes, const char *model, const char *sold_as);

/* Appends the JSON text of `root` with both done in every string of it; the rest stays as it came.
 * Returns false if that cannot be: a string has a NUL, or `out` is full. */
bool redact_json(const struct json_value *root, const char *api_key, const char *model,
                 const char *sold_as, struct buffer *out);

#endif
