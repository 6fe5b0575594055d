#include "dialect/paid_marks.h"

#include <string.h>

static bool read_ttl(const struct paid_finder *finder, const struct json_value *object,
                     int32_t place)
{
    struct json_value ttl;
    if (!paid_finder_read_inner(finder, object, "ttl", &ttl))
        return false;
    if (ttl.type == JSON_NULL)
        return true;
    if (ttl.type == JSON_STRING)
        return paid_finder_add_word(finder, &ttl, place);
    struct paid_feature feature = paid_finder_at(finder, place);
    feature.value = ttl.type == JSON_NUMBER ? ttl.raw : feature.value;
    return paid_finder_add_valued(finder, &feature);
}

bool paid_marks_find_ttl(const struct paid_finder *finder, const struct json_value *value)
{
    if (value->type != JSON_OBJECT)
        return paid_finder_refuse_entry(finder, -1, "an object");
    return read_ttl(finder, value, -1);
}

/* ---- marks ---- */

enum mark { MARK_NONE, MARK_ANTHROPIC, MARK_OPENAI };

/* As what a server may read the key. */
static enum mark mark_of(struct slice key)
{
    static const char *const names[] = {
        [MARK_ANTHROPIC] = "cache_control", [MARK_OPENAI] = "prompt_cache_breakpoint"};
    char first = key.bytes > 0 ? (char)(key.data[0] | 0x20) : '\0';
    enum mark mark = MARK_NONE;
    struct buffer room = {0};
    if (first != 'c' && first != 'p' && first != ('\\' | 0x20))
        return MARK_NONE;
    struct slice name = member_name_decode(key, &room);
    if (member_name_reads_as(name, names[MARK_ANTHROPIC], MEMBER_CASE_CAMEL))
        mark = MARK_ANTHROPIC;
    else if (member_name_reads_as(name, names[MARK_OPENAI], MEMBER_CASE_CAMEL))
        mark = MARK_OPENAI;
    buffer_fini(&room);
    return mark;
}

bool paid_marks_has_name(struct slice key)
{
    return mark_of(key) != MARK_NONE;
}

/* The finders of both marks. */
struct marks {
    const struct paid_finder *anthropic;
    const struct paid_finder *openai;
};

static bool read_mark(const struct marks *marks, enum mark mark, const struct json_value *value,
                      int32_t place)
{
    return read_ttl(mark == MARK_ANTHROPIC ? marks->anthropic : marks->openai, value, place);
}

/* Finds the marks of an object, or of an array's entries, and in what they hold down to `depth`.
 * All of them count, for a server obeys one that is there twice. */
static bool read_marks(const struct marks *marks, const struct json_value *container, int32_t place,
                       unsigned depth)
{
    struct json_walk walk = json_walk(container);
    struct json_item item;
    while (json_next(&walk, &item)) {
        enum mark mark = mark_of(item.key);
        if (mark != MARK_NONE && !read_mark(marks, mark, &item.value, place))
            return false;
        if (mark == MARK_NONE && depth > 0 && !read_marks(marks, &item.value, place, depth - 1))
            return false;
    }
    return true;
}

/* Finds the marks of each entry of an array. */
static bool read_entries(const struct marks *marks, const struct json_value *array, unsigned depth)
{
    struct json_walk walk = json_walk(array);
    struct json_item item;
    for (int32_t place = 0; array->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!read_marks(marks, &item.value, place, depth))
            return false;
    }
    return true;
}

bool paid_marks_find(const struct paid_finder *finder, const struct json_value *value)
{
    const struct marks marks = {finder, finder};
    return read_entries(&marks, value, 0);
}

bool paid_marks_find_within(const struct paid_finder *finder, const struct json_value *value)
{
    enum { DEPTH = 4 }; /* to the parts of a content */
    const struct marks marks = {finder, finder};
    return read_marks(&marks, value, -1, DEPTH);
}

bool paid_marks_read_tool(const struct paid_finder *finder, const struct json_value *tool,
                          int32_t place)
{
    static const struct paid_member own = {"tools", PAID_MARK, .inner = "cache_control.ttl"};
    static const struct paid_member inner = {"tools", PAID_MARK,
                                             .inner = "function.cache_control.ttl"};
    const struct paid_finder of_tool = {finder->found, &own, finder->fault, false};
    const struct paid_finder of_function = {finder->found, &inner, finder->fault, false};
    const struct marks tool_marks = {&of_tool, &of_tool};
    const struct marks function_marks = {&of_function, &of_function};
    struct json_value function;
    return read_marks(&tool_marks, tool, place, 0) &&
           (json_find(tool, "function", &function) == 0 ||
            read_marks(&function_marks, &function, place, 0));
}

bool paid_marks_read_messages(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault)
{
    enum { DEPTH = 8 }; /* to the parts of a document's source in a tool's result */
    static const struct paid_member members[][2] = {
        {{"messages", PAID_MARK}, {"messages", PAID_BREAKPOINT}},
        {{"input", PAID_MARK}, {"input", PAID_BREAKPOINT}}};
    const struct paid_member *pair = members[strcmp(name, "input") == 0];
    const struct paid_finder anthropic = {found, &pair[0], fault, false};
    const struct paid_finder openai = {found, &pair[1], fault, false};
    const struct marks marks = {&anthropic, &openai};
    return read_entries(&marks, messages, DEPTH);
}
