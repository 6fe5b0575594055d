/* The primitives for what a mail service tells: whether it is that service, and what the operator
 * must do for it. lua/annotations/core.lua describes them. */
#include <lauxlib.h>

#include "base/authorization.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/webhook_signature.h"
#include "net/client/ecdsa.h"
#include "script/bindings.h"

/* core.password_of(authorization) -> the password of Basic (RFC 7617) or the token of Bearer (RFC
 * 6750), or nil */
static int api_password_of(lua_State *state)
{
    char text[AUTHORIZATION_BYTES_MAX];
    struct slice password = authorization_password(api_check_text(state, 1), text);
    if (password.data == NULL)
        return 0;
    lua_pushlstring(state, password.data, password.bytes);
    return 1;
}

/* core.is_hmac(key, text, hex): whether hex is the HMAC-SHA256 of the text */
static int api_is_hmac(lua_State *state)
{
    lua_pushboolean(state, webhook_hmac_is(api_check_text(state, 1), api_check_text(state, 2),
                                           (struct slice){"", 0}, api_check_text(state, 3)));
    return 1;
}

/* core.is_ecdsa(key, text, signature): whether the owner of the key has signed the text */
static int api_is_ecdsa(lua_State *state)
{
    lua_pushboolean(state, ecdsa_fits(api_check_text(state, 1), api_check_text(state, 2),
                                      api_check_text(state, 3)));
    return 1;
}

/* core.is_webhook(secret, id, time_s, body, signatures): whether one of them is that of Standard
 * Webhooks */
static int api_is_webhook(lua_State *state)
{
    struct webhook_key key;
    bool fits =
        webhook_key_parse(luaL_checkstring(state, 1), &key) &&
        webhook_is_signed(&key, api_check_text(state, 2), (int64_t)luaL_checknumber(state, 3),
                          api_check_text(state, 4), api_check_text(state, 5));
    secret_wipe(&key, sizeof key);
    lua_pushboolean(state, fits);
    return 1;
}

/* core.tell_operator(event, url): a line in the log */
static int api_tell_operator(lua_State *state)
{
    log_event(LOG_WARN, luaL_checkstring(state, 1), log_text("url", luaL_checkstring(state, 2)));
    return 0;
}

const struct luaL_Reg api_mail_events_bindings[] = {
    {"is_ecdsa", api_is_ecdsa},           {"is_hmac", api_is_hmac},
    {"is_webhook", api_is_webhook},       {"password_of", api_password_of},
    {"tell_operator", api_tell_operator}, {NULL, NULL},
};
