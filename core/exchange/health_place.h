/* Private to the files of health.h: what is known of one place, and of all. */
#ifndef EXCHANGE_HEALTH_PLACE_H
#define EXCHANGE_HEALTH_PLACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "exchange/breaker.h"
#include "exchange/health_window.h"

/* A power of two. More names than a table half full has room for come only of many reloads. */
enum { HEALTH_PLACES = 8192, HEALTH_PLACES_MOST = HEALTH_PLACES / 2 };
enum { HEALTH_PROVIDER_BYTES = 64 }; /* with NUL; longer names are shown cut */

enum place_kind { PLACE_TARGET, PLACE_LIMIT, PLACE_ACCOUNT };

struct health_place {
    uint64_t key;
    enum place_kind kind;
    char provider[HEALTH_PROVIDER_BYTES]; /* these two never change */
    char model[LIMIT_MODEL_NAME_BYTES];
    atomic_bool marked; /* `breaker` or a pause is not as it was at first: look, with the lock */
    _Atomic int64_t latency_us;
    _Atomic int64_t latency_ms;     /* when that was noted */
    _Atomic int64_t token_us;       /* a thousand tokens of answers take so long; 0: not known */
    _Atomic int64_t token_ms;       /* when that was noted */
    _Atomic int64_t keys_paused_ms; /* of a target: until when a key of it pauses; to be shown */
    /* Of a key with a model: how many requests were left when it was told last, until when that is
     * true (0: it was not told), how many attempts run, how many have begun in all, and how many
     * had when that one began which told it. */
    _Atomic int64_t requests_left, requests_reset_ms;
    _Atomic int64_t running, begun, told_begun;
    pthread_mutex_t mutex; /* guards what follows */
    struct breaker breaker;
    int64_t paused_until_ms;
    int64_t pauses;               /* in a row */
    struct health_window *window; /* of a target; else NULL */
    /* Of a target: recent means of whole answers, whose quotient is token_us. */
    int64_t mean_tokens, mean_us;
};

struct health {
    _Atomic(struct health_place *) places[HEALTH_PLACES]; /* by key, then the next free one */
    _Atomic unsigned count;
};

void health_place_lock(struct health_place *place);
/* Ends what health_place_lock has begun. */
void health_place_unlock(struct health_place *place);
/* Whether it is as it was at first, so that nobody needs its lock. NULL is. */
bool health_place_is_well(const struct health_place *place);
/* Returns NULL if there is none: then *free_at is where it belongs. */
struct health_place *health_place_find(const struct health *health, uint64_t key, size_t *free_at);

#endif
