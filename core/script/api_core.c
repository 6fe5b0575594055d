/* The functions of the table `core` for trusted Lua: time, JSON. lua/annotations/core.lua describes
 * them. */
#include <lauxlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/sha256.h"
#include "base/zone.h"
#include "script/bindings.h"
#include "script/integer.h"

enum { JSON_TEXT_BYTES_MAX = 1024 * 1024 };

/* core.now_ms() */
static int api_now_ms(lua_State *state)
{
    lua_pushnumber(state, (lua_Number)clock_wall_ms());
    return 1;
}

/* core.parse_time("2026-11-22T00:00:00Z") -> milliseconds, or nil */
static int api_parse_time(lua_State *state)
{
    int64_t wall_ms;
    if (!clock_parse(luaL_checkstring(state, 1), &wall_ms))
        return 0;
    lua_pushnumber(state, (lua_Number)wall_ms);
    return 1;
}

/* core.sha256(text) -> hex */
static int api_sha256(lua_State *state)
{
    char hex[SHA256_HEX_BYTES];
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    sha256_hex(text, hex);
    lua_pushstring(state, hex);
    return 1;
}

/* core.format_time(milliseconds) */
static int api_format_time(lua_State *state)
{
    char text[CLOCK_TEXT_BYTES];
    lua_pushstring(state, clock_format(integer_check(state, 1, -INTEGER_MAX, INTEGER_MAX), text));
    return 1;
}

/* core.local_day(milliseconds, zone?) -> "2026-11-22", or nil: no such zone. Reads a file. */
static int api_local_day(lua_State *state)
{
    enum { DAY_BYTES = sizeof "2026-11-22" - 1 };
    int64_t wall_ms = integer_check(state, 1, 0, INTEGER_MAX);
    char text[ZONE_LOCAL_TEXT_BYTES];
    struct fault fault;
    struct zone zone;
    if (!zone_load(luaL_optstring(state, 2, ""), &zone, &fault))
        return 0;
    lua_pushlstring(state, zone_format(&zone, wall_ms, text), DAY_BYTES);
    zone_fini(&zone);
    return 1;
}

/* core.json_members(text) -> {name = raw text of the value}, for a small document with few members.
 * Raw texts keep the digits of numbers. A duplicate member is an error: nil, why. */
static int api_json_members(lua_State *state)
{
    struct slice text;
    struct fault fault;
    struct json_value root;
    struct json_item item;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault) || root.type != JSON_OBJECT) {
        lua_pushnil(state);
        lua_pushstring(state, "no JSON object");
        return 2;
    }
    lua_newtable(state);
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &item)) {
        lua_pushlstring(state, item.key.data, item.key.bytes);
        lua_pushvalue(state, -1);
        lua_rawget(state, -3);
        if (!lua_isnil(state, -1)) {
            lua_pushnil(state);
            lua_pushfstring(state, "The member '%s' occurs twice; send it once.",
                            lua_tostring(state, -3));
            return 2;
        }
        lua_pop(state, 1);
        lua_pushlstring(state, item.value.raw.data, item.value.raw.bytes);
        lua_rawset(state, -3);
    }
    return 1;
}

/* core.json_string(text) -> the text as a JSON string */
static int api_json_string(lua_State *state)
{
    struct slice text;
    struct buffer out;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    luaL_argcheck(state, text.bytes < JSON_TEXT_BYTES_MAX / 6, 1, "too long");
    /* Use Lua's own memory, because the next calls may raise. An escape takes at most six bytes for
     * one. */
    size_t room_bytes = text.bytes * 6 + 2;
    out = (struct buffer){.data = lua_newuserdata(state, room_bytes),
                          .capacity_bytes = room_bytes,
                          .bytes_max = room_bytes};
    json_write_string(&out, text);
    lua_pushlstring(state, out.data, out.bytes);
    return 1;
}

/* core.money(nusd) -> "12.5", USD */
static int api_money(lua_State *state)
{
    char text[MONEY_TEXT_BYTES];
    lua_pushstring(state, money_format(integer_check(state, 1, -INTEGER_MAX, INTEGER_MAX), text));
    return 1;
}

const struct luaL_Reg api_core_bindings[] = {
    {"format_time", api_format_time},
    {"json_members", api_json_members},
    {"json_string", api_json_string},
    {"local_day", api_local_day},
    {"money", api_money},
    {"now_ms", api_now_ms},
    {"parse_time", api_parse_time},
    {"sha256", api_sha256},

    {NULL, NULL},
};
