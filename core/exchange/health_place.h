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
#include "exchange/provider_limits.h"

/* A power of two. More names than a table half full has room for come only of many reloads. */
enum { HEALTH_PLACES = 8192, HEALTH_PLACES_MOST = HEALTH_PLACES / 2 };
enum { HEALTH_PROVIDER_BYTES = 64 }; /* with NUL; longer names are shown cut */

enum place_kind { PLACE_TARGET, PLACE_LIMIT, PLACE_ACCOUNT };

/* What a provider has said last of a limit, and what goes on: an attempt takes one request, and as
 * many tokens as it may. */
struct health_limit {
    _Atomic int64_t limit;      /* -1: it was not said */
    _Atomic int64_t left;       /* of it */
    _Atomic int64_t told_ms;    /* when that was said */
    _Atomic int64_t reset_ms;   /* until when it is true; 0: it was not said */
    _Atomic int64_t running;    /* taken by attempts that run */
    _Atomic int64_t begun;      /* by all that have begun */
    _Atomic int64_t told_begun; /* by those until the one that was told */
};

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
    struct health_limit limits[PROVIDER_LIMIT_KINDS]; /* of a key with a model */
    pthread_mutex_t mutex;                            /* guards what follows */
    struct breaker breaker;
    int64_t paused_until_ms;
    int64_t pauses;               /* in a row */
    struct health_window *window; /* of a target; else NULL */
    /* Of a target: recent means of whole answers, whose quotient is token_us. */
    int64_t mean_tokens, mean_us;
};

struct health_pass;
struct health {
    _Atomic(struct health_place *) places[HEALTH_PLACES]; /* by key, then the next free one */
    _Atomic unsigned count;
};

void health_place_lock(struct health_place *place);
/* Ends what health_place_lock has begun. */
void health_place_unlock(struct health_place *place);
/* Whether it is as it was at first, so that nobody needs its lock. NULL is. */
bool health_place_is_well(const struct health_place *place);
/* An attempt begins, which may take so many tokens; ends; was told what is left (health_room.c). */
void health_room_begin(struct health_pass *pass, int64_t tokens);
void health_room_end(const struct health_pass *pass);
void health_room_note(const struct health_pass *pass, const struct provider_limits *said,
                      int64_t now_ms);
/* Returns NULL if there is none: then *free_at is where it belongs. */
struct health_place *health_place_find(const struct health *health, uint64_t key, size_t *free_at);

#endif
