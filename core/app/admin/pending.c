#include "app/admin/pending.h"

#include <stddef.h>

bool pending_begin(struct pending *pending)
{
    if (pending->on_end != NULL)
        return false;
    pending->count++;
    return true;
}

static void end_if_idle(struct pending *pending)
{
    if (pending->on_end != NULL && pending->count == 0)
        pending->on_end(pending->arg);
}

void pending_end(struct pending *pending)
{
    pending->count--;
    end_if_idle(pending);
}

void pending_finish(struct pending *pending, void (*on_end)(void *arg), void *arg)
{
    pending->on_end = on_end;
    pending->arg = arg;
    end_if_idle(pending);
}
