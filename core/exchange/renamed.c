#include "exchange/renamed.h"

#include "base/limits.h"
#include "exchange/exchange.h"

bool renamed_text(const struct exchange *exchange, struct slice text, const struct json_value *root,
                  struct buffer *out)
{
    struct slice name = exchange->attempt.candidate->answers_as;
    struct json_value model;
    if (name.bytes == 0 || json_find(root, "model", &model) != 1 || model.type != JSON_STRING ||
        (model.raw.bytes == name.bytes && slice_equals(model.raw, name.data)))
        return false;
    const struct json_edit edit = {.offset = (size_t)(model.raw.data - text.data),
                                   .removed_bytes = model.raw.bytes,
                                   .inserted = name};
    buffer_init(out, text.bytes + name.bytes);
    if (json_apply_edits(text, &edit, 1, out))
        return true;
    buffer_fini(out);
    return false;
}
