/* Times and zones for the policies' schedules of prices. */
#ifndef SCRIPT_POLICY_TIMES_H
#define SCRIPT_POLICY_TIMES_H

#include <lauxlib.h>
#include <lua.h>

/* These go into `policy.native`: time, week_minute, zone. */
extern const luaL_Reg policy_times_functions[];

#endif
