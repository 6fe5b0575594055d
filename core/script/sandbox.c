/* Makes the trusted environment (the state's globals, stripped) and the policies' environment (a
 * table of words that starts empty, so that only listed words exist). This file and
 * policy_bindings.c list all that policies can reach; lua/annotations/policy.lua describes it. */
#include "script/sandbox.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/secret.h"
#include "script/modules.h"
#include "script/patterns.h"

int luaopen_cjson(lua_State *state); /* lua-cjson has no header */

enum { SORT_ITEMS_MAX = 1000, SORT_BYTES_MAX = 64 * 1024 };

/* Removed from the globals of trusted code too. xpcall: no hook runs inside its handler if an error
 * from a hook called it, so a loop there could not be stopped. */
static const char *const stripped[] = {
    "load",    "loadstring", "loadfile", "dofile", "collectgarbage", "gcinfo", "newproxy",
    "getfenv", "setfenv",    "module",   "print",  "xpcall",         NULL,
};

/* Lua's own functions that policies have. Left out on purpose: rep, find, match, gmatch, gsub (a
 * single call can run for hours), dump, getmetatable and its family, xpcall, coroutine. */
static const char *const base_words[] = {
    "assert", "error",    "ipairs",   "next", "pairs",  "pcall",
    "select", "tonumber", "tostring", "type", "unpack", NULL,
};
static const char *const string_words[] = {
    "byte", "char", "format", "len", "lower", "reverse", "sub", "upper", NULL,
};
static const char *const table_words[] = {"concat", "insert", "maxn", "remove", NULL};
static const char *const math_words[] = {
    "abs",   "acos", "asin",   "atan", "atan2", "ceil", "cos", "deg",  "exp",
    "floor", "fmod", "huge",   "log",  "log10", "max",  "min", "modf", "pi",
    "pow",   "rad",  "random", "sin",  "sqrt",  "tan",  NULL,
};

#define WORDS_KEY "llm-gateway.words" /* registry: the table of words */

static void push_bindings(lua_State *state)
{
    lua_getfield(state, LUA_REGISTRYINDEX, WORDS_KEY);
}

/* ---- tables that policies can read but not change ---- */

/* __index of a table of words, for a name that is not there. Upvalue 1: "" or "string." and so
 * on. */
static int unknown_word(lua_State *state)
{
    const char *prefix = lua_tostring(state, lua_upvalueindex(1));
    if (lua_type(state, 2) != LUA_TSTRING)
        return luaL_error(state, "policies have no such word");
    const char *name = lua_tostring(state, 2);
    policy_bindings_push_nearest(state, lua_upvalueindex(2), name);
    if (lua_isnil(state, -1))
        return luaL_error(state, "policies have no word '%s%s'", prefix, name);
    return luaL_error(state, "policies have no word '%s%s'; did you mean '%s%s'?", prefix, name,
                      prefix, lua_tostring(state, -1));
}

static int refuse_change(lua_State *state)
{
    return luaL_error(state, "%s", lua_tostring(state, lua_upvalueindex(1)));
}

/* Pops a table of words and pushes its proxy for policies: an empty table that reads from it. */
static void freeze(lua_State *state, const char *message)
{
    lua_newtable(state);
    lua_createtable(state, 0, 3);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pushstring(state, message);
    lua_pushcclosure(state, refuse_change, 1);
    lua_setfield(state, -2, "__newindex");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    lua_remove(state, -2);
}

/* Gives the table of words on top of the stack an error message for unknown names. */
static void explain_unknown(lua_State *state, const char *prefix)
{
    lua_createtable(state, 0, 1);
    lua_pushstring(state, prefix);
    lua_pushvalue(state, -3);
    lua_pushcclosure(state, unknown_word, 2);
    lua_setfield(state, -2, "__index");
    lua_setmetatable(state, -2);
}

/* ---- words ---- */

/* Copies the listed fields from the table on top of the stack into the one below, and pops the
 * top. */
static void copy_fields(lua_State *state, const char *const *names)
{
    for (; *names != NULL; names++) {
        lua_getfield(state, -1, *names);
        lua_setfield(state, -3, *names);
    }
    lua_pop(state, 1);
}

/* table.sort(list [, before]): bounded, because comparisons do not count as instructions. */
static int sandbox_sort(lua_State *state)
{
    luaL_checktype(state, 1, LUA_TTABLE);
    if (!lua_isnoneornil(state, 2))
        luaL_checktype(state, 2, LUA_TFUNCTION);
    lua_settop(state, 2);
    size_t count = lua_objlen(state, 1);
    size_t bytes = 0;
    if (count > SORT_ITEMS_MAX)
        return luaL_error(state, "table.sort: more than %d items", (int)SORT_ITEMS_MAX);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(state, 1, (int)i);
        bytes += lua_type(state, -1) == LUA_TSTRING ? lua_objlen(state, -1) : 0;
        lua_pop(state, 1);
    }
    if (bytes > SORT_BYTES_MAX)
        return luaL_error(state, "table.sort: more than %d bytes of text", (int)SORT_BYTES_MAX);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, 2, 0);
    return 0;
}

static void register_bindings(lua_State *state, const luaL_Reg *words, struct policy_load *stage)
{
    for (; words->name != NULL; words++) {
        lua_pushlightuserdata(state, stage);
        lua_pushcclosure(state, words->func, 1);
        lua_setfield(state, -2, words->name);
    }
}

static void push_library_functions(lua_State *state, const char *name, const char *const *names)
{
    lua_newtable(state);
    lua_getglobal(state, name);
    copy_fields(state, names);
}

/* "text":upper() reads from here, in policies and in trusted code: both share one metatable. */
static void set_string_methods(lua_State *state, int methods)
{
    lua_pushliteral(state, "");
    lua_getmetatable(state, -1);
    lua_pushvalue(state, methods);
    lua_setfield(state, -2, "__index");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 2);
}

static void make_bindings(lua_State *state, struct policy_load *stage)
{
    static const char message[] = "the libraries of policies cannot be changed";
    lua_newtable(state);
    lua_pushvalue(state, LUA_GLOBALSINDEX);
    copy_fields(state, base_words);
    register_bindings(state, policy_bindings_load, stage);
    register_bindings(state, policy_bindings_always, stage);
    push_library_functions(state, "string", string_words);
    explain_unknown(state, "string.");
    set_string_methods(state, lua_gettop(state));
    freeze(state, message);
    lua_setfield(state, -2, "string");
    push_library_functions(state, "table", table_words);
    lua_getglobal(state, "table");
    lua_getfield(state, -1, "sort");
    lua_remove(state, -2);
    lua_pushcclosure(state, sandbox_sort, 1);
    lua_setfield(state, -2, "sort");
    explain_unknown(state, "table.");
    freeze(state, message);
    lua_setfield(state, -2, "table");
    push_library_functions(state, "math", math_words);
    explain_unknown(state, "math.");
    freeze(state, message);
    lua_setfield(state, -2, "math");
    explain_unknown(state, "");
    lua_setfield(state, LUA_REGISTRYINDEX, WORDS_KEY);
}

/* ---- the trusted environment ---- */

static void open_library(lua_State *state, const char *name, lua_CFunction open)
{
    lua_pushcfunction(state, open);
    lua_pushstring(state, name);
    lua_call(state, 1, 0);
}

static void call_cjson_setting(lua_State *state, const char *setting, int value, bool is_switch)
{
    lua_getfield(state, -1, setting);
    if (is_switch)
        lua_pushboolean(state, value);
    else
        lua_pushinteger(state, value);
    lua_call(state, 1, 0);
}

/* Opens cjson without its extensions of JSON and without its settings. */
static void open_cjson(lua_State *state)
{
    static const char *const settings[] = {
        "encode_sparse_array",    "encode_max_depth",
        "decode_max_depth",       "encode_number_precision",
        "encode_keep_buffer",     "encode_invalid_numbers",
        "decode_invalid_numbers", NULL,
    };
    lua_pushcfunction(state, luaopen_cjson);
    lua_call(state, 0, 1);
    call_cjson_setting(state, "decode_invalid_numbers", 0, true);
    call_cjson_setting(state, "encode_invalid_numbers", 0, true);
    call_cjson_setting(state, "decode_max_depth", LIMIT_JSON_DEPTH, false);
    call_cjson_setting(state, "encode_max_depth", LIMIT_JSON_DEPTH, false);
    for (const char *const *name = settings; *name != NULL; name++) {
        lua_pushnil(state);
        lua_setfield(state, -2, *name);
    }
    lua_pushvalue(state, -1);
    modules_provide(state, "cjson");
    lua_setglobal(state, "cjson");
}

void sandbox_open(lua_State *state, struct policy_load *stage)
{
    open_library(state, "", luaopen_base);
    open_library(state, LUA_STRLIBNAME, luaopen_string);
    open_library(state, LUA_TABLIBNAME, luaopen_table);
    open_library(state, LUA_MATHLIBNAME, luaopen_math);
    lua_getglobal(state, "math");
    lua_getfield(state, -1, "randomseed");
    lua_pushnumber(state, (double)(random_u64() >> 12));
    lua_call(state, 1, 0);
    lua_pop(state, 1);
    luaJIT_setmode(state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    for (const char *const *name = stripped; *name != NULL; name++) {
        lua_pushnil(state);
        lua_setglobal(state, *name);
    }
    lua_getglobal(state, "string");
    lua_pushnil(state);
    lua_setfield(state, -2, "dump");
    lua_pop(state, 1);
    patterns_bound(state);
    modules_open(state);
    open_cjson(state);
    lua_newtable(state);
    lua_setglobal(state, "core");
    make_bindings(state, stage);
}

void sandbox_end_load(lua_State *state)
{
    push_bindings(state);
    for (const luaL_Reg *word = policy_bindings_load; word->name != NULL; word++) {
        lua_pushnil(state);
        lua_setfield(state, -2, word->name);
    }
    lua_pop(state, 1);
}

void sandbox_load(lua_State *state, struct slice text, const char *name)
{
    lua_pushfstring(state, "=%s", name);
    if (luaL_loadbufferx(state, text.data, text.bytes, lua_tostring(state, -1), "t") != 0)
        lua_error(state);
    lua_remove(state, -2);
    push_bindings(state);
    freeze(state, "policies have no globals: write 'local' before the name");
    lua_setfenv(state, -2);
}

/* ---- listing ---- */

static void append_names(lua_State *state, int list, const char *prefix)
{
    lua_pushnil(state);
    while (lua_next(state, -2)) {
        lua_pop(state, 1);
        lua_pushfstring(state, "%s%s", prefix, lua_tostring(state, -1));
        lua_rawseti(state, list, (int)lua_objlen(state, list) + 1);
    }
}

void sandbox_push_word_names(lua_State *state)
{
    static const char *const libraries[] = {"string", "table", "math", NULL};
    lua_newtable(state);
    int list = lua_gettop(state);
    push_bindings(state);
    append_names(state, list, "");
    for (const char *const *name = libraries; *name != NULL; name++) {
        lua_getfield(state, -1, *name);
        lua_getmetatable(state, -1);
        lua_getfield(state, -1, "__index");
        lua_pushfstring(state, "%s.", *name);
        lua_insert(state, -2);
        append_names(state, list, lua_tostring(state, -2));
        lua_pop(state, 4);
    }
    lua_pop(state, 1);
    for (const luaL_Reg *word = policy_bindings_load; word->name != NULL; word++) {
        lua_pushstring(state, word->name);
        lua_rawseti(state, list, (int)lua_objlen(state, list) + 1);
    }
}
