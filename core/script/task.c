#include "script/task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define EXCHANGE_METATABLE "llm-gateway.exchange"

struct task {
    struct exchange *exchange; /* NULL once dropped */
    struct vm *vm;
    lua_State *coroutine;
    int reference;        /* of the coroutine, in the registry */
    struct task **handle; /* the userdata that Lua holds; emptied when the task goes */
    struct task *no_handle;
    enum task_wait waits;
    bool running;
};

/* Its address is the error value that says: the client has been answered, end the task. */
static char stop_mark;

/* Their addresses are the registry's names of two functions below. Anything in Lua's API that
 * allocates may raise when memory is short, and outside a protected call that would end the
 * process. */
static char begin_name;
static char results_name;

static void task_free(struct task *task)
{
    lua_State *state = vm_state(task->vm);
    *task->handle = NULL;
    luaL_unref(state, LUA_REGISTRYINDEX, task->reference);
    vm_unref(task->vm);
    free(task);
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
    task_free(task);
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
        task_free(task);
}

/* Calls one of the two functions with `task`, protected; its results are left on the state.
 * False: memory is short. */
static bool call_protected(struct task *task, void *name)
{
    lua_State *state = vm_state(task->vm);
    lua_pushlightuserdata(state, name);
    lua_rawget(state, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(state, task);
    if (lua_pcall(state, 1, LUA_MULTRET, 0) == 0)
        return true;
    lua_pop(state, 1);
    return false;
}

static void fail_for_memory(struct task *task)
{
    struct exchange *exchange = task->exchange;
    task_free(task);
    if (exchange != NULL)
        exchange_task_failed(exchange, "policy_error", "the VM's memory limit is reached");
}

/* Protected: leaves the results of what was waited for. */
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
        return; /* a wake-up that came for what was already over */
    int before = lua_gettop(state);
    if (!call_protected(task, &results_name)) {
        fail_for_memory(task);
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
    *task->handle = NULL;
    if (!task->running)
        task_free(task);
}

/* Protected: makes the coroutine, with main's handler and the exchange on its stack. */
static int make_coroutine(lua_State *state)
{
    struct task *task = lua_touserdata(state, 1);
    lua_State *coroutine = lua_newthread(state);
    task->reference = luaL_ref(state, LUA_REGISTRYINDEX);
    task->coroutine = coroutine;
    task->handle = lua_newuserdata(state, sizeof(struct task *));
    *task->handle = task;
    luaL_getmetatable(state, EXCHANGE_METATABLE);
    lua_setmetatable(state, -2);
    vm_push_main(task->vm, coroutine);
    lua_xmove(state, coroutine, 1);
    return 0;
}

void task_start(struct vm *vm, struct exchange *exchange)
{
    struct task *task = calloc(1, sizeof *task);
    check(task != NULL);
    task->exchange = exchange;
    task->vm = vm;
    task->reference = LUA_NOREF;
    task->handle = &task->no_handle;
    vm_ref(vm);
    snprintf(exchange->policy_revision, sizeof exchange->policy_revision, "%s", vm_revision(vm));
    exchange->task = (struct exchange_task){.task = task, .wake = wake, .drop = drop};
    if (call_protected(task, &begin_name))
        resume(task, 1);
    else
        fail_for_memory(task);
}

/* ---- for the primitives ---- */

static struct task *task_of(lua_State *state)
{
    struct task **handle = luaL_checkudata(state, 1, EXCHANGE_METATABLE);
    const struct exchange *exchange = *handle != NULL ? (*handle)->exchange : NULL;
    bool gone = exchange == NULL || (exchange->request == NULL && !exchange->detached);
    if (gone || exchange->state == EXCHANGE_ENDED)
        luaL_error(state, "this exchange has ended");
    return *handle;
}

struct exchange *task_exchange(lua_State *state)
{
    return task_of(state)->exchange;
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
    lua_pushstring(state, settings->public_url);
    lua_setfield(state, -2, "public_url");
    lua_pushstring(state, settings->version);
    lua_setfield(state, -2, "version");
    lua_pushlightuserdata(state, settings->news);
    lua_pushcclosure(state, api_policy_news, 1);
    lua_setfield(state, -2, "policy_news");
    luaL_newmetatable(state, EXCHANGE_METATABLE);
    lua_newtable(state);
    luaL_register(state, NULL, api_exchange_words);
    luaL_register(state, NULL, api_account_words);
    luaL_register(state, NULL, api_house_words);
    lua_setfield(state, -2, "__index");
    lua_pop(state, 1);
    luaL_register(state, NULL, api_core_words);
    lua_pushlightuserdata(state, &begin_name);
    lua_pushcfunction(state, make_coroutine);
    lua_rawset(state, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(state, &results_name);
    lua_pushcfunction(state, push_results);
    lua_rawset(state, LUA_REGISTRYINDEX);
}
