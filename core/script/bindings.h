/* What api_*.c and task.c share: the primitives of the table `core` and of an exchange, and how
 * they wait and end. */
#ifndef SCRIPT_BINDINGS_H
#define SCRIPT_BINDINGS_H

#include <lauxlib.h>
#include <stdbool.h>

#include "exchange/exchange.h"

/* What the task waits for: this decides which results it gets when it continues. */
enum task_wait {
    TASK_RUNS,
    TASK_WAITS_FORM,
    TASK_WAITS_HOLD,
    TASK_WAITS_ASK,
    TASK_WAITS_ATTEMPT,
    TASK_WAITS_RELAY,
    TASK_WAITS_CALL,
    TASK_WAITS_CLIENT,
    TASK_WAITS_CLAIM,
    TASK_WAITS_NAMES,
    TASK_WAITS_QUOTAS,
    TASK_WAITS_TURN,
    TASK_WAITS_TURNS,
    TASK_WAITS_PASSWORD,
    TASK_WAITS_PROCESSOR,
    TASK_WAITS_TIME
};

/* Returns the exchange in the first argument of a primitive; raises when there is none or it has
 * ended. */
struct exchange *task_exchange(lua_State *state);
/* The same of an exchange that has ended; raises while it runs. */
struct exchange *task_ended_exchange(lua_State *state);
/* Gives the shadow of that exchange a task of the same VM, and begins it. */
void task_start_shadow(lua_State *state, struct exchange *shadow);
/* The same for a test call. */
void task_start_test(lua_State *state, struct exchange *test, const struct cost_ceiling *need);
/* A task of the same VM for the second request of the exchange (exchange/hedging.h). */
struct exchange_task task_of_hedge(lua_State *state);
/* Yields until the provider's connection is done with an exchange that has ended. */
int task_rest(lua_State *state);
/* Ends the task inside a primitive, after the exchange was answered. Does not return. */
int task_stop(lua_State *state);
/* Yields. */
int task_wait(lua_State *state, enum task_wait what);

extern const struct luaL_Reg api_exchange_bindings[]; /* methods of an exchange */
extern const struct luaL_Reg api_asked_bindings[];    /* methods for what providers keep */
extern const struct luaL_Reg api_limits_bindings[];   /* methods for limits */
extern const struct luaL_Reg api_turns_bindings[];    /* methods for what the gateway keeps */
extern const struct luaL_Reg api_account_bindings[];  /* methods for the dashboard's API */
extern const struct luaL_Reg api_operator_bindings[]; /* methods for the operator's pages */
extern const struct luaL_Reg api_payments_bindings[]; /* methods for payments */
extern const struct luaL_Reg api_trials_bindings[];   /* methods for canaries and shadows */
int api_reload_status(lua_State *state);
int api_reply_replay(lua_State *state);
int api_reply_doc(lua_State *state);
extern const struct luaL_Reg api_core_bindings[];        /* functions of the table `core` */
extern const struct luaL_Reg api_mail_events_bindings[]; /* and for a mail service */
extern const struct luaL_Reg api_text_bindings[];        /* and for texts that clients wrote */
/* The text of an argument (raises), which lives as long as that. */
struct slice api_check_text(lua_State *state, int index);
/* Reads a list of candidates; they are borrowed. Returns how many. */
size_t api_exchange_candidates(lua_State *state, int index,
                               struct candidate *candidates[LIMIT_ROUTE]);
/* Returns whether there are results for what the task waited for. */
bool api_exchange_has_results(const struct exchange *exchange, enum task_wait what);
/* Pushes the results; returns how many. */
int api_exchange_results(lua_State *state, struct exchange *exchange, enum task_wait what);
int api_asked_ask_result(lua_State *state, const struct exchange *exchange);
int api_asked_names_result(lua_State *state, const struct exchange *exchange);
int api_payments_result(lua_State *state, const struct exchange *exchange);
int api_turns_result(lua_State *state, const struct exchange *exchange);

#endif
