/* The model's name in answers. When the provider uses another name for the model, the client gets
 * the public name, or the one in its entry (answers_as). When the names agree, nothing is read. */
#ifndef DIALECT_RENAMED_H
#define DIALECT_RENAMED_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/slice.h"

/* Returns whether a model's name in an answer is another than `name`. */
bool renamed_differs(struct slice name, const struct json_value *model);
/* The edit that puts `name` in its place; `model` lies in `text`. */
struct json_edit renamed_edit(struct slice name, struct slice text, const struct json_value *model);
/* Returns whether `text` (an event, a body) with the root object `root` names the model otherwise
 * than `name`. `name` is a JSON string with its quotes; empty: any name is right. On true, *out is
 * initialised, holds the text with the new name, and belongs to the caller. */
bool renamed_text(struct slice name, struct slice text, const struct json_value *root,
                  struct buffer *out);

#endif
