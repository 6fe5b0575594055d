/* Whether a request wants a stream and its usage, in OpenAI's chat and completions: `stream`,
 * `stream_options` and OpenRouter's `usage`. Only for this room. Pure functions. */
#ifndef DIALECT_STREAM_WISH_H
#define DIALECT_STREAM_WISH_H

#include <stdbool.h>

#include "dialect/model_request.h"
#include "dialect/request_edits.h"

/* Reads these members of *out. */
bool stream_wish_read(struct model_request *out, struct request_fault *fault);

/* Asks the provider of a stream for its usage, or does not, if it says that unasked. What is new
 * goes to `new_members`. */
void stream_wish_edit(const struct model_request *request, bool usage_unasked,
                      struct request_edits *edits, struct buffer *new_members);
/* Finds OpenRouter's `usage: {include: true}`. Returns false when `usage` has another form. */
bool stream_wish_find_usage(const struct model_request *request, struct json_value *out);

#endif
