#include "dialect/paid_tools.h"

#include <string.h>

#include "dialect/paid_marks.h"

/* Sets *off to whether the object says that it is turned off. */
bool paid_tools_read_off(const struct paid_finder *finder, const struct json_value *object,
                         bool *off)
{
    const char *const *said = finder->member->off;
    struct json_value value = {.type = JSON_NULL};
    bool read = said[0] == NULL || paid_finder_read_inner(finder, object, said[0], &value);
    *off = value.type != JSON_NULL && slice_equals(value.raw, said[1]);
    return read;
}

/* The members of a function that is written without a type, in the forms of several providers. */
static bool is_of_function(struct slice key)
{
    return paid_finder_is_listed(
               "type function custom name title description strict parameters annotations "
               "input_schema inputSchema outputSchema input_examples defer_loading "
               "eager_input_streaming allowed_callers output_schema async "
               "functionDeclarations function_declarations",
               key) ||
           paid_marks_has_name(key);
}

/* An entry without a type is named by its members: {"google_search": {}} is a tool of Gemini's. */
static bool find_untyped(const struct paid_finder *finder, const struct json_value *entry,
                         int32_t place)
{
    struct json_walk walk = json_walk(entry);
    struct json_item item;
    while (json_next(&walk, &item)) {
        struct paid_feature feature = paid_finder_at(finder, place);
        feature.value = item.key;
        feature.by_key = true;
        if (!is_of_function(item.key) && !paid_finder_add_valued(finder, &feature))
            return false;
    }
    return true;
}

/* The name of the member that has an entry's word: the end of the way to it. */
static const char *word_name(const struct paid_finder *finder)
{
    const char *dot = strrchr(finder->member->inner, '.');
    return dot != NULL ? dot + 1 : finder->member->inner;
}

/* Reads the word that names an entry. Returns false with a fault; *out is of type JSON_NULL if the
 * entry is turned off or has been found without a word. */
static bool read_word(const struct paid_finder *finder, const struct json_value *entry,
                      int32_t place, struct json_value *out)
{
    bool off;
    *out = (struct json_value){.type = JSON_NULL};
    if (entry->type != JSON_OBJECT)
        return paid_finder_refuse_entry(finder, place, "an object");
    if (!paid_finder_read_inner(finder, entry, word_name(finder), out) ||
        !paid_tools_read_off(finder, entry, &off))
        return false;
    bool untyped = !off && out->type != JSON_STRING;
    if (off || untyped)
        *out = (struct json_value){.type = JSON_NULL};
    return !untyped || find_untyped(finder, entry, place);
}

static bool find_entry(const struct paid_finder *finder, const struct json_value *entry,
                       int32_t place)
{
    struct json_value word;
    if (!read_word(finder, entry, place, &word))
        return false;
    return word.type != JSON_STRING || paid_finder_add_word(finder, &word, place);
}

bool paid_tools_find_entries(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!find_entry(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY || paid_finder_refuse_entry(finder, -1, "an array of objects");
}

/* ---- tools ---- */

/* What the client runs costs only the tokens of its words. OpenAI's shell may run in a container of
 * the provider's, too. */
#define AT_THE_CLIENT "function", "custom", "local_shell", "apply_patch", "tool_search"

/* Returns false with a fault. *out: the shell is the client's own. */
static bool read_shell(const struct paid_finder *finder, const struct json_value *tool, bool *out)
{
    struct json_value environment;
    struct json_value type = {.type = JSON_NULL};
    if (!paid_finder_read_inner(finder, tool, "environment", &environment) ||
        (environment.type == JSON_OBJECT &&
         !paid_finder_read_inner(finder, &environment, "type", &type)))
        return false;
    *out = json_string_is(&type, "local");
    return true;
}

static bool find_tool(const struct paid_finder *finder, const struct json_value *tool,
                      int32_t place);

/* A namespace holds tools; `place` is its own. The scanner bounds the depth. */
static bool find_held(const struct paid_finder *finder, const struct json_value *space,
                      int32_t place)
{
    static const struct paid_member held = {"tools", "tools.", .inner = "tools.type",
                                            .plain = {AT_THE_CLIENT}};
    const struct paid_finder inner = {finder->found, &held, finder->fault, finder->camel};
    struct json_value tools;
    struct json_item tool;
    if (!paid_finder_read_inner(finder, space, "tools", &tools))
        return false;
    if (tools.type != JSON_ARRAY && tools.type != JSON_NULL)
        return paid_finder_refuse_entry(&inner, place, "an object whose tools are an array");
    struct json_walk walk = json_walk(&tools);
    while (tools.type == JSON_ARRAY && json_next(&walk, &tool)) {
        if (!find_tool(&inner, &tool.value, place))
            return false;
    }
    return true;
}

static bool find_tool(const struct paid_finder *finder, const struct json_value *tool,
                      int32_t place)
{
    struct json_value type;
    struct json_value uses; /* is lowered where it is too high, so it must not hide */
    bool free = false;
    if (!read_word(finder, tool, place, &type) || !paid_marks_read_tool(finder, tool, place) ||
        !paid_finder_read_inner(finder, tool, "max_uses", &uses))
        return false;
    if (type.type != JSON_STRING)
        return true;
    if (finder->found->gemini && !find_untyped(finder, tool, place))
        return false;
    if (json_string_is(&type, "namespace"))
        return find_held(finder, tool, place);
    if (json_string_is(&type, "shell") && !read_shell(finder, tool, &free))
        return false;
    return free || paid_finder_add_word(finder, &type, place);
}

bool paid_tools_find(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!find_tool(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY || paid_finder_refuse_entry(finder, -1, "an array of objects");
}

/* ---- tools in the input ---- */

/* The tools that another provider's server has named are not ours to run. */
static bool read_item(const struct paid_finder *finder, const struct json_value *item,
                      int32_t place)
{
    struct json_value type;
    struct json_value tools;
    struct json_item tool;
    if (!paid_finder_read_inner(finder, item, "type", &type) ||
        !paid_finder_read_inner(finder, item, "tools", &tools))
        return false;
    if (tools.type == JSON_NULL || json_string_is(&type, "mcp_list_tools"))
        return true;
    if (tools.type != JSON_ARRAY)
        return paid_finder_refuse_entry(finder, place, "an item whose tools are an array");
    struct json_walk walk = json_walk(&tools);
    while (json_next(&walk, &tool)) {
        if (!find_tool(finder, &tool.value, place))
            return false;
    }
    return true;
}

bool paid_tools_read_items(struct paid_features *found, const struct json_value *input,
                           struct request_fault *fault)
{
    static const struct paid_member member = {"input", "tools.", .inner = "tools.type",
                                              .plain = {AT_THE_CLIENT}};
    const struct paid_finder finder = {found, &member, fault, false};
    struct json_walk walk = json_walk(input);
    struct json_item item;
    for (int32_t place = 0; input->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!read_item(&finder, &item.value, place))
            return false;
    }
    return true;
}

static bool reads_as(struct slice key, const char *ours)
{
    struct buffer room = {0};
    struct slice name = member_name_decode(key, &room);
    bool reads = member_name_reads_as(name, ours, MEMBER_CASE_FOLDED);
    buffer_fini(&room);
    return reads;
}

/* A tool that a block adds: what it is stands in `definition`. Others only refer to tools. */
static bool read_added(const struct paid_finder *finder, const struct json_value *tool,
                       int32_t place)
{
    struct json_value definition;
    if (!paid_finder_read_inner(finder, tool, "definition", &definition))
        return false;
    return definition.type == JSON_NULL || find_tool(finder, &definition, place);
}

/* Finds the tools that are added in an object, or in an array's entries, and in what they hold down
 * to `depth`: a summary of the conversation repeats such changes. All of them count, for a server
 * obeys one that is there twice. What a model has said to a tool (`input`) adds none. */
static bool read_additions(const struct paid_finder *finder, const struct json_value *container,
                           int32_t place, unsigned depth)
{
    struct json_walk walk = json_walk(container);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (item.value.type < JSON_ARRAY || json_key_is(item.key, "input"))
            continue;
        bool tool = container->type == JSON_OBJECT && reads_as(item.key, "tool");
        if (tool && !read_added(finder, &item.value, place))
            return false;
        if (!tool && depth > 0 && !read_additions(finder, &item.value, place, depth - 1))
            return false;
    }
    return true;
}

bool paid_tools_read_messages(struct paid_features *found, const struct json_value *messages,
                              struct request_fault *fault)
{
    enum { DEPTH = 8 }; /* to the changes that a summary in a tool's result repeats */
    static const struct paid_member member = {"messages", "tools.", .inner = "content.tool.type",
                                              .plain = {AT_THE_CLIENT}};
    const struct paid_finder finder = {found, &member, fault, false};
    struct json_walk walk = json_walk(messages);
    struct json_item message;
    for (int32_t place = 0; messages->type == JSON_ARRAY && json_next(&walk, &message); place++) {
        if (message.value.type >= JSON_ARRAY &&
            !read_additions(&finder, &message.value, place, DEPTH))
            return false;
    }
    return true;
}
