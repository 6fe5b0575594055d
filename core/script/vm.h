/* A VM: a LuaJIT state (JIT off) with a capped allocator. It holds one generation of the operator's
 * policies behind a sandbox, and our own trusted code (lua/) beside them. Each worker has one VM
 * for each live policy. A thread of its own builds the VM (app/reload.h), because a large policy
 * takes seconds, and hands it over complete; from then on its worker's thread owns it. It is
 * reference counted: the worker holds one reference while the policy is in force, every task holds
 * one until it ends. So an old VM closes after its last exchange, on another thread, because a
 * large one takes long to free. What VMs share (policy files, candidates that attempts keep) is
 * counted atomically.
 *
 * One state has two environments: policy files see only the words listed in
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
    /* Puts the primitives into the table on top of the stack, and leaves it there. NULL: policies
     * are checked and their examples run, but trusted handlers do not start. */
    void (*install)(lua_State *state, void *arg);
    void *arg;
};

/* Builds the VM: sandbox, policy files in a fixed order, validation and normalisation
 * (lua/policy/...), examples, then lua/main.lua if there is an `install`. All of it runs under
 * LIMIT_LOAD_BYTES and LIMIT_LOAD_INSTRUCTIONS. Returns NULL with fault code "policy_invalid" and
 * the message "models.lua:12: ..." with the file, the line and why. Takes its own reference to
 * `files`. */
struct vm *vm_new(struct policy_files *files, const struct vm_options *options,
                  struct fault *fault);
void vm_ref(struct vm *vm);
void vm_unref(struct vm *vm); /* closes the VM at zero */
/* From now on a thread of the pool closes the VM after its last reference. The pool must outlive
 * the VM. */
void vm_close_on(struct vm *vm, struct thread_pool *pool);

const char *vm_revision(const struct vm *vm); /* SHA-256 in hex of all policy bytes */
lua_State *vm_state(struct vm *vm);
size_t vm_memory_bytes(const struct vm *vm);

/* How a turn of a task ended. */
enum vm_turn {
    VM_DONE,    /* returned; the results are on the task's stack */
    VM_YIELDED, /* waits for an action that a primitive has started */
    VM_RAISED,  /* error(...): the error value is on top of the task's stack */
    VM_RUNAWAY, /* ran LIMIT_TURN_INSTRUCTIONS without a yield; pcall cannot catch it */
    VM_MEMORY   /* reached LIMIT_TURN_BYTES or LIMIT_VM_BYTES */
};

/* Starts or continues a coroutine of this VM, with `argument_count` values on its stack, under the
 * instruction limit. For VM_RUNAWAY and VM_MEMORY it fills *fault (with the place in Lua if
 * known). */
enum vm_turn vm_resume(struct vm *vm, lua_State *task, int argument_count, struct fault *fault);

/* Call function(state), with `arg` as light userdata, protected and under the limits of a load or
 * of a turn: for work outside tasks that may raise. On false *fault ("policy_error") says why. */
bool vm_call(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault);
bool vm_call_turn(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault);

/* Spare tasks for reuse (script/task.c). They are memory of the state, freed with it. */
struct vm_spares {
    struct task *first;
    size_t count;
};
struct vm_spares *vm_spares(struct vm *vm);

/* Collects garbage for about a millisecond; call it when idle. Garbage may hold secrets, and
 * freeing wipes it. Returns true when all garbage of the time of vm_collect_anew has been
 * collected. */
bool vm_collect_some(struct vm *vm);
void vm_collect_anew(struct vm *vm);

/* Pushes the table of trusted handlers that lua/main.lua returned. */
void vm_push_main(struct vm *vm, lua_State *to);

#endif
