/* The primitives for payments: what is asked of the payment processor, whether its events are
 * signed, and alerts about them; and what is asked of the operator at a sign-up.
 * lua/annotations/core.lua describes them. */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/webhook_signature.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/processor.h"
#include "exchange/processor_call.h"
#include "script/bindings.h"
#include "script/integer.h"
#include "store/alerts.h"

static const struct processor *check_processor(lua_State *state, const struct exchange *exchange)
{
    const struct processor *processor = exchange_shared(exchange)->processor;
    if (processor->name == NULL)
        luaL_error(state, "there is no payment processor");
    return processor;
}

/* x:ask_processor(method, path, body, header, ...) -> status, body; nil and the reason */
static int api_ask_processor(lua_State *state)
{
    static const char *const methods[] = {"GET", "POST", NULL};
    struct exchange *exchange = task_exchange(state);
    struct processor_question question = {.method =
                                              methods[luaL_checkoption(state, 2, NULL, methods)],
                                          .path = luaL_checkstring(state, 3)};
    int headers = lua_gettop(state) - 4;
    check_processor(state, exchange);
    question.body.data = luaL_checklstring(state, 4, &question.body.bytes);
    luaL_argcheck(state, question.path[0] == '/' && strlen(question.path) < PROCESSOR_PATH_BYTES, 3,
                  "no path");
    luaL_argcheck(state, headers <= PROCESSOR_HEADERS, 5, "too many headers");
    for (int i = 0; i < headers; i++)
        question.headers[i] = luaL_checkstring(state, 5 + i);
    exchange_ask_processor(exchange, &question);
    return task_wait(state, TASK_WAITS_PROCESSOR);
}

/* x:ask_signed(url, ca_file, secret, body) -> as ask_processor */
static int api_ask_signed(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    char id_line[64], time_line[64], line[32 + WEBHOOK_SIGNATURE_BYTES];
    char value[WEBHOOK_SIGNATURE_BYTES];
    struct webhook_key key;
    struct id id;
    int64_t now_s = clock_wall_ms() / 1000;
    struct processor_question question = {.method = "POST",
                                          .path = "",
                                          .url = luaL_checkstring(state, 2),
                                          .ca_file = luaL_checkstring(state, 3)};
    question.body.data = luaL_checklstring(state, 5, &question.body.bytes);
    luaL_argcheck(state, webhook_key_parse(luaL_checkstring(state, 4), &key), 4, "no secret");
    id_make(&id, "msg");
    webhook_sign(&key, id.text, now_s, question.body, value);
    secret_wipe(&key, sizeof key);
    snprintf(id_line, sizeof id_line, "webhook-id: %s", id.text);
    snprintf(time_line, sizeof time_line, "webhook-timestamp: %" PRId64, now_s);
    snprintf(line, sizeof line, "webhook-signature: %s", value);
    question.headers[0] = "Content-Type: application/json";
    question.headers[1] = id_line;
    question.headers[2] = time_line;
    question.headers[3] = line;
    exchange_ask_processor(exchange, &question);
    return task_wait(state, TASK_WAITS_PROCESSOR);
}

int api_payments_result(lua_State *state, const struct exchange *exchange)
{
    int status = exchange_processor_status(exchange);
    struct slice body = exchange_processor_body(exchange);
    if (status > 0)
        lua_pushinteger(state, status);
    else
        lua_pushnil(state);
    lua_pushlstring(state, body.data != NULL ? body.data : "", body.bytes);
    return 2;
}

/* x:is_signed(prefix, hex): whether hex is the HMAC-SHA256 of prefix and the request's body */
static int api_is_signed(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice prefix, hex;
    prefix.data = luaL_checklstring(state, 2, &prefix.bytes);
    hex.data = luaL_checklstring(state, 3, &hex.bytes);
    lua_pushboolean(state, processor_signed(check_processor(state, exchange), prefix,
                                            exchange_body(exchange), hex));
    return 1;
}

/* x:alert(kind, subject, detail) */
static int api_alert(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    enum alert_kind kind;
    luaL_argcheck(state, alert_kind_of(luaL_checkstring(state, 2), &kind), 2, "no kind of alert");
    alerts_raise(exchange_shared(exchange)->alerts, kind, luaL_checkstring(state, 3),
                 luaL_checkstring(state, 4));
    return 0;
}

const struct luaL_Reg api_payments_bindings[] = {
    {"alert", api_alert},
    {"ask_processor", api_ask_processor},
    {"ask_signed", api_ask_signed},
    {"is_signed", api_is_signed},
    {NULL, NULL},
};
