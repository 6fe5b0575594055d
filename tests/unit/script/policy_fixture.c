#include "policy_fixture.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "script/policy_files.h"

static const char *const names[] = {
    "providers.lua", "models.lua",   "margins.lua",  "routes.lua",
    "limits.lua",    "examples.lua", "payments.lua",
};

static void write_file(const char *folder, const char *name, const char *text, size_t bytes)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void copy_shipped(const char *folder, const char *name)
{
    static char text[64 * 1024];
    char path[256];
    snprintf(path, sizeof path, "policies/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t bytes = fread(text, 1, sizeof text, file);
    assert_true(bytes > 0 && bytes < sizeof text);
    fclose(file);
    write_file(folder, name, text, bytes);
}

const char *fixture_folder(const struct fixture_file *files, char out[64])
{
    strcpy(out, "/tmp/policies-XXXXXX");
    assert_non_null(mkdtemp(out));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        copy_shipped(out, names[i]);
    for (; files != NULL && files->name != NULL; files++)
        write_file(out, files->name, files->text, strlen(files->text));
    return out;
}

void fixture_remove(const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/catalog.lua", folder); /* where a test has made one */
    unlink(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

struct vm *fixture_vm(const struct fixture_file *files, struct fault *fault)
{
    char folder[64];
    const struct vm_options options = {0};
    *fault = (struct fault){0};
    fixture_folder(files, folder);
    struct policy_files *read = policy_files_read(folder, fault);
    fixture_remove(folder);
    if (read == NULL)
        return NULL;
    struct vm *vm = vm_new(read, &options, fault);
    policy_files_unref(read);
    return vm;
}

struct vm *fixture_vm_with(const char *name, const char *text)
{
    struct fault fault;
    /* Examples of the shipped prices would refuse most other policies. */
    const struct fixture_file files[] = {
        {name, text},
        {name != NULL && strcmp(name, "examples.lua") != 0 ? "examples.lua" : NULL, "return {}"},
        {NULL, NULL},
    };
    struct vm *vm = fixture_vm(name != NULL ? files : NULL, &fault);
    if (vm == NULL)
        fail_msg("%s", fault.message);
    return vm;
}

void fixture_refused(const char *name, const char *text, const char *message)
{
    struct fault fault;
    const struct fixture_file files[] = {{name, text}, {NULL, NULL}};
    struct vm *vm = fixture_vm(files, &fault);
    assert_null(vm);
    assert_string_equal(fault.code, "policy_invalid");
    assert_string_equal(fault.message, message);
}

enum vm_turn fixture_run(struct vm *vm, const char *code, char *out, size_t out_bytes)
{
    struct fault fault = {0};
    lua_State *state = vm_state(vm);
    int top = lua_gettop(state);
    lua_State *task = lua_newthread(state);
    if (luaL_loadbuffer(task, code, strlen(code), "=test") != 0)
        fail_msg("%s", lua_tostring(task, -1));
    enum vm_turn turn = vm_resume(vm, task, 0, &fault);
    if (turn == VM_RUNAWAY || turn == VM_MEMORY) {
        snprintf(out, out_bytes, "%s", fault.message);
    } else {
        const char *text = lua_gettop(task) > 0 ? lua_tostring(task, -1) : "nothing";
        if (lua_gettop(task) > 0 && lua_isboolean(task, -1))
            text = lua_toboolean(task, -1) ? "true" : "false";
        snprintf(out, out_bytes, "%s", text != NULL ? text : luaL_typename(task, -1));
    }
    lua_settop(state, top);
    return turn;
}

void fixture_returns(struct vm *vm, const char *code, const char *expected)
{
    char out[4096];
    enum vm_turn turn = fixture_run(vm, code, out, sizeof out);
    if (turn != VM_DONE)
        fail_msg("%s", out);
    assert_string_equal(out, expected);
}

static const char prelude[] =
    "local policy = require 'policy'\n"
    "local function plan(request)\n"
    "  request.key_id = request.key_id or 'k1'\n"
    "  request.user_id = request.user_id or 'u1'\n"
    "  request.input_tokens = request.input_tokens or 10\n"
    "  local found, code, why = policy.plan(request)\n"
    "  if not found then return nil, code .. ': ' .. why end\n"
    "  return found\n"
    "end\n"
    "local function margin(request)\n"
    "  local found, why = plan(request)\n"
    "  return found and found.candidates[1].margin_ppm or why\n"
    "end\n"
    "local function show(value)\n"
    "  if type(value) ~= 'table' then return tostring(value) end\n"
    "  local parts = {}\n"
    "  for name, member in pairs(value) do parts[#parts + 1] = name .. '=' .. show(member) end\n"
    "  table.sort(parts)\n"
    "  return '{' .. table.concat(parts, ' ') .. '}'\n"
    "end\n";

void fixture_gives(struct vm *vm, const char *code, const char *expected)
{
    char text[8192];
    char out[8192];
    snprintf(text, sizeof text, "%s%s", prelude, code);
    if (fixture_run(vm, text, out, sizeof out) != VM_DONE || strcmp(out, expected) != 0)
        fail_msg("%s\ngives    %s\nexpected %s", code, out, expected);
}

void fixture_refused_all(const struct fixture_mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fixture_refused(mistakes[i].name, mistakes[i].text, mistakes[i].message);
}
