/* One Lua world: a LuaJIT state (JIT off) with a capped allocator, in which one generation of the
 * operator's policies is loaded behind a sandbox and our own trusted code (lua/) runs beside it.
 * Each worker has one VM per live policy. A VM is built on a thread of its own (app/reload.h), for
 * a large policy takes seconds, and is handed over when it is complete; from then on it belongs to
 * its worker's thread. It is reference counted: the worker holds one reference while the policy is
 * in force, every task holds one until it ends, so an old VM closes with its last exchange: again
 * elsewhere, for what is large takes long to free. What is shared with other VMs (policy files,
 * candidates that attempts keep) is counted atomically.
 *
 * Two environments in one state: policy files see only the words listed in
 * lua/annotations/policy.lua; trusted code sees LuaJIT's base, string, table, math, coroutine,
 * cjson (safe settings) and the table `core`, into which `install` puts the primitives. */
#ifndef SCRIPT_VM_H
#define SCRIPT_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "script/policy_files.h"

struct thread_pool;
struct task;
struct vm;

struct vm_options {
    /* Puts the primitives into the table at the top of the stack (leaves it there). NULL for a
     * check: policies are validated and their examples run, trusted handlers are not started. */
    void (*install)(lua_State *state, void *arg);
    void *arg;
};

/* Builds the VM: sandbox, policy files in a fixed order, validation and normalisation
 * (lua/policy/...), examples, then lua/main.lua when there is an `install`. All under
 * LIMIT_LOAD_BYTES and LIMIT_LOAD_INSTRUCTIONS. NULL: fault code "policy_invalid", message
 * "models.lua:12: ..." with the file, the line and why. Takes its own reference to `files`. */
struct vm *vm_new(struct policy_files *files, const struct vm_options *options,
                  struct fault *fault);
void vm_ref(struct vm *vm);
void vm_unref(struct vm *vm); /* closes at zero */
/* From now on a thread of the pool closes the VM, when the last reference is gone. The pool must
 * outlive the VM. */
void vm_close_on(struct vm *vm, struct thread_pool *pool);

const char *vm_revision(const struct vm *vm); /* SHA-256 in hex of all policy bytes */
lua_State *vm_state(struct vm *vm);
size_t vm_memory_bytes(const struct vm *vm);

/* How a turn of a Lua task ended; one switch consumes it. */
enum vm_turn {
    VM_DONE,    /* returned; results are on the task's stack */
    VM_YIELDED, /* waits for something that a primitive has started */
    VM_RAISED,  /* error(...): the error value is on top of the task's stack */
    VM_RUNAWAY, /* used LIMIT_TURN_INSTRUCTIONS without yielding; pcall cannot catch it */
    VM_MEMORY   /* LIMIT_TURN_BYTES or LIMIT_VM_BYTES reached */
};

/* Starts or continues a coroutine made in this VM, with `argument_count` values on its stack, under
 * the instruction limit. For VM_RUNAWAY and VM_MEMORY *fault is filled (with the Lua place where
 * known). */
enum vm_turn vm_resume(struct vm *vm, lua_State *task, int argument_count, struct fault *fault);

/* Calls function(state), with `arg` as light userdata on its stack, protected and under the
 * limits of a load: for what is done outside tasks but may raise (making a task, reading tables).
 * False: *fault has code "policy_error" and says why. */
bool vm_call(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault);

/* Tasks that wait to be begun (script/task.c). They are memory of the state, and go with it. */
struct vm_spares {
    struct task *first;
    size_t count;
};
struct vm_spares *vm_spares(struct vm *vm);

/* Collects garbage for about a millisecond, when there is time: garbage may hold secrets, and it is
 * wiped when it is freed. True: all that was garbage at the first call since vm_collect_anew has
 * been collected. */
bool vm_collect_some(struct vm *vm);
void vm_collect_anew(struct vm *vm);

/* Pushes the trusted handler table that lua/main.lua returned. */
void vm_push_main(struct vm *vm, lua_State *to);

#endif
