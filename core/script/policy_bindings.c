/* The words that we add for policy files. Each checks its arguments first and holds nothing when it
 * may raise. */
#include "script/policy_bindings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/money.h"

enum {
    NAME_BYTES_MAX = 64, /* a longer name gets no suggestion */
    SPLIT_PARTS_MAX = 10000
};

struct policy_load *policy_load_of(lua_State *state)
{
    return lua_touserdata(state, lua_upvalueindex(1));
}

struct slice policy_check_slice(lua_State *state, int index)
{
    struct slice slice;
    luaL_checktype(state, index, LUA_TSTRING);
    slice.data = lua_tolstring(state, index, &slice.bytes);
    return slice;
}

/* ---- words of policies ---- */

/* env(name [, default]): an environment variable of the gateway; an empty one counts as unset. */
static int word_env(lua_State *state)
{
    struct slice name = policy_check_slice(state, 1);
    lua_settop(state, 2);
    if (!policy_load_of(state)->loading)
        return luaL_error(state, "env() works only while the file loads: keep its result in a "
                                 "local outside the function");
    if (name.bytes == 0 || strlen(name.data) != name.bytes || strchr(name.data, '=') != NULL)
        return luaL_error(state, "env(): this is no name of an environment variable");
    const char *value = getenv(name.data);
    if (value == NULL || !*value)
        return 1;
    lua_pushstring(state, value);
    return 1;
}

#define SELL_KEY "llm-gateway.sell" /* registry: the function */

void policy_bindings_sell_with(lua_State *state)
{
    lua_setfield(state, LUA_REGISTRYINDEX, SELL_KEY);
}

/* sell(name [, overrides]): the entry of catalog.lua with this name, as an entry of models.lua. */
static int word_sell(lua_State *state)
{
    const struct policy_load *load = policy_load_of(state);
    if (!load->loading || load->file == NULL || strcmp(load->file, "models.lua") != 0)
        return luaL_error(state, "sell() works only in models.lua, while it loads");
    luaL_checktype(state, 1, LUA_TSTRING);
    lua_settop(state, 2);
    if (!lua_isnil(state, 2))
        luaL_checktype(state, 2, LUA_TTABLE);
    lua_getfield(state, LUA_REGISTRYINDEX, SELL_KEY);
    lua_insert(state, 1);
    lua_call(state, 2, 2);
    if (lua_isnil(state, -2))
        return luaL_error(state, "%s", lua_tostring(state, -1));
    lua_pop(state, 1);
    return 1;
}

/* now(): the time in UTC as {year, month, day, hour, minute, second, weekday (1 is Monday)}. */
static int word_now(lua_State *state)
{
    const struct policy_load *load = policy_load_of(state);
    int64_t now_ms = load->now_ms != 0 ? load->now_ms : clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    if (load->loading)
        return luaL_error(state, "now() works only inside a function that runs for a request");
    gmtime_r(&seconds, &tm);
    const struct {
        const char *name;
        int value;
    } members[] = {
        {"year", tm.tm_year + 1900},
        {"month", tm.tm_mon + 1},
        {"day", tm.tm_mday},
        {"hour", tm.tm_hour},
        {"minute", tm.tm_min},
        {"second", tm.tm_sec},
        {"weekday", (tm.tm_wday + 6) % 7 + 1},
    };
    lua_createtable(state, 0, sizeof members / sizeof *members);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        lua_pushinteger(state, members[i].value);
        lua_setfield(state, -2, members[i].name);
    }
    return 1;
}

static int word_starts_with(lua_State *state)
{
    struct slice text = policy_check_slice(state, 1);
    struct slice part = policy_check_slice(state, 2);
    lua_pushboolean(state,
                    text.bytes >= part.bytes && memcmp(text.data, part.data, part.bytes) == 0);
    return 1;
}

static int word_ends_with(lua_State *state)
{
    struct slice text = policy_check_slice(state, 1);
    struct slice part = policy_check_slice(state, 2);
    lua_pushboolean(state, text.bytes >= part.bytes && memcmp(text.data + text.bytes - part.bytes,
                                                              part.data, part.bytes) == 0);
    return 1;
}

static int word_contains(lua_State *state)
{
    struct slice text = policy_check_slice(state, 1);
    struct slice part = policy_check_slice(state, 2);
    lua_pushboolean(state, memmem(text.data, text.bytes, part.data, part.bytes) != NULL);
    return 1;
}

/* split(text, separator): the list of the texts between the separators. */
static int word_split(lua_State *state)
{
    struct slice text = policy_check_slice(state, 1);
    struct slice separator = policy_check_slice(state, 2);
    luaL_argcheck(state, separator.bytes > 0, 2, "the separator is empty");
    lua_settop(state, 2);
    lua_newtable(state);
    for (int i = 1; i <= SPLIT_PARTS_MAX; i++) {
        const char *found = memmem(text.data, text.bytes, separator.data, separator.bytes);
        size_t bytes = found != NULL ? (size_t)(found - text.data) : text.bytes;
        lua_pushlstring(state, text.data, bytes);
        lua_rawseti(state, 3, i);
        if (found == NULL)
            return 1;
        text.data += bytes + separator.bytes;
        text.bytes -= bytes + separator.bytes;
    }
    return luaL_error(state, "split(): more than %d parts", (int)SPLIT_PARTS_MAX);
}

static int word_trim(lua_State *state)
{
    struct slice text = slice_trim(policy_check_slice(state, 1));
    lua_pushlstring(state, text.data, text.bytes);
    return 1;
}

const luaL_Reg policy_bindings_load[] = {
    {"env", word_env},
    {"sell", word_sell},
    {NULL, NULL},
};

const luaL_Reg policy_bindings_always[] = {
    {"contains", word_contains},
    {"ends_with", word_ends_with},
    {"now", word_now},
    {"split", word_split},
    {"starts_with", word_starts_with},
    {"trim", word_trim},
    {NULL, NULL},
};

/* ---- suggestions ---- */

/* Levenshtein's distance; SIZE_MAX for names that are too long. */
static size_t distance(const char *a, const char *b)
{
    size_t a_bytes = strlen(a);
    size_t b_bytes = strlen(b);
    size_t row[NAME_BYTES_MAX + 1];
    if (a_bytes > NAME_BYTES_MAX || b_bytes > NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= b_bytes; i++)
        row[i] = i;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_bytes];
}

void policy_bindings_push_nearest(lua_State *state, int index, const char *name)
{
    size_t best = strlen(name) / 3 + 1; /* one wrong letter in three */
    const char *nearest = NULL;
    lua_pushnil(state);
    while (lua_next(state, index)) {
        lua_pop(state, 1);
        if (lua_type(state, -1) != LUA_TSTRING)
            continue;
        const char *key = lua_tostring(state, -1);
        size_t steps = distance(name, key);
        if (steps < best || (steps == best && (nearest == NULL || strcmp(key, nearest) < 0))) {
            best = steps;
            nearest = key;
        }
    }
    lua_pushstring(state, nearest); /* the table keeps the string alive; NULL pushes nil */
}
