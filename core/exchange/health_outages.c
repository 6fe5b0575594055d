#include "exchange/health_outages.h"

#include "base/slice.h"
#include "exchange/health_place.h"

/* Sets when it is asked again; false: it may be asked now. */
static bool find_outage(const struct health_place *place, int64_t now_ms, struct health_outage *out)
{
    int64_t until_ms = place->breaker.state == BREAKER_OPEN ? place->breaker.until_ms : 0;
    out->obstacle = place->kind == PLACE_ACCOUNT ? HEALTH_ACCOUNT : HEALTH_EJECTED;
    if (place->kind == PLACE_LIMIT) {
        until_ms = place->paused_until_ms;
        out->obstacle = HEALTH_PAUSED;
    }
    out->left_ms = until_ms - now_ms;
    return until_ms > now_ms;
}

size_t health_list_outages(struct health *health, struct health_outage *out, size_t room)
{
    int64_t now_ms = health_now_ms();
    size_t count = 0;
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
        struct health_place *place = atomic_load_explicit(&health->places[i], memory_order_acquire);
        struct health_outage found;
        if (health_place_is_well(place))
            continue;
        health_place_lock(place);
        bool down = find_outage(place, now_ms, &found);
        health_place_unlock(place);
        if (!down)
            continue;
        if (count < room) {
            out[count] = found;
            slice_copy(slice_of(place->provider), out[count].provider, sizeof out->provider);
            slice_copy(slice_of(place->model), out[count].model, sizeof out->model);
        }
        count++;
    }
    return count;
}
