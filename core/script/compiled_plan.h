/* What a policy prepares for the primitives of a call, so that a request does not convert it again:
 * candidates, what a hold must cover, limits. Each is made by a function of `policy.native` from
 * checked tables (lua/policy/prepare.lua), is never changed, and belongs to its VM; what must
 * outlive that (a candidate) is counted. */
#ifndef SCRIPT_COMPILED_PLAN_H
#define SCRIPT_COMPILED_PLAN_H

#include <lauxlib.h>
#include <lua.h>

#include "exchange/exchange.h"

/* Added to `policy.native`: candidate, context_key, limits, need, survey. */
extern const luaL_Reg compiled_plan_functions[];

/* What the handle at `index` is; they raise when it is none. Borrowed from the VM. */
struct candidate *compiled_plan_candidate(lua_State *state, int index);
const struct limit_rules *compiled_plan_limits(lua_State *state, int index);
const struct cost_ceiling *compiled_plan_ceiling(lua_State *state, int index);
struct survey_list *compiled_plan_survey(lua_State *state, int index);
/* The text at `index` that names a model of a server (exchange/survey.h). */
uint64_t compiled_plan_context_key(lua_State *state, int index);

#endif
