#include "dialect/renamed.h"

#include <string.h>

static bool is_same(struct slice a, struct slice b)
{
    return a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0;
}

bool renamed_text(struct slice name, struct slice text, const struct json_value *root,
                  struct buffer *out)
{
    struct json_value model;
    if (name.bytes == 0 || json_find(root, "model", &model) != 1 || model.type != JSON_STRING ||
        is_same(model.raw, name))
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
