#include "dialect/rerank_names.h"

#include "dialect/request_edits.h"

/* ---- requests ---- */

static void rename_top_n(const struct model_request *request, const char *name,
                         struct request_edits *edits)
{
    struct json_walk walk = json_walk(&request->root);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (!json_key_is(item.key, "top_n"))
            continue;
        size_t from = edits->text.bytes;
        buffer_append_text(&edits->text, name);
        request_add_edit(edits, request_offset(request->text, item.key.data), item.key.bytes, from);
        return;
    }
}

/* The text of a document: itself, or the member of an object. */
static struct json_value text_of(const struct json_value *document)
{
    struct json_value text;
    bool found = document->type == JSON_OBJECT && json_find(document, "text", &text) == 1 &&
                 text.type == JSON_STRING;
    return found ? text : *document;
}

static bool has_objects(const struct json_value *documents)
{
    struct json_walk walk = json_walk(documents);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (item.value.type == JSON_OBJECT)
            return true;
    }
    return false;
}

static void write_texts(const struct model_request *request, struct request_edits *edits)
{
    const struct json_value *documents = &request->members[REQUEST_MESSAGES];
    struct json_walk walk = json_walk(documents);
    struct json_item item;
    size_t from = edits->text.bytes;
    char before = '[';
    if (!has_objects(documents))
        return;
    while (json_next(&walk, &item)) {
        buffer_append_char(&edits->text, before);
        buffer_append_slice(&edits->text, text_of(&item.value).raw);
        before = ',';
    }
    buffer_append_char(&edits->text, ']');
    request_replace(request, documents, edits, from);
}

bool rerank_names_apply(const struct model_request *request, const struct request_changes *changes,
                        const struct rerank_names *names, struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, 4096 + request->text.bytes);
    request_edit_model(request, changes->model, &edits);
    if (names->top_n[0] != '\0')
        rename_top_n(request, names->top_n, &edits);
    write_texts(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}

/* ---- answers ---- */

static void write_member(const char *before, struct slice key, struct slice value,
                         struct buffer *out)
{
    buffer_append_text(out, before);
    buffer_append_char(out, '"');
    buffer_append_slice(out, key);
    buffer_append_text(out, "\":");
    buffer_append_slice(out, value);
}

/* A document that is a text becomes an object with it. */
static void write_result(const struct json_value *result, struct buffer *out)
{
    struct json_walk walk = json_walk(result);
    struct json_item item;
    const char *before = "{";
    while (json_next(&walk, &item)) {
        bool text = item.value.type == JSON_STRING && json_key_is(item.key, "document");
        write_member(before, item.key, text ? slice_of("{\"text\":") : item.value.raw, out);
        if (text) {
            buffer_append_slice(out, item.value.raw);
            buffer_append_char(out, '}');
        }
        before = ",";
    }
    buffer_append_text(out, before[0] == '{' ? "{}" : "}");
}

static void write_results(const struct json_value *results, struct buffer *out)
{
    struct json_walk walk = json_walk(results);
    struct json_item item;
    const char *before = "[";
    while (json_next(&walk, &item)) {
        buffer_append_text(out, before);
        if (item.value.type == JSON_OBJECT)
            write_result(&item.value, out);
        else
            buffer_append_slice(out, item.value.raw);
        before = ",";
    }
    buffer_append_text(out, before[0] == '[' ? "[]" : "]");
}

bool rerank_names_write(const struct rerank_names *names, const struct json_value *root,
                        struct buffer *out)
{
    struct json_walk walk = json_walk(root);
    struct json_item item;
    const char *before = "{";
    while (json_next(&walk, &item)) {
        bool results = names->results[0] != '\0' && item.value.type == JSON_ARRAY &&
                       json_key_is(item.key, names->results);
        write_member(before, results ? slice_of("results") : item.key,
                     results ? slice_of("") : item.value.raw, out);
        if (results)
            write_results(&item.value, out);
        before = ",";
    }
    return buffer_append_text(out, before[0] == '{' ? "{}" : "}");
}
