/* A task: the Lua coroutine that decides what happens in one exchange. It runs straight-line Lua
 * (lua/main.lua). Each primitive of api_*.c that it calls returns at once, or yields until
 * exchange_wake.
 *
 * It holds a reference to its VM: an exchange keeps the policies that it began with. It ends when
 * it returns, raises or is dropped; after a return its coroutine is used again. On the worker's
 * thread. */
#ifndef SCRIPT_TASK_H
#define SCRIPT_TASK_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "exchange/exchange.h"
#include "script/doc_source.h"
#include "script/vm.h"

struct doors;
struct task;
struct reload_status;
struct replay_service;

/* Starts main's handler for a new exchange. */
void task_start(struct vm *vm, struct exchange *exchange);

/* What lua/ sees of settings and process; until the VM is built. */
struct task_settings {
    const char *payments; /* "test", "stripe", "off" */
    bool payments_live;
    bool providers_shown; /* to customers */
    bool prices_public;
    struct doc_source docs;
    bool mail, verifies_email;
    const char *webhooks, *second_factor, *mail_events, *mail_events_secret, *mail_events_key;
    const struct doors *doors;
    const char *brand_name;
    const char *public_url; /* no final slash */
    bool public_url_set;    /* by the operator */
    const char *version;
    struct reload_status *reload_status; /* outlives the VM */
    struct replay_service *replay_service;
};

/* Puts the primitives into the table on top of the stack: a vm_options.install whose argument is a
 * const struct task_settings. */
void task_install(lua_State *state, void *arg);

#endif
