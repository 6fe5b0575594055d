/* The members of an object that a translation knows, made once when its module is loaded: their
 * names and what is done with each. What is not listed is refused by name, so nothing is dropped
 * silently. lua/annotations/dialect.lua describes the functions. */
#ifndef SCRIPT_JSON_MEMBERS_H
#define SCRIPT_JSON_MEMBERS_H

#include <lauxlib.h>

extern const struct luaL_Reg json_members_bindings[];

#endif
