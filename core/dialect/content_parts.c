#include "dialect/content_parts.h"

/* ---- parts, whatever the dialect ---- */

void content_put_text(struct content_text *text, const char *type, struct slice inner)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", type);
    content_string(text, "content", inner);
    content_object_end(text);
}

static void put_string_if(struct content_text *text, const char *name, struct slice inner)
{
    if (inner.bytes > 0)
        content_string(text, name, inner);
}

/* The conventions want the arguments as an object; some providers write them into a string. */
static void put_arguments(struct content_text *text, const struct json_value *arguments)
{
    struct buffer decoded;
    struct json_value object;
    buffer_init(&decoded, text->bytes_max);
    if (content_decode_object(arguments, &decoded, &object))
        content_value(text, "arguments", &object);
    else
        content_value(text, "arguments", arguments);
    buffer_fini(&decoded);
}

void content_put_call(struct content_text *text, struct slice id, struct slice name,
                      const struct json_value *arguments)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "tool_call");
    put_string_if(text, "id", id);
    content_string(text, "name", name);
    put_arguments(text, arguments);
    content_object_end(text);
}

/* A list may have pictures: it is told in parts. */
static void put_response(struct content_text *text, const struct json_value *response,
                         content_put *put)
{
    if (response->type != JSON_ARRAY) {
        content_value(text, "response", response);
        return;
    }
    content_list(text, "response");
    content_put_parts(text, response, put);
    content_list_end(text);
}

void content_put_result(struct content_text *text, struct slice id,
                        const struct json_value *response, content_put *put)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "tool_call_response");
    put_string_if(text, "id", id);
    put_response(text, response, put);
    content_object_end(text);
}

void content_put_blob(struct content_text *text, const char *modality, struct slice mime,
                      size_t base64_bytes)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "blob");
    content_word(text, "modality", modality);
    put_string_if(text, "mime_type", mime);
    content_word(text, "content", "");
    content_count(text, "bytes", base64_bytes / 4 * 3);
    content_object_end(text);
}

/* data:image/png;base64,... */
static void put_data_url(struct content_text *text, const char *modality, struct slice url)
{
    enum { SCHEME_BYTES = 5 };
    const char *comma = slice_char(url, ',');
    const char *end = url.data + url.bytes;
    const char *head_end = comma != NULL ? comma : end;
    struct slice mime = {url.data + SCHEME_BYTES, (size_t)(head_end - url.data) - SCHEME_BYTES};
    const char *semicolon = slice_char(mime, ';');
    if (semicolon != NULL)
        mime.bytes = (size_t)(semicolon - mime.data);
    content_put_blob(text, modality, mime, comma != NULL ? (size_t)(end - comma - 1) : 0);
}

void content_put_uri(struct content_text *text, const char *modality, struct slice mime,
                     struct slice uri)
{
    if (slice_starts_with(uri, "data:")) {
        put_data_url(text, modality, uri);
        return;
    }
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "uri");
    content_word(text, "modality", modality);
    put_string_if(text, "mime_type", mime);
    content_string(text, "uri", uri);
    content_object_end(text);
}

void content_put_file(struct content_text *text, const char *modality, struct slice id)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "file");
    content_word(text, "modality", modality);
    content_string(text, "file_id", id);
    content_object_end(text);
}

/* What the tools of providers are asked. Their results may be files, and are left out. */
static void put_details(struct content_text *text, const struct json_value *call)
{
    static const char *const names[] = {"action", "arguments", "code",        "queries",
                                        "query",  "input",     "server_label"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json_value detail = content_find(call, names[i]);
        if (detail.type != JSON_NULL)
            content_value(text, names[i], &detail);
    }
}

void content_put_server_call(struct content_text *text, struct slice id, struct slice name,
                             const struct json_value *call)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "server_tool_call");
    put_string_if(text, "id", id);
    content_string(text, "name", name);
    if (content_object(text, "server_tool_call")) {
        content_string(text, "type", name);
        put_details(text, call);
        content_object_end(text);
    }
    content_object_end(text);
}

void content_put_server_result(struct content_text *text, struct slice id, struct slice type)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "server_tool_call_response");
    put_string_if(text, "id", id);
    if (content_object(text, "server_tool_call_response")) {
        content_string(text, "type", type);
        content_object_end(text);
    }
    content_object_end(text);
}

void content_put_other(struct content_text *text, struct slice type)
{
    if (type.bytes == 0 || !content_object(text, NULL))
        return;
    content_string(text, "type", type);
    content_object_end(text);
}

/* Each level of a list is read once more: deep ones would take their time. */
static void put_list(struct content_text *text, const struct json_value *list, content_put *put)
{
    enum { DEPTH_MAX = 4 }; /* a result of a tool, a document in it, that document's parts */
    struct json_item item;
    struct json_walk walk = json_walk(list);
    if (text->depth == DEPTH_MAX) {
        text->cut = text->part_cut = true;
        return;
    }
    text->depth++;
    while (json_next(&walk, &item) && content_has_room(text))
        put(text, &item.value);
    text->depth--;
}

void content_put_parts(struct content_text *text, const struct json_value *content,
                       content_put *put)
{
    if (content->type == JSON_STRING)
        content_put_text(text, "text", content_inner(content));
    else if (content->type == JSON_ARRAY)
        put_list(text, content, put);
}
