/* The model's name in answers: where a candidate knows the model by another name, its answers say
 * the public one, or what its entry says (answers_as). Where names agree nothing is looked at. */
#ifndef DIALECT_RENAMED_H
#define DIALECT_RENAMED_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/slice.h"

/* Whether `text` (an event, a body) with the object `root` names the model otherwise than `name`, a
 * JSON string with its quotes (empty: any name is right). Then *out, initialised here, has it
 * renamed, and is the caller's. */
bool renamed_text(struct slice name, struct slice text, const struct json_value *root,
                  struct buffer *out);

#endif
