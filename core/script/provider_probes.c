#include "script/provider_probes.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>

#include "script/compiled_plan.h"
#include "script/modules.h"
#include "script/provider_members.h"

struct listing {
    struct provider_probe *out;
    size_t room;
    size_t count;
};

/* The probe on top of the stack. */
static void add(lua_State *state, struct provider_probe *out)
{
    int index = lua_gettop(state);
    *out = (struct provider_probe){.server = NULL};
    snprintf(out->name, sizeof out->name, "%s",
             provider_members_text(state, index, "name", SIZE_MAX));
    snprintf(out->url, sizeof out->url, "%s", provider_members_text(state, index, "url", SIZE_MAX));
    snprintf(out->reason, sizeof out->reason, "%s",
             provider_members_text(state, index, "reason", SIZE_MAX));
    lua_getfield(state, index, "keyed");
    out->keyed = lua_toboolean(state, -1) != 0;
    lua_getfield(state, index, "server");
    if (!lua_isnil(state, -1))
        out->server = candidate_ref(compiled_plan_candidate(state, lua_gettop(state)));
    lua_settop(state, index);
}

static int list(lua_State *state)
{
    struct listing *listing = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "probes");
    lua_call(state, 0, 1);
    listing->count = lua_objlen(state, -1);
    for (size_t i = 0; i < listing->count && i < listing->room; i++) {
        lua_rawgeti(state, -1, (int)i + 1);
        add(state, &listing->out[i]);
        lua_pop(state, 1);
    }
    return 0;
}

size_t provider_probes_list(struct vm *vm, struct provider_probe *out, size_t room)
{
    struct listing listing = {.out = out, .room = room};
    struct fault fault;
    (void)vm_call(vm, list, &listing, &fault);
    return listing.count;
}
