#include "script/top_up_terms.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "script/modules.h"
#include "script/vm.h"
#include "store/top_ups.h"

static int read(lua_State *state)
{
    struct store *store = lua_touserdata(state, 1);
    modules_require(state, "payments.terms");
    modules_require(state, "policy");
    lua_getfield(state, -1, "payments");
    lua_getfield(state, -1, "automatic_top_ups");
    bool on = lua_toboolean(state, -1) != 0;
    lua_pop(state, 1);
    lua_remove(state, -2);
    lua_call(state, 1, 1);
    store_set_top_ups(store, on ? lua_tostring(state, -1) : NULL);
    return 0;
}

void top_up_terms_give(struct vm *vm, struct store *store)
{
    struct fault ignored;
    if (!vm_call(vm, read, store, &ignored))
        store_set_top_ups(store, NULL);
}
