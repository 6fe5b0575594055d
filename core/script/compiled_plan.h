/* The parts of a policy's plan, converted for the primitives of a call, so that no request converts
 * them again: candidates, what a hold must cover, limits. The functions of `policy.native` make
 * them from checked tables (lua/policy/prepare.lua). They never change and belong to their VM; a
 * candidate may outlive it and is reference counted. */
#ifndef SCRIPT_COMPILED_PLAN_H
#define SCRIPT_COMPILED_PLAN_H

#include <lauxlib.h>
#include <lua.h>

#include "exchange/exchange.h"

/* Reads a table by unit; an absent unit is 0. Raises for what is no whole number. */
void compiled_plan_read_units(lua_State *state, int index, int64_t out[UNIT_COUNT]);

/* These go into `policy.native`: candidate, context_key, limits, need, survey. */
extern const luaL_Reg compiled_plan_functions[];

/* Each returns the content of the handle at `index`, borrowed from the VM; raises for another
 * value. */
struct candidate *compiled_plan_candidate(lua_State *state, int index);
const struct limit_rules *compiled_plan_limits(lua_State *state, int index);
const struct cost_ceiling *compiled_plan_ceiling(lua_State *state, int index);
struct survey_list *compiled_plan_survey(lua_State *state, int index);
/* Returns the key in the text at `index`, which names a model of a server (exchange/survey.h). */
uint64_t compiled_plan_context_key(lua_State *state, int index);

#endif
