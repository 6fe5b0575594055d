#include "exchange/shared_calls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct shared_call {
    struct shared_call *next; /* in the list of those that are under way */
    char key[SHA256_HEX_BYTES];
    struct id leader;
    struct shared_waiter *waiters;
    unsigned references;
    bool ended;
    bool answered;
    struct shared_answer answer; /* does not change once it has ended */
};

struct shared_calls {
    pthread_mutex_t mutex; /* guards all calls, but for what has ended */
    struct shared_call *first;
};

struct shared_calls *shared_calls_new(void)
{
    struct shared_calls *calls = calloc(1, sizeof *calls);
    check(calls != NULL && pthread_mutex_init(&calls->mutex, NULL) == 0);
    return calls;
}

void shared_calls_free(struct shared_calls *calls)
{
    if (calls == NULL)
        return;
    check(calls->first == NULL && pthread_mutex_destroy(&calls->mutex) == 0);
    free(calls);
}

static void lock(struct shared_calls *calls)
{
    check(pthread_mutex_lock(&calls->mutex) == 0);
}

static void unlock(struct shared_calls *calls)
{
    check(pthread_mutex_unlock(&calls->mutex) == 0);
}

static struct shared_call *find(const struct shared_calls *calls, const char *key)
{
    struct shared_call *call = calls->first;
    while (call != NULL && strcmp(call->key, key) != 0)
        call = call->next;
    return call;
}

static struct shared_call *add(struct shared_calls *calls, const char *key,
                               const struct id *exchange_id)
{
    struct shared_call *call = calloc(1, sizeof *call);
    check(call != NULL);
    memcpy(call->key, key, sizeof call->key);
    call->leader = *exchange_id;
    call->next = calls->first;
    calls->first = call;
    return call;
}

struct shared_call *shared_calls_join(struct shared_calls *calls, const char key[SHA256_HEX_BYTES],
                                      const struct id *exchange_id, struct shared_waiter *waiter,
                                      bool *leads)
{
    lock(calls);
    struct shared_call *call = find(calls, key);
    *leads = call == NULL;
    if (*leads) {
        call = add(calls, key, exchange_id);
    } else {
        waiter->next = call->waiters;
        call->waiters = waiter;
    }
    call->references++;
    unlock(calls);
    return call;
}

/* No further call joins it. */
static void take_out(struct shared_calls *calls, const struct shared_call *call)
{
    struct shared_call **at = &calls->first;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
}

void shared_calls_end(struct shared_calls *calls, struct shared_call *call,
                      struct shared_answer *answer)
{
    struct job_list back = {.count = 0};
    lock(calls);
    check(!call->ended);
    call->ended = true;
    call->answered = answer != NULL;
    if (answer != NULL)
        call->answer = *answer;
    take_out(calls, call);
    for (struct shared_waiter *waiter = call->waiters; waiter != NULL; waiter = waiter->next)
        job_list_push(&back, &waiter->job);
    call->waiters = NULL;
    unlock(calls);
    job_return_all(&back);
}

bool shared_calls_withdraw(struct shared_calls *calls, struct shared_call *call,
                           struct shared_waiter *waiter)
{
    lock(calls);
    struct shared_waiter **at = &call->waiters;
    while (*at != NULL && *at != waiter)
        at = &(*at)->next;
    bool waited = *at != NULL;
    if (waited)
        *at = waiter->next;
    unlock(calls);
    return waited;
}

void shared_calls_unref(struct shared_calls *calls, struct shared_call *call)
{
    lock(calls);
    bool last = --call->references == 0;
    unlock(calls);
    if (!last)
        return;
    check(call->ended);
    if (call->answered)
        buffer_fini(&call->answer.body);
    free(call);
}

const struct shared_answer *shared_call_answer(const struct shared_call *call)
{
    return call->answered ? &call->answer : NULL;
}

const struct id *shared_call_leader(const struct shared_call *call)
{
    return &call->leader;
}
