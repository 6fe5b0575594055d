#include "exchange/local_call.h"

#include <stdlib.h>

void local_call_start(struct local_call *call, struct loop *loop,
                      const struct upstream_events *events, void (*answer)(void *call))
{
    *call = (struct local_call){
        .loop = loop, .events = *events, .answer = {.call = answer, .arg = call}};
    loop_defer(loop, &call->answer);
}

void local_call_tell(struct local_call *call, const struct upstream_head *head, struct slice body)
{
    const struct upstream_events *events = &call->events;
    call->answering = true;
    events->on_head(head, events->arg);
    if (!call->unwanted)
        events->on_data(body, events->arg);
    if (!call->unwanted)
        events->on_end(UPSTREAM_COMPLETE, "", events->arg);
    call->answering = false;
    if (call->unwanted)
        free(call);
}

void local_call_free(struct local_call *call)
{
    if (call == NULL)
        return;
    loop_cancel(call->loop, &call->answer);
    call->unwanted = true;
    if (!call->answering)
        free(call);
}
