#include "script/top_up_terms.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "script/modules.h"
#include "script/vm.h"

static bool is_set(lua_State *state, const char *name)
{
    lua_getfield(state, -1, name);
    bool set = lua_toboolean(state, -1) != 0;
    lua_pop(state, 1);
    return set;
}

static int read(lua_State *state)
{
    enum top_ups *out = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "payments");
    if (is_set(state, "automatic_top_ups"))
        *out = is_set(state, "automatic_tax") ? TOP_UPS_TAXED : TOP_UPS_PLAIN;
    return 0;
}

enum top_ups top_up_terms(struct vm *vm)
{
    enum top_ups terms = TOP_UPS_OFF;
    struct fault ignored;
    return vm_call(vm, read, &terms, &ignored) ? terms : TOP_UPS_OFF;
}
