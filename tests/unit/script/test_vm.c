/* The lid on a Lua world: every way a turn can end, and that nothing escapes the limits. */
#include "script/vm.h"

#include <lauxlib.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy_fixture.h"

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_builds_from_shipped_policies(void **unused)
{
    struct fault fault;
    const struct vm_options options = {0};
    struct policy_files *files = policy_files_read("policies", &fault);
    (void)unused;
    assert_non_null(files);
    struct vm *vm = vm_new(files, &options, &fault);
    assert_non_null(vm);
    assert_string_equal(vm_revision(vm), policy_files_revision(files));
    assert_int_equal(strlen(vm_revision(vm)), 64);
    policy_files_unref(files); /* the VM keeps them */
    assert_true(vm_memory_bytes(vm) > 10000 && vm_memory_bytes(vm) < 1024 * 1024);
    assert_string_equal(vm_revision(vm), vm_revision(vm));
    vm_ref(vm);
    vm_unref(vm);
    fixture_returns(vm, "return 1 + 1", "2");
    vm_unref(vm);
}

static void test_revision_follows_the_bytes(void **unused)
{
    char first[65];
    struct vm *vm = fixture_vm_with("limits.lua", "return {}");
    (void)unused;
    strcpy(first, vm_revision(vm));
    vm_unref(vm);
    vm = fixture_vm_with("limits.lua", "return {}");
    assert_string_equal(first, vm_revision(vm));
    vm_unref(vm);
    vm = fixture_vm_with("limits.lua", "return { }");
    assert_string_not_equal(first, vm_revision(vm));
    vm_unref(vm);
}

static void test_trusted_environment(void **unused)
{
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    fixture_returns(vm, "return type(core)", "table");
    fixture_returns(vm, "return require('policy') == require('policy')", "true");
    fixture_returns(vm, "return (string.match('abc', 'b.'))", "bc");
    fixture_returns(vm, "return type(coroutine.wrap)", "function");
    fixture_returns(vm,
                    "local found = {} for _, name in ipairs { 'io', 'os', 'debug', 'ffi', 'jit', "
                    "'package', 'load', 'loadstring', 'loadfile', 'dofile', 'collectgarbage', "
                    "'newproxy', 'xpcall', 'getfenv', 'setfenv', 'module', 'bit' } do "
                    "if _G[name] ~= nil then found[#found + 1] = name end end "
                    "return table.concat(found, ' ')",
                    "");
    fixture_returns(vm, "return tostring(string.dump)", "nil");
    fixture_returns(vm, "return select(2, pcall(require, 'io'))", "there is no module 'io'");
    fixture_returns(vm, "return select(2, pcall(require, '../policies/models'))",
                    "there is no module '../policies/models'");
    vm_unref(vm);
}

static void test_json_is_strict(void **unused)
{
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    fixture_returns(vm, "return cjson.encode { a = 'b' }", "{\"a\":\"b\"}");
    fixture_returns(vm, "return cjson.decode('[1.5]')[1]", "1.5");
    fixture_returns(vm, "return pcall(cjson.decode, '[NaN]')",
                    "Expected value but found invalid "
                    "token at character 2");
    fixture_returns(vm, "return (pcall(cjson.decode, '[0x10]'))", "false");
    fixture_returns(vm, "return (pcall(cjson.encode, { 0 / 0 }))", "false");
    fixture_returns(vm, "return (pcall(cjson.decode, string.rep('[', 65) .. string.rep(']', 65)))",
                    "false");
    fixture_returns(vm, "return (pcall(cjson.decode, string.rep('[', 64) .. string.rep(']', 64)))",
                    "true");
    fixture_returns(vm, "return tostring(cjson.decode_invalid_numbers)", "nil");
    vm_unref(vm);
}

static void test_turns_end_as_they_should(void **unused)
{
    char out[512];
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    assert_int_equal(fixture_run(vm, "return 'x'", out, sizeof out), VM_DONE);
    assert_string_equal(out, "x");
    assert_int_equal(fixture_run(vm, "coroutine.yield('y')", out, sizeof out), VM_YIELDED);
    assert_string_equal(out, "y");
    assert_int_equal(fixture_run(vm, "error('z')", out, sizeof out), VM_RAISED);
    assert_string_equal(out, "test:1: z");
    assert_int_equal(fixture_run(vm, "error({})", out, sizeof out), VM_RAISED);
    assert_string_equal(out, "table");
    vm_unref(vm);
}

static void test_a_task_continues_where_it_yielded(void **unused)
{
    struct fault fault;
    struct vm *vm = fixture_vm_with(NULL, NULL);
    lua_State *task = lua_newthread(vm_state(vm));
    (void)unused;
    assert_int_equal(luaL_loadstring(task, "local a = coroutine.yield(1) "
                                           "local done, b = pcall(coroutine.yield, 2) "
                                           "return a + b"),
                     0);
    assert_int_equal(vm_resume(vm, task, 0, &fault), VM_YIELDED);
    lua_settop(task, 0);
    lua_pushinteger(task, 40);
    assert_int_equal(vm_resume(vm, task, 1, &fault), VM_YIELDED);
    assert_int_equal(lua_tointeger(task, -1), 2);
    lua_settop(task, 0);
    lua_pushinteger(task, 2);
    assert_int_equal(vm_resume(vm, task, 1, &fault), VM_DONE);
    assert_int_equal(lua_tointeger(task, -1), 42);
    vm_unref(vm);
}

/* Each must be stopped although it tries not to be. */
static void test_runaway_turns_are_stopped(void **unused)
{
    static const char *const endless[] = {
        "while true do end",
        "for i = 1, math.huge do local x = i * 2 end",
        "local function f() return f() end return f()",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'x') end",
        "pcall(function() while true do end end) while true do end",
        "local w = coroutine.wrap(function() while true do end end) w()",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
        "table.sort({ 3, 2, 1, 5, 4 }, function() while true do end end)",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "goto again ::again:: goto again",
    };
    char out[512];
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        double start = cpu_seconds();
        if (fixture_run(vm, endless[i], out, sizeof out) != VM_RUNAWAY)
            fail_msg("not stopped: %s: %s", endless[i], out);
        assert_true(cpu_seconds() - start < 2);
        assert_non_null(strstr(out, "test:1: runs without end (stopped after 1000 thousand instr"));
        fixture_returns(vm, "return 'still works'", "still works");
    }
    vm_unref(vm);
}

/* Few instructions, each of which takes long. */
static void test_slow_turns_are_stopped(void **unused)
{
    static const char *const slow[] = {
        "local s = string.rep('x', 2 ^ 23) while true do local t = s .. 'y' end",
        "local s = string.rep('x', 2 ^ 23) while true do string.upper(s) end",
        "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end",
    };
    char out[512];
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        double start = cpu_seconds();
        if (fixture_run(vm, slow[i], out, sizeof out) != VM_RUNAWAY)
            fail_msg("not stopped: %s: %s", slow[i], out);
        assert_true(cpu_seconds() - start < 10);
        fixture_returns(vm, "return 'still works'", "still works");
    }
    vm_unref(vm);
}

static void test_memory_bombs_are_stopped(void **unused)
{
    static const char *const bombs[] = {
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 2 ^ 31 - 1)",
        "local t = {} for i = 1, math.huge do t[i] = i end",
        "local t = {} while true do t = { t, t } t[3] = string.rep('x', 1e6) .. tostring(t) end",
    };
    char out[512];
    struct vm *vm = fixture_vm_with(NULL, NULL);
    size_t before = vm_memory_bytes(vm);
    (void)unused;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        enum vm_turn turn = fixture_run(vm, bombs[i], out, sizeof out);
        if (turn != VM_MEMORY && turn != VM_RUNAWAY)
            fail_msg("not stopped: %s: %s", bombs[i], out);
        assert_true(vm_memory_bytes(vm) <= before + LIMIT_TURN_BYTES + LIMIT_VM_BYTES / 2);
        fixture_returns(vm, "return 'still works'", "still works");
    }
    assert_int_equal(fixture_run(vm, bombs[0], out, sizeof out), VM_MEMORY);
    assert_string_equal(out, "needs more memory than a request (64 MB) or all of them (256 MB) may "
                             "have");
    vm_unref(vm);
}

/* LuaJIT raises instead of collecting when memory is refused: what earlier turns left must not fail
 * a later one. */
static void test_garbage_fails_nobody(void **unused)
{
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    /* Half of the limit is in use: twice as much, LuaJIT's own pace, would be too much. */
    for (int i = 0; i < 17; i++)
        fixture_returns(vm, "kept = { kept, string.rep('x', 8e6) .. tostring({}) } return 1", "1");
    for (int i = 0; i < 60; i++)
        fixture_returns(vm, "return #(string.rep('x', 8e6) .. tostring({})) > 0", "true");
    assert_true(vm_memory_bytes(vm) <= LIMIT_VM_BYTES);
    vm_unref(vm);
}

static int return_nothing(lua_State *state)
{
    int *calls = lua_touserdata(state, 1);
    (*calls)++;
    return 0;
}

static int raise(lua_State *state)
{
    return luaL_error(state, "raised in C");
}

static int loop_in_lua(lua_State *state)
{
    if (luaL_loadstring(state, "while true do end") != 0)
        return lua_error(state);
    lua_call(state, 0, 0);
    return 0;
}

static void test_calls_outside_tasks_are_protected(void **unused)
{
    int calls = 0;
    struct fault fault;
    struct vm *vm = fixture_vm_with(NULL, NULL);
    int top = lua_gettop(vm_state(vm));
    (void)unused;
    assert_true(vm_call(vm, return_nothing, &calls, &fault));
    assert_int_equal(calls, 1);
    assert_false(vm_call(vm, raise, NULL, &fault));
    assert_string_equal(fault.code, "policy_error");
    assert_string_equal(fault.message, "raised in C");
    assert_false(vm_call(vm, loop_in_lua, NULL, &fault));
    assert_non_null(strstr(fault.message, "runs without end"));
    assert_int_equal(lua_gettop(vm_state(vm)), top);
    vm_unref(vm);
}

/* ---- while policies load ---- */

static void assert_refused_with(const char *name, const char *text, const char *part)
{
    struct fault fault;
    const struct fixture_file files[] = {{name, text}, {NULL, NULL}};
    double start = cpu_seconds();
    struct vm *vm = fixture_vm(files, &fault);
    assert_null(vm);
    assert_string_equal(fault.code, "policy_invalid");
    if (strstr(fault.message, part) == NULL)
        fail_msg("%s", fault.message);
    assert_true(cpu_seconds() - start < 2.0 * LIMIT_LOAD_CPU_MS / 1000);
}

static void test_runaway_loads_are_stopped(void **unused)
{
    (void)unused;
    assert_refused_with("models.lua", "local x\nwhile true do end", "models.lua:2: runs without");
    assert_refused_with("routes.lua", "while true do\npcall(error) end", "routes.lua:");
    assert_refused_with("limits.lua", "pcall(function() while true do end end)\nreturn {}",
                        "limits.lua:1: runs without end (stopped after 50 million instructions");
    /* In a rule that an example runs. */
    assert_refused_with("margins.lua",
                        "return { default = '1%',\nrule = function() while true do end end }",
                        "margins.lua:2: runs without end");
    assert_refused_with("margins.lua",
                        "local s = 'x' for i = 1, 22 do s = s .. s end\n"
                        "while true do local t = s .. 'y' end",
                        "margins.lua:2: runs without end");
}

static void test_memory_bombs_in_loads_are_stopped(void **unused)
{
    (void)unused;
    assert_refused_with("models.lua", "local s = 'x' while true do s = s .. s end",
                        "models.lua: needs more than 64 MB of memory");
    assert_refused_with("routes.lua", "local t = {} for i = 1, math.huge do t[i] = {} end",
                        "routes.lua: needs more than 64 MB of memory");
}

static void make_vms(struct policy_files *files, int count)
{
    struct fault fault;
    const struct vm_options options = {0};
    for (int i = 0; i < count; i++) {
        struct vm *vm = vm_new(files, &options, &fault);
        assert_non_null(vm);
        vm_unref(vm);
    }
}

static void test_many_vms_leave_nothing(void **unused)
{
    struct fault fault;
    struct policy_files *files = policy_files_read("policies", &fault);
    (void)unused;
    assert_non_null(files);
    make_vms(files, 20);
    size_t least_bytes = SIZE_MAX;
    for (int round = 0; round < 4; round++) {
        size_t before_bytes = mallinfo2().uordblks; /* ASan counts none, and sees what one leaves */
        make_vms(files, 20);
        size_t after_bytes = mallinfo2().uordblks;
        size_t grown_bytes = after_bytes > before_bytes ? after_bytes - before_bytes : 0;
        least_bytes = grown_bytes < least_bytes ? grown_bytes : least_bytes;
    }
    /* What a VM leaves shows in each round; what malloc keeps ready for the thread is counted as
     * used, and grows now and then. */
    assert_true(least_bytes < 20 * sizeof(void *));
    policy_files_unref(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds_from_shipped_policies),
        cmocka_unit_test(test_revision_follows_the_bytes),
        cmocka_unit_test(test_trusted_environment),
        cmocka_unit_test(test_json_is_strict),
        cmocka_unit_test(test_turns_end_as_they_should),
        cmocka_unit_test(test_a_task_continues_where_it_yielded),
        cmocka_unit_test(test_runaway_turns_are_stopped),
        cmocka_unit_test(test_slow_turns_are_stopped),
        cmocka_unit_test(test_memory_bombs_are_stopped),
        cmocka_unit_test(test_garbage_fails_nobody),
        cmocka_unit_test(test_calls_outside_tasks_are_protected),
        cmocka_unit_test(test_runaway_loads_are_stopped),
        cmocka_unit_test(test_memory_bombs_in_loads_are_stopped),
        cmocka_unit_test(test_many_vms_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
