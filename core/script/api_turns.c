/* The primitives of what the gateway itself keeps of conversations (exchange/kept_turns.h). As in
 * api_exchange.c. */
#include <lauxlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/seal.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/kept_turns.h"
#include "exchange/turn_seal.h"
#include "script/bindings.h"
#include "script/integer.h"

enum { ITEMS_MAX = 100 }; /* of a page */

/* x:keeps_turns() -> whether this gateway does */
static int api_keeps_turns(lua_State *state)
{
    lua_pushboolean(state, kept_turns_are_on(task_exchange(state)));
    return 1;
}

/* x:find_turns(purpose) -> whether all that the request names was found; `purpose`: "bring",
 * "show" or "input" */
static int api_find_turns(lua_State *state)
{
    static const char *const purposes[] = {"bring", "show", "input",
                                           NULL}; /* as enum turns_purpose */
    struct exchange *exchange = task_exchange(state);
    enum turns_purpose purpose = (enum turns_purpose)luaL_checkoption(state, 2, NULL, purposes);
    if (!kept_turns_look(exchange, purpose))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_TURNS);
}

int api_turns_result(lua_State *state, const struct exchange *exchange)
{
    lua_pushboolean(state, kept_turns_found(exchange));
    return 1;
}

static struct exchange *check_found(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, kept_turns_have_looked(exchange) && kept_turns_found(exchange), 1,
                  "nothing was found");
    return exchange;
}

/* x:refuse_turns(): ends the task */
static int api_refuse_turns(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, kept_turns_have_looked(exchange), 1, "nothing was looked for");
    kept_turns_refuse(exchange);
    return task_stop(state);
}

/* x:bring_turns(): the request must be read again */
static int api_bring_turns(lua_State *state)
{
    if (!kept_turns_bring(check_found(state)))
        return task_stop(state);
    return 0;
}

/* x:reply_response(): ends the task */
static int api_reply_response(lua_State *state)
{
    kept_turns_reply_response(check_found(state));
    return task_stop(state);
}

/* x:reply_items(what, limit, after, ascending): ends the task */
static int api_reply_items(lua_State *state)
{
    static const char *const whats[] = {"all", "input", "last", NULL};
    struct exchange *exchange = check_found(state);
    int what = luaL_checkoption(state, 2, NULL, whats);
    const struct items_page page = {.limit = integer_check(state, 3, 1, ITEMS_MAX),
                                    .after = api_check_text(state, 4),
                                    .ascending = lua_toboolean(state, 5) != 0,
                                    .input_only = what == 1,
                                    .last_only = what == 2};
    kept_turns_reply_items(exchange, &page);
    return task_stop(state);
}

/* x:reply_item(id): ends the task; or returns, if there is no such item */
static int api_reply_item(lua_State *state)
{
    struct exchange *exchange = check_found(state);
    if (kept_turns_reply_item(exchange, api_check_text(state, 2)))
        return task_stop(state);
    return 0;
}

/* x:has_item(id) -> whether it is there */
static int api_has_item(lua_State *state)
{
    lua_pushboolean(state, kept_turns_have_item(check_found(state), api_check_text(state, 2)));
    return 1;
}

/* x:reply_conversation(id): ends the task */
static int api_reply_conversation(lua_State *state)
{
    kept_turns_reply_conversation(check_found(state), luaL_checkstring(state, 2));
    return task_stop(state);
}

/* Pushes what the operation turn.add takes. */
static int push_sealed(lua_State *state, const struct exchange *exchange, struct buffer *sealed)
{
    const struct turn_terms *terms = &exchange_shared(exchange)->turn_terms;
    lua_pushlstring(state, sealed->data, sealed->bytes);
    lua_pushnumber(state, (lua_Number)terms->keep_ms);
    lua_pushnumber(state, (lua_Number)terms->bytes_max);
    buffer_fini(sealed);
    return 3;
}

/* x:seal_turn() -> sealed, keep_ms, bytes_max: what the body adds to a conversation */
static int api_seal_turn(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct buffer sealed;
    buffer_init(&sealed, 2 * (size_t)LIMIT_KEPT_TURN_BYTES);
    if (turn_seal_body(exchange, &sealed))
        return push_sealed(state, exchange, &sealed);
    buffer_fini(&sealed);
    return task_stop(state);
}

/* x:open_turn(account_id, sealed) -> its text (dialect/kept_turn.h), or nil if another secret has
 * sealed it */
static int api_open_turn(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice account_id = api_check_text(state, 2);
    struct slice encoded = api_check_text(state, 3);
    struct buffer text;
    buffer_init(&text, LIMIT_KEPT_TURN_BYTES + 1);
    bool opened = seal_open_base64(exchange_shared(exchange)->secret, account_id, encoded, &text);
    if (opened)
        lua_pushlstring(state, text.data, text.bytes);
    buffer_wipe_fini(&text);
    return opened ? 1 : 0;
}

/* x:seal_removal(id) -> the same: the item is removed */
static int api_seal_removal(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct buffer sealed;
    buffer_init(&sealed, 2 * (size_t)LIMIT_KEPT_TURN_BYTES);
    turn_seal_removal(exchange, api_check_text(state, 2), &sealed);
    return push_sealed(state, exchange, &sealed);
}

const struct luaL_Reg api_turns_bindings[] = {
    {"bring_turns", api_bring_turns},
    {"find_turns", api_find_turns},
    {"has_item", api_has_item},
    {"keeps_turns", api_keeps_turns},
    {"open_turn", api_open_turn},
    {"refuse_turns", api_refuse_turns},
    {"reply_conversation", api_reply_conversation},
    {"reply_item", api_reply_item},
    {"reply_items", api_reply_items},
    {"reply_response", api_reply_response},
    {"seal_removal", api_seal_removal},
    {"seal_turn", api_seal_turn},
    {NULL, NULL},
};
