#include "script/mounts.h"

#include <lauxlib.h>

#include "script/modules.h"

struct question {
    struct slice path;
    bool found;
};

/* A run of slashes counts as one, as in lua/main.lua. */
static bool lies_below(struct slice path, struct slice mount)
{
    size_t at = 0;
    for (size_t i = 0; i < mount.bytes; i++) {
        if (at >= path.bytes || path.data[at] != mount.data[i])
            return false;
        at++;
        while (mount.data[i] == '/' && at < path.bytes && path.data[at] == '/')
            at++;
    }
    return at == path.bytes || path.data[at] == '/';
}

/* Looks in one list of the table on top of the stack. */
static void look_in(lua_State *state, const char *list, struct question *question)
{
    lua_getfield(state, -1, list);
    for (int i = 1; !question->found; i++) {
        struct slice mount;
        lua_rawgeti(state, -1, i);
        mount.data = lua_tolstring(state, -1, &mount.bytes);
        if (mount.data != NULL)
            question->found = lies_below(question->path, mount);
        lua_pop(state, 1);
        if (mount.data == NULL)
            break;
    }
    lua_pop(state, 1);
}

static int look(lua_State *state)
{
    struct question *question = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "mounts");
    look_in(state, "openai", question);
    look_in(state, "gemini", question);
    look_in(state, "cohere", question);
    return 0;
}

bool mounts_have(struct vm *vm, struct slice path)
{
    struct question question = {.path = path};
    struct fault fault;
    return vm_call(vm, look, &question, &fault) && question.found;
}
