/* Reads in C what clients wrote, before any Lua sees it. Each function takes raw bytes, reads them
 * once, and returns a bounded value or the reason against it. So no number conversion, pattern or
 * decoder of Lua ever works on a text that a client may make long. lua/annotations/core.lua
 * describes the functions. */
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/common_passwords.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/text.h"
#include "script/bindings.h"
#include "script/integer.h"

enum { REASON_BYTES = 160 };

struct slice api_check_text(lua_State *state, int index)
{
    size_t bytes;
    const char *text = luaL_checklstring(state, index, &bytes);
    return (struct slice){text, bytes};
}

/* A buffer in Lua's own memory, because the next calls may raise. The caller pops it. */
static struct buffer buffer_in_state(lua_State *state, size_t bytes)
{
    return (struct buffer){.data = lua_newuserdata(state, bytes + 1),
                           .capacity_bytes = bytes + 1,
                           .bytes_max = bytes + 1};
}

/* Returns nil, code, message, and the name of the member or parameter. */
static int refuse(lua_State *state, const char *code, const char *message, struct slice name)
{
    lua_pushnil(state);
    lua_pushstring(state, code);
    lua_pushstring(state, message);
    if (name.bytes == 0)
        return 3;
    lua_pushlstring(state, name.data, name.bytes);
    return 4;
}

/* ---- JSON ---- */

/* Decodes a member's key into `out`. Returns false when it is longer than any name that we know. */
static bool decode_name(struct slice key, struct buffer *out)
{
    char raw[LIMIT_MEMBER_NAME_BYTES * 6 + 2];
    if (key.bytes > sizeof raw - 2)
        return false;
    raw[0] = '"';
    memcpy(raw + 1, key.data, key.bytes);
    raw[key.bytes + 1] = '"';
    const struct json_value string = {.type = JSON_STRING, .raw = {raw, key.bytes + 2}};
    return json_decode_string(&string, out) && out->bytes <= LIMIT_MEMBER_NAME_BYTES;
}

/* Adds one member to the table on top of the stack. Returns 0, or how many values it pushed to say
 * why not. */
static int add_member(lua_State *state, const struct json_item *item)
{
    char room[LIMIT_MEMBER_NAME_BYTES * 6 + 2];
    struct buffer name = {.data = room, .capacity_bytes = sizeof room, .bytes_max = sizeof room};
    const struct slice *raw = &item->value.raw;
    if (!decode_name(item->key, &name))
        return refuse(state, "invalid_value", "The name of a member of the body is too long.",
                      (struct slice){NULL, 0});
    if (item->value.type == JSON_NUMBER && raw->bytes > LIMIT_NUMBER_BYTES)
        return refuse(state, "invalid_value", "A number in the body has too many digits.",
                      buffer_slice(&name));
    lua_pushlstring(state, name.data, name.bytes);
    lua_pushvalue(state, -1);
    lua_rawget(state, -3);
    bool twice = !lua_isnil(state, -1);
    lua_pop(state, 1);
    if (twice)
        return refuse(state, "invalid_json", "A member of the body occurs twice; send it once.",
                      buffer_slice(&name));
    lua_pushlstring(state, raw->data, raw->bytes);
    lua_rawset(state, -3);
    return 0;
}

/* core.read_members(text) -> {name = raw JSON of its value}, or nil, code, message, name */
static int api_read_members(lua_State *state)
{
    struct slice text;
    struct fault fault;
    struct json_value root;
    struct json_item item;
    char reason[REASON_BYTES];
    text.data = luaL_checklstring(state, 1, &text.bytes);
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault)) {
        snprintf(reason, sizeof reason, "The body is not valid JSON: %s", fault.message);
        return refuse(state, "invalid_json", reason, (struct slice){NULL, 0});
    }
    if (root.type != JSON_OBJECT)
        return refuse(state, "invalid_json", "The body must be a JSON object.",
                      (struct slice){NULL, 0});
    lua_newtable(state);
    size_t count = 0;
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &item)) {
        int refused = ++count > LIMIT_BODY_MEMBERS
                          ? refuse(state, "invalid_value", "The body has too many members.",
                                   (struct slice){NULL, 0})
                          : add_member(state, &item);
        if (refused > 0)
            return refused;
    }
    return 1;
}

/* A raw value that Lua got from read_members. Raises unless it is valid JSON. */
static struct json_value check_value(lua_State *state, int place)
{
    struct slice text;
    struct fault fault;
    struct json_value value;
    text.data = luaL_checklstring(state, place, &text.bytes);
    luaL_argcheck(state, json_parse(text, LIMIT_JSON_DEPTH, &value, &fault), place, "no JSON");
    return value;
}

/* Pushes the decoded string, or nil and "type", "long" or "half". */
static int push_string(lua_State *state, const struct json_value *value, size_t bytes_max)
{
    const char *why = "type";
    if (value->type == JSON_STRING) {
        why = "long";
        if (value->raw.bytes - 2 <= bytes_max * 6) {
            struct buffer out = buffer_in_state(state, value->raw.bytes);
            bool whole = json_string_is_whole(value);
            if (whole && json_decode_string(value, &out) && out.bytes <= bytes_max) {
                lua_pushlstring(state, out.data, out.bytes);
                secret_wipe(out.data, out.bytes);
                lua_remove(state, -2);
                return 1;
            }
            lua_pop(state, 1);
            why = whole ? "long" : "half";
        }
    }
    lua_pushnil(state);
    lua_pushstring(state, why);
    return 2;
}

/* core.read_string(raw, bytes_max) -> text, or nil, "type" | "long" | "half" */
static int api_read_string(lua_State *state)
{
    struct json_value value = check_value(state, 1);
    int64_t bytes_max = integer_check(state, 2, 0, LIMIT_CLIENT_TEXT_BYTES);
    return push_string(state, &value, (size_t)bytes_max);
}

/* core.read_strings(raw, count_max, bytes_max) -> list of strings, or nil */
static int api_read_strings(lua_State *state)
{
    struct json_value value = check_value(state, 1);
    int64_t count_max = integer_check(state, 2, 0, INT_MAX);
    int64_t bytes_max = integer_check(state, 3, 0, LIMIT_CLIENT_TEXT_BYTES);
    struct json_item item;
    if (value.type != JSON_ARRAY)
        return 0;
    lua_newtable(state);
    int count = 0;
    struct json_walk walk = json_walk(&value);
    while (json_next(&walk, &item)) {
        if (++count > count_max || push_string(state, &item.value, (size_t)bytes_max) != 1)
            return 0;
        lua_rawseti(state, -2, count);
    }
    return 1;
}

/* core.read_amount(raw) -> nano-USD of a JSON string or number, or nil. At most 2^53: beyond that
 * Lua's numbers are not exact. */
static int api_read_amount(lua_State *state)
{
    struct json_value value = check_value(state, 1);
    struct slice text = value.raw;
    struct fault fault;
    int64_t nusd;
    bool read;
    if (value.type == JSON_STRING) {
        if (push_string(state, &value, LIMIT_NUMBER_BYTES) != 1)
            return 0;
        text.data = lua_tolstring(state, -1, &text.bytes);
        read = money_parse(text, &nusd, &fault);
    } else {
        read = value.type == JSON_NUMBER && money_parse_number(text, &nusd, &fault);
    }
    if (!read || nusd > INT64_C(9007199254740992))
        return 0;
    lua_pushnumber(state, (lua_Number)nusd);
    return 1;
}

/* ---- passwords ---- */

/* core.normalise(text) -> the text in Unicode's normal form C, its count of characters; or nil */
static int api_normalise(lua_State *state)
{
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    luaL_argcheck(state, text.bytes <= LIMIT_CLIENT_TEXT_BYTES, 1, "too long");
    char *normal = lua_newuserdata(state, LIMIT_CLIENT_TEXT_BYTES);
    size_t bytes;
    if (!text_normalise(text, normal, LIMIT_CLIENT_TEXT_BYTES, &bytes))
        return 0;
    lua_pushlstring(state, normal, bytes);
    lua_pushinteger(state, (lua_Integer)text_characters((struct slice){normal, bytes}));
    secret_wipe(normal, bytes);
    return 2;
}

/* core.is_common_password(text) */
static int api_is_common_password(lua_State *state)
{
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    lua_pushboolean(state, common_passwords_have(text));
    return 1;
}

/* ---- the query of an address ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX, and in a query also + as a space. Returns false for a broken escape, a control
 * character, invalid UTF-8, or too long a result. */
static bool unescape(struct slice text, bool query, struct buffer *out)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.bytes - i < 3)
                return false;
            int high = hex_digit(text.data[i + 1]);
            int low = hex_digit(text.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (query && c == '+') {
            c = ' ';
        }
        if ((unsigned char)c < ' ' || c == 0x7f || !buffer_append_char(out, c))
            return false;
    }
    return text_is_utf8(buffer_slice(out));
}

/* core.unescape(text) -> decoded, or nil */
static int api_unescape(lua_State *state)
{
    char room[LIMIT_QUERY_VALUE_BYTES];
    struct buffer out = {.data = room, .capacity_bytes = sizeof room, .bytes_max = sizeof room};
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    if (!unescape(text, false, &out))
        return 0;
    lua_pushlstring(state, out.data, out.bytes);
    return 1;
}

static const char query_invalid[] =
    "The query of the address is not valid: it needs UTF-8 text with %XX escapes, at most 1024 "
    "bytes a value.";

/* Adds one name=value, in the same way. */
static int add_parameter(lua_State *state, struct slice pair)
{
    char name_room[LIMIT_MEMBER_NAME_BYTES], value_room[LIMIT_QUERY_VALUE_BYTES];
    struct buffer name = {
        .data = name_room, .capacity_bytes = sizeof name_room, .bytes_max = sizeof name_room};
    struct buffer value = {
        .data = value_room, .capacity_bytes = sizeof value_room, .bytes_max = sizeof value_room};
    const char *equals = slice_char(pair, '=');
    size_t name_bytes = equals != NULL ? (size_t)(equals - pair.data) : pair.bytes;
    size_t skipped = name_bytes + (equals != NULL);
    if (!unescape((struct slice){pair.data, name_bytes}, true, &name))
        return refuse(state, "invalid_value", query_invalid, (struct slice){NULL, 0});
    if (!unescape((struct slice){pair.data + skipped, pair.bytes - skipped}, true, &value))
        return refuse(state, "invalid_value", query_invalid, buffer_slice(&name));
    lua_pushlstring(state, name.bytes > 0 ? name.data : "", name.bytes);
    lua_pushvalue(state, -1);
    lua_rawget(state, -3);
    bool twice = !lua_isnil(state, -1);
    lua_pop(state, 1);
    if (twice)
        return refuse(state, "invalid_value", "A parameter is given twice; send it once.",
                      buffer_slice(&name));
    lua_pushlstring(state, value.bytes > 0 ? value.data : "", value.bytes);
    lua_rawset(state, -3);
    return 0;
}

/* core.read_query(text) -> {name = value}, or nil, code, message, name */
static int api_read_query(lua_State *state)
{
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    const char *at = text.data, *end = text.data + text.bytes;
    lua_newtable(state);
    for (size_t count = 0; at < end;) {
        const char *and = memchr(at, '&', (size_t)(end - at));
        struct slice pair = {at, (size_t)((and != NULL ? and : end) - at)};
        at += pair.bytes + 1;
        if (pair.bytes == 0)
            continue;
        int refused = ++count > LIMIT_QUERY_PARAMETERS
                          ? refuse(state, "invalid_value", "The query has too many parameters.",
                                   (struct slice){NULL, 0})
                          : add_parameter(state, pair);
        if (refused > 0)
            return refused;
    }
    return 1;
}

/* ---- headers ---- */

/* core.read_cookie(header, name) -> the value of the first cookie of that name, or nil */
static int api_read_cookie(lua_State *state)
{
    struct slice text, name;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    name.data = luaL_checklstring(state, 2, &name.bytes);
    const char *at = text.data, *end = text.data + text.bytes;
    while (at < end) {
        const char *semicolon = memchr(at, ';', (size_t)(end - at));
        struct slice pair = {at, (size_t)((semicolon != NULL ? semicolon : end) - at)};
        at += pair.bytes + 1;
        pair = slice_trim(pair);
        if (pair.bytes <= name.bytes || memcmp(pair.data, name.data, name.bytes) != 0 ||
            pair.data[name.bytes] != '=')
            continue;
        lua_pushlstring(state, pair.data + name.bytes + 1, pair.bytes - name.bytes - 1);
        return 1;
    }
    return 0;
}

/* core.csv_with_comma(rows): the same for spreadsheets of languages that write 1,5 */
static int api_csv_with_comma(lua_State *state)
{
    size_t bytes;
    const char *rows = luaL_checklstring(state, 1, &bytes);
    struct buffer copy = buffer_in_state(state, bytes);
    buffer_append(&copy, rows, bytes);
    csv_use_comma(copy.data, copy.bytes);
    lua_pushlstring(state, copy.data, copy.bytes);
    return 1;
}

const struct luaL_Reg api_text_bindings[] = {
    {"is_common_password", api_is_common_password},
    {"normalise", api_normalise},
    {"read_amount", api_read_amount},
    {"csv_with_comma", api_csv_with_comma},
    {"read_cookie", api_read_cookie},
    {"read_members", api_read_members},
    {"read_query", api_read_query},
    {"read_string", api_read_string},
    {"read_strings", api_read_strings},
    {"unescape", api_unescape},
    {NULL, NULL},
};
