/* JSON goes to Lua with its numbers as texts, because lua-cjson would make floats of them: a price
 * of 1.5e-07 must become 0.15 for a million, exactly. */
#include "script/catalog_tool.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "base/json.h"
#include "script/modules.h"
#include "script/policy_bindings.h"
#include "script/policy_native.h"
#include "script/sandbox.h"

enum { DEPTH_MAX = 16, TEXT_BYTES_MAX = 1024 * 1024 };

struct run {
    const struct catalog_question *question;
    struct json_value file;
    struct json_value options;
    struct policy_load load;
    struct buffer text; /* one decoded string */
    struct buffer *first;
    struct buffer *second;
};

/* ---- JSON ---- */

static void push_value(lua_State *state, struct run *run, const struct json_value *value);

static void push_string(lua_State *state, struct run *run, const struct json_value *value)
{
    buffer_reset(&run->text);
    if (!json_decode_string(value, &run->text))
        luaL_error(state, "a text in it is longer than %d bytes", (int)TEXT_BYTES_MAX);
    lua_pushlstring(state, run->text.bytes > 0 ? run->text.data : "", run->text.bytes);
}

static void push_key(lua_State *state, struct run *run, struct slice raw)
{
    /* With the quotes around it. */
    const struct json_value key = {.type = JSON_STRING, .raw = {raw.data - 1, raw.bytes + 2}};
    push_string(state, run, &key);
}

static void push_container(lua_State *state, struct run *run, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    int place = 0;
    luaL_checkstack(state, 4, "JSON");
    lua_newtable(state);
    while (json_next(&walk, &item)) {
        if (value->type == JSON_OBJECT)
            push_key(state, run, item.key);
        push_value(state, run, &item.value);
        if (value->type == JSON_OBJECT)
            lua_rawset(state, -3);
        else
            lua_rawseti(state, -2, ++place);
    }
}

static void push_value(lua_State *state, struct run *run, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        lua_pushnil(state);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(state, value->type == JSON_TRUE);
        break;
    case JSON_NUMBER:
        lua_pushlstring(state, value->raw.data, value->raw.bytes);
        break;
    case JSON_STRING:
        push_string(state, run, value);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        push_container(state, run, value);
        break;
    }
}

/* ---- running ---- */

static void append_result(lua_State *state, int index, struct buffer *out)
{
    size_t bytes;
    const char *text = lua_tolstring(state, index, &bytes);
    if (text != NULL)
        (void)buffer_append(out, text, bytes);
}

static int push_arguments(lua_State *state, struct run *run)
{
    int count = 2;
    if (run->question->catalog.bytes > 0) {
        sandbox_load(state, run->question->catalog, "catalog.lua");
        lua_call(state, 0, 1);
        count++;
    }
    push_value(state, run, &run->file);
    push_value(state, run, &run->options);
    return count;
}

static int run_question(lua_State *state)
{
    struct run *run = lua_touserdata(state, 1);
    sandbox_open(state, &run->load);
    policy_native_push(state, &run->load);
    modules_provide(state, "policy.native");
    modules_require(state, "catalog");
    lua_getfield(state, -1, run->question->function);
    int count = push_arguments(state, run);
    lua_call(state, count, 2);
    append_result(state, -2, run->first);
    append_result(state, -1, run->second);
    return 0;
}

static bool run_state(struct run *run, struct fault *fault)
{
    lua_State *state = luaL_newstate();
    if (state == NULL)
        return fault_set(fault, "out_of_memory", "out of memory");
    int status = lua_cpcall(state, run_question, run);
    const char *error = status != 0 ? lua_tostring(state, -1) : "";
    if (status != 0)
        (void)fault_set(fault, "catalog_invalid", "%s%s%s",
                        strncmp(error, "catalog.lua", 11) == 0 ? "" : run->question->file_name,
                        strncmp(error, "catalog.lua", 11) == 0 ? "" : ": ", error);
    lua_close(state);
    if (status != 0)
        return false;
    return (!run->first->failed && !run->second->failed) ||
           fault_set(fault, "catalog_invalid", "the result is too long");
}

bool catalog_tool_ask(const struct catalog_question *question, struct buffer *first,
                      struct buffer *second, struct fault *fault)
{
    struct run run = {.question = question, .first = first, .second = second};
    struct fault why;
    if (!json_parse(question->file, DEPTH_MAX, &run.file, &why))
        return fault_set(fault, why.code, "%s: %s", question->file_name, why.message);
    if (!json_parse(question->options, DEPTH_MAX, &run.options, fault))
        return false;
    buffer_init(&run.text, TEXT_BYTES_MAX);
    bool done = run_state(&run, fault);
    buffer_fini(&run.text);
    return done;
}
