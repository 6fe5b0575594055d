#include "dialect/plain_events.h"

void plain_events_end(struct buffer *out, size_t start)
{
    for (size_t i = start; i < out->bytes; i++) {
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    }
    buffer_append_text(out, "\n\n");
}

void plain_events_edited(const struct json_value *object, const struct json_edit *edits,
                         size_t edit_count, struct buffer *out)
{
    if (!json_apply_edits(object->raw, edits, edit_count, out))
        out->failed = true;
}

void plain_events_replace(const struct json_value *object, const char *name, const char *value,
                          struct json_edit *edits, size_t *edit_count)
{
    struct json_value old;
    if (json_find(object, name, &old) == 0)
        return;
    size_t offset = (size_t)(old.raw.data - object->raw.data);
    size_t place = (*edit_count)++;
    for (; place > 0 && edits[place - 1].offset > offset; place--)
        edits[place] = edits[place - 1];
    edits[place] = (struct json_edit){
        .offset = offset, .removed_bytes = old.raw.bytes, .inserted = slice_of(value)};
}

/* ---- Gemini: an answer is a chunk ---- */

void gemini_write_events(const struct json_value *answer, struct buffer *out)
{
    buffer_append_text(out, "data: ");
    size_t start = out->bytes;
    buffer_append_slice(out, answer->raw);
    plain_events_end(out, start);
}
