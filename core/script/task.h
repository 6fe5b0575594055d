/* A task: the Lua coroutine that decides what happens in one exchange. It runs straight-line Lua
 * (lua/main.lua and its modules). Each primitive of api_*.c that it calls returns at once, or
 * yields until exchange_wake.
 *
 * A task holds a reference to its VM, so an exchange keeps the policies that it began with. A task
 * ends when it returns, raises, or its exchange drops it. After a return, a later task of the same
 * VM uses the coroutine again. On the worker's thread. */
#ifndef SCRIPT_TASK_H
#define SCRIPT_TASK_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "exchange/exchange.h"
#include "script/vm.h"

struct task;
struct reload_status;
struct replay_service;

/* What the task waits for: this decides which results it gets when it continues. */
enum task_wait {
    TASK_RUNS,
    TASK_WAITS_HOLD,
    TASK_WAITS_ASK,
    TASK_WAITS_ATTEMPT,
    TASK_WAITS_RELAY,
    TASK_WAITS_CALL,
    TASK_WAITS_CLIENT,
    TASK_WAITS_CLAIM,
    TASK_WAITS_NAMES,
    TASK_WAITS_PASSWORD,
    TASK_WAITS_TIME
};

/* Starts main's handler for a new exchange. */
void task_start(struct vm *vm, struct exchange *exchange);

/* The facts of gateway.conf and of the process that lua/ sees as fields of `core`. Needed only
 * until the VM is built. */
struct task_settings {
    const char *payments; /* "test", "stripe", "off" */
    bool providers_shown; /* customers may know which provider serves them */
    bool prices_public;
    const char *public_url; /* without a slash at its end */
    const char *version;
    struct reload_status *reload_status; /* outlives the VM */
    struct replay_service *replay_service;
};

/* Puts the primitives into the table on top of the stack. It is a vm_options.install; its argument
 * is a const struct task_settings. */
void task_install(lua_State *state, void *arg);

/* ---- for api_*.c ---- */

/* Returns the exchange in the first argument of a primitive; raises when there is none or it has
 * ended. */
struct exchange *task_exchange(lua_State *state);
/* Ends the task inside a primitive, after the exchange was answered. Does not return. */
int task_stop(lua_State *state);
/* Yields. */
int task_wait(lua_State *state, enum task_wait what);

extern const struct luaL_Reg api_exchange_bindings[]; /* methods of an exchange */
extern const struct luaL_Reg api_asked_bindings[];    /* methods for what providers keep */
extern const struct luaL_Reg api_account_bindings[];  /* methods for the dashboard's API */
extern const struct luaL_Reg api_operator_bindings[]; /* methods for the operator's pages */
int api_reload_status(lua_State *state);
int api_reply_replay(lua_State *state);
extern const struct luaL_Reg api_core_bindings[]; /* functions of the table `core` */
extern const struct luaL_Reg api_text_bindings[]; /* and for texts that clients wrote */
/* Returns whether there are results for what the task waited for. */
bool api_exchange_has_results(const struct exchange *exchange, enum task_wait what);
/* Pushes the results; returns how many. */
int api_exchange_results(lua_State *state, struct exchange *exchange, enum task_wait what);
int api_asked_ask_result(lua_State *state, const struct exchange *exchange);
int api_asked_names_result(lua_State *state, const struct exchange *exchange);

#endif
