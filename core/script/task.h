/* A task: the Lua coroutine that decides what happens in one exchange. Straight-line Lua
 * (lua/main.lua and what it requires); each word it calls is a primitive of api_*.c that either
 * returns at once or yields until exchange_wake.
 *
 * A task holds a reference to its VM, so an exchange keeps the policies that it began with. It
 * ends when it has returned, raised, or been dropped by its exchange; the coroutine of one that
 * has returned is used again by a later one of the same VM. On the worker's thread. */
#ifndef SCRIPT_TASK_H
#define SCRIPT_TASK_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "exchange/exchange.h"
#include "script/vm.h"

struct task;
struct reload_status;

/* What the task waits for; says which primitive pushes its results when it goes on. */
enum task_wait {
    TASK_RUNS,
    TASK_WAITS_HOLD,
    TASK_WAITS_ATTEMPT,
    TASK_WAITS_RELAY,
    TASK_WAITS_CALL,
    TASK_WAITS_CLIENT,
    TASK_WAITS_CLAIM,
    TASK_WAITS_PASSWORD,
    TASK_WAITS_TIME
};

/* Starts main's handler for an exchange that has just been made. */
void task_start(struct vm *vm, struct exchange *exchange);

/* What lua/ may know of gateway.conf and of the process, as fields of `core`. Must outlive the VM's
 * building only. */
struct task_settings {
    const char *payments;                /* "test", "stripe", "off" */
    bool providers_shown;                /* customers may know which provider is asked */
    const char *public_url;              /* without a slash at its end */
    const char *version;                 /* of the program */
    struct reload_status *reload_status; /* outlives the VM */
};

/* Puts the primitives into the table on top of the stack: vm_options.install, with a const
 * struct task_settings. */
void task_install(lua_State *state, void *arg);

/* ---- for api_*.c ---- */

/* The exchange behind the first argument of a primitive; raises when it is none or has ended. */
struct exchange *task_exchange(lua_State *state);
/* Ends the task from inside a primitive after the exchange has been answered. Does not return. */
int task_stop(lua_State *state);
/* Yields. */
int task_wait(lua_State *state, enum task_wait what);

extern const struct luaL_Reg api_exchange_bindings[]; /* methods of an exchange */
extern const struct luaL_Reg api_account_bindings[];  /* methods for the dashboard's API */
extern const struct luaL_Reg api_operator_bindings[]; /* methods for the operator's pages */
int api_reload_status(lua_State *state);
extern const struct luaL_Reg api_core_bindings[]; /* functions of the table `core` */
extern const struct luaL_Reg api_text_bindings[]; /* the same: what clients wrote */
/* Whether what was waited for has results. */
bool api_exchange_has_results(const struct exchange *exchange, enum task_wait what);
/* Push them; return how many. */
int api_exchange_results(lua_State *state, struct exchange *exchange, enum task_wait what);

#endif
