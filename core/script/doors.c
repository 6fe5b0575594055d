#include "script/doors.h"

/* Amounts as integers in nano-USD, which Lua's numbers hold exactly below 2^53. */
static void set_number(lua_State *state, const char *name, int64_t number)
{
    lua_pushnumber(state, (lua_Number)number);
    lua_setfield(state, -2, name);
}

static void set_text(lua_State *state, const char *name, const char *text)
{
    lua_pushstring(state, text);
    lua_setfield(state, -2, name);
}

void doors_install(lua_State *state, const struct doors *doors)
{
    lua_newtable(state);
    set_text(state, "sign_up", doors->sign_up);
    set_text(state, "domains", doors->domains);
    set_text(state, "terms_url", doors->terms_url);
    set_text(state, "terms_version", doors->terms_version);
    set_text(state, "privacy_url", doors->privacy_url);
    set_text(state, "check_url", doors->check_url);
    set_text(state, "check_secret", doors->check_secret);
    set_text(state, "check_ca_file", doors->check_ca_file);
    lua_pushboolean(state, doors->check_may_fail);
    lua_setfield(state, -2, "check_may_fail");
    set_number(state, "proof_bits", doors->proof_bits);
    set_number(state, "credit_nusd", doors->credit_nusd);
    set_number(state, "credits_max_nusd", doors->credits_max_nusd);
    lua_pushboolean(state, doors->must_verify);
    lua_setfield(state, -2, "must_verify");
    lua_setfield(state, -2, "doors");
}
