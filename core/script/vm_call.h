/* Calls of Lua from C that may come while a task runs: a translation that a task's primitive
 * starts. Such a call has limits of its own; what it spends does not count for the task, and its
 * failure does not end the task. Worker's thread. */
#ifndef SCRIPT_VM_CALL_H
#define SCRIPT_VM_CALL_H

#include <lua.h>
#include <stdbool.h>

#include "base/fault.h"

struct vm;

/* Returns the state that runs: the task's inside of a task, else the VM's own. The calls below
 * are made on it. */
lua_State *vm_current(struct vm *vm);

/* Calls the function below the `argument_count` values on top of vm_current, protected. On true the
 * results are on the stack. On false the error is, whatever it is, and *fault says why. */
bool vm_call_inside(struct vm *vm, int argument_count, int result_count, struct fault *fault);
/* The same for function(state) with `arg` as light userdata, which needs no memory before it is
 * protected. */
bool vm_ccall_inside(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault);

#endif
