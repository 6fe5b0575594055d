/* The C functions for our own Lua below lua/policy/. Each checks its arguments first and holds
 * nothing when it may raise. */
#include "script/policy_native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "dialect/paid_features.h"
#include "script/account_handle.h"
#include "script/compiled_plan.h"
#include "script/integer.h"
#include "script/policy_bindings.h"
#include "script/policy_source.h"
#include "script/policy_times.h"
#include "script/priced_call.h"
#include "script/sandbox.h"

enum { PATH_STEPS_MAX = 8 };

/* nearest(name, table): the key of the table most similar to `name`, or nil. */
static int native_nearest(lua_State *state)
{
    const char *name = luaL_checkstring(state, 1);
    luaL_checktype(state, 2, LUA_TTABLE);
    policy_bindings_push_nearest(state, 2, name);
    return 1;
}

/* ---- files ---- */

static const struct policy_file *check_file(lua_State *state, int index)
{
    const char *name = luaL_checkstring(state, index);
    const struct policy_files *files = policy_load_of(state)->files;
    for (size_t i = 0; files != NULL && i < POLICY_FILE_COUNT; i++)
        if (strcmp(policy_files_get(files, i)->name, name) == 0)
            return policy_files_get(files, i);
    luaL_error(state, "there is no policy file '%s'", name);
    return NULL;
}

/* exists(file): whether the folder has it. */
static int native_exists(lua_State *state)
{
    lua_pushboolean(state, check_file(state, 1)->text.data != NULL);
    return 1;
}

/* sell_with(function): what the word sell(name, overrides) does. */
static int native_sell_with(lua_State *state)
{
    luaL_checktype(state, 1, LUA_TFUNCTION);
    lua_settop(state, 1);
    policy_bindings_sell_with(state);
    return 0;
}

/* load(file): compiles the file's text to a function; raises the compiler's error. */
static int native_load(lua_State *state)
{
    const struct policy_file *file = check_file(state, 1);
    policy_load_of(state)->file = file->name;
    sandbox_load(state, file->text, file->name);
    return 1;
}

/* end_load(): all files are loaded; from now on the request-time words are in force. */
static int native_end_load(lua_State *state)
{
    policy_load_of(state)->loading = false;
    sandbox_end_load(state);
    return 0;
}

/* Reads a Lua array of names and numbers; its strings stay alive in the table. */
static size_t check_path(lua_State *state, int index, struct policy_step path[PATH_STEPS_MAX])
{
    luaL_checktype(state, index, LUA_TTABLE);
    size_t count = lua_objlen(state, index);
    if (count > PATH_STEPS_MAX)
        count = PATH_STEPS_MAX;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, index, (int)i + 1);
        path[i] = (struct policy_step){0};
        int64_t place = 0;
        if (lua_type(state, -1) != LUA_TNUMBER)
            path[i].name = policy_check_slice(state, lua_gettop(state));
        else if (integer_read(lua_tonumber(state, -1), &place))
            path[i].index = (long)place; /* else 0, which is no list index */
        lua_pop(state, 1);
    }
    return count;
}

/* line(file, path): the line of the value at the path, or nil. */
static int native_line(lua_State *state)
{
    const struct policy_file *file = check_file(state, 1);
    struct policy_step path[PATH_STEPS_MAX];
    size_t count = check_path(state, 2, path);
    int line = policy_source_line(file->text, path, count);
    if (line == 0)
        return 0;
    lua_pushinteger(state, line);
    return 1;
}

/* env_name(file, path): "NAME" if the value at the path is written as env("NAME"), else nil. */
static int native_env_name(lua_State *state)
{
    const struct policy_file *file = check_file(state, 1);
    struct policy_step path[PATH_STEPS_MAX];
    size_t count = check_path(state, 2, path);
    struct slice name = policy_source_env_name(file->text, path, count);
    if (name.bytes == 0)
        return 0;
    lua_pushlstring(state, name.data, name.bytes);
    return 1;
}

/* holds(file, text): whether the text stands in the file. */
static int native_holds(lua_State *state)
{
    const struct policy_file *file = check_file(state, 1);
    struct slice text = policy_check_slice(state, 2);
    const void *found = memmem(file->text.data, file->text.bytes, text.data, text.bytes);
    lua_pushboolean(state, found != NULL);
    return 1;
}

/* duplicate(file): name, first line and second line of a member that is there twice, or nil. */
static int native_duplicate(lua_State *state)
{
    const struct policy_file *file = check_file(state, 1);
    struct policy_duplicate duplicate;
    if (!policy_source_duplicate(file->text, &duplicate))
        return 0;
    lua_pushlstring(state, duplicate.name.data, duplicate.name.bytes);
    lua_pushinteger(state, duplicate.first_line);
    lua_pushinteger(state, duplicate.second_line);
    return 3;
}

/* ---- money ---- */

/* The decimal text of a string or number. A number is written with the 14 digits that a double
 * surely holds: 0.15 is "0.15". A number with an exponent is refused, except a small one with a
 * short decimal: 0.00005. */
static struct slice check_decimal(lua_State *state, int index, char out[32])
{
    if (lua_type(state, index) != LUA_TNUMBER)
        return policy_check_slice(state, index);
    double number = lua_tonumber(state, index);
    snprintf(out, 32, "%.14g", number);
    if (strstr(out, "e-") != NULL) {
        snprintf(out, 32, "%.14f", number);
        size_t bytes = strlen(out);
        while (out[bytes - 1] == '0')
            out[--bytes] = '\0';
        if (strtod(out, NULL) != number)
            snprintf(out, 32, "%.14g", number);
    }
    return slice_of(out);
}

static int64_t check_integer(lua_State *state, int index)
{
    return integer_check(state, index, 0, INTEGER_MAX);
}

static int push_result(lua_State *state, bool done, int64_t number, const struct fault *fault)
{
    if (done && number <= INTEGER_MAX) {
        lua_pushnumber(state, (double)number);
        return 1;
    }
    lua_pushnil(state);
    lua_pushstring(state, done ? "is too large" : fault->message);
    return 2;
}

/* Parses the text or number at 1; gives the result, or nil and why. */
static int push_parsed(lua_State *state,
                       bool (*parse)(struct slice text, int64_t *out, struct fault *fault))
{
    char text[32];
    struct fault fault;
    int64_t result = 0;
    bool done = parse(check_decimal(state, 1, text), &result, &fault);
    return push_result(state, done, result, &fault);
}

/* price(text or number): USD per million tokens -> pico-USD per token, or nil and why. */
static int native_price(lua_State *state)
{
    return push_parsed(state, money_parse_price);
}

/* single_price(text or number): USD for one -> pico-USD, or nil and why. */
static int native_single_price(lua_State *state)
{
    return push_parsed(state, money_parse_single_price);
}

/* amount(text or number): USD -> nano-USD, or nil and why. */
static int native_amount(lua_State *state)
{
    return push_parsed(state, money_parse);
}

/* margin(text): "20%" -> parts per million, or nil and why. */
static int native_margin(lua_State *state)
{
    struct fault fault;
    int64_t ppm = 0;
    bool done = money_parse_margin(policy_check_slice(state, 1), &ppm, &fault);
    return push_result(state, done, ppm, &fault);
}

/* units(): the list of all, each {name, fallback or nil, single, prompt (a part of it)}. */
static int native_units(lua_State *state)
{
    lua_createtable(state, UNIT_COUNT, 0);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        lua_newtable(state);
        lua_pushstring(state, unit_name(unit));
        lua_setfield(state, -2, "name");
        if (unit_fallback(unit) != UNIT_COUNT) {
            lua_pushstring(state, unit_name(unit_fallback(unit)));
            lua_setfield(state, -2, "fallback");
        }
        lua_pushboolean(state, !unit_is_token(unit));
        lua_setfield(state, -2, "single");
        lua_pushboolean(state, unit_side(unit) == UNIT_SIDE_PROMPT);
        lua_setfield(state, -2, "prompt");
        lua_rawseti(state, -2, (int)unit + 1);
    }
    return 1;
}

/* charge(prices, counts, margin_ppm): nano-USD, or nil and why. Both tables are by unit; what is
 * absent is 0. */
static int native_charge(lua_State *state)
{
    struct unit_prices prices;
    struct unit_counts counts;
    struct fault fault;
    int64_t nusd = 0;
    compiled_plan_read_units(state, 1, prices.of);
    compiled_plan_read_units(state, 2, counts.of);
    bool done = money_charge(&prices, &counts, check_integer(state, 3), &nusd);
    (void)fault_set(&fault, "invalid_amount", "is too large");
    return push_result(state, done, nusd, &fault);
}

/* times(pusd, factor_ppm): a price times a factor. */
static int native_times(lua_State *state)
{
    int64_t pusd = integer_check(state, 1, 0, MONEY_PRICE_MAX_PUSD);
    lua_pushnumber(state,
                   (double)money_times(pusd, integer_check(state, 2, 0, MONEY_MARGIN_MAX_PPM)));
    return 1;
}

/* raise_alike(before, now, plain, price): the price of a part whose whole became dearer. */
static int native_raise_alike(lua_State *state)
{
    int64_t price_pusd = integer_check(state, 4, 0, MONEY_PRICE_MAX_PUSD);
    money_raise_alike(integer_check(state, 1, 0, MONEY_PRICE_MAX_PUSD),
                      integer_check(state, 2, 0, MONEY_PRICE_MAX_PUSD),
                      integer_check(state, 3, 0, MONEY_PRICE_MAX_PUSD), &price_pusd);
    lua_pushnumber(state, (double)price_pusd);
    return 1;
}

static enum unit check_unit(lua_State *state, int index)
{
    struct slice name = policy_check_slice(state, index);
    enum unit unit = unit_of_name(name.data, name.bytes);
    luaL_argcheck(state, unit != UNIT_COUNT, index, "no unit");
    return unit;
}

/* format_amount(nusd): "0.00054". */
static int native_format_amount(lua_State *state)
{
    char text[MONEY_TEXT_BYTES];
    lua_pushstring(state, money_format_short(check_integer(state, 1), text));
    return 1;
}

static int64_t check_price(lua_State *state, int index)
{
    int64_t pusd = check_integer(state, index);
    luaL_argcheck(state, pusd <= MONEY_PRICE_MAX_PUSD, index, "too large");
    return pusd;
}

static int64_t check_margin(lua_State *state, int index)
{
    int64_t ppm = check_integer(state, index);
    luaL_argcheck(state, ppm <= MONEY_MARGIN_MAX_PPM, index, "too large");
    return ppm;
}

/* format_price(unit, pusd): USD per million tokens, or for one. */
static int native_format_price(lua_State *state)
{
    char text[48];
    enum unit unit = check_unit(state, 1);
    lua_pushstring(state, money_format_sell_price(unit, check_price(state, 2), 0, text));
    return 1;
}

/* token_price(pusd, margin_ppm): the exact sell price of one in USD. */
static int native_token_price(lua_State *state)
{
    char text[48];
    int64_t pusd = check_price(state, 1);
    lua_pushstring(state, money_format_token_price(pusd, check_margin(state, 2), text));
    return 1;
}

/* sell_price(unit, pusd, margin_ppm): the exact sell price of a million tokens in USD, or of
 * one. */
static int native_sell_price(lua_State *state)
{
    char text[48];
    enum unit unit = check_unit(state, 1);
    int64_t pusd = check_price(state, 2);
    lua_pushstring(state, money_format_sell_price(unit, pusd, check_margin(state, 3), text));
    return 1;
}

/* set_now(ms): what now() says from here on; for calls that were made before. */
static int native_set_now(lua_State *state)
{
    policy_load_of(state)->now_ms = check_integer(state, 1);
    return 0;
}

/* word_names(): every word that a policy may use. */
static int native_word_names(lua_State *state)
{
    sandbox_push_word_names(state);
    return 1;
}

/* paid_features(): the names that a model's entry may sell, as a set; "tools.*" stands for all
 * names that begin with "tools.". */
static int native_paid_features(lua_State *state)
{
    const char *name;
    lua_newtable(state);
    for (size_t i = 0; (name = paid_features_known(i)) != NULL; i++) {
        lua_pushfstring(state, name[strlen(name) - 1] == '.' ? "%s*" : "%s", name);
        lua_pushboolean(state, true);
        lua_rawset(state, -3);
    }
    return 1;
}

/* share(whole, part, of) -> floor(whole * part / of), exact */
static int native_share(lua_State *state)
{
    int64_t whole = integer_check(state, 1, 0, INTEGER_MAX);
    int64_t part = integer_check(state, 2, 0, INTEGER_MAX);
    int64_t of = integer_check(state, 3, 1, INTEGER_MAX);
    __int128 share = (__int128)whole * part / of;
    luaL_argcheck(state, share <= INTEGER_MAX, 2, "too large");
    lua_pushnumber(state, (lua_Number)share);
    return 1;
}

static const luaL_Reg native_functions[] = {
    {"amount", native_amount},
    {"charge", native_charge},
    {"duplicate", native_duplicate},
    {"end_load", native_end_load},
    {"env_name", native_env_name},
    {"exists", native_exists},
    {"holds", native_holds},
    {"share", native_share},
    {"format_amount", native_format_amount},
    {"format_price", native_format_price},
    {"line", native_line},
    {"load", native_load},
    {"margin", native_margin},
    {"nearest", native_nearest},
    {"paid_features", native_paid_features},
    {"price", native_price},
    {"sell_price", native_sell_price},
    {"sell_with", native_sell_with},
    {"service_account", account_handle_new},
    {"set_now", native_set_now},
    {"single_price", native_single_price},
    {"times", native_times},
    {"raise_alike", native_raise_alike},
    {"token_price", native_token_price},
    {"units", native_units},
    {"word_names", native_word_names},
    {NULL, NULL},
};

void policy_native_push(lua_State *state, struct policy_load *load)
{
    lua_newtable(state);
    for (const luaL_Reg *function = native_functions; function->name != NULL; function++) {
        lua_pushlightuserdata(state, load);
        lua_pushcclosure(state, function->func, 1);
        lua_setfield(state, -2, function->name);
    }
    luaL_register(state, NULL, compiled_plan_functions);
    luaL_register(state, NULL, policy_times_functions);
    luaL_register(state, NULL, priced_call_functions);
}
