/* What a call would cost, computed with the code that settles calls: for lua/policy/price.lua. */
#ifndef SCRIPT_PRICED_CALL_H
#define SCRIPT_PRICED_CALL_H

#include <lauxlib.h>

/* These go into `policy.native`: now_ms, price_call. */
extern const luaL_Reg priced_call_functions[];

#endif
