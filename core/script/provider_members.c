#include "script/provider_members.h"

#include <lauxlib.h>
#include <string.h>

#include "script/integer.h"

const char *provider_members_text(lua_State *state, int index, const char *name, size_t bytes_max)
{
    lua_getfield(state, index, name);
    const char *text = lua_tostring(state, -1);
    lua_pop(state, 1);
    if (text == NULL)
        return "";
    if (strlen(text) >= bytes_max)
        luaL_error(state, "candidate.%s is too long", name);
    return text;
}

static void copy_text(lua_State *state, int index, const char *name, char *out, size_t out_bytes)
{
    const char *text = provider_members_text(state, index, name, out_bytes);
    memcpy(out, text, strlen(text) + 1);
}

const struct stated_cost_paths *provider_members_cost(lua_State *state, int index,
                                                      struct stated_cost_paths *out)
{
    lua_getfield(state, index, "cost");
    if (lua_isnil(state, -1)) {
        lua_pop(state, 1);
        return NULL;
    }
    luaL_checktype(state, -1, LUA_TTABLE);
    *out = (struct stated_cost_paths){.count = lua_objlen(state, -1)};
    luaL_argcheck(state, out->count > 0 && out->count <= STATED_COST_PATHS, index,
                  "cost has 1 to 4 paths");
    for (size_t i = 0; i < out->count; i++) {
        lua_rawgeti(state, -1, (int)i + 1);
        luaL_checktype(state, -1, LUA_TTABLE);
        struct stated_cost_path *path = &out->list[i];
        copy_text(state, lua_gettop(state), "path", path->path, sizeof path->path);
        copy_text(state, lua_gettop(state), "only_if", path->only_if, sizeof path->only_if);
        out->list[i].decimals = (int)integer_member(state, lua_gettop(state), "decimals");
        lua_pop(state, 1);
    }
    lua_pop(state, 1);
    return out;
}

const struct rerank_names *provider_members_rerank(lua_State *state, int index,
                                                   struct rerank_names *out)
{
    lua_getfield(state, index, "rerank");
    bool given = !lua_isnil(state, -1);
    if (given) {
        int table = lua_gettop(state);
        luaL_checktype(state, table, LUA_TTABLE);
        copy_text(state, table, "top_n", out->top_n, sizeof out->top_n);
        copy_text(state, table, "results", out->results, sizeof out->results);
    }
    lua_pop(state, 1);
    return given ? out : NULL;
}

void provider_members_paths(lua_State *state, int index, struct candidate_terms *out)
{
    lua_getfield(state, index, "paths");
    bool given = !lua_isnil(state, -1);
    if (given)
        luaL_checktype(state, -1, LUA_TTABLE);
    for (size_t i = 0; i < DIALECTS; i++) {
        out->paths[i] = "";
        if (!given)
            continue;
        lua_rawgeti(state, -1, (int)i + 1);
        size_t bytes = 0;
        out->paths[i] = luaL_optlstring(state, -1, "", &bytes);
        luaL_argcheck(state, bytes < CANDIDATE_PATH_BYTES, index, "a path is too long");
        lua_pop(state, 1); /* the list keeps it */
    }
    lua_pop(state, 1);
}

/* Of the table on top of the stack, the names of the fields of one kind. */
static void read_limit_fields(lua_State *state, const char *kind, char *limit, char *remaining,
                              char *reset)
{
    lua_getfield(state, -1, kind);
    limit[0] = remaining[0] = reset[0] = '\0';
    if (!lua_isnil(state, -1)) {
        int table = lua_gettop(state);
        luaL_checktype(state, table, LUA_TTABLE);
        copy_text(state, table, "limit", limit, PROVIDER_LIMIT_FIELD_BYTES);
        copy_text(state, table, "remaining", remaining, PROVIDER_LIMIT_FIELD_BYTES);
        copy_text(state, table, "reset", reset, PROVIDER_LIMIT_FIELD_BYTES);
    }
    lua_pop(state, 1);
}

const struct provider_limit_fields *provider_members_limits(lua_State *state, int index,
                                                            struct provider_limit_fields *out)
{
    static const char *const kinds[PROVIDER_LIMIT_KINDS] = {
        [PROVIDER_REQUESTS] = "requests", [PROVIDER_TOKENS] = "tokens"};
    lua_getfield(state, index, "rate_limits");
    bool given = !lua_isnil(state, -1);
    if (given) {
        luaL_checktype(state, -1, LUA_TTABLE);
        for (size_t i = 0; i < PROVIDER_LIMIT_KINDS; i++)
            read_limit_fields(state, kinds[i], out->of[i].limit, out->of[i].remaining,
                              out->of[i].reset);
        out->reset_form =
            (enum limit_reset_form)integer_member(state, lua_gettop(state), "reset_form");
    }
    lua_pop(state, 1);
    return given ? out : NULL;
}
