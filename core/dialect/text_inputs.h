/* Inputs that are read one by one: a text, a list of texts, a list of tokens, or a list of such
 * lists. Only for this room. Pure functions. */
#ifndef DIALECT_TEXT_INPUTS_H
#define DIALECT_TEXT_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect/model_request.h"

/* Notes how many inputs the member `name` has: each has the model's context for itself. */
bool text_inputs_count(struct model_request *out, int64_t count, const char *name,
                       struct request_fault *fault);
/* Measures the member REQUEST_MESSAGES, whose name is `name`, and counts its inputs. */
bool text_inputs_read(struct model_request *out, const struct json_value *input, const char *name,
                      struct request_fault *fault);

#endif
