/* The members of a candidate's table that say how its provider speaks. Each raises for a value that
 * lua/policy/providers.lua would not have given. */
#ifndef SCRIPT_PROVIDER_MEMBERS_H
#define SCRIPT_PROVIDER_MEMBERS_H

#include <lua.h>
#include <stddef.h>

#include "dialect/rerank_names.h"
#include "dialect/stated_cost.h"
#include "exchange/candidate.h"
#include "exchange/provider_limits.h"

/* Returns a text, "" if it is absent. It lives as long as the table. */
const char *provider_members_text(lua_State *state, int index, const char *name, size_t bytes_max);
/* The list `paths`: one for each dialect, in the order of dialect_kind.h. */
void provider_members_paths(lua_State *state, int index, struct candidate_terms *out);
/* Returns `out` with the member `cost`, or NULL if it is absent. */
const struct stated_cost_paths *provider_members_cost(lua_State *state, int index,
                                                      struct stated_cost_paths *out);
/* The same with the member `rerank`. */
const struct rerank_names *provider_members_rerank(lua_State *state, int index,
                                                   struct rerank_names *out);
/* The same with the member `rate_limits`. */
const struct provider_limit_fields *provider_members_limits(lua_State *state, int index,
                                                            struct provider_limit_fields *out);

#endif
