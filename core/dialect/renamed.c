#include "dialect/renamed.h"

bool renamed_differs(struct slice name, const struct json_value *model)
{
    return name.bytes > 0 && model->type == JSON_STRING && !slice_same(model->raw, name);
}

struct json_edit renamed_edit(struct slice name, struct slice text, const struct json_value *model)
{
    return (struct json_edit){.offset = (size_t)(model->raw.data - text.data),
                              .removed_bytes = model->raw.bytes,
                              .inserted = name};
}

bool renamed_text(struct slice name, struct slice text, const struct json_value *root,
                  struct buffer *out)
{
    struct json_value model;
    if (name.bytes == 0 || json_find(root, "model", &model) != 1 || !renamed_differs(name, &model))
        return false;
    const struct json_edit edit = renamed_edit(name, text, &model);
    buffer_init(out, text.bytes + name.bytes);
    if (json_apply_edits(text, &edit, 1, out))
        return true;
    buffer_fini(out);
    return false;
}
