/* Builds a VM that serves no requests, and asks it for its prices. */
#include "script/policy_check.h"

#include "script/modules.h"
#include "script/policy_files.h"
#include "script/vm.h"

struct request {
    struct slice names;
    struct buffer *report;
};

static int append_report(lua_State *state)
{
    const struct request *request = lua_touserdata(state, 1);
    size_t bytes;
    modules_require(state, "policy.report");
    lua_getfield(state, -1, "text");
    lua_pushlstring(state, request->names.bytes > 0 ? request->names.data : "",
                    request->names.bytes);
    lua_call(state, 1, 1);
    const char *text = lua_tolstring(state, -1, &bytes);
    (void)buffer_append(request->report, text, bytes);
    return 0;
}

bool policy_check(const char *folder, struct slice names, struct buffer *report,
                  struct fault *fault)
{
    const struct vm_options options = {0};
    struct request request = {names, report};
    struct policy_files *files = policy_files_read(folder, fault);
    if (files == NULL)
        return false;
    struct vm *vm = vm_new(files, &options, fault);
    policy_files_unref(files);
    if (vm == NULL)
        return false;
    bool done = vm_call(vm, append_report, &request, fault);
    vm_unref(vm);
    if (done && report->failed)
        return fault_set(fault, "policy_invalid", "the report is too long");
    return done;
}
