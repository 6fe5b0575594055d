/* A folder of policies for a test: the shipped files, some of them replaced. */
#ifndef TESTS_SCRIPT_POLICY_FIXTURE_H
#define TESTS_SCRIPT_POLICY_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "script/vm.h"

/* One replaced file; the list ends with a NULL name. */
struct fixture_file {
    const char *name;
    const char *text;
};

/* Makes the folder in /tmp (the caller removes it with fixture_remove); `files` may be NULL. */
const char *fixture_folder(const struct fixture_file *files, char out[64]);
void fixture_remove(const char *folder);

/* Reads and builds; NULL: *fault says why. `install` may be NULL. */
struct vm *fixture_vm(const struct fixture_file *files, struct fault *fault);
/* As fixture_vm with one replaced file, failing the test when it does not load. */
struct vm *fixture_vm_with(const char *name, const char *text);
/* Asserts that the policies are refused with exactly this message. */
void fixture_refused(const char *name, const char *text, const char *message);

/* A file, and the message with which it is refused. */
struct fixture_mistake {
    const char *name;
    const char *text;
    const char *message;
};
void fixture_refused_all(const struct fixture_mistake *mistakes, size_t count);

/* Runs trusted Lua in the VM as a task of one turn, with tostring() of what it returned (or raised,
 * or the fault's message) in *out. */
enum vm_turn fixture_run(struct vm *vm, const char *code, char *out, size_t out_bytes);
/* Asserts that the code returns a value with this text. */
void fixture_returns(struct vm *vm, const char *code, const char *expected);
/* The same for code that may use `policy`, `plan{...}` (policy.plan with the usual members filled
 * in), `margin{...}` (of its first candidate) and `show(value)` (as text with sorted members). */
void fixture_gives(struct vm *vm, const char *code, const char *expected);

#endif
