/* The primitives of questions to providers that cost nothing, and of what providers keep. As in
 * api_exchange.c. */
#include <lauxlib.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/dialect.h"
#include "dialect/model_request.h"
#include "exchange/ask.h"
#include "exchange/asked_objects.h"
#include "exchange/candidate.h"
#include "exchange/exchange.h"
#include "exchange/meter.h"
#include "exchange/named_objects.h"
#include "exchange/rate_limits.h"
#include "script/bindings.h"
#include "script/compiled_plan.h"
#include "script/integer.h"

/* ---- what is asked of a provider for nothing ---- */

static int api_may_ask(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, !rate_limits_acquired(exchange), 1, "limits are counted once");
    lua_pushboolean(state, exchange_may_ask(exchange));
    return 1;
}

static enum dialect check_dialect(lua_State *state, int place)
{
    enum dialect dialect = DIALECT_CHAT;
    bool found = dialect_of_name(luaL_checkstring(state, place), &dialect);
    luaL_argcheck(state, found, place, "no such dialect");
    return dialect;
}

/* x:provider_speaks(candidate, dialect) -> whether it does; that of a mapped API speaks none */
static int api_provider_speaks(lua_State *state)
{
    const struct candidate *candidate = compiled_plan_candidate(state, 2);
    enum dialect dialect = check_dialect(state, 3);
    lua_pushboolean(state,
                    candidate->urls[dialect] != NULL && candidate->terms.map_path[0] == '\0');
    return 1;
}

/* x:ask(candidate, method, path, body, wait_ms, dialect) -> status; nil and the reason */
static int api_ask(lua_State *state)
{
    static const char *const methods[] = {"GET", "POST", "DELETE", NULL};
    static const char *const bodies[] = {"none", "sent", "renamed", "translated",
                                         NULL}; /* as enum ask_body */
    struct exchange *exchange = task_exchange(state);
    struct candidate *candidate = compiled_plan_candidate(state, 2);
    enum dialect own = exchange_model_request(exchange)->dialect;
    const struct ask_question question = {
        .method = methods[luaL_checkoption(state, 3, NULL, methods)],
        .path = luaL_checkstring(state, 4),
        .body = (enum ask_body)luaL_checkoption(state, 5, "none", bodies),
        .wait_ms = integer_check(state, 6, 1, LIMIT_ASK_MS),
        .dialect = lua_isnoneornil(state, 7) ? own : check_dialect(state, 7)};
    bool posts = strcmp(question.method, "POST") == 0;
    luaL_argcheck(state, ask_allows(question.path), 4, "no path below a provider's address");
    luaL_argcheck(state, posts || question.body == ASK_WITHOUT_BODY, 5, "only POST has a body");
    luaL_argcheck(state,
                  question.body == ASK_WITHOUT_BODY || question.body == ASK_BODY_AS_SENT ||
                      exchange_model_request(exchange)->model[0] != '\0',
                  5, "the request was not read");
    luaL_argcheck(state, question.body == ASK_BODY_TRANSLATED || question.dialect == own, 7,
                  "only a translated body is in another dialect");
    exchange_ask(exchange, candidate, &question);
    return task_wait(state, TASK_WAITS_ASK);
}

int api_asked_ask_result(lua_State *state, const struct exchange *exchange)
{
    int status = exchange_asked_status(exchange);
    if (status > 0) {
        lua_pushinteger(state, status);
        return 1;
    }
    lua_pushnil(state);
    lua_pushstring(state, exchange_asked_failure(exchange));
    return 2;
}

/* x:asked_number(name) -> a whole number at the top of the answer, or nil */
static int api_asked_number(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    int64_t number;
    if (!exchange_asked_number(exchange, name, &number) || number > INTEGER_MAX)
        return 0;
    lua_pushnumber(state, (lua_Number)number);
    return 1;
}

/* x:reply_asked(): ends the task */
static int api_reply_asked(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, exchange_has_asked(exchange), 1, "nothing was asked");
    exchange_reply_asked(exchange);
    return task_stop(state);
}

/* ---- what the request names of what its provider keeps ---- */

/* x:names_kept() -> nil, "loosely" or "strictly" */
static int api_names_kept(lua_State *state)
{
    static const char *const words[] = {
        [NAMES_NOTHING] = NULL, [NAMES_LOOSELY] = "loosely", [NAMES_STRICTLY] = "strictly"};
    lua_pushstring(state, words[named_objects_naming(task_exchange(state))]);
    return 1;
}

/* x:name_kept(kind, id) -> whether anything can have this id */
static int api_name_kept(lua_State *state)
{
    static const char *const kinds[] = {"response", "conversation", "item", NULL};
    struct exchange *exchange = task_exchange(state);
    enum kept_kind kind = (enum kept_kind)luaL_checkoption(state, 2, NULL, kinds);
    lua_pushboolean(state, named_objects_add(exchange, kind, luaL_checkstring(state, 3)));
    return 1;
}

/* x:read_items() */
static int api_read_items(lua_State *state)
{
    if (!named_objects_read_body(task_exchange(state)))
        return task_stop(state);
    return 0;
}

/* x:body_tokens() -> an estimate of a body that only adds to a conversation */
static int api_body_tokens(lua_State *state)
{
    struct slice body = exchange_body(task_exchange(state));
    lua_pushnumber(state, (lua_Number)meter_estimate((int64_t)body.bytes));
    return 1;
}

/* x:asked_objects(what) -> lines for the operation object.add */
static int api_asked_objects(lua_State *state)
{
    static const char *const whats[] = {"conversation", "items", NULL};
    const struct exchange *exchange = task_exchange(state);
    bool items = luaL_checkoption(state, 2, NULL, whats) == 1;
    struct buffer lines;
    buffer_init(&lines, LIMIT_MADE_OBJECTS * (LIMIT_OBJECT_ID_BYTES + 64));
    asked_objects_write(exchange, items, &lines);
    lua_pushlstring(state, lines.bytes > 0 ? lines.data : "", lines.bytes);
    buffer_fini(&lines);
    return 1;
}

/* x:find_named() -> provider, owned */
static int api_find_named(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    if (named_objects_have_looked(exchange))
        return api_asked_names_result(state, exchange);
    if (!named_objects_look(exchange))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_NAMES);
}

/* x:refuse_named(): ends the task */
static int api_refuse_named(lua_State *state)
{
    named_objects_refuse(task_exchange(state));
    return task_stop(state);
}

/* x:refuse_kept(): ends the task */
static int api_refuse_kept(lua_State *state)
{
    named_objects_refuse_kept(task_exchange(state));
    return task_stop(state);
}

int api_asked_names_result(lua_State *state, const struct exchange *exchange)
{
    lua_pushstring(state, named_objects_provider(exchange));
    lua_pushboolean(state, named_objects_owned(exchange));
    return 2;
}

const struct luaL_Reg api_asked_bindings[] = {
    {"ask", api_ask},
    {"asked_number", api_asked_number},
    {"asked_objects", api_asked_objects},
    {"body_tokens", api_body_tokens},
    {"find_named", api_find_named},
    {"may_ask", api_may_ask},
    {"name_kept", api_name_kept},
    {"names_kept", api_names_kept},
    {"read_items", api_read_items},
    {"refuse_kept", api_refuse_kept},
    {"refuse_named", api_refuse_named},
    {"reply_asked", api_reply_asked},
    {"provider_speaks", api_provider_speaks},
    {NULL, NULL},
};
