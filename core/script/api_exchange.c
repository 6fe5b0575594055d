/* The primitives of a call to a model. Each checks and converts its arguments before it acquires
 * anything (a Lua error jumps over C), calls one function of the exchange floor, and converts the
 * result. lua/annotations/core.lua says what they mean to Lua. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/dialect.h"
#include "exchange/candidate.h"
#include "exchange/choice.h"
#include "exchange/download.h"
#include "exchange/estimate.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/form_intake.h"
#include "exchange/health.h"
#include "exchange/idempotency.h"
#include "exchange/limit_wait.h"
#include "exchange/meter.h"
#include "exchange/packed_reply.h"
#include "exchange/password.h"
#include "exchange/trace.h"
#include "net/server/server.h"
#include "script/bindings.h"
#include "script/compiled_plan.h"
#include "script/integer.h"
#include "store/call.h"

enum { DOCUMENT_BYTES_MAX = 64 * 1024, STATUS_MIN = 200, STATUS_MAX = 599 };

static int push_key(lua_State *state, const struct caller *key)
{
    lua_pushstring(state, key->group);
    lua_pushstring(state, key->models != NULL ? key->models : "");
    return 2;
}

/* x:caller() -> key_id, account_id, user_id */
static int api_caller(lua_State *state)
{
    const struct caller *key = exchange_key(task_exchange(state));
    lua_pushstring(state, key->key_id.text);
    lua_pushstring(state, key->account_id.text);
    lua_pushstring(state, key->user_id.text);
    return 3;
}

/* x:authenticate() -> group, models */
static int api_authenticate(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    if (!exchange_authenticate(exchange))
        return task_stop(state);
    return push_key(state, exchange_key(exchange));
}

/* x:authenticate_as(digest, user_id) -> group, models */
static int api_authenticate_as(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *user_id = luaL_checkstring(state, 3);
    struct digest digest;
    luaL_argcheck(state, digest_parse(luaL_checkstring(state, 2), &digest), 2, "no digest");
    if (!exchange_authenticate_as(exchange, &digest, user_id))
        return task_stop(state);
    return push_key(state, exchange_key(exchange));
}

/* x:speaks(dialect) */
static int api_speaks(lua_State *state)
{
    enum dialect dialect;
    luaL_argcheck(state, dialect_of_name(luaL_checkstring(state, 2), &dialect), 2, "no dialect");
    exchange_speak(task_exchange(state), dialect);
    return 0;
}

/* x:means(model) */
static int api_means(lua_State *state)
{
    exchange_mean(task_exchange(state), luaL_checkstring(state, 2));
    return 0;
}

static int push_request(lua_State *state, const struct exchange *exchange)
{
    const struct model_request *asks = exchange_model_request(exchange);
    lua_pushstring(state, asks->model);
    lua_pushboolean(state, asks->streamed);
    if (asks->output_tokens > 0)
        lua_pushnumber(state, (lua_Number)asks->output_tokens);
    else
        lua_pushnil(state);
    lua_pushnumber(state, (lua_Number)meter_estimate(asks->prompt.text_bytes));
    const struct json_value *wishes = &asks->members[REQUEST_PROVIDER];
    const struct json_value *models = &asks->members[REQUEST_MODELS];
    bool wished = wishes->raw.data != NULL && wishes->type != JSON_NULL;
    bool several = models->raw.data != NULL && models->type != JSON_NULL;
    if (!wished && !several)
        return 4;
    lua_pushlstring(state, wished ? wishes->raw.data : "", wished ? wishes->raw.bytes : 0);
    if (!several)
        return 5;
    lua_pushlstring(state, models->raw.data, models->raw.bytes);
    return 6;
}

/* x:read_request(purpose, model, streamed, as_array) -> model, stream, output_tokens, input_tokens,
 * wishes, models. `purpose`: "call", "estimate", "count" or "compact". The others are of a dialect
 * that has them in its address. */
static int api_read_request(lua_State *state)
{
    static const char *const purposes[] = {"call", "estimate", "count", "compact", NULL};
    enum { CALL, ESTIMATE, COUNT, COMPACT };
    struct exchange *exchange = task_exchange(state);
    int purpose = luaL_checkoption(state, 2, "call", purposes);
    struct request_address address = {.streamed = lua_toboolean(state, 4),
                                      .as_array = lua_toboolean(state, 5),
                                      .counted = purpose == COUNT,
                                      .compacted = purpose == COMPACT};
    address.model.data = luaL_optlstring(state, 3, "", &address.model.bytes);
    bool asks_model = purpose == CALL || purpose == COMPACT;
    if (form_intake_waits(exchange))
        return task_wait(state, TASK_WAITS_FORM);
    if (!exchange_read_request(exchange, &address, asks_model))
        return task_stop(state);
    return push_request(state, exchange);
}

/* x:count_input(ceiling) -> tokens: an estimate of the input */
static int api_count_input(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    int64_t tokens = estimate_input(exchange, compiled_plan_ceiling(state, 2));
    lua_pushnumber(state, (lua_Number)tokens);
    return 1;
}

/* x:hold(ceiling, ...): the dearest of them */
static int api_hold(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const struct cost_ceiling *offered[LIMIT_ASKED_MODELS];
    int count = lua_gettop(state) - 1;
    luaL_argcheck(state, count >= 1 && count <= LIMIT_ASKED_MODELS, 2, "no ceiling, or too many");
    for (int i = 0; i < count; i++)
        offered[i] = compiled_plan_ceiling(state, i + 2);
    enum hold_step step = exchange_hold(exchange, offered, (size_t)count);
    if (step == HOLD_REFUSED)
        return task_stop(state);
    return step == HOLD_WAITS ? task_wait(state, TASK_WAITS_HOLD) : 0;
}

/* x:turn_to(model, ceiling): it is asked from now on, within what is held */
static int api_turn_to(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *model = luaL_checkstring(state, 2);
    if (!exchange_turn_to(exchange, model, compiled_plan_ceiling(state, 3)))
        return task_stop(state);
    return 0;
}

/* x:estimate(ceiling, limits) -> JSON */
static int api_estimate(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const struct cost_ceiling *ceiling = compiled_plan_ceiling(state, 2);
    const struct limit_rules *limits = compiled_plan_limits(state, 3);
    char json[ESTIMATE_BYTES];
    if (!estimate_make(exchange, ceiling, limits, json))
        return task_stop(state);
    lua_pushstring(state, json);
    return 1;
}

size_t api_exchange_candidates(lua_State *state, int index,
                               struct candidate *candidates[LIMIT_ROUTE])
{
    luaL_checktype(state, index, LUA_TTABLE);
    size_t count = lua_objlen(state, index);
    luaL_argcheck(state, count <= LIMIT_ROUTE, index, "too many candidates");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, index, (int)i + 1);
        candidates[i] = compiled_plan_candidate(state, lua_gettop(state));
        lua_pop(state, 1);
    }
    return count;
}

/* x:choose(candidates, sort, wait_ms) -> the place of the next one to attempt, or nil */
static int api_choose(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct candidate *candidates[LIMIT_ROUTE];
    enum route_sort sort = (enum route_sort)integer_check(state, 3, 0, ROUTE_BY_THROUGHPUT);
    if (!lua_isnoneornil(state, 4))
        limit_wait_allow(exchange, integer_check(state, 4, 0, INTEGER_MAX));
    size_t count = api_exchange_candidates(state, 2, candidates);
    int place = exchange_choose(exchange, candidates, count, sort);
    if (place < 0)
        return 0;
    lua_pushinteger(state, place + 1);
    return 1;
}

/* x:wait_for_limit(calls) -> whether it may choose again */
static int api_wait_for_limit(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    size_t most = (size_t)integer_check(state, 2, 0, INTEGER_MAX);
    if (limit_wait_begin(exchange, most))
        return task_wait(state, TASK_WAITS_TURN);
    lua_pushboolean(state, false);
    return 1;
}

/* x:figures(candidate) -> latency_ms, tokens a second, share of calls that did not fail */
static int api_figures(lua_State *state)
{
    const struct candidate *candidate = compiled_plan_candidate(state, 2);
    struct health *health = exchange_shared(task_exchange(state))->health;
    int64_t now_ms = health_now_ms();
    struct health_figures figures = health_figures_of(health, &candidate->health, now_ms);
    lua_pushnumber(state, (lua_Number)figures.latency_us / 1000);
    lua_pushnumber(state, figures.token_us > 0 ? 1e9 / (lua_Number)figures.token_us : 0);
    lua_pushnumber(state, (lua_Number)health_success_ppm(health, &candidate->health, now_ms) / 1e6);
    return 3;
}

/* x:attempt(candidate, repeats, shares) -> nil, or why there is no answer, and whether there may be
 * one */
static int api_attempt(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const struct attempt_wishes wishes = {.repeats = lua_toboolean(state, 3),
                                          .shares = lua_toboolean(state, 4)};
    if (!exchange_attempt(exchange, compiled_plan_candidate(state, 2), &wishes))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_ATTEMPT);
}

static int api_refuse_attempt(lua_State *state)
{
    exchange_refuse_attempt(task_exchange(state));
    return task_stop(state);
}

static int api_relay(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    if (!exchange_relay(exchange) || exchange_is_over(exchange))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_RELAY);
}

/* ---- retries ---- */

static int push_claim(lua_State *state, const struct exchange *exchange)
{
    const struct claim *claim = idempotency_claimed(exchange);
    lua_pushboolean(state, idempotency_is_fresh(exchange));
    if (claim == NULL)
        return 1;
    lua_pushstring(state, claim->key);
    lua_pushstring(state, claim->digest);
    lua_pushstring(state, exchange_id(exchange)->text);
    return 4;
}

/* x:claim(what, account_id) -> fresh, key, digest, request_id. Without account_id: the API key's
 * account. */
static int api_claim(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct id account_id = exchange_key(exchange)->account_id;
    const char *what = luaL_checkstring(state, 2);
    const char *account = luaL_optstring(state, 3, NULL);
    if (account != NULL && !id_parse(slice_of(account), "acct", &account_id))
        return luaL_argerror(state, 3, "no account");
    if (!idempotency_claim(exchange, &account_id, what))
        return task_stop(state);
    if (idempotency_claimed(exchange) == NULL)
        return push_claim(state, exchange);
    return task_wait(state, TASK_WAITS_CLAIM);
}

/* x:answer_again(): ends the task */
static int api_answer_again(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, !idempotency_is_fresh(exchange), 1, "nobody has answered this yet");
    idempotency_answer(exchange);
    return task_stop(state);
}

/* ---- what is asked, what is answered ---- */

/* NULL when the client has left: its head is gone too. */
static const struct http_request *asked_request(lua_State *state)
{
    const struct http_request *request = exchange_request(task_exchange(state));
    if (request == NULL)
        luaL_error(state, "the client has left");
    return request;
}

/* x:asked() -> method, path, query, traced */
static int api_asked(lua_State *state)
{
    const struct http_head *head = &asked_request(state)->head;
    lua_pushlstring(state, head->method_text.data, head->method_text.bytes);
    lua_pushlstring(state, head->path.data, head->path.bytes);
    lua_pushlstring(state, head->query.bytes > 0 ? head->query.data : "", head->query.bytes);
    lua_pushboolean(state, trace_id(task_exchange(state)) != NULL);
    return 4;
}

/* x:note_route(pattern) */
static int api_note_route(lua_State *state)
{
    trace_note_route(task_exchange(state), luaL_checkstring(state, 2));
    return 0;
}

/* x:asked_header(name) -> value or nil. Cookies may be as long as the head. */
static int api_asked_header(lua_State *state)
{
    const struct http_head *head = &asked_request(state)->head;
    const char *name = luaL_checkstring(state, 2);
    const struct slice *value = head_header(head, name);
    if (value == NULL)
        return 0;
    if (value->bytes > LIMIT_HEADER_TEXT_BYTES && strcmp(name, "cookie") != 0) {
        const struct answer_error error = {.status = 431,
                                           .code = "request_too_large",
                                           .message = "A header is too long.",
                                           .param = name};
        exchange_refuse(task_exchange(state), &error);
        return task_stop(state);
    }
    lua_pushlstring(state, value->data, value->bytes);
    return 1;
}

/* x:peer() -> the client's address, whether it uses https */
static int api_peer(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    lua_pushstring(state, exchange_peer_address(exchange));
    lua_pushboolean(state, asked_request(state)->secure);
    return 2;
}

/* x:body(bytes_max?) */
static int api_body(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice body = exchange_body(exchange);
    size_t bytes_max = (size_t)luaL_optinteger(state, 2, DOCUMENT_BYTES_MAX);
    char message[64];
    if (body.bytes > bytes_max) {
        const struct answer_error error = {
            .status = 413, .code = "request_too_large", .message = message};
        snprintf(message, sizeof message, "The body may have at most %zu KB here.",
                 bytes_max / 1024);
        exchange_refuse(exchange, &error);
        return task_stop(state);
    }
    lua_pushlstring(state, body.bytes > 0 ? body.data : "", body.bytes);
    return 1;
}

/* x:header(name, value): adds a header to the reply */
static int api_header(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    const char *value = luaL_checkstring(state, 3);
    luaL_argcheck(state, name[0] && strpbrk(name, "\r\n: ") == NULL, 2, "no name of a header");
    luaL_argcheck(state, strpbrk(value, "\r\n") == NULL, 3, "a line break in a header");
    exchange_header(exchange, name, value);
    return 0;
}

/* x:may_pack(): the coming reply holds no secret and may be sent with gzip */
static int api_may_pack(lua_State *state)
{
    packed_reply_allow(task_exchange(state));
    return 0;
}

/* x:reply(status, body, content_type): ends the task */
static int api_reply(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    int status = (int)integer_check(state, 2, STATUS_MIN, STATUS_MAX);
    size_t bytes;
    const char *body = luaL_optlstring(state, 3, "", &bytes);
    const char *type = luaL_optstring(state, 4, bytes > 0 ? "application/json" : NULL);
    exchange_reply(exchange, status, type, (struct slice){body, bytes});
    return task_stop(state);
}

/* x:download(content_type): begins a reply in pieces */
static int api_download(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *type = luaL_checkstring(state, 2);
    luaL_argcheck(state, !exchange_has_begun_reply(exchange), 1, "a reply has begun");
    download_begin(exchange, type);
    return 0;
}

/* x:write(text): one piece */
static int api_write(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice text;
    text.data = luaL_checklstring(state, 2, &text.bytes);
    luaL_argcheck(state, download_is_open(exchange), 1, "no download has begun");
    return download_write(exchange, text) ? task_wait(state, TASK_WAITS_CLIENT) : 0;
}

/* x:finish(): ends the reply in pieces, and the task */
static int api_finish(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, download_is_open(exchange), 1, "no download has begun");
    download_end(exchange);
    return task_stop(state);
}

/* x:refuse(status, code, message, param, metadata, retry_after_ms): ends the task */
static int api_refuse(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const struct answer_error error = {
        .status = (int)integer_check(state, 2, STATUS_MIN, STATUS_MAX),
        .code = luaL_checkstring(state, 3),
        .message = luaL_checkstring(state, 4),
        .param = luaL_optstring(state, 5, NULL),
        .metadata = luaL_optstring(state, 6, NULL),
        .retry_after_ms = lua_isnoneornil(state, 7) ? 0 : integer_check(state, 7, 0, INTEGER_MAX),
        .final = lua_toboolean(state, 8)};
    exchange_refuse(exchange, &error);
    return task_stop(state);
}

/* x:fail(message): a rule of the operator has failed. The client gets a 500; only the log gets the
 * message. Ends the task. */
static int api_fail(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *message = luaL_checkstring(state, 2);
    exchange_task_failed(exchange, "policy_error", message);
    return task_stop(state);
}

bool api_exchange_has_results(const struct exchange *exchange, enum task_wait what)
{
    bool answered = what == TASK_WAITS_ATTEMPT && exchange_has_answer(exchange);
    return what != TASK_WAITS_RELAY && what != TASK_WAITS_HOLD && !answered;
}

/* -> ok, result or code, message */
static int push_call_result(lua_State *state, struct exchange *exchange)
{
    const struct store_call *call = exchange_call_result(exchange);
    lua_pushboolean(state, call->ok);
    if (call->ok)
        lua_pushlstring(state, call->result.bytes > 0 ? call->result.data : "", call->result.bytes);
    else
        lua_pushstring(state, call->fault.code);
    lua_pushstring(state, call->ok ? "" : call->fault.message);
    exchange_call_fini(exchange);
    return 3;
}

/* -> ok, hash, dropped */
static int push_password_result(lua_State *state, struct exchange *exchange)
{
    const struct password_job *job = exchange_password_result(exchange);
    lua_pushboolean(state, job->ok);
    lua_pushstring(state, job->hash);
    lua_pushboolean(state, job->fair.dropped);
    exchange_password_fini(exchange);
    return 3;
}

int api_exchange_results(lua_State *state, struct exchange *exchange, enum task_wait what)
{
    switch (what) {
    case TASK_WAITS_FORM:
        return push_request(state, exchange);
    case TASK_WAITS_ASK:
        return api_asked_ask_result(state, exchange);
    case TASK_WAITS_ATTEMPT:
        lua_pushstring(state, exchange_attempt_cause(exchange));
        lua_pushboolean(state, exchange_attempt_is_unknown(exchange));
        return 2;
    case TASK_WAITS_CALL:
        return push_call_result(state, exchange);
    case TASK_WAITS_PASSWORD:
        return push_password_result(state, exchange);
    case TASK_WAITS_PROCESSOR:
        return api_payments_result(state, exchange);
    case TASK_WAITS_CLAIM:
        return push_claim(state, exchange);
    case TASK_WAITS_NAMES:
        return api_asked_names_result(state, exchange);
    case TASK_WAITS_TURN:
        lua_pushboolean(state, limit_wait_is_over(exchange));
        return 1;
    case TASK_WAITS_TURNS:
        return api_turns_result(state, exchange);
    case TASK_WAITS_CLIENT:
    case TASK_WAITS_HOLD:
    case TASK_WAITS_QUOTAS:
    case TASK_WAITS_RELAY:
    case TASK_WAITS_TIME:
    case TASK_RUNS:
        return 0;
    }
    return 0;
}

const struct luaL_Reg api_exchange_bindings[] = {
    {"answer_again", api_answer_again},
    {"asked", api_asked},
    {"asked_header", api_asked_header},
    {"note_route", api_note_route},
    {"attempt", api_attempt},
    {"authenticate", api_authenticate},
    {"authenticate_as", api_authenticate_as},
    {"caller", api_caller},
    {"body", api_body},
    {"choose", api_choose},
    {"wait_for_limit", api_wait_for_limit},
    {"figures", api_figures},
    {"claim", api_claim},
    {"count_input", api_count_input},
    {"download", api_download},
    {"estimate", api_estimate},
    {"fail", api_fail},
    {"finish", api_finish},
    {"header", api_header},
    {"hold", api_hold},
    {"turn_to", api_turn_to},
    {"means", api_means},
    {"peer", api_peer},
    {"speaks", api_speaks},
    {"read_request", api_read_request},
    {"refuse", api_refuse},
    {"refuse_attempt", api_refuse_attempt},
    {"relay", api_relay},
    {"reply", api_reply},
    {"may_pack", api_may_pack},
    {"write", api_write},
    {NULL, NULL},
};
