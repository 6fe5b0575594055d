/* Part of content_parts.h: OpenAI's chat and Responses. */
#include "dialect/content_parts.h"

static bool is(struct slice type, const char *name)
{
    return slice_equals(type, name);
}

/* ---- an element of `content` ---- */

/* image_url and its like: a string, or {url}. */
static struct slice url_of(const struct json_value *part, const char *name)
{
    struct json_value holder = content_find(part, name);
    return holder.type == JSON_OBJECT ? content_find_inner(&holder, "url") : content_inner(&holder);
}

/* An image that stands in the request, has an address, or was sent before. */
static void put_image(struct content_text *text, const struct json_value *part, const char *name,
                      const char *modality)
{
    struct slice url = url_of(part, name);
    if (url.bytes > 0)
        content_put_uri(text, modality, slice_of(""), url);
    else
        content_put_file(text, modality, content_find_inner(part, "file_id"));
}

/* `holder`: {data, format} */
static void put_sound(struct content_text *text, const struct json_value *part)
{
    struct json_value holder = content_find(part, "input_audio");
    content_put_blob(text, "audio", slice_of(""), content_find_inner(&holder, "data").bytes);
}

/* `holder`: the part of Responses, or its member `file` of chat. */
static void put_file(struct content_text *text, const struct json_value *holder)
{
    struct slice data = content_find_inner(holder, "file_data");
    struct slice url = content_find_inner(holder, "file_url");
    if (slice_starts_with(data, "data:"))
        content_put_uri(text, "document", slice_of(""), data);
    else if (data.bytes > 0)
        content_put_blob(text, "document", slice_of(""), data.bytes);
    else if (url.bytes > 0)
        content_put_uri(text, "document", slice_of(""), url);
    else
        content_put_file(text, "document", content_find_inner(holder, "file_id"));
}

static bool put_text_part(struct content_text *text, const struct json_value *part,
                          struct slice type)
{
    if (is(type, "text") || is(type, "input_text") || is(type, "output_text"))
        content_put_text(text, "text", content_find_inner(part, "text"));
    else if (is(type, "refusal"))
        content_put_text(text, "refusal", content_find_inner(part, "refusal"));
    else if (is(type, "summary_text") || is(type, "reasoning_text"))
        content_put_text(text, "reasoning", content_find_inner(part, "text"));
    else
        return false;
    return true;
}

void content_put_openai_part(struct content_text *text, const struct json_value *part)
{
    struct slice type = content_find_inner(part, "type");
    struct json_value file;
    if (put_text_part(text, part, type))
        return;
    if (is(type, "image_url") || is(type, "input_image")) {
        put_image(text, part, "image_url", "image");
    } else if (is(type, "video_url")) {
        put_image(text, part, "video_url", "video");
    } else if (is(type, "input_audio")) {
        put_sound(text, part);
    } else if (is(type, "input_file")) {
        put_file(text, part);
    } else if (is(type, "file")) {
        file = content_find(part, "file");
        put_file(text, &file);
    } else {
        content_put_other(text, type);
    }
}

/* ---- a message of chat ---- */

static void put_text_if(struct content_text *text, const char *type,
                        const struct json_value *object, const char *name)
{
    struct slice inner = content_find_inner(object, name);
    if (inner.bytes > 0)
        content_put_text(text, type, inner);
}

/* {id, type, function: {name, arguments}}, or {custom: {name, input}} */
static void put_tool_call(struct content_text *text, const struct json_value *call)
{
    struct json_value function = content_find(call, "function");
    const char *member = "arguments";
    if (function.type != JSON_OBJECT) {
        function = content_find(call, "custom");
        member = "input";
    }
    struct json_value arguments = content_find(&function, member);
    content_put_call(text, content_find_inner(call, "id"), content_find_inner(&function, "name"),
                     &arguments);
}

static void put_each(struct content_text *text, const struct json_value *object, const char *name,
                     content_put *put)
{
    struct json_value list = content_find(object, name);
    if (list.type == JSON_ARRAY)
        content_put_parts(text, &list, put);
}

/* The form before `tool_calls`. */
static void put_function_call(struct content_text *text, const struct json_value *message)
{
    struct json_value call = content_find(message, "function_call");
    struct json_value arguments = content_find(&call, "arguments");
    if (call.type == JSON_OBJECT)
        content_put_call(text, slice_of(""), content_find_inner(&call, "name"), &arguments);
}

void content_put_chat_parts(struct content_text *text, const struct json_value *message)
{
    struct slice role = content_find_inner(message, "role");
    struct json_value content = content_find(message, "content");
    if (is(role, "tool") || is(role, "function")) {
        content_put_result(text, content_find_inner(message, "tool_call_id"), &content,
                           content_put_openai_part);
        return;
    }
    bool usual = content_find(message, "reasoning_content").type == JSON_STRING;
    put_text_if(text, "reasoning", message, usual ? "reasoning_content" : "reasoning");
    content_put_parts(text, &content, content_put_openai_part);
    put_text_if(text, "refusal", message, "refusal");
    put_each(text, message, "images", content_put_openai_part);
    put_each(text, message, "tool_calls", put_tool_call);
    put_function_call(text, message);
}

/* ---- an item of Responses ---- */

static bool ends_with(struct slice text, const char *end)
{
    size_t bytes = strlen(end);
    return text.bytes >= bytes &&
           slice_equals((struct slice){text.data + text.bytes - bytes, bytes}, end);
}

static void put_reasoning(struct content_text *text, const struct json_value *item)
{
    put_each(text, item, "summary", content_put_openai_part);
    put_each(text, item, "content", content_put_openai_part);
}

/* A tool that its provider runs: web_search_call and its like. */
static void put_provider_tool(struct content_text *text, const struct json_value *item,
                              struct slice type)
{
    struct slice name = {type.data, type.bytes - strlen("_call")};
    content_put_server_call(text, content_find_inner(item, "id"), name, item);
}

static void put_compaction(struct content_text *text, const struct json_value *item)
{
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "compaction");
    content_string(text, "id", content_find_inner(item, "id"));
    content_object_end(text);
}

static bool put_own_tool(struct content_text *text, const struct json_value *item,
                         struct slice type)
{
    struct slice id = content_find_inner(item, "call_id");
    bool custom = is(type, "custom_tool_call");
    struct json_value detail;
    if (custom || is(type, "function_call")) {
        detail = content_find(item, custom ? "input" : "arguments");
        content_put_call(text, id, content_find_inner(item, "name"), &detail);
    } else if (ends_with(type, "_call_output")) {
        detail = content_find(item, "output");
        content_put_result(text, id, &detail, content_put_openai_part);
    } else {
        return false;
    }
    return true;
}

void content_put_item_parts(struct content_text *text, const struct json_value *item)
{
    struct slice type = content_find_inner(item, "type");
    struct json_value content = content_find(item, "content");
    if (type.bytes == 0 || is(type, "message"))
        content_put_parts(text, &content, content_put_openai_part);
    else if (is(type, "reasoning"))
        put_reasoning(text, item);
    else if (is(type, "compaction"))
        put_compaction(text, item);
    else if (put_own_tool(text, item, type))
        return;
    else if (ends_with(type, "_call"))
        put_provider_tool(text, item, type);
    else
        content_put_other(text, type);
}
