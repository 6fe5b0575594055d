#include "exchange/health_place.h"

#include "base/check.h"

void health_place_lock(struct health_place *place)
{
    check(pthread_mutex_lock(&place->mutex) == 0);
}

void health_place_unlock(struct health_place *place)
{
    bool marked = place->breaker.state != BREAKER_CLOSED || place->breaker.consecutive > 0 ||
                  place->pauses > 0 || place->paused_until_ms > 0;
    atomic_store_explicit(&place->marked, marked, memory_order_relaxed);
    check(pthread_mutex_unlock(&place->mutex) == 0);
}

bool health_place_is_well(const struct health_place *place)
{
    return place == NULL || !atomic_load_explicit(&place->marked, memory_order_relaxed);
}

struct health_place *health_place_find(const struct health *health, uint64_t key, size_t *free_at)
{
    size_t at = key & (HEALTH_PLACES - 1);
    for (;; at = (at + 1) & (HEALTH_PLACES - 1)) {
        struct health_place *place =
            atomic_load_explicit(&health->places[at], memory_order_acquire);
        if (place == NULL || place->key == key) {
            *free_at = at;
            return place;
        }
    }
}
