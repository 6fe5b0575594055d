#include "dialect/tool_calls.h"

static struct json_value text_of(const struct json_value *object, const char *name)
{
    struct json_value text;
    if (json_find(object, name, &text) != 1 || text.type != JSON_STRING)
        text = (struct json_value){.type = JSON_NULL};
    return text;
}

/* OpenAI bills "search actions" (its guide to web search, read 2026-12). */
static bool opens_page(const struct json_value *item)
{
    struct json_value action;
    if (json_find(item, "action", &action) != 1)
        return false;
    const struct json_value type = text_of(&action, "type");
    return json_string_is(&type, "open_page") || json_string_is(&type, "find_in_page");
}

/* A shell may run in a container of the provider's, which is billed as a code interpreter's is, or
 * at the client. */
static bool runs_in_container(const struct json_value *item)
{
    struct json_value environment;
    if (json_find(item, "environment", &environment) != 1)
        return false;
    const struct json_value type = text_of(&environment, "type");
    return json_string_is(&type, "container_reference");
}

void tool_calls_count_begun(const struct json_value *item, struct tool_calls *calls)
{
    const struct json_value type = text_of(item, "type");
    calls->web_searches += json_string_is(&type, "web_search_call");
    calls->file_searches += json_string_is(&type, "file_search_call");
    calls->runs += json_string_is(&type, "code_interpreter_call") ||
                   (json_string_is(&type, "shell_call") && runs_in_container(item));
}

void tool_calls_count_item(const struct json_value *item, struct tool_calls *calls)
{
    if (!opens_page(item))
        tool_calls_count_begun(item, calls);
}

void tool_calls_count_block(const struct json_value *block, struct tool_calls *calls)
{
    const struct json_value type = text_of(block, "type");
    const struct json_value name = text_of(block, "name");
    calls->web_searches +=
        json_string_is(&type, "server_tool_use") && json_string_is(&name, "web_search");
}

void tool_calls_add(struct tool_calls *calls, const struct tool_calls *more)
{
    calls->web_searches += more->web_searches;
    calls->file_searches += more->file_searches;
    calls->runs += more->runs;
}

void tool_calls_subtract(struct tool_calls *calls, const struct tool_calls *less)
{
    calls->web_searches -= less->web_searches;
    calls->file_searches -= less->file_searches;
    calls->runs -= less->runs;
}
