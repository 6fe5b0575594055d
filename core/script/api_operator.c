/* The primitives for the operator's pages: live metrics, and the policies in force.
 * lua/annotations/core.lua describes them. */
#include <lauxlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "dialect/dialect.h"
#include "exchange/balances.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/health.h"
#include "exchange/limit_queues.h"
#include "exchange/live_metrics.h"
#include "exchange/packed_reply.h"
#include "exchange/spending.h"
#include "exchange/survey.h"
#include "exchange/test_call.h"
#include "script/bindings.h"
#include "script/compiled_plan.h"
#include "script/doc_source.h"
#include "script/reload_status.h"
#include "script/replay_service.h"

enum { DOCUMENT_BYTES_MAX = 32 * 1024 };

/* A buffer on the stack: the next calls may raise, which would leak allocated memory. */
static struct buffer buffer_in(char *room)
{
    return (struct buffer){
        .data = room, .capacity_bytes = DOCUMENT_BYTES_MAX, .bytes_max = DOCUMENT_BYTES_MAX};
}

static int push_document(lua_State *state, const struct buffer *out)
{
    check(!out->failed);
    lua_pushlstring(state, out->data, out->bytes);
    return 1;
}

/* x:live() -> json */
static int api_live(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    const struct exchange_env *env = exchange_shared(exchange);
    live_metrics_render_live(env->metrics, env->store, limit_queues_waiting(env->limit_queues),
                             &out);
    return push_document(state, &out);
}

/* x:provider_state(name) -> json */
static int api_provider_state(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    live_metrics_render_provider(exchange_shared(exchange)->metrics, name, &out);
    return push_document(state, &out);
}

/* x:provider_health(name) -> json */
static int api_provider_health(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    health_render_provider(exchange_shared(exchange)->health, name, &out);
    return push_document(state, &out);
}

/* x:provider_spending(name, cap_nusd) -> json: {today, reserved, cap} */
static int api_provider_spending(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    int64_t cap_nusd = (int64_t)luaL_checknumber(state, 3);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    spending_render(exchange_shared(exchange)->spending, name, cap_nusd, clock_wall_ms(), &out);
    return push_document(state, &out);
}

/* x:provider_balance(name) -> json */
static int api_provider_balance(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    balances_render(exchange_shared(exchange)->balances, name, &out);
    return push_document(state, &out);
}

/* x:provider_contexts(name) -> json */
static int api_provider_contexts(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    survey_render(exchange_shared(exchange)->survey, name, &out);
    return push_document(state, &out);
}

static void push_tokens(lua_State *state, int64_t tokens)
{
    if (tokens > 0)
        lua_pushnumber(state, (lua_Number)tokens);
    else
        lua_pushnil(state);
}

/* x:learned_context(key) -> served?, trained? */
static int api_learned_context(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    struct context_lengths lengths;
    survey_get(exchange_shared(exchange)->survey, compiled_plan_context_key(state, 2), &lengths);
    push_tokens(state, lengths.served);
    push_tokens(state, lengths.trained);
    return 2;
}

/* x:test_call(id, model, dialect, body, candidate, need): begins it */
static int api_test_call(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    struct test_call_terms terms = {.model = luaL_checkstring(state, 3),
                                    .candidate = compiled_plan_candidate(state, 6)};
    const struct cost_ceiling *need = compiled_plan_ceiling(state, 7);
    terms.id.data = luaL_checklstring(state, 2, &terms.id.bytes);
    terms.body.data = luaL_checklstring(state, 5, &terms.body.bytes);
    luaL_argcheck(state, dialect_of_name(luaL_checkstring(state, 4), &terms.dialect), 4,
                  "no dialect");
    task_start_test(state, test_call_new(exchange_shared(exchange), &terms), need);
    return 0;
}

/* core.reload_status() -> json; upvalue 1 is the reload_status */
int api_reload_status(lua_State *state)
{
    struct reload_status *reload_status = lua_touserdata(state, lua_upvalueindex(1));
    char room[DOCUMENT_BYTES_MAX];
    struct buffer out = buffer_in(room);
    reload_status_render(reload_status, &out);
    return push_document(state, &out);
}

/* Copies the text at `index`; "" for nil. */
static void copy_text(lua_State *state, int index, char *out, size_t bytes)
{
    const char *text = luaL_optstring(state, index, "");
    luaL_argcheck(state, strlen(text) < bytes, index, "too long");
    slice_copy(slice_of(text), out, bytes);
}

/* x:reply_doc(path, reader): answers with the page of the documentation for this reader
 * ("operator", "customer", nil); returns when there is none; upvalue 1 is the doc_source. It goes
 * out here, because it is larger than what a VM should hold. */
int api_reply_doc(lua_State *state)
{
    static const char *const readers[] = {"nobody", "customer", "operator", NULL};
    const struct doc_source *source = lua_touserdata(state, lua_upvalueindex(1));
    struct exchange *exchange = task_exchange(state);
    struct doc_reply reply = {0};
    struct slice path;
    path.data = luaL_checklstring(state, 2, &path.bytes);
    enum doc_reader reader = (enum doc_reader)luaL_checkoption(state, 3, "nobody", readers);
    buffer_init(&reply.content, DOC_BYTES_MAX);
    bool found = source->read != NULL && source->read(source->arg, path, reader, &reply);
    if (found) {
        exchange_header(exchange, "Content-Security-Policy", reply.policy);
        exchange_header(exchange, "X-Frame-Options", "DENY");
        exchange_header(exchange, "Referrer-Policy", "same-origin");
        exchange_header(exchange, "Cache-Control", "private, no-cache");
        packed_reply_allow(exchange);
        exchange_reply(exchange, reply.status, reply.type, buffer_slice(&reply.content));
    }
    buffer_fini(&reply.content);
    return found ? task_stop(state) : 0;
}

/* x:reply_replay(from, to?, zone?): answers with the state of that replay, which it begins if
 * it must; upvalue 1 is the replay_service. The reply goes out here, because it is larger than
 * what a VM should hold. */
int api_reply_replay(lua_State *state)
{
    struct replay_service *service = lua_touserdata(state, lua_upvalueindex(1));
    struct exchange *exchange = task_exchange(state);
    struct replay_ask ask;
    struct buffer out;
    copy_text(state, 2, ask.from, sizeof ask.from);
    copy_text(state, 3, ask.to, sizeof ask.to);
    copy_text(state, 4, ask.zone, sizeof ask.zone);
    buffer_init(&out, REPLAY_ANSWER_BYTES_MAX + DOCUMENT_BYTES_MAX);
    if (replay_service_ask(service, &ask, &out)) {
        exchange_reply(exchange, 200, "application/json", buffer_slice(&out));
    } else {
        const struct answer_error error = {
            .status = 409,
            .code = "replay_running",
            .message = "Another replay is under way. Ask again when it has ended.",
            .final = true};
        exchange_refuse(exchange, &error);
    }
    buffer_fini(&out);
    return task_stop(state);
}

const struct luaL_Reg api_operator_bindings[] = {
    {"learned_context", api_learned_context},
    {"live", api_live},
    {"provider_contexts", api_provider_contexts},
    {"provider_health", api_provider_health},
    {"provider_spending", api_provider_spending},
    {"provider_balance", api_provider_balance},
    {"test_call", api_test_call},
    {"provider_state", api_provider_state},
    {NULL, NULL},
};
