#include "store/memory/crossings.h"

#include <string.h>

#include "base/check.h"

void crossings_init(struct crossings *crossings)
{
    check(pthread_mutex_init(&crossings->mutex, NULL) == 0);
    atomic_init(&crossings->count, 0);
}

void crossings_fini(struct crossings *crossings)
{
    check(pthread_mutex_destroy(&crossings->mutex) == 0);
}

bool crossings_put(struct crossings *crossings, const struct crossing *crossing)
{
    check(pthread_mutex_lock(&crossings->mutex) == 0);
    size_t count = atomic_load(&crossings->count);
    bool room = count < CROSSINGS_MAX;
    if (room) {
        crossings->list[count] = *crossing;
        atomic_store(&crossings->count, count + 1);
    }
    check(pthread_mutex_unlock(&crossings->mutex) == 0);
    return room;
}

size_t crossings_peek(struct crossings *crossings, struct crossing *out, size_t most)
{
    if (atomic_load_explicit(&crossings->count, memory_order_relaxed) == 0)
        return 0;
    check(pthread_mutex_lock(&crossings->mutex) == 0);
    size_t count = atomic_load(&crossings->count);
    count = count < most ? count : most;
    memcpy(out, crossings->list, count * sizeof out[0]);
    check(pthread_mutex_unlock(&crossings->mutex) == 0);
    return count;
}

void crossings_drop(struct crossings *crossings, size_t count)
{
    if (count == 0)
        return;
    check(pthread_mutex_lock(&crossings->mutex) == 0);
    size_t left = atomic_load(&crossings->count) - count;
    memmove(crossings->list, crossings->list + count, left * sizeof crossings->list[0]);
    atomic_store(&crossings->count, left);
    check(pthread_mutex_unlock(&crossings->mutex) == 0);
}
