/* What policy files cannot do: each way out that we know of is tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy_fixture.h"

/* Runs `code` as the body of a margin rule, at request time, and gives what it returned as text. */
static void run_rule(const char *code, char *out, size_t out_bytes)
{
    char text[2048];
    snprintf(text, sizeof text,
             "return { default = '20%%', rule = function(request)\n"
             "if request.user_id ~= 'tester' then return nil end\n%s\nend }",
             code);
    struct vm *vm = fixture_vm_with("margins.lua", text);
    fixture_run(vm,
                "local plan, code, why = require('policy').plan { model = 'demo', user_id = "
                "'tester', key_id = 'k', input_tokens = 1 } "
                "return plan and plan.candidates[1].margin_ppm or why",
                out, out_bytes);
    vm_unref(vm);
}

static void assert_rule(const char *code, const char *expected)
{
    char out[1024];
    run_rule(code, out, sizeof out);
    if (strcmp(out, expected) != 0)
        fail_msg("%s\ngives    %s\nexpected %s", code, out, expected);
}

/* Asking for the name must raise, at its first unknown part. */
static void assert_absent(const char *name)
{
    static const char expected[] = "margins.lua:3: policies have no word '";
    char code[256];
    char out[1024];
    snprintf(code, sizeof code, "return %s", name);
    run_rule(code, out, sizeof out);
    if (strncmp(out, expected, strlen(expected)) != 0)
        fail_msg("%s: %s", name, out);
}

static void test_words_are_absent(void **unused)
{
    static const char *const names[] = {
        "io.open",
        "os.execute",
        "os.getenv",
        "debug.getinfo",
        "ffi.C",
        "jit.on",
        "package.loaded",
        "coroutine.wrap",
        "coroutine.yield",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "require",
        "module",
        "collectgarbage",
        "gcinfo",
        "newproxy",
        "xpcall",
        "getfenv",
        "setfenv",
        "getmetatable",
        "setmetatable",
        "rawset",
        "rawget",
        "rawequal",
        "rawlen",
        "print",
        "_G",
        "_ENV",
        "_VERSION",
        "core",
        "cjson",
        "policy",
        "bit",
        "string.rep",
        "string.find",
        "string.match",
        "string.gmatch",
        "string.gsub",
        "string.gfind",
        "string.dump",
        "table.foreach",
        "table.foreachi",
        "table.getn",
        "table.move",
        "table.unpack",
        "math.randomseed",
        "string.metatable",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_absent(names[i]);
}

static void test_string_methods_are_the_same_words(void **unused)
{
    static const char *const names[] = {"rep", "find", "match", "gmatch", "gsub", "dump", "gfind"};
    char code[128];
    char expected[128];
    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(code, sizeof code, "return ('x'):%s('y')", names[i]);
        snprintf(expected, sizeof expected, "margins.lua:3: policies have no word 'string.%s'",
                 names[i]);
        char out[1024];
        run_rule(code, out, sizeof out);
        if (strncmp(out, expected, strlen(expected)) != 0)
            fail_msg("%s", out);
    }
    assert_rule("return ('x'):byte() - 119 .. '%'", "10000");
    assert_rule("return (''):upper().x", "margins.lua:3: policies have no word 'string.x'");
}

static void test_shared_tables_cannot_be_changed(void **unused)
{
    static const char refused[] = "margins.lua:3: the libraries of policies cannot be changed";
    (void)unused;
    assert_rule("string.upper = string.lower", refused);
    assert_rule("string.new = 1", refused);
    assert_rule("math.pi = 3", refused);
    assert_rule("table.insert = nil", refused);
    assert_rule("x = 1", "margins.lua:3: policies have no globals: write 'local' before the name");
    assert_rule("pairs = 1",
                "margins.lua:3: policies have no globals: write 'local' before the name");
    assert_rule("request.model = 'gpt-4'", "margins.lua:3: a rule cannot change the request");
    assert_rule("('').x = 1", "margins.lua:3: attempt to index a string value");
    /* Raw access by list functions reaches the empty table in front, not the words. */
    assert_rule("table.insert(string, 'x') return string.upper('1%')", "10000");
    assert_rule("table.insert(request, 'x') return #request .. '%'", "10000");
    assert_rule("return tostring(next(string)) == 'nil' and '2%' or '3%'", "20000");
    assert_rule("for _ in pairs(request) do return '9%' end return '2%'", "20000");
}

static void test_a_request_shows_its_members_only(void **unused)
{
    (void)unused;
    assert_rule("return request.key_models", "margins.lua:3: a request has no member 'key_models'");
    assert_rule("return request.modle",
                "margins.lua:3: a request has no member 'modle'; did you mean 'model'?");
    assert_rule("return request[1]", "margins.lua:3: a request has no member '1'");
    assert_rule("return request.model == 'demo' and request.group == nil and '5%' or '6%'",
                "50000");
}

static void test_load_words_are_gone_at_request_time(void **unused)
{
    struct fault fault;
    char out[1024];
    const struct fixture_file files[] = {
        {"margins.lua", "local e = env\nreturn { default = '20%', rule = function()\n"
                        "local home = e('HOME') end }"},
        {"examples.lua", "return {}"},
        {NULL, NULL},
    };
    (void)unused;
    assert_rule("return env('HOME')", "margins.lua:3: policies have no word 'env'");
    struct vm *vm = fixture_vm(files, &fault);
    assert_non_null(vm);
    fixture_run(vm, "return select(3, require('policy').plan { model = 'demo' })", out, sizeof out);
    assert_string_equal(out, "margins.lua:3: env() works only while the file loads: keep its "
                             "result in a local outside the function");
    vm_unref(vm);
    fixture_refused("limits.lua", "local t = now()",
                    "limits.lua:1: now() works only inside a function that runs for a request");
}

static void test_bytecode_is_refused(void **unused)
{
    (void)unused;
    fixture_refused("limits.lua", "\x1bLJ\x02\x02",
                    "limits.lua: attempt to load chunk with wrong mode");
    fixture_refused("limits.lua", "\x1bLua", "limits.lua: attempt to load chunk with wrong mode");
}

static void test_words_work(void **unused)
{
    (void)unused;
    assert_rule("return starts_with('gpt-4o', 'gpt-') and '1%'", "10000");
    assert_rule("return starts_with('gpt', 'gpt-4') and '1%' or '2%'", "20000");
    assert_rule("return ends_with('gpt-4o-mini', '-mini') and '1%'", "10000");
    assert_rule("return ends_with('mini', 'gpt-mini') and '1%' or '2%'", "20000");
    assert_rule("return contains('a.b', '.') and not contains('ab', '.') and '1%'", "10000");
    assert_rule("return contains('x', '') and '1%'", "10000");
    assert_rule("local parts = split('1/2//3', '/') return #parts .. parts[2] .. parts[3] .. '%'",
                "420000");
    assert_rule("return #split('', ',') .. '%'", "10000");
    assert_rule("local parts = split('a', '')",
                "margins.lua:3: bad argument #2 to 'split' (the separator is empty)");
    assert_rule("return trim('  1% \\n')", "10000");
    assert_rule("return now().year >= 2024 and now().month <= 12 and now().weekday >= 1 and '1%'",
                "10000");
    assert_rule("local yes = starts_with(nil, 'x')",
                "margins.lua:3: bad argument #1 to 'starts_with' "
                "(string expected, got nil)");
    assert_rule("local t = { 3, 1, 2 } table.sort(t) return table.concat(t) .. '%'", "1230000");
    assert_rule("local t = { 3, 1 } table.sort(t, function(a, b) return a > b end) "
                "return t[1] .. '%'",
                "30000");
    assert_rule("return math.floor(2.5) .. '%'", "20000");
    assert_rule("local done, why = pcall(error, '1%') return why", "10000");
    assert_rule("return ('%d%%'):format(7)", "70000");
}

/* Sorting compares inside C, where nothing is counted. */
static void test_sorting_is_bounded(void **unused)
{
    (void)unused;
    assert_rule("local t = {} for i = 1, 1001 do t[i] = i end table.sort(t)",
                "margins.lua:3: table.sort: more than 1000 items");
    assert_rule("local s = 'x' for i = 1, 16 do s = s .. s end table.sort({ s, s })",
                "margins.lua:3: table.sort: more than 65536 bytes of text");
    assert_rule("local t = {} for i = 1, 1000 do t[i] = i end table.sort(t) return '1%'", "10000");
    assert_rule("table.sort(1)", "margins.lua:3: bad argument #1 to 'sort' (table expected, got "
                                 "number)");
    assert_rule("table.sort({}, 1)", "margins.lua:3: bad argument #2 to 'sort' (function expected, "
                                     "got number)");
}

static void test_runaway_rules_fail_the_request_only(void **unused)
{
    static const char *const rules[] = {
        "while true do end",
        "while true do pcall(error) end",
        "while true do pcall(function() while true do end end) end",
        "pcall(function() while true do end end) return '1%'",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "local function f() return f() end f()",
        "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end",
        "local s = 'x' for i = 1, 22 do s = s .. s end while true do s:upper() end",
        "local s = 'x' for i = 1, 22 do s = s .. s end while true do contains(s, 'y') end",
    };
    char out[1024];
    (void)unused;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        run_rule(rules[i], out, sizeof out);
        if (strstr(out, "margins.lua:3: runs without end") == NULL)
            fail_msg("%s: %s", rules[i], out);
    }
    assert_rule("local s = 'x' while true do s = s .. s end",
                "margins.lua: rule: not enough memory");
    assert_rule("local function f() return f() + 1 end f()", "margins.lua: rule: stack overflow");
    assert_rule("error()", "margins.lua: rule: raised an error that is not a text");
    assert_rule("error({})", "margins.lua: rule: raised an error that is not a text");
}

static void test_random_numbers_differ_between_vms(void **unused)
{
    char first[64];
    char second[64];
    static const char code[] =
        "return math.random(0, 1000) .. '.' .. math.random(1000, 9999) .. '%'";
    (void)unused;
    run_rule(code, first, sizeof first);
    run_rule(code, second, sizeof second);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_absent),
        cmocka_unit_test(test_string_methods_are_the_same_words),
        cmocka_unit_test(test_shared_tables_cannot_be_changed),
        cmocka_unit_test(test_a_request_shows_its_members_only),
        cmocka_unit_test(test_load_words_are_gone_at_request_time),
        cmocka_unit_test(test_bytecode_is_refused),
        cmocka_unit_test(test_words_work),
        cmocka_unit_test(test_sorting_is_bounded),
        cmocka_unit_test(test_runaway_rules_fail_the_request_only),
        cmocka_unit_test(test_random_numbers_differ_between_vms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
