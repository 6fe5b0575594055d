/* Values of C that trusted Lua keeps and hands back: userdata whose first member tells the kind, so
 * that a check costs a comparison and no look-up of a metatable. Policies never see one. */
#ifndef SCRIPT_HANDLE_H
#define SCRIPT_HANDLE_H

#include <lua.h>

struct handle {
    const char *kind; /* compared by address; its text is for errors */
};

/* Returns the userdata at `index`; raises when it is not of this kind. */
struct handle *handle_check(lua_State *state, int index, const char *kind);

#endif
