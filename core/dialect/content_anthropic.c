/* Part of content_parts.h: Anthropic's blocks. */
#include "dialect/content_parts.h"

static bool is(struct slice type, const char *name)
{
    return slice_equals(type, name);
}

/* `source` of a picture or a document: base64, url, file, text or content. */
static void put_source(struct content_text *text, const struct json_value *block,
                       const char *modality)
{
    struct json_value source = content_find(block, "source");
    struct json_value content = content_find(&source, "content");
    struct slice type = content_find_inner(&source, "type");
    struct slice mime = content_find_inner(&source, "media_type");
    struct slice data = content_find_inner(&source, "data");
    if (is(type, "url"))
        content_put_uri(text, modality, mime, content_find_inner(&source, "url"));
    else if (is(type, "file"))
        content_put_file(text, modality, content_find_inner(&source, "file_id"));
    else if (is(type, "text"))
        content_put_text(text, "text", data);
    else if (is(type, "content"))
        content_put_parts(text, &content, content_put_block);
    else
        content_put_blob(text, modality, mime, data.bytes);
}

/* What the client's tool or one of the provider's has found. */
static void put_result(struct content_text *text, const struct json_value *block, struct slice type)
{
    struct json_value content = content_find(block, "content");
    struct slice id = content_find_inner(block, "tool_use_id");
    if (is(type, "tool_result"))
        content_put_result(text, id, &content, content_put_block);
    else
        content_put_server_result(text, id, type);
}

static void put_call(struct content_text *text, const struct json_value *block, struct slice type)
{
    struct slice id = content_find_inner(block, "id");
    struct slice name = content_find_inner(block, "name");
    struct json_value input = content_find(block, "input");
    if (is(type, "tool_use"))
        content_put_call(text, id, name, &input);
    else
        content_put_server_call(text, id, name, block);
}

void content_put_block(struct content_text *text, const struct json_value *block)
{
    struct slice type = content_find_inner(block, "type");
    bool called = content_find(block, "tool_use_id").type == JSON_STRING;
    if (is(type, "text"))
        content_put_text(text, "text", content_find_inner(block, "text"));
    else if (is(type, "thinking"))
        content_put_text(text, "reasoning", content_find_inner(block, "thinking"));
    else if (is(type, "image"))
        put_source(text, block, "image");
    else if (is(type, "document"))
        put_source(text, block, "document");
    else if (is(type, "tool_use") || is(type, "server_tool_use") || is(type, "mcp_tool_use"))
        put_call(text, block, type);
    else if (called)
        put_result(text, block, type);
    else
        content_put_other(text, type);
}
