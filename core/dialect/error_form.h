/* Whether a provider's error may pass to a client of its dialect as it came: it has the dialect's
 * form, and nothing that could be about the operator's account. Pure functions. */
#ifndef DIALECT_ERROR_FORM_H
#define DIALECT_ERROR_FORM_H

#include <stdbool.h>

#include "base/json.h"
#include "dialect/dialect_kind.h"

/* `status`: of the answer. `code`: NULL, or the code that clients of OpenAI's API must find. */
bool error_form_is_own(enum dialect dialect, int status, const char *code,
                       const struct json_value *root);

#endif
