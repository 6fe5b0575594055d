/* The primitives for the dashboard's API: the store, passwords, tokens, throttling.
 * lua/annotations/core.lua describes them. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/network.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/voucher_code.h"
#include "exchange/body_pass.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/limiter.h"
#include "exchange/mail_templates.h"
#include "exchange/password.h"
#include "net/client/totp.h"
#include "script/bindings.h"
#include "script/integer.h"
#include "store/call.h"

enum { SLEEP_MS_MAX = 60 * 1000 };

/* Strings pass as texts, whole numbers as integers, nil as null. */
static void read_argument(lua_State *state, int place, struct store_value *out)
{
    *out = (struct store_value){.type = STORE_NULL};
    switch (lua_type(state, place)) {
    case LUA_TNUMBER:
        out->type = STORE_INT;
        out->number = integer_check(state, place, -INTEGER_MAX, INTEGER_MAX);
        break;
    case LUA_TSTRING:
        out->type = STORE_TEXT;
        out->text.data = lua_tolstring(state, place, &out->text.bytes);
        break;
    case LUA_TNIL:
        break;
    default:
        luaL_argerror(state, place, "only text, whole numbers and nil go to the store");
    }
}

/* Runs the operation whose name stands at `place`, with the arguments after it. */
static int call_store(lua_State *state, const char *actor, int place)
{
    struct exchange *exchange = task_exchange(state);
    const char *operation = luaL_checkstring(state, place);
    struct store_value args[STORE_ARGS_MAX];
    int count = lua_gettop(state) - place;
    luaL_argcheck(state, count <= STORE_ARGS_MAX, place, "too many arguments");
    for (int i = 0; i < count; i++)
        read_argument(state, place + 1 + i, &args[i]);
    if (!exchange_call(exchange, actor, operation, args, (size_t)count))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_CALL);
}

/* x:call(operation, ...) -> true, json | false, code, message */
static int api_call(lua_State *state)
{
    return call_store(state, "", 2);
}

/* x:call_as(user_id, operation, ...): the same, done by that administrator */
static int api_call_as(lua_State *state)
{
    const char *actor = luaL_checkstring(state, 2);
    luaL_argcheck(state, actor[0] != '\0' && strlen(actor) < ID_BYTES, 2, "no id of a user");
    return call_store(state, actor, 3);
}

static int ask_password(lua_State *state, const struct password_question *question)
{
    struct exchange *exchange = task_exchange(state);
    luaL_argcheck(state, question->password.bytes <= LIMIT_PASSWORD_BYTES, 2, "too long");
    if (!exchange_password(exchange, question))
        return task_stop(state);
    return task_wait(state, TASK_WAITS_PASSWORD);
}

/* x:hash_password(password, email) -> true, hash, dropped */
static int api_hash_password(lua_State *state)
{
    struct password_question question = {.rank = FAIR_CLEAN};
    question.password.data = luaL_checklstring(state, 2, &question.password.bytes);
    question.account.data = luaL_checklstring(state, 3, &question.account.bytes);
    return ask_password(state, &question);
}

/* x:verify_password(password, hash, email, rank) -> whether, hash, dropped */
static int api_verify_password(lua_State *state)
{
    static const char *const ranks[] = {"trusted", "clean", "suspect", NULL};
    struct password_question question = {
        .rank = (enum fair_rank)luaL_checkoption(state, 5, NULL, ranks)};
    question.password.data = luaL_checklstring(state, 2, &question.password.bytes);
    question.hash = luaL_checkstring(state, 3);
    question.account.data = luaL_checklstring(state, 4, &question.account.bytes);
    luaL_argcheck(state, strlen(question.hash) < PASSWORD_HASH_BYTES, 3, "too long");
    return ask_password(state, &question);
}

/* x:sleep(ms) */
static int api_sleep(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    exchange_sleep(exchange, integer_check(state, 2, 1, SLEEP_MS_MAX));
    return task_wait(state, TASK_WAITS_TIME);
}

/* x:network() -> the network of the client's address */
static int api_network(lua_State *state)
{
    char network[NETWORK_BYTES];
    lua_pushstring(state, network_of(exchange_peer_address(task_exchange(state)), network));
    return 1;
}

static void push_digest(lua_State *state, const struct exchange *exchange, struct slice text)
{
    struct digest digest;
    char hex[DIGEST_HEX_BYTES];
    secret_digest(exchange_shared(exchange)->secret, text, &digest);
    digest_hex(&digest, hex);
    lua_pushlstring(state, hex, sizeof hex - 1);
}

/* x:digest(text) -> hex */
static int api_digest(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice text;
    text.data = luaL_checklstring(state, 2, &text.bytes);
    push_digest(state, exchange, text);
    return 1;
}

/* x:new_id("inv") -> "inv_..." */
static int api_new_id(lua_State *state)
{
    struct id id;
    id_make(&id, luaL_checkstring(state, 2));
    lua_pushstring(state, id.text);
    return 1;
}

/* x:new_token() -> token, digest */
static int api_new_token(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    char token[TOKEN_CHARS + 1];
    token_make(token);
    lua_pushstring(state, token);
    push_digest(state, exchange, slice_of(token));
    secret_wipe(token, sizeof token);
    return 2;
}

/* Pushes the text sealed about something, in base64. */
static void push_sealed(lua_State *state, const struct exchange *exchange, const char *about,
                        struct slice text)
{
    struct buffer sealed, encoded;
    buffer_init(&sealed, LIMIT_SEALED_BYTES);
    buffer_init(&encoded, LIMIT_SEALED_BYTES);
    seal_close(exchange_shared(exchange)->secret, slice_of(about), text, &sealed);
    base64_append(buffer_slice(&sealed), &encoded);
    lua_pushlstring(state, encoded.failed || sealed.failed ? "" : encoded.data, encoded.bytes);
    buffer_fini(&sealed);
    buffer_fini(&encoded);
}

/* x:new_mail_token() -> digest, sealed: of a link that is mailed; only the courier opens it */
static int api_new_mail_token(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    char token[TOKEN_CHARS + 1];
    token_make(token);
    push_digest(state, exchange, slice_of(token));
    push_sealed(state, exchange, MAIL_LINK_SEAL, slice_of(token));
    secret_wipe(token, sizeof token);
    return 2;
}

/* x:seal_webhook_secret(user_id, secret) -> sealed */
static int api_seal_webhook_secret(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice secret;
    secret.data = luaL_checklstring(state, 3, &secret.bytes);
    luaL_argcheck(state, secret.bytes <= LIMIT_SEALED_BYTES / 2, 3, "too long");
    push_sealed(state, exchange, luaL_checkstring(state, 2), secret);
    return 1;
}

#define TOTP_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
enum { TOTP_SECRET_CHARS = TOTP_SECRET_BYTES * 8 / 5, RANDOM_CHARS_MAX = 64 };

/* x:random_base32(count) -> so many characters of base32, five random bits each */
static int api_random_base32(lua_State *state)
{
    char text[RANDOM_CHARS_MAX];
    int64_t count = integer_check(state, 2, 1, RANDOM_CHARS_MAX);
    for (int64_t i = 0; i < count; i++)
        text[i] = TOTP_ALPHABET[random_u64() % 32];
    lua_pushlstring(state, text, (size_t)count);
    secret_wipe(text, sizeof text);
    return 1;
}

/* What the secret of a user's second factor is sealed about: no other sealed text opens as one. */
static void totp_about(const char *user_id, char out[ID_BYTES + 8])
{
    snprintf(out, ID_BYTES + 8, "totp %s", user_id);
}

/* x:seal_totp(user_id, secret) -> sealed */
static int api_seal_totp(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *user_id = luaL_checkstring(state, 2);
    char about[ID_BYTES + 8];
    struct slice secret;
    secret.data = luaL_checklstring(state, 3, &secret.bytes);
    luaL_argcheck(state, strlen(user_id) < ID_BYTES, 2, "no id of a user");
    luaL_argcheck(state, secret.bytes == TOTP_SECRET_CHARS, 3, "no secret");
    totp_about(user_id, about);
    push_sealed(state, exchange, about, secret);
    return 1;
}

/* Decodes our own base32. */
static void totp_bytes(const char *text, uint8_t out[TOTP_SECRET_BYTES])
{
    memset(out, 0, TOTP_SECRET_BYTES);
    for (size_t i = 0; i < (size_t)TOTP_SECRET_BYTES * 8; i++) {
        const char *place = strchr(TOTP_ALPHABET, text[i / 5]);
        unsigned value = place != NULL ? (unsigned)(place - TOTP_ALPHABET) : 0;
        if (value >> (4 - i % 5) & 1u)
            out[i / 8] |= (uint8_t)(128u >> i % 8);
    }
}

/* x:totp_step(user_id, sealed, code) -> the step whose code this is, or nil */
static int api_totp_step(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *user_id = luaL_checkstring(state, 2);
    const char *sealed = luaL_checkstring(state, 3);
    char about[ID_BYTES + 8];
    uint8_t secret[TOTP_SECRET_BYTES];
    struct slice code;
    struct buffer text;
    code.data = luaL_checklstring(state, 4, &code.bytes);
    luaL_argcheck(state, strlen(user_id) < ID_BYTES, 2, "no id of a user");
    totp_about(user_id, about);
    buffer_init(&text, LIMIT_SEALED_BYTES);
    int64_t step = -1;
    if (seal_open_base64(exchange_shared(exchange)->secret, slice_of(about), slice_of(sealed),
                         &text) &&
        text.bytes == TOTP_SECRET_CHARS) {
        totp_bytes(text.data, secret);
        step =
            totp_step((struct slice){(const char *)secret, sizeof secret}, code, clock_wall_ms());
        secret_wipe(secret, sizeof secret);
    }
    buffer_wipe_fini(&text);
    if (step < 0)
        return 0;
    lua_pushnumber(state, (lua_Number)step);
    return 1;
}

/* x:body_pass(digest) -> pass, until_ms */
static int api_body_pass(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct digest digest;
    char pass[BODY_PASS_CHARS + 1];
    int64_t until_ms = clock_wall_ms() + BODY_PASS_LIFE_MS;
    luaL_argcheck(state, digest_parse(luaL_checkstring(state, 2), &digest), 2, "no digest");
    body_pass_make(exchange_shared(exchange)->secret, &digest, until_ms, pass);
    lua_pushstring(state, pass);
    lua_pushnumber(state, (lua_Number)until_ms);
    return 2;
}

/* x:new_key() -> key, digest, prefix, last four characters */
static int api_new_key(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    char key[APIKEY_CHARS + 1];
    apikey_make(key);
    lua_pushstring(state, key);
    push_digest(state, exchange, slice_of(key));
    lua_pushlstring(state, key, 11);
    lua_pushstring(state, key + APIKEY_CHARS - 4);
    secret_wipe(key, sizeof key);
    return 4;
}

/* x:new_vouchers(count) -> id of the batch, lines for voucher.create */
static int api_new_vouchers(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    int64_t count = integer_check(state, 2, 1, VOUCHER_BATCH_CODES_MAX);
    struct id batch_id;
    struct buffer lines;
    buffer_init(&lines, VOUCHER_LINES_BYTES_MAX);
    voucher_codes_make(exchange_shared(exchange)->secret, (size_t)count, &batch_id, &lines);
    if (lines.failed) {
        buffer_fini(&lines);
        return luaL_error(state, "no memory for the codes of vouchers");
    }
    lua_pushstring(state, batch_id.text);
    lua_pushlstring(state, lines.data, lines.bytes);
    buffer_fini(&lines);
    return 2;
}

/* x:open_voucher(batch_id, sealed) -> code, or nil */
static int api_open_voucher(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct id batch_id;
    char code[VOUCHER_CODE_BYTES];
    luaL_argcheck(state, id_parse(slice_of(luaL_checkstring(state, 2)), "vch", &batch_id), 2,
                  "no id of a batch");
    if (!voucher_code_open(exchange_shared(exchange)->secret, &batch_id,
                           slice_of(luaL_checkstring(state, 3)), code))
        return 0;
    lua_pushstring(state, code);
    return 1;
}

/* x:digest_voucher(text) -> digest of the code that is written there, or nil */
static int api_digest_voucher(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice text;
    char code[VOUCHER_CODE_BYTES];
    text.data = luaL_checklstring(state, 2, &text.bytes);
    if (!voucher_code_read(text, code))
        return 0;
    push_digest(state, exchange, slice_of(code));
    return 1;
}

/* x:throttle(name, limit, window_ms, count, at_ms) -> allowed, retry_after_ms, remaining. `count` 0
 * takes nothing and only asks; -1 gives one back that was taken at at_ms. */
static int api_throttle(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct slice name;
    struct limit_state limit = {0};
    name.data = luaL_checklstring(state, 2, &name.bytes);
    int64_t max = integer_check(state, 3, 0, INTEGER_MAX);
    int64_t window_ms = integer_check(state, 4, 1, INTEGER_MAX);
    int64_t count = integer_check(state, 5, -INTEGER_MAX, INTEGER_MAX);
    struct limiter *limiter = exchange_shared(exchange)->limiter;
    int64_t now_ms =
        lua_isnoneornil(state, 6) ? clock_wall_ms() : integer_check(state, 6, 0, INTEGER_MAX);
    bool allowed = true;
    if (count < 0) {
        struct limit_slot place = limiter_slot(limiter, name, window_ms);
        limiter_give_back_at(limiter, &place, -count, window_ms, now_ms, now_ms);
    } else if (count == 0) {
        allowed = limiter_peek(limiter, name, 1, max, window_ms, now_ms, &limit);
    } else {
        allowed = limiter_take(limiter, name, count, max, window_ms, now_ms, &limit);
    }
    lua_pushboolean(state, allowed);
    lua_pushnumber(state, (lua_Number)limit.retry_after_ms);
    lua_pushnumber(state, (lua_Number)limit.remaining);
    return 3;
}

const struct luaL_Reg api_account_bindings[] = {
    {"body_pass", api_body_pass},
    {"call", api_call},
    {"call_as", api_call_as},
    {"digest", api_digest},
    {"digest_voucher", api_digest_voucher},
    {"hash_password", api_hash_password},
    {"network", api_network},
    {"new_id", api_new_id},
    {"new_key", api_new_key},
    {"new_mail_token", api_new_mail_token},
    {"new_token", api_new_token},
    {"new_vouchers", api_new_vouchers},
    {"open_voucher", api_open_voucher},
    {"random_base32", api_random_base32},
    {"seal_totp", api_seal_totp},
    {"seal_webhook_secret", api_seal_webhook_secret},
    {"sleep", api_sleep},
    {"throttle", api_throttle},
    {"totp_step", api_totp_step},
    {"verify_password", api_verify_password},
    {NULL, NULL},
};
