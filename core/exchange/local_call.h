/* A call that no provider answers: the answer comes from inside, with the same events, in a
 * deferred call. Its owner puts a struct local_call first into a struct of its own. Worker's
 * thread. */
#ifndef EXCHANGE_LOCAL_CALL_H
#define EXCHANGE_LOCAL_CALL_H

#include <stdbool.h>

#include "net/client/upstream.h"
#include "net/loop/loop.h"

struct local_call {
    struct loop *loop;
    struct deferred answer;
    struct upstream_events events;
    bool answering; /* its events are being told */
    bool unwanted;  /* free it after the present event */
};

/* `answer` gets the call, and ends with local_call_tell. */
void local_call_start(struct local_call *call, struct loop *loop,
                      const struct upstream_events *events, void (*answer)(void *call));
/* The whole answer. The owner of the events may free the call inside each of them. */
void local_call_tell(struct local_call *call, const struct upstream_head *head, struct slice body);
/* Ends it, and frees what it stands in; allowed inside its events. NULL is allowed. */
void local_call_free(struct local_call *call);

#endif
