/* Whole numbers out of Lua: what is none, or is out of range, is refused and never cast. The
 * sanitizers see a cast of what does not fit. */
#include "script/integer.h"

#include <lauxlib.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const lua_Number odd[] = {
    NAN, INFINITY, -INFINITY, 1e300, -1e300, 9007199254740994.0, -9007199254740994.0, 9.3e18, 0.5,
};

enum { ODD = sizeof odd / sizeof odd[0] };

static void what_is_no_whole_number(void **state)
{
    (void)state;
    int64_t integer;
    for (size_t i = 0; i < ODD; i++)
        assert_false(integer_read(odd[i], &integer));
}

static void whole_numbers(void **state)
{
    (void)state;
    static const int64_t good[] = {0, 1, -1, 4294967296, INTEGER_MAX, -INTEGER_MAX};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t integer = 7;
        assert_true(integer_read((lua_Number)good[i], &integer));
        assert_int_equal(integer, good[i]);
    }
    int64_t zero = 7;
    assert_true(integer_read(-0.0, &zero));
    assert_int_equal(zero, 0);
}

/* from 1 to 10 */
static int check_ten(lua_State *lua)
{
    lua_pushnumber(lua, (lua_Number)integer_check(lua, 1, 1, 10));
    return 1;
}

static int member(lua_State *lua)
{
    lua_pushnumber(lua, (lua_Number)integer_member(lua, 1, "n"));
    return 1;
}

/* The error that the function raises for the number, or NULL. */
static const char *error_of(lua_State *lua, lua_CFunction function, lua_Number number)
{
    lua_settop(lua, 0);
    lua_pushcfunction(lua, function);
    if (function == member) {
        lua_newtable(lua);
        lua_pushnumber(lua, number);
        lua_setfield(lua, -2, "n");
    } else {
        lua_pushnumber(lua, number);
    }
    return lua_pcall(lua, 1, 1, 0) == 0 ? NULL : lua_tostring(lua, -1);
}

static void arguments_and_members(void **state)
{
    (void)state;
    lua_State *lua = luaL_newstate();
    assert_non_null(lua);
    for (size_t i = 0; i < ODD; i++) {
        assert_non_null(strstr(error_of(lua, check_ten, odd[i]), "not a whole number"));
        assert_non_null(strstr(error_of(lua, member, odd[i]), "n is not a whole number"));
    }
    assert_non_null(strstr(error_of(lua, check_ten, 0), "too small"));
    assert_non_null(strstr(error_of(lua, check_ten, 11), "too large"));
    assert_null(error_of(lua, check_ten, 10));
    assert_non_null(error_of(lua, member, -1));
    assert_null(error_of(lua, member, 0));
    lua_close(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_whole_number),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(arguments_and_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
