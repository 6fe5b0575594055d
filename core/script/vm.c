/* A VM with limits. The allocator limits memory. A count hook limits time; once it has fired it
 * fires again at each instruction, so that pcall cannot swallow its error. */
#include "script/vm.h"

#include <lauxlib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "script/modules.h"
#include "script/policy_bindings.h"
#include "script/policy_native.h"
#include "script/sandbox.h"
#include "script/vm_call.h"

enum {
    HOOK_INSTRUCTIONS = 100, /* between two checks of the limits */
    PLACE_BYTES = 160,
    COLLECT_NS = 1000000, /* a step on an event loop that is idle */
    COLLECT_STEP_KB = 64, /* between two checks of the clock */
    /* Garbage that arises during a cycle stays until the next cycle has ended. */
    COLLECT_CYCLES = 2
};

struct vm {
    lua_State *state;
    struct policy_files *files;
    struct policy_load stage;
    struct job closing;       /* runs on `pool` */
    struct thread_pool *pool; /* NULL: the thread that drops the last reference closes it */
    int references;
    int main; /* registry reference to the result of lua/main.lua */
    struct vm_spares spares;

    size_t bytes;           /* present size of the state */
    size_t bytes_max;       /* allowed in this turn */
    size_t collected_bytes; /* size after the last full collection */
    unsigned cycles;        /* the collector's cycles since vm_collect_anew */

    lua_State *current; /* a task that runs; else NULL */

    /* of the present turn */
    bool running;
    bool runaway;
    int64_t instructions_max;
    int64_t instructions_left;
    int64_t cpu_ms_max;
    int64_t wall_deadline_ns; /* 0: the clock was not read yet */
    int64_t cpu_deadline_ns;  /* 0: the wall deadline has not passed yet */
    char place[PLACE_BYTES];  /* where it was stopped: "margins.lua:7: ", or "" */
};

/* ---- memory ---- */

/* Refuses to pass the turn's limit; Lua turns the refusal into an error. */
static void *vm_allocate(void *arg, void *block, size_t old_bytes, size_t new_bytes)
{
    struct vm *vm = arg;
    if (new_bytes == 0) {
        /* Lua's strings have held keys and passwords: they must not be found in memory later. */
        if (block != NULL)
            secret_wipe(block, old_bytes);
        free(block);
        vm->bytes -= old_bytes;
        return NULL;
    }
    if (new_bytes > old_bytes && vm->bytes + (new_bytes - old_bytes) > vm->bytes_max)
        return NULL;
    void *grown = realloc(block, new_bytes);
    if (grown != NULL)
        vm->bytes += new_bytes - old_bytes;
    return grown;
}

static struct vm *vm_of(lua_State *state)
{
    void *arg;
    (void)lua_getallocf(state, &arg);
    return arg;
}

static int collect(lua_State *state)
{
    lua_gc(state, LUA_GCCOLLECT, 0);
    return 0;
}

/* When an allocation fails LuaJIT raises without a collection. So that garbage alone never fails a
 * request, a state near its limit is collected before the next turn. */
static void make_room(struct vm *vm)
{
    const size_t step = LIMIT_VM_BYTES / 8;
    if (vm->bytes < LIMIT_VM_BYTES / 2 || vm->bytes < vm->collected_bytes + step)
        return;
    if (lua_cpcall(vm->state, collect, NULL) != 0)
        lua_pop(vm->state, 1);
    vm->collected_bytes = vm->bytes;
}

/* Lua raised outside a protected call: a bug of ours (code that may raise goes through vm_call or a
 * task). */
static int on_panic(lua_State *state)
{
    const char *error = lua_tostring(state, -1);
    check_failed(error != NULL ? error : "Lua error without text", __FILE__, __LINE__);
}

/* ---- time ---- */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    check(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Instructions are counted, but one instruction may copy megabytes. So the cheap wall clock is
 * checked too. Only when its time is up is the thread's processor time measured, from then on: a
 * machine that was asleep or overloaded fails no task. */
static bool out_of_time(struct vm *vm)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    int64_t span_ns = vm->cpu_ms_max * 1000000;
    if (vm->wall_deadline_ns == 0)
        vm->wall_deadline_ns = now_ns + span_ns;
    if (now_ns < vm->wall_deadline_ns)
        return false;
    now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (vm->cpu_deadline_ns == 0)
        vm->cpu_deadline_ns = now_ns + span_ns;
    return now_ns >= vm->cpu_deadline_ns;
}

/* Notes the innermost place in a policy file, else the innermost place of all. */
static void note_place(struct vm *vm, lua_State *state)
{
    lua_Debug frame;
    vm->place[0] = '\0';
    for (int level = 0; level < 32 && lua_getstack(state, level, &frame); level++) {
        lua_getinfo(state, "Sl", &frame);
        bool trusted = strncmp(frame.short_src, "lua/", 4) == 0;
        if (frame.currentline <= 0 || (trusted && vm->place[0]))
            continue;
        snprintf(vm->place, sizeof vm->place, "%s:%d: ", frame.short_src, frame.currentline);
        if (!trusted)
            return;
    }
}

/* Raises when a limit is passed, and from then on at each instruction: code that catches the error
 * is stopped by the next one. */
static void on_count(lua_State *state, lua_Debug *event)
{
    struct vm *vm = vm_of(state);
    (void)event;
    if (!vm->running)
        return;
    if (!vm->runaway) {
        vm->instructions_left -= HOOK_INSTRUCTIONS;
        if (vm->instructions_left > 0 && !out_of_time(vm))
            return;
        vm->runaway = true;
        note_place(vm, state);
        lua_sethook(state, on_count, LUA_MASKCOUNT, 1);
    }
    luaL_error(state, "runs without end");
}

static void begin_turn(struct vm *vm, int64_t instructions, int64_t cpu_ms_max, size_t growth_max)
{
    check(!vm->running);
    vm->running = true;
    vm->runaway = false;
    if (growth_max < LIMIT_VM_BYTES - vm->bytes)
        vm->bytes_max = vm->bytes + growth_max;
    vm->instructions_max = instructions;
    vm->instructions_left = instructions;
    vm->cpu_ms_max = cpu_ms_max;
    vm->wall_deadline_ns = 0;
    vm->cpu_deadline_ns = 0;
    vm->place[0] = '\0';
    lua_sethook(vm->state, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

/* The hook stays: setting or removing it rewrites LuaJIT's whole dispatch table. Outside a turn
 * only C runs. */
static void end_turn(struct vm *vm)
{
    vm->bytes_max = LIMIT_VM_BYTES;
    vm->running = false;
}

/* ---- building ---- */

struct build {
    struct vm *vm;
    const struct vm_options *options;
};

/* Builds everything in a VM, in one protected call. */
static int build(lua_State *state)
{
    const struct build *build = lua_touserdata(state, 1);
    struct vm *vm = build->vm;
    sandbox_open(state, &vm->stage);
    policy_native_push(state, &vm->stage);
    modules_provide(state, "policy.native");
    modules_require(state, "policy");
    lua_getfield(state, -1, "load");
    lua_call(state, 0, 0);
    vm->stage.loading = false;
    vm->stage.file = NULL;
    if (build->options->install == NULL)
        return 0;
    lua_getglobal(state, "core");
    build->options->install(state, build->options->arg);
    modules_require(state, "main");
    vm->main = luaL_ref(state, LUA_REGISTRYINDEX);
    return 0;
}

/* Returns true when a message begins with the name of a policy file; Lua does not always know the
 * place. */
static bool names_file(const struct policy_files *files, const char *error)
{
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        const char *name = policy_files_get(files, i)->name;
        if (strncmp(error, name, strlen(name)) == 0 && error[strlen(name)] == ':')
            return true;
    }
    return false;
}

/* Says why the build failed. `error` is Lua's error value. */
static bool explain(const struct vm *vm, int status, const char *error, struct fault *fault)
{
    const char *file = vm->stage.file != NULL ? vm->stage.file : "policies";
    if (vm->runaway)
        return fault_set(fault, "policy_invalid",
                         "%sruns without end (stopped after %d million instructions or %d ms)",
                         vm->place, LIMIT_LOAD_INSTRUCTIONS / 1000000, LIMIT_LOAD_CPU_MS);
    if (status == LUA_ERRMEM)
        return fault_set(fault, "policy_invalid", "%s: needs more than %d MB of memory", file,
                         LIMIT_LOAD_BYTES / (1024 * 1024));
    if (error == NULL)
        return fault_set(fault, "policy_invalid", "%s: raised an error that is no text", file);
    if (vm->stage.file != NULL && !names_file(vm->files, error))
        return fault_set(fault, "policy_invalid", "%s: %s", file, error);
    return fault_set(fault, "policy_invalid", "%s", error);
}

struct vm *vm_new(struct policy_files *files, const struct vm_options *options, struct fault *fault)
{
    struct vm *vm = calloc(1, sizeof *vm);
    if (vm == NULL) {
        (void)fault_set(fault, "policy_invalid", "out of memory");
        return NULL;
    }
    vm->references = 1;
    vm->bytes_max = LIMIT_VM_BYTES;
    vm->main = LUA_NOREF;
    vm->files = policy_files_ref(files);
    vm->stage = (struct policy_load){.files = files, .loading = true};
    vm->state = lua_newstate(vm_allocate, vm);
    if (vm->state == NULL) {
        (void)fault_set(fault, "policy_invalid", "out of memory");
        vm_unref(vm);
        return NULL;
    }
    lua_atpanic(vm->state, on_panic);
    struct build arg = {vm, options};
    begin_turn(vm, LIMIT_LOAD_INSTRUCTIONS, LIMIT_LOAD_CPU_MS, LIMIT_LOAD_BYTES);
    vm->cpu_deadline_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + vm->cpu_ms_max * 1000000;
    int status = lua_cpcall(vm->state, build, &arg);
    end_turn(vm);
    if (status != 0 || vm->runaway) {
        const char *error = status != 0 ? lua_tostring(vm->state, -1) : NULL;
        (void)explain(vm, status, error, fault);
        vm_unref(vm);
        return NULL;
    }
    /* Collect the garbage of the load here, not on an event loop. */
    lua_cpcall(vm->state, collect, NULL);
    vm->collected_bytes = vm->bytes;
    return vm;
}

void vm_ref(struct vm *vm)
{
    check(vm->references > 0);
    vm->references++;
}

static void close_vm(struct vm *vm)
{
    if (vm->state != NULL)
        lua_close(vm->state);
    policy_files_unref(vm->files);
    free(vm);
}

/* Runs on a thread of the pool. The job has no reply queue: it is freed with its VM. */
static void run_closing(struct job *job, void *server)
{
    (void)server;
    close_vm((struct vm *)(void *)((char *)job - offsetof(struct vm, closing)));
}

void vm_close_on(struct vm *vm, struct thread_pool *pool)
{
    vm->closing = (struct job){.run = run_closing};
    vm->pool = pool;
}

void vm_unref(struct vm *vm)
{
    if (vm == NULL)
        return;
    check(vm->references > 0);
    if (--vm->references > 0)
        return;
    check(!vm->running);
    if (vm->pool == NULL || !thread_pool_post(vm->pool, &vm->closing))
        close_vm(vm);
}

const char *vm_revision(const struct vm *vm)
{
    return policy_files_revision(vm->files);
}

lua_State *vm_state(struct vm *vm)
{
    return vm->state;
}

size_t vm_memory_bytes(const struct vm *vm)
{
    return vm->bytes;
}

/* ---- running ---- */

static bool explain_runaway(const struct vm *vm, struct fault *fault)
{
    return fault_set(fault, "policy_error",
                     "%sruns without end (stopped after %lld thousand instructions or %lld ms)",
                     vm->place, (long long)vm->instructions_max / 1000, (long long)vm->cpu_ms_max);
}

static bool explain_memory(struct fault *fault)
{
    return fault_set(fault, "policy_error",
                     "needs more memory than a request (%d MB) or all of them (%d MB) may have",
                     LIMIT_TURN_BYTES / (1024 * 1024), LIMIT_VM_BYTES / (1024 * 1024));
}

enum vm_turn vm_resume(struct vm *vm, lua_State *task, int argument_count, struct fault *fault)
{
    make_room(vm);
    begin_turn(vm, LIMIT_TURN_INSTRUCTIONS, LIMIT_TURN_CPU_MS, LIMIT_TURN_BYTES);
    vm->current = task;
    int status = lua_resume(task, argument_count);
    vm->current = NULL;
    end_turn(vm);
    if (vm->runaway) {
        (void)explain_runaway(vm, fault);
        return VM_RUNAWAY;
    }
    switch (status) {
    case 0:
        return VM_DONE;
    case LUA_YIELD:
        return VM_YIELDED;
    case LUA_ERRMEM:
        (void)explain_memory(fault);
        return VM_MEMORY;
    default:
        return VM_RAISED;
    }
}

/* Says why a protected call has failed. Leaves its error on the stack. */
static bool explain_call(const struct vm *vm, int status, struct fault *fault)
{
    lua_State *state = vm->current != NULL ? vm->current : vm->state;
    const char *error = status != 0 ? lua_tostring(state, -1) : NULL;
    if (vm->runaway)
        return explain_runaway(vm, fault);
    if (status == LUA_ERRMEM)
        return explain_memory(fault);
    return fault_set(fault, "policy_error", "%s", error != NULL ? error : "raised no text");
}

static bool call(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault)
{
    int status = lua_cpcall(vm->state, function, arg);
    end_turn(vm);
    if (status == 0 && !vm->runaway)
        return true;
    (void)explain_call(vm, status, fault);
    if (status != 0)
        lua_pop(vm->state, 1);
    return false;
}

bool vm_call(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault)
{
    make_room(vm);
    begin_turn(vm, LIMIT_LOAD_INSTRUCTIONS, LIMIT_LOAD_CPU_MS, LIMIT_TURN_BYTES);
    return call(vm, function, arg, fault);
}

bool vm_call_turn(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault)
{
    make_room(vm);
    begin_turn(vm, LIMIT_TURN_INSTRUCTIONS, LIMIT_TURN_CPU_MS, LIMIT_TURN_BYTES);
    return call(vm, function, arg, fault);
}

lua_State *vm_current(struct vm *vm)
{
    return vm->current != NULL ? vm->current : vm->state;
}

/* The limits of a turn that waits while a call inside of it runs. */
struct outer_turn {
    bool running;
    int64_t instructions_max;
    int64_t instructions_left;
    int64_t cpu_ms_max;
    int64_t wall_deadline_ns;
    int64_t cpu_deadline_ns;
    size_t bytes_max;
};

static struct outer_turn leave_turn(struct vm *vm)
{
    struct outer_turn outer = {vm->running,    vm->instructions_max, vm->instructions_left,
                               vm->cpu_ms_max, vm->wall_deadline_ns, vm->cpu_deadline_ns,
                               vm->bytes_max};
    vm->running = false;
    return outer;
}

static void return_to_turn(struct vm *vm, const struct outer_turn *outer)
{
    vm->running = outer->running;
    vm->runaway = false;
    vm->instructions_max = outer->instructions_max;
    vm->instructions_left = outer->instructions_left;
    vm->cpu_ms_max = outer->cpu_ms_max;
    vm->wall_deadline_ns = outer->wall_deadline_ns;
    vm->cpu_deadline_ns = outer->cpu_deadline_ns;
    vm->bytes_max = outer->bytes_max;
    lua_sethook(vm->state, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

/* Begins a call inside of the turn, if there is one. */
static struct outer_turn begin_inside(struct vm *vm)
{
    struct outer_turn outer = leave_turn(vm);
    if (!outer.running)
        make_room(vm);
    begin_turn(vm, LIMIT_TRANSLATION_INSTRUCTIONS, LIMIT_TURN_CPU_MS, LIMIT_TURN_BYTES);
    return outer;
}

static bool end_inside(struct vm *vm, const struct outer_turn *outer, int status,
                       struct fault *fault)
{
    end_turn(vm);
    bool done = status == 0 && !vm->runaway;
    if (!done)
        (void)explain_call(vm, status, fault);
    if (outer->running)
        return_to_turn(vm, outer);
    return done;
}

bool vm_call_inside(struct vm *vm, int argument_count, int result_count, struct fault *fault)
{
    struct outer_turn outer = begin_inside(vm);
    int status = lua_pcall(vm_current(vm), argument_count, result_count, 0);
    return end_inside(vm, &outer, status, fault);
}

bool vm_ccall_inside(struct vm *vm, lua_CFunction function, void *arg, struct fault *fault)
{
    struct outer_turn outer = begin_inside(vm);
    int status = lua_cpcall(vm_current(vm), function, arg);
    return end_inside(vm, &outer, status, fault);
}

static int collect_step(lua_State *state)
{
    struct vm *vm = vm_of(state);
    if (lua_gc(state, LUA_GCSTEP, COLLECT_STEP_KB))
        vm->cycles++;
    return 0;
}

bool vm_collect_some(struct vm *vm)
{
    check(!vm->running);
    int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + COLLECT_NS;
    while (vm->cycles < COLLECT_CYCLES && clock_ns(CLOCK_MONOTONIC) < end_ns) {
        if (lua_cpcall(vm->state, collect_step, NULL) != 0)
            lua_pop(vm->state, 1);
    }
    return vm->cycles >= COLLECT_CYCLES;
}

void vm_collect_anew(struct vm *vm)
{
    vm->cycles = 0;
}

struct vm_spares *vm_spares(struct vm *vm)
{
    return &vm->spares;
}

void vm_push_main(struct vm *vm, lua_State *to)
{
    lua_rawgeti(to, LUA_REGISTRYINDEX, vm->main);
}
