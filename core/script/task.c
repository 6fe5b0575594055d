#include "script/task.h"
#include "script/doors.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "dialect/dialect.h"
#include "script/bindings.h"
#include "script/handle.h"
#include "script/shadow_task.h"
#include "script/translation.h"

#define EXCHANGE_METATABLE "llm-gateway.exchange"

static const char exchange_kind[] = "exchange";

/* The userdata that Lua holds as its exchange: memory of the Lua state, freed with it. */
struct task {
    struct handle handle;
    struct exchange *exchange; /* NULL: dropped, or the exchange has ended */
    struct vm *vm;
    lua_State *coroutine;
    int references[2]; /* registry references of the coroutine and of the task */
    enum task_wait waits;
    bool running;
    struct task *next_spare;
};

enum { SPARE_TASKS_MAX = 64 };

/* Its address is an error value: the client has been answered, end the task. */
static char stop_mark;

/* Their addresses are registry keys of two functions below. Calls of Lua's API that allocate may
 * raise when memory is short; outside a protected call that would end the process. */
static char make_name;
static char results_name;

/* Leaves the task to Lua's collector. */
static void forget(struct task *task)
{
    lua_State *state = vm_state(task->vm);
    luaL_unref(state, LUA_REGISTRYINDEX, task->references[0]);
    luaL_unref(state, LUA_REGISTRYINDEX, task->references[1]);
}

/* Frees the coroutine; one that has returned can begin again, so it is kept for the next task. */
static void release(struct task *task, bool returned)
{
    struct vm *vm = task->vm;
    struct vm_spares *spares = vm_spares(vm);
    task->exchange = NULL;
    if (returned && spares->count < SPARE_TASKS_MAX) {
        lua_settop(task->coroutine, 0);
        task->next_spare = spares->first;
        spares->first = task;
        spares->count++;
    } else {
        forget(task);
    }
    vm_unref(vm);
}

static void end(struct task *task, enum vm_turn turn, const struct fault *fault)
{
    struct exchange *exchange = task->exchange;
    lua_State *coroutine = task->coroutine;
    char reason[480] = "";
    bool stopped =
        turn == VM_DONE || (turn == VM_RAISED && lua_touserdata(coroutine, -1) == &stop_mark);
    if (turn == VM_RAISED && !stopped) {
        const char *text = lua_tostring(coroutine, -1);
        snprintf(reason, sizeof reason, "%s", text != NULL ? text : "an error that is no text");
    } else if (turn == VM_RUNAWAY || turn == VM_MEMORY) {
        snprintf(reason, sizeof reason, "%s", fault->message);
    }
    release(task, turn == VM_DONE);
    if (exchange == NULL)
        return;
    if (stopped)
        exchange_task_ended(exchange);
    else
        exchange_task_failed(exchange, turn == VM_RAISED ? "internal_error" : "policy_error",
                             reason);
}

static void resume(struct task *task, int argument_count)
{
    struct fault fault;
    task->running = true;
    task->waits = TASK_RUNS;
    enum vm_turn turn = vm_resume(task->vm, task->coroutine, argument_count, &fault);
    task->running = false;
    if (turn != VM_YIELDED)
        end(task, turn, &fault);
    else if (task->exchange == NULL)
        release(task, false);
}

/* Calls one of the two functions with `arg`, protected, and leaves its results on the state.
 * Returns false when memory is short. */
static bool call_protected(struct vm *vm, void *name, void *arg)
{
    lua_State *state = vm_state(vm);
    lua_pushlightuserdata(state, name);
    lua_rawget(state, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(state, arg);
    if (lua_pcall(state, 1, LUA_MULTRET, 0) == 0)
        return true;
    lua_pop(state, 1);
    return false;
}

static void fail_for_memory(struct exchange *exchange)
{
    if (exchange != NULL)
        exchange_task_failed(exchange, "policy_error", "the VM's memory limit is reached");
}

/* Call it protected: pushes the results that the task waited for. */
static int push_results(lua_State *state)
{
    struct task *task = lua_touserdata(state, 1);
    return api_exchange_results(state, task->exchange, task->waits);
}

static void wake(void *arg)
{
    struct task *task = arg;
    lua_State *state = vm_state(task->vm);
    if (task->waits == TASK_RUNS)
        return; /* a late wake-up: the wait is already over */
    if (!api_exchange_has_results(task->exchange, task->waits)) {
        resume(task, 0);
        return;
    }
    int before = lua_gettop(state);
    if (!call_protected(task->vm, &results_name, task)) {
        struct exchange *exchange = task->exchange;
        release(task, false);
        fail_for_memory(exchange);
        return;
    }
    int count = lua_gettop(state) - before;
    lua_xmove(state, task->coroutine, count);
    resume(task, count);
}

static void drop(void *arg)
{
    struct task *task = arg;
    task->exchange = NULL;
    if (!task->running)
        release(task, false);
}

struct making {
    struct vm *vm;
    struct task *task; /* NULL before it is made */
};

/* Call it protected: makes a task with its coroutine. */
static int make_task(lua_State *state)
{
    struct making *making = lua_touserdata(state, 1);
    struct task *task = lua_newuserdata(state, sizeof *task);
    *task = (struct task){
        .handle = {exchange_kind}, .vm = making->vm, .references = {LUA_NOREF, LUA_NOREF}};
    making->task = task;
    luaL_getmetatable(state, EXCHANGE_METATABLE);
    lua_setmetatable(state, -2);
    task->coroutine = lua_newthread(state);
    task->references[0] = luaL_ref(state, LUA_REGISTRYINDEX);
    task->references[1] = luaL_ref(state, LUA_REGISTRYINDEX);
    return 0;
}

/* Returns a task whose coroutine has an empty stack; NULL when memory is short. */
static struct task *take_task(struct vm *vm)
{
    struct vm_spares *spares = vm_spares(vm);
    struct task *task = spares->first;
    if (task != NULL) {
        spares->first = task->next_spare;
        spares->count--;
        return task;
    }
    struct making making = {.vm = vm};
    if (call_protected(vm, &make_name, &making))
        return making.task;
    if (making.task != NULL)
        forget(making.task);
    return NULL;
}

static bool translate(void *arg, enum dialect client, enum dialect provider, struct translator *out,
                      struct fault *fault)
{
    const struct task *task = arg;
    return translation_start(task->vm, dialect_name(client), dialect_name(provider), out, fault);
}

static bool map(void *arg, const char *provider, struct translator *out, struct fault *fault)
{
    const struct task *task = arg;
    return translation_start_mapped(task->vm, provider, out, fault);
}

void task_start(struct vm *vm, struct exchange *exchange)
{
    exchange_note_policy(exchange, vm_revision(vm));
    struct task *task = take_task(vm);
    if (task == NULL) {
        fail_for_memory(exchange);
        return;
    }
    task->exchange = exchange;
    vm_ref(vm);
    const struct exchange_task attached = {
        .task = task, .wake = wake, .drop = drop, .translate = translate, .map = map};
    exchange_attach_task(exchange, &attached);
    vm_push_main(vm, task->coroutine);
    lua_rawgeti(task->coroutine, LUA_REGISTRYINDEX, task->references[1]);
    resume(task, 1);
}

/* ---- for the primitives ---- */

/* Tasks are reused, so one is accepted only from its own coroutine: others may hold an old
 * reference. */
static struct task *task_of(lua_State *state)
{
    struct task *task = (struct task *)(void *)handle_check(state, 1, exchange_kind);
    const struct exchange *exchange = task->coroutine == state ? task->exchange : NULL;
    if (exchange == NULL || exchange_is_over(exchange))
        luaL_error(state, "this exchange has ended");
    return task;
}

struct exchange *task_exchange(lua_State *state)
{
    return task_of(state)->exchange;
}

/* As task_of, of an exchange that has ended. */
static struct task *ended_task_of(lua_State *state)
{
    struct task *task = (struct task *)(void *)handle_check(state, 1, exchange_kind);
    if (task->coroutine != state || task->exchange == NULL || !exchange_is_over(task->exchange))
        luaL_error(state, "this exchange has not ended");
    return task;
}

struct exchange *task_ended_exchange(lua_State *state)
{
    return ended_task_of(state)->exchange;
}

void task_start_shadow(lua_State *state, struct exchange *shadow)
{
    shadow_task_start(ended_task_of(state)->vm, shadow);
}

void task_start_test(lua_State *state, struct exchange *test, const struct cost_ceiling *need)
{
    shadow_task_start_test(task_of(state)->vm, test, need);
}

struct exchange_task task_of_hedge(lua_State *state)
{
    struct task *task = task_of(state);
    return shadow_task_of_hedge(task->vm, task->exchange);
}

int task_rest(lua_State *state)
{
    ended_task_of(state)->waits = TASK_WAITS_RELAY;
    return lua_yield(state, 0);
}

int task_stop(lua_State *state)
{
    lua_pushlightuserdata(state, &stop_mark);
    return lua_error(state);
}

int task_wait(lua_State *state, enum task_wait what)
{
    task_of(state)->waits = what;
    return lua_yield(state, 0);
}

void task_install(lua_State *state, void *arg)
{
    const struct task_settings *settings = arg;
    lua_pushstring(state, settings->payments);
    lua_setfield(state, -2, "payments");
    lua_pushboolean(state, settings->payments_live);
    lua_setfield(state, -2, "payments_live");
    lua_pushboolean(state, settings->providers_shown);
    lua_setfield(state, -2, "providers_shown");
    lua_pushboolean(state, settings->prices_public);
    lua_setfield(state, -2, "prices_public");
    lua_pushstring(state, settings->docs.readers);
    lua_setfield(state, -2, "docs");
    lua_pushboolean(state, settings->mail);
    lua_setfield(state, -2, "mail");
    lua_pushboolean(state, settings->verifies_email);
    lua_setfield(state, -2, "verifies_email");
    lua_pushstring(state, settings->webhooks);
    lua_setfield(state, -2, "webhooks");
    lua_pushstring(state, settings->mail_events);
    lua_setfield(state, -2, "mail_events");
    lua_pushstring(state, settings->mail_events_secret);
    lua_setfield(state, -2, "mail_events_secret");
    lua_pushstring(state, settings->mail_events_key);
    lua_setfield(state, -2, "mail_events_key");
    lua_pushstring(state, settings->second_factor);
    lua_setfield(state, -2, "second_factor");
    doors_install(state, settings->doors);
    lua_pushstring(state, settings->brand_name);
    lua_setfield(state, -2, "brand_name");
    lua_pushstring(state, settings->public_url);
    lua_setfield(state, -2, "public_url");
    lua_pushboolean(state, settings->public_url_set);
    lua_setfield(state, -2, "public_url_set");
    lua_pushstring(state, settings->version);
    lua_setfield(state, -2, "version");
    lua_pushlightuserdata(state, settings->reload_status);
    lua_pushcclosure(state, api_reload_status, 1);
    lua_setfield(state, -2, "reload_status");
    luaL_newmetatable(state, EXCHANGE_METATABLE);
    lua_newtable(state);
    luaL_register(state, NULL, api_exchange_bindings);
    luaL_register(state, NULL, api_asked_bindings);
    luaL_register(state, NULL, api_limits_bindings);
    luaL_register(state, NULL, api_turns_bindings);
    luaL_register(state, NULL, api_account_bindings);
    luaL_register(state, NULL, api_operator_bindings);
    luaL_register(state, NULL, api_payments_bindings);
    luaL_register(state, NULL, api_trials_bindings);
    lua_pushlightuserdata(state, settings->replay_service);
    lua_pushcclosure(state, api_reply_replay, 1);
    lua_setfield(state, -2, "reply_replay");
    *(struct doc_source *)lua_newuserdata(state, sizeof(struct doc_source)) = settings->docs;
    lua_pushcclosure(state, api_reply_doc, 1);
    lua_setfield(state, -2, "reply_doc");
    lua_setfield(state, -2, "__index");
    lua_pop(state, 1);
    luaL_register(state, NULL, api_core_bindings);
    luaL_register(state, NULL, api_text_bindings);
    luaL_register(state, NULL, api_mail_events_bindings);
    lua_pushlightuserdata(state, &make_name);
    lua_pushcfunction(state, make_task);
    lua_rawset(state, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(state, &results_name);
    lua_pushcfunction(state, push_results);
    lua_rawset(state, LUA_REGISTRYINDEX);
}
