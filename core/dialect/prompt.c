#include "dialect/prompt.h"

#include "dialect/kept_items.h"
#include "dialect/kept_names.h"
#include "dialect/prompt_parts.h"

/* Pictures beside the text: Ollama's form, and the form of answers with pictures that are sent
 * back. */
static void add_images(struct prompt *prompt, const struct json_value *images)
{
    struct json_walk walk = json_walk(images);
    struct json_item image;
    while (json_next(&walk, &image))
        prompt->image_count++;
    prompt_parts_leave_out(prompt, images);
}

static void add_tool_calls(struct prompt *prompt, const struct json_value *calls)
{
    struct json_walk walk = json_walk(calls);
    struct json_item call;
    struct json_value type;
    text_mix_add(&prompt->mix, calls->raw);
    while (json_next(&walk, &call))
        (void)prompt_parts_find_type(prompt, &call.value, &type);
}

const char *prompt_add_message(struct prompt *prompt, const struct json_value *message)
{
    enum { CONTENT, IMAGES, AUDIO, TOOL_CALLS, ROLE, MEMBERS };
    struct json_member members[MEMBERS] = {[CONTENT] = {.name = "content"},
                                           [IMAGES] = {.name = "images"},
                                           [AUDIO] = {.name = "audio"},
                                           [TOOL_CALLS] = {.name = "tool_calls"},
                                           [ROLE] = {.name = "role"}};
    const struct json_value *content = &members[CONTENT].value;
    prompt->message_count++;
    prompt->text_bytes += (int64_t)json_text_bytes(message);
    struct json_value type;
    size_t others = json_find_all(message, members, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        others -= members[i].count;
    if (others > 0)
        (void)prompt_parts_find_type(prompt, message, &type);
    for (size_t i = 0; i < TOOL_CALLS; i++) {
        if (members[i].count > 1)
            return members[i].name;
    }
    if (members[IMAGES].value.type == JSON_ARRAY)
        add_images(prompt, &members[IMAGES].value);
    if (members[AUDIO].value.type == JSON_OBJECT) { /* sound of an earlier answer, by its id */
        prompt->opaque_count++;
        prompt->may_name_kept = true;
    }
    if (members[TOOL_CALLS].value.type == JSON_ARRAY)
        add_tool_calls(prompt, &members[TOOL_CALLS].value);
    if (content->type != JSON_OBJECT)
        return prompt_parts_add(prompt, content);
    prompt->may_mark_caches = prompt->may_add_tools = prompt->may_name_kept = true;
    return NULL;
}

/* ---- items of the Responses API ---- */

/* Items whose strings are all their text. What is encrypted in them is at most as long. */
static bool is_text_item(const struct json_value *type)
{
    static const char *const names[] = {
        "function_call",        "custom_tool_call",        "reasoning",        "web_search_call",
        "local_shell_call",     "local_shell_call_output", "shell_call",       "shell_call_output",
        "apply_patch_call",     "apply_patch_call_output", "tool_search_call", "tool_search_output",
        "additional_tools",     "configuration_update",    "compaction",       "compaction_summary",
        "compaction_trigger",   "computer_call",           "file_search_call", "mcp_list_tools",
        "mcp_approval_request", "mcp_approval_response",   "mcp_call",         "program",
        "program_output"};
    return json_string_is_one_of(type, names, sizeof names / sizeof names[0]);
}

static bool brings_tools(const struct json_value *type)
{
    return json_string_is(type, "additional_tools") || json_string_is(type, "tool_search_output");
}

/* The member in which an item has a text or parts; NULL: it is no such item. */
static const char *held_by(const struct json_value *type)
{
    static const struct {
        const char *type, *member;
    } items[] = {{"function_call_output", "output"},
                 {"custom_tool_call_output", "output"},
                 {"computer_call_output", "output"},
                 {"code_interpreter_call", "outputs"}};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (json_string_is(type, items[i].type))
            return items[i].member;
    }
    return NULL;
}

static const char *add_held(struct prompt *prompt, const struct json_value *item, const char *name)
{
    struct json_member held = {.name = name};
    json_find_all(item, &held, 1);
    if (held.count > 1)
        return name;
    if (held.value.type != JSON_ARRAY && held.value.type != JSON_OBJECT) {
        text_mix_add(&prompt->mix, item->raw);
        return NULL;
    }
    return prompt_parts_add(prompt, &held.value);
}

/* A picture that was drawn before: its data, or only its id. */
static const char *add_drawing(struct prompt *prompt, const struct json_value *item)
{
    struct json_member result = {.name = "result"};
    json_find_all(item, &result, 1);
    if (result.count > 1)
        return result.name;
    prompt->image_count++;
    if (result.value.type == JSON_STRING)
        prompt_parts_leave_out(prompt, &result.value);
    return NULL;
}

/* Its content is at the provider, and counted by what is known of it there. */
static bool is_reference(const struct json_value *type, const struct json_value *item)
{
    struct json_value id;
    if (type->type == JSON_STRING)
        return json_string_is(type, "item_reference");
    return json_find(item, "id", &id) > 0 && kept_names_fills(&id);
}

const char *prompt_add_item(struct prompt *prompt, const struct json_value *item)
{
    struct json_value type = {0};
    if (prompt_parts_find_type(prompt, item, &type) > 1)
        return "type";
    bool typed = type.type == JSON_STRING;
    prompt->may_stand_for_kept = prompt->may_stand_for_kept || kept_items_may_stand(item, &type);
    if (typed ? json_string_is(&type, "message") : kept_items_is_message(item))
        return prompt_add_message(prompt, item);
    prompt->message_count++;
    prompt->text_bytes += (int64_t)json_text_bytes(item);
    if (typed && json_string_is(&type, "image_generation_call"))
        return add_drawing(prompt, item);
    const char *held = typed ? held_by(&type) : NULL;
    if (held != NULL && json_string_is(&type, "code_interpreter_call")) /* its container */
        prompt->may_name_kept = true;
    if (held != NULL)
        return add_held(prompt, item, held);
    bool brings = typed && brings_tools(&type);
    bool text = brings || (typed && is_text_item(&type));
    prompt->may_add_tools = prompt->may_add_tools || brings || !text;
    prompt->may_mark_caches = prompt->may_mark_caches || !text;
    prompt->may_name_kept =
        prompt->may_name_kept || brings || !text || json_string_is(&type, "shell_call");
    prompt->compacts = prompt->compacts || (text && json_string_is(&type, "compaction_trigger"));
    if (text)
        text_mix_add(&prompt->mix, item->raw);
    else if (!is_reference(&type, item)) /* one of tomorrow */
        prompt->opaque_count++;
    return NULL;
}

/* ---- contents of Gemini's ---- */

const char *prompt_add_content(struct prompt *prompt, const struct json_value *content)
{
    enum { PARTS, ROLE, MEMBERS };
    struct json_member members[MEMBERS] = {[PARTS] = {.name = "parts"}, [ROLE] = {.name = "role"}};
    struct json_value type;
    prompt->message_count++;
    prompt->text_bytes += (int64_t)json_text_bytes(content);
    if (json_find_all(content, members, MEMBERS) > members[PARTS].count + members[ROLE].count)
        (void)prompt_parts_find_type(prompt, content, &type);
    return members[PARTS].count > 1 ? members[PARTS].name
                                    : prompt_parts_add(prompt, &members[PARTS].value);
}

/* ---- the rest of a body ---- */

/* Members that the provider does not add to the prompt. */
static bool is_aside(struct slice key)
{
    static const char *const names[] = {"metadata",
                                        "logit_bias",
                                        "user",
                                        "safety_identifier",
                                        "prompt_cache_key",
                                        "service_tier",
                                        "previous_response_id",
                                        "conversation"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

void prompt_add_member(struct prompt *prompt, struct slice key, const struct json_value *value)
{
    bool holds_text =
        value->type == JSON_STRING || value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    bool empty = value->raw.bytes <= 2;
    if (!holds_text || empty || is_aside(key))
        return;
    prompt->text_bytes += (int64_t)value->raw.bytes;
    text_mix_add(&prompt->mix, value->raw);
}

enum { TEMPLATE_TOKENS = 3, MESSAGE_TOKENS = 4, FEW_MESSAGES = 16 };

int64_t prompt_template_tokens(const struct prompt *prompt)
{
    return TEMPLATE_TOKENS + MESSAGE_TOKENS * prompt->message_count;
}

int64_t prompt_least_tokens(const struct prompt *prompt)
{
    if (prompt->input_count > 0) /* no template */
        return prompt->input_count;
    int64_t more = prompt->message_count - FEW_MESSAGES;
    return more > 0 ? MESSAGE_TOKENS * more : 0;
}
