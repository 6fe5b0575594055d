#include "dialect/request_edits.h"

#include "base/check.h"

size_t request_offset(struct slice text, const char *place)
{
    return (size_t)(place - text.data);
}

/* Inserts what was appended to edits->text from `text_from` on. */
void request_add_edit(struct request_edits *edits, size_t offset, size_t removed_bytes,
                      size_t text_from)
{
    size_t text_bytes = edits->text.bytes - text_from;
    edits->plan[edits->count++] =
        (struct planned_edit){offset, removed_bytes, text_from, text_bytes};
}

void request_replace(const struct model_request *request, const struct json_value *value,
                     struct request_edits *edits, size_t text_from)
{
    request_add_edit(edits, request_offset(request->text, value->raw.data), value->raw.bytes,
                     text_from);
}

void request_lower(const struct model_request *request, const struct json_value *object,
                   const char *name, int64_t most, struct request_edits *edits)
{
    struct json_value value;
    int64_t number;
    size_t from = edits->text.bytes;
    unsigned count = json_find(object, name, &value);
    if (count > 0 && value.type == JSON_NUMBER && json_int64(&value, &number) && number <= most)
        return;
    if (count > 0) {
        buffer_append_int(&edits->text, most);
        request_replace(request, &value, edits, from);
        return;
    }
    buffer_printf(&edits->text, "\"%s\":%lld,", name, (long long)most);
    request_add_edit(edits, request_offset(request->text, object->raw.data) + 1, 0, from);
}

void request_edit_model(const struct model_request *request, const char *model,
                        struct request_edits *edits)
{
    const struct json_value *own = &request->members[REQUEST_MODEL];
    if (json_string_is(own, model)) /* as the client wrote it */
        return;
    size_t from = edits->text.bytes;
    if (own->raw.data == NULL) { /* `models` has it, which goes; the comma is that one's */
        buffer_append_text(&edits->text, "\"model\":");
        json_write_text(&edits->text, model);
        buffer_append_char(&edits->text, ',');
        request_add_edit(edits, request_offset(request->text, request->root.raw.data) + 1, 0, from);
        return;
    }
    json_write_text(&edits->text, model);
    request_replace(request, &request->members[REQUEST_MODEL], edits, from);
}

/* Behind the opening brace. The object has at least a model, so a comma follows. */
void request_add_members(const struct model_request *request, const struct buffer *new_members,
                         struct request_edits *edits)
{
    size_t from = edits->text.bytes;
    if (new_members->bytes == 0)
        return;
    buffer_append_slice(&edits->text, buffer_slice(new_members));
    buffer_append_char(&edits->text, ',');
    request_add_edit(edits, request_offset(request->text, request->root.raw.data) + 1, 0, from);
}

static void sort_edits(struct request_edits *edits)
{
    for (size_t i = 1; i < edits->count; i++) {
        for (size_t j = i; j > 0 && edits->plan[j].offset < edits->plan[j - 1].offset; j--) {
            struct planned_edit other = edits->plan[j];
            edits->plan[j] = edits->plan[j - 1];
            edits->plan[j - 1] = other;
        }
    }
}

static void add_part(struct request_copy *copy, const char *data, size_t bytes)
{
    if (bytes > 0)
        copy->parts[copy->part_count++] = (struct slice){data, bytes};
}

void request_cut(struct slice text, struct request_edits *edits, struct request_copy *out)
{
    size_t done = 0;
    sort_edits(edits);
    for (size_t i = 0; i < edits->count; i++) {
        const struct planned_edit *edit = &edits->plan[i];
        check(edit->offset >= done && edit->offset + edit->removed_bytes <= text.bytes);
        add_part(out, text.data + done, edit->offset - done);
        if (edit->text_bytes > 0) /* else there may be no buffer */
            add_part(out, out->inserted.data + edit->text_from, edit->text_bytes);
        done = edit->offset + edit->removed_bytes;
    }
    add_part(out, text.data + done, text.bytes - done);
}

void request_copy_fini(struct request_copy *copy)
{
    buffer_fini(&copy->inserted);
    copy->part_count = 0;
}
