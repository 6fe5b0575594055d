#include "script/asked_servers.h"

#include "script/compiled_plan.h"
#include "script/modules.h"

static int look(lua_State *state)
{
    struct survey_list **out = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "asked_servers");
    *out = survey_list_ref(compiled_plan_survey(state, lua_gettop(state)));
    return 0;
}

struct survey_list *asked_servers(struct vm *vm)
{
    struct survey_list *list = NULL;
    struct fault fault;
    (void)vm_call(vm, look, &list, &fault);
    return list;
}
