/* What C gives to trusted Lua to be handed back: userdata whose first member says what it is, so
 * that telling costs a comparison and no look-up of a metatable. Policies never see one. */
#ifndef SCRIPT_HANDLE_H
#define SCRIPT_HANDLE_H

#include <lua.h>

struct handle {
    const char *kind; /* whose address counts, and its text in an error */
};

/* The userdata at `index`; raises when it is none of this kind. */
struct handle *handle_check(lua_State *state, int index, const char *kind);

#endif
