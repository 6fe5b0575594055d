/* The primitives for what a mail service tells: whether it is that service, and what the operator
 * must do for it. lua/annotations/core.lua describes them. */
#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/webhook_signature.h"
#include "script/bindings.h"

enum { HEADER_BYTES_MAX = 1024 };

/* What stands behind the scheme's word, whose letters may be of either case; or nothing. */
static struct slice behind(struct slice header, const char *scheme)
{
    size_t bytes = strlen(scheme);
    if (header.bytes <= bytes || strncasecmp(header.data, scheme, bytes) != 0)
        return (struct slice){0};
    return slice_trim((struct slice){header.data + bytes, header.bytes - bytes});
}

/* core.password_of(authorization) -> the password of Basic (RFC 7617) or the token of Bearer (RFC
 * 6750), or nil */
static int api_password_of(lua_State *state)
{
    struct slice header = api_check_text(state, 1), token = behind(header, "Bearer ");
    struct slice encoded = behind(header, "Basic ");
    struct buffer pair;
    if (header.bytes > HEADER_BYTES_MAX)
        return 0;
    if (token.bytes > 0) {
        lua_pushlstring(state, token.data, token.bytes);
        return 1;
    }
    buffer_init(&pair, HEADER_BYTES_MAX);
    const char *colon = NULL;
    if (encoded.bytes > 0 && base64_decode(encoded, &pair) && pair.bytes > 0)
        colon = memchr(pair.data, ':', pair.bytes);
    bool found = colon != NULL;
    char password[HEADER_BYTES_MAX];
    size_t bytes = found ? (size_t)(pair.data + pair.bytes - colon) - 1 : 0;
    if (bytes > 0)
        memcpy(password, colon + 1, bytes);
    buffer_fini(&pair); /* before Lua may raise */
    if (found)
        lua_pushlstring(state, password, bytes);
    return found ? 1 : 0;
}

/* core.is_hmac(key, text, hex): whether hex is the HMAC-SHA256 of the text */
static int api_is_hmac(lua_State *state)
{
    lua_pushboolean(state, webhook_hmac_is(api_check_text(state, 1), api_check_text(state, 2),
                                           (struct slice){"", 0}, api_check_text(state, 3)));
    return 1;
}

/* core.tell_operator(event, url): a line in the log */
static int api_tell_operator(lua_State *state)
{
    log_event(LOG_WARN, luaL_checkstring(state, 1), log_text("url", luaL_checkstring(state, 2)));
    return 0;
}

const struct luaL_Reg api_mail_events_bindings[] = {
    {"is_hmac", api_is_hmac},
    {"password_of", api_password_of},
    {"tell_operator", api_tell_operator},
    {NULL, NULL},
};
