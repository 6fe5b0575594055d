/* What a shadow (exchange/shadow.h), a hedge (exchange/hedge.h) or a test call
 * (exchange/test_call.h) has in the place of a Lua task:
 * it needs the VM of the call that it follows for translations only. So it keeps the policies of
 * that call, through a reload. On the worker's thread. */
#ifndef SCRIPT_SHADOW_TASK_H
#define SCRIPT_SHADOW_TASK_H

#include "exchange/exchange.h"

struct vm;

/* Attaches the task to the shadow, and begins it. */
void shadow_task_start(struct vm *vm, struct exchange *shadow);

/* The same to a test call of what the ceiling bounds, which is borrowed until this returns. */
void shadow_task_start_test(struct vm *vm, struct exchange *test, const struct cost_ceiling *need);

/* The task of the second request that this exchange may have (exchange/hedging.h). */
struct exchange_task shadow_task_of_hedge(struct vm *vm, struct exchange *original);

#endif
