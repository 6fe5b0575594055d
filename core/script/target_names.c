#include "script/target_names.h"

#include <lauxlib.h>
#include <string.h>

#include "script/modules.h"
#include "script/vm.h"

struct missing {
    char (*subjects)[ALERT_SUBJECT_BYTES];
    size_t count;
};

static int find(lua_State *state)
{
    struct missing *missing = lua_touserdata(state, 1);
    size_t left = 0;
    modules_require(state, "policy");
    lua_getfield(state, -1, "targets");
    lua_call(state, 0, 1);
    for (size_t i = 0; i < missing->count; i++) {
        lua_getfield(state, -1, missing->subjects[i]);
        if (lua_isnil(state, -1))
            memmove(missing->subjects[left++], missing->subjects[i], ALERT_SUBJECT_BYTES);
        lua_pop(state, 1);
    }
    missing->count = left;
    return 0;
}

size_t target_names_missing(struct vm *vm, char (*subjects)[ALERT_SUBJECT_BYTES], size_t count)
{
    struct missing missing = {subjects, count};
    struct fault fault;
    if (count == 0 || !vm_call(vm, find, &missing, &fault))
        return 0;
    return missing.count;
}
