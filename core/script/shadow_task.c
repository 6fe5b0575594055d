#include "script/shadow_task.h"

#include <stdlib.h>

#include "base/check.h"
#include "dialect/dialect.h"
#include "exchange/exchange.h"
#include "exchange/hedging.h"
#include "exchange/shadow.h"
#include "exchange/test_call.h"
#include "script/translation.h"
#include "script/vm.h"

struct shadow_task {
    struct vm *vm; /* a reference */
    struct exchange *exchange;
};

static void wake(void *arg)
{
    struct shadow_task *task = arg;
    shadow_wake(task->exchange);
}

static void wake_hedge(void *arg)
{
    struct shadow_task *task = arg;
    hedging_woken(task->exchange);
}

static void wake_test(void *arg)
{
    struct shadow_task *task = arg;
    test_call_woken(task->exchange);
}

static void drop(void *arg)
{
    struct shadow_task *task = arg;
    vm_unref(task->vm);
    free(task);
}

static bool translate(void *arg, enum dialect client, enum dialect provider, struct translator *out,
                      struct fault *fault)
{
    const struct shadow_task *task = arg;
    return translation_start(task->vm, dialect_name(client), dialect_name(provider), out, fault);
}

static bool map(void *arg, const char *provider, struct translator *out, struct fault *fault)
{
    const struct shadow_task *task = arg;
    return translation_start_mapped(task->vm, provider, out, fault);
}

static struct exchange_task make(struct vm *vm, struct exchange *exchange,
                                 void (*woken)(void *task))
{
    struct shadow_task *task = malloc(sizeof *task);
    check(task != NULL);
    *task = (struct shadow_task){.vm = vm, .exchange = exchange};
    vm_ref(vm);
    return (struct exchange_task){
        .task = task, .wake = woken, .drop = drop, .translate = translate, .map = map};
}

void shadow_task_start(struct vm *vm, struct exchange *shadow)
{
    const struct exchange_task attached = make(vm, shadow, wake);
    exchange_attach_task(shadow, &attached);
    shadow_begin(shadow);
}

void shadow_task_start_test(struct vm *vm, struct exchange *test, const struct cost_ceiling *need)
{
    const struct exchange_task attached = make(vm, test, wake_test);
    exchange_attach_task(test, &attached);
    exchange_note_policy(test, vm_revision(vm));
    test_call_begin(test, need);
}

struct exchange_task shadow_task_of_hedge(struct vm *vm, struct exchange *original)
{
    return make(vm, original, wake_hedge);
}
