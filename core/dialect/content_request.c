#include "dialect/content_request.h"

#include <stdlib.h>

#include "base/check.h"
#include "dialect/content_parts.h"

bool content_dialect(enum dialect dialect)
{
    return dialect_is_conversation(dialect) || dialect == DIALECT_COMPLETIONS;
}

static bool is(struct slice type, const char *name)
{
    return slice_equals(type, name);
}

static struct json_value find_either(const struct json_value *object, const char *name,
                                     const char *other)
{
    struct json_value found = content_find(object, name);
    return found.type != JSON_NULL ? found : content_find(object, other);
}

/* ---- messages ---- */

static bool begin_message(struct content_text *text, struct slice role)
{
    if (!content_object(text, NULL))
        return false;
    content_string(text, "role", role);
    content_list(text, "parts");
    return true;
}

static void end_message(struct content_text *text)
{
    content_list_end(text);
    content_object_end(text);
}

/* A text without more: the user's. */
static void put_user_text(struct content_text *text, const struct json_value *string)
{
    if (!begin_message(text, slice_of("user")))
        return;
    content_put_parts(text, string, content_put_openai_part);
    end_message(text);
}

static void put_chat_message(struct content_text *text, const struct json_value *message)
{
    struct slice role = content_find_inner(message, "role");
    struct slice name = content_find_inner(message, "name");
    if (!begin_message(text, is(role, "function") ? slice_of("tool") : role))
        return;
    content_put_chat_parts(text, message);
    content_list_end(text);
    if (name.bytes > 0)
        content_string(text, "name", name);
    content_object_end(text);
}

static struct slice role_of_item(const struct json_value *item)
{
    struct slice role = content_find_inner(item, "role");
    struct slice type = content_find_inner(item, "type");
    if (role.bytes > 0)
        return role;
    return slice_of(slice_find(type, slice_of("_output")) >= 0 ? "tool" : "assistant");
}

static void put_item(struct content_text *text, const struct json_value *item)
{
    if (!begin_message(text, role_of_item(item)))
        return;
    content_put_item_parts(text, item);
    end_message(text);
}

static void put_turn(struct content_text *text, const struct json_value *message)
{
    struct json_value content = content_find(message, "content");
    if (!begin_message(text, content_find_inner(message, "role")))
        return;
    content_put_parts(text, &content, content_put_block);
    end_message(text);
}

static struct slice role_of_google(struct slice role)
{
    if (is(role, "model"))
        return slice_of("assistant");
    if (is(role, "function"))
        return slice_of("tool");
    return role.bytes > 0 ? role : slice_of("user");
}

static void put_google_turn(struct content_text *text, const struct json_value *message)
{
    struct json_value parts = content_find(message, "parts");
    if (!begin_message(text, role_of_google(content_find_inner(message, "role"))))
        return;
    content_put_parts(text, &parts, content_put_gemini_part);
    end_message(text);
}

/* ---- those that fit ---- */

enum { MESSAGES_MAX = 2048 }; /* a message has more bytes than 1/2048 of the longest text */

/* The last messages of a list. */
struct last {
    size_t count; /* of all */
    struct json_value values[MESSAGES_MAX];
};

static const struct json_value *last_at(const struct last *last, size_t index)
{
    return &last->values[index % MESSAGES_MAX];
}

static void find_last(const struct json_value *list, struct last *out)
{
    struct json_item item;
    struct json_walk walk = json_walk(list);
    out->count = 0;
    while (json_next(&walk, &item)) {
        if (item.value.type == JSON_OBJECT || item.value.type == JSON_STRING)
            out->values[out->count++ % MESSAGES_MAX] = item.value;
    }
}

/* How many bytes it takes; 0: it does not fit into so many. */
static size_t bytes_of(const struct json_value *message, content_put *put, size_t bytes_most)
{
    struct content_text text;
    content_text_init(&text, bytes_most, slice_of(""));
    put(&text, message);
    size_t bytes = text.cut || text.out.failed ? 0 : text.out.bytes + 1;
    content_text_fini(&text);
    return bytes;
}

/* The first of those that fit together with all behind it. The last one stays in any case. */
static size_t first_that_fits(const struct last *last, content_put *put, size_t bytes_max)
{
    size_t first = last->count - 1;
    size_t least = last->count > MESSAGES_MAX ? last->count - MESSAGES_MAX : 0;
    size_t bytes = bytes_of(last_at(last, first), put, bytes_max);
    size_t left = bytes > 0 && bytes < bytes_max ? bytes_max - bytes : 0;
    while (first > least && left > CONTENT_BYTES_MIN) {
        bytes = bytes_of(last_at(last, first - 1), put, left - CONTENT_BYTES_MIN / 2);
        if (bytes == 0)
            break;
        left -= bytes;
        first--;
    }
    return first;
}

static void put_messages(struct content_text *text, const struct json_value *list, content_put *put)
{
    struct last *last = malloc(sizeof *last);
    check(last != NULL);
    find_last(list, last);
    if (last->count > 0) {
        size_t first = first_that_fits(last, put, text->bytes_max);
        text->cut = first > 0;
        content_list(text, NULL);
        for (size_t i = first; i < last->count; i++)
            put(text, last_at(last, i));
        content_list_end(text);
    }
    free(last);
}

static void put_input(struct content_text *text, const struct json_value *input, content_put *put)
{
    if (input->type == JSON_ARRAY) {
        put_messages(text, input, put);
    } else if (input->type == JSON_STRING) {
        content_list(text, NULL);
        put_user_text(text, input);
        content_list_end(text);
    }
}

/* ---- instructions ---- */

/* A string, or a list; nothing of an empty one. */
static void put_whole(struct content_text *text, const struct json_value *content, content_put *put)
{
    if (json_is_empty(content))
        return;
    content_list(text, NULL);
    content_put_parts(text, content, put);
    content_list_end(text);
}

/* ---- tools ---- */

/* A description or a schema that does not fit is left out, as the conventions ask. */
static void put_detail(struct content_text *text, const char *name, const struct json_value *value)
{
    if (value->type == JSON_STRING || value->type == JSON_OBJECT)
        content_value(text, name, value);
}

static void put_function(struct content_text *text, const struct json_value *function,
                         const char *schema)
{
    struct json_value description = content_find(function, "description");
    struct json_value parameters = content_find(function, schema);
    if (!content_object(text, NULL))
        return;
    content_word(text, "type", "function");
    content_string(text, "name", content_find_inner(function, "name"));
    put_detail(text, "description", &description);
    put_detail(text, "parameters", &parameters);
    content_object_end(text);
}

/* A tool of the provider's. Its other members may be secrets: headers of servers, tokens. */
static void put_provider_tool(struct content_text *text, struct slice type, struct slice name)
{
    if (!content_object(text, NULL))
        return;
    content_string(text, "type", type);
    content_string(text, "name", name.bytes > 0 ? name : type);
    content_object_end(text);
}

/* Of chat {type, function: {name, ...}}; of Responses the same without the inner object. */
static void put_openai_tool(struct content_text *text, const struct json_value *tool)
{
    struct slice type = content_find_inner(tool, "type");
    struct json_value inner = content_find(tool, "function");
    struct json_value custom = content_find(tool, "custom");
    struct slice name = content_find_inner(custom.type == JSON_OBJECT ? &custom : tool, "name");
    if (inner.type == JSON_OBJECT)
        put_function(text, &inner, "parameters");
    else if (is(type, "function") || (type.bytes == 0 && name.bytes > 0))
        put_function(text, tool, "parameters");
    else
        put_provider_tool(text, type,
                          name.bytes > 0 ? name : content_find_inner(tool, "server_label"));
}

static void put_anthropic_tool(struct content_text *text, const struct json_value *tool)
{
    struct slice type = content_find_inner(tool, "type");
    if (type.bytes == 0 || is(type, "custom"))
        put_function(text, tool, "input_schema");
    else
        put_provider_tool(text, type, content_find_inner(tool, "name"));
}

static void put_declaration(struct content_text *text, const struct json_value *function)
{
    bool as_json = content_find(function, "parametersJsonSchema").type == JSON_OBJECT;
    put_function(text, function, as_json ? "parametersJsonSchema" : "parameters");
}

/* {functionDeclarations: [...]}, {googleSearch: {}} */
static void put_google_tool(struct content_text *text, const struct json_value *tool)
{
    struct json_item item;
    if (tool->type != JSON_OBJECT)
        return;
    struct json_walk walk = json_walk(tool);
    while (json_next(&walk, &item)) {
        if (item.value.type == JSON_ARRAY)
            content_put_parts(text, &item.value, put_declaration);
        else
            put_provider_tool(text, item.key, slice_of(""));
    }
}

static void put_tools(struct content_text *text, const struct json_value *list, content_put *put)
{
    if (list->type == JSON_ARRAY)
        put_whole(text, list, put);
}

/* ---- the whole ---- */

static void read_chat(const struct json_value *root, struct content_request *out)
{
    struct json_value messages = content_find(root, "messages");
    struct json_value tools = find_either(root, "tools", "functions");
    put_input(&out->messages, &messages, put_chat_message);
    put_tools(&out->tools, &tools, put_openai_tool);
}

static void read_responses(const struct json_value *root, struct content_request *out)
{
    struct json_value input = content_find(root, "input");
    struct json_value instructions = content_find(root, "instructions");
    struct json_value tools = content_find(root, "tools");
    put_input(&out->messages, &input, put_item);
    put_whole(&out->system, &instructions, content_put_openai_part);
    put_tools(&out->tools, &tools, put_openai_tool);
}

static void read_anthropic(const struct json_value *root, struct content_request *out)
{
    struct json_value messages = content_find(root, "messages");
    struct json_value system = content_find(root, "system");
    struct json_value tools = content_find(root, "tools");
    put_input(&out->messages, &messages, put_turn);
    put_whole(&out->system, &system, content_put_block);
    put_tools(&out->tools, &tools, put_anthropic_tool);
}

static void read_gemini(const struct json_value *root, struct content_request *out)
{
    struct json_value contents = content_find(root, "contents");
    struct json_value system = find_either(root, "systemInstruction", "system_instruction");
    struct json_value parts = content_find(&system, "parts");
    struct json_value tools = content_find(root, "tools");
    put_input(&out->messages, &contents, put_google_turn);
    put_whole(&out->system, &parts, content_put_gemini_part);
    put_tools(&out->tools, &tools, put_google_tool);
}

static void read_completions(const struct json_value *root, struct content_request *out)
{
    struct json_value prompt = content_find(root, "prompt");
    put_input(&out->messages, &prompt, put_user_text);
}

static void hide(struct content_request *request)
{
    content_hide(&request->system);
    content_hide(&request->messages);
    content_hide(&request->tools);
}

void content_request_read(enum dialect dialect, const struct json_value *root,
                          struct content_request *out)
{
    static void (*const readers[DIALECTS])(const struct json_value *, struct content_request *) = {
        [DIALECT_CHAT] = read_chat,
        [DIALECT_RESPONSES] = read_responses,
        [DIALECT_ANTHROPIC] = read_anthropic,
        [DIALECT_GEMINI] = read_gemini,
        [DIALECT_COMPLETIONS] = read_completions};
    if (readers[dialect] != NULL)
        readers[dialect](root, out);
    hide(out);
}
