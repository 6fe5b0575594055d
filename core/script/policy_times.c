#include "script/policy_times.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/zone.h"
#include "script/integer.h"

/* zone(name): an IANA zone as a block of bytes, or nil and why. */
static int native_zone(lua_State *state)
{
    const char *name = luaL_checkstring(state, 1);
    void *room = lua_newuserdata(state, ZONE_PACKED_BYTES); /* first: nothing raises behind it */
    struct zone zone;
    struct fault fault;
    if (!zone_load(name, &zone, &fault)) {
        lua_pushnil(state);
        lua_pushstring(state, fault.message);
        return 2;
    }
    size_t bytes = zone_pack(&zone, room, ZONE_PACKED_BYTES);
    zone_fini(&zone);
    lua_pushlstring(state, room, bytes);
    return 1;
}

/* week_minute(zone or nil, at_ms): the local minute of the week (zone.h). `zone`: of native_zone;
 * nil: UTC. */
static int native_week_minute(lua_State *state)
{
    size_t bytes = 0;
    const char *packed = luaL_optlstring(state, 1, NULL, &bytes);
    struct zone zone = {0};
    if (packed != NULL) {
        luaL_argcheck(state, bytes >= sizeof zone && bytes <= ZONE_PACKED_BYTES, 1, "no zone");
        void *aligned = lua_newuserdata(state, bytes);
        zone_unpack(memcpy(aligned, packed, bytes), &zone);
    }
    lua_pushinteger(state, zone_week_minute(&zone, integer_check(state, 2, 0, INTEGER_MAX)));
    return 1;
}

/* time(text): RFC 3339 or a date (midnight UTC) -> milliseconds since 1970, or nil. */
static int native_time(lua_State *state)
{
    int64_t at_ms;
    if (!clock_parse(luaL_checkstring(state, 1), &at_ms) || at_ms < 0 || at_ms > INTEGER_MAX)
        return 0;
    lua_pushnumber(state, (double)at_ms);
    return 1;
}

const luaL_Reg policy_times_functions[] = {
    {"time", native_time},
    {"week_minute", native_week_minute},
    {"zone", native_zone},
    {NULL, NULL},
};
