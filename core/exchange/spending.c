#include "exchange/spending.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "base/period.h"

enum { PLACES = 256, NAME_BYTES = 64, NEAR_PERCENT = 80 };

struct spending_place {
    pthread_mutex_t lock; /* guards what is below it */
    int64_t day_ms;       /* when the day began */
    int64_t spent_nusd;
    int64_t reserved_nusd;
    enum spending_news told; /* of this day */
    char provider[NAME_BYTES];
};

struct spending {
    pthread_mutex_t lock; /* guards making a place */
    /* By the hash of the name, with open addressing. A place that is there stays there. */
    struct spending_place *_Atomic places[PLACES];
};

struct spending *spending_new(void)
{
    struct spending *spending = calloc(1, sizeof *spending);
    check(spending != NULL && pthread_mutex_init(&spending->lock, NULL) == 0);
    return spending;
}

void spending_free(struct spending *spending)
{
    if (spending == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++) {
        struct spending_place *place = spending->places[i];
        if (place == NULL)
            continue;
        check(pthread_mutex_destroy(&place->lock) == 0);
        free(place);
    }
    check(pthread_mutex_destroy(&spending->lock) == 0);
    free(spending);
}

/* ---- places ---- */

static struct spending_place *make(const char *provider)
{
    struct spending_place *place = calloc(1, sizeof *place);
    check(place != NULL && pthread_mutex_init(&place->lock, NULL) == 0);
    slice_copy(slice_of(provider), place->provider, sizeof place->provider);
    return place;
}

/* Returns the index where the provider is, or could be; PLACES: there is no room. */
static size_t seek(struct spending *spending, const char *provider)
{
    uint64_t hash = hash_on(HASH_START, slice_of(provider));
    for (size_t step = 0; step < PLACES; step++) {
        size_t at = (hash + step) % PLACES;
        const struct spending_place *place =
            atomic_load_explicit(&spending->places[at], memory_order_acquire);
        if (place == NULL || strcmp(place->provider, provider) == 0)
            return at;
    }
    return PLACES;
}

struct spending_place *spending_of(struct spending *spending, const char *provider)
{
    size_t at = seek(spending, provider);
    if (at < PLACES && spending->places[at] != NULL)
        return spending->places[at];
    check(pthread_mutex_lock(&spending->lock) == 0);
    at = seek(spending, provider); /* another thread may have been quicker */
    if (at < PLACES && spending->places[at] == NULL)
        atomic_store_explicit(&spending->places[at], make(provider), memory_order_release);
    check(pthread_mutex_unlock(&spending->lock) == 0);
    return at < PLACES ? spending->places[at] : NULL;
}

/* ---- a day; under the lock ---- */

static void lock(struct spending_place *place, int64_t wall_ms)
{
    int64_t day_ms = period_start_ms(PERIOD_DAY, wall_ms);
    check(pthread_mutex_lock(&place->lock) == 0);
    if (day_ms <= place->day_ms) /* a clock that was set back begins no new cap */
        return;
    place->day_ms = day_ms;
    place->spent_nusd = 0;
    place->told = SPENDING_SAME;
}

static void unlock(struct spending_place *place)
{
    check(pthread_mutex_unlock(&place->lock) == 0);
}

static enum spending_news tell(struct spending_place *place, enum spending_news news)
{
    if (place->told >= news)
        return SPENDING_SAME;
    place->told = news;
    return news;
}

static int64_t sum(int64_t one_nusd, int64_t other_nusd)
{
    int64_t whole_nusd;
    return __builtin_add_overflow(one_nusd, other_nusd, &whole_nusd) ? INT64_MAX : whole_nusd;
}

static enum spending_room room_of(const struct spending_place *place, int64_t cap_nusd,
                                  int64_t most_nusd)
{
    if (sum(place->spent_nusd, most_nusd) > cap_nusd)
        return place->spent_nusd < most_nusd ? SPENDING_TOO_LARGE : SPENDING_SPENT;
    bool fits = sum(place->spent_nusd, sum(place->reserved_nusd, most_nusd)) <= cap_nusd;
    return fits ? SPENDING_ROOM : SPENDING_ROOM_LATER;
}

enum spending_room spending_reserve(struct spending_place *place, int64_t cap_nusd,
                                    int64_t most_nusd, int64_t wall_ms, enum spending_news *news)
{
    *news = SPENDING_SAME;
    lock(place, wall_ms);
    enum spending_room room = room_of(place, cap_nusd, most_nusd);
    if (room == SPENDING_ROOM)
        place->reserved_nusd += most_nusd;
    else if (room == SPENDING_SPENT)
        *news = tell(place, SPENDING_REACHED);
    unlock(place);
    return room;
}

void spending_release(struct spending_place *place, int64_t most_nusd)
{
    check(pthread_mutex_lock(&place->lock) == 0);
    place->reserved_nusd -= most_nusd;
    check(place->reserved_nusd >= 0);
    unlock(place);
}

void spending_reserve_more(struct spending_place *place, int64_t more_nusd)
{
    check(pthread_mutex_lock(&place->lock) == 0);
    place->reserved_nusd += more_nusd;
    unlock(place);
}

enum spending_news spending_add(struct spending_place *place, int64_t cap_nusd, int64_t cost_nusd,
                                int64_t wall_ms)
{
    enum spending_news news = SPENDING_SAME;
    lock(place, wall_ms);
    place->spent_nusd = sum(place->spent_nusd, cost_nusd);
    if (cap_nusd > 0 && place->spent_nusd > cap_nusd)
        news = tell(place, SPENDING_ABOVE);
    else if (cap_nusd > 0 && place->spent_nusd >= cap_nusd / 100 * NEAR_PERCENT)
        news = tell(place, SPENDING_NEAR);
    unlock(place);
    return news;
}

struct spending_view spending_look(struct spending_place *place, int64_t wall_ms)
{
    lock(place, wall_ms);
    struct spending_view view = {place->spent_nusd, place->reserved_nusd};
    unlock(place);
    return view;
}

void spending_render(struct spending *spending, const char *provider, int64_t cap_nusd,
                     int64_t wall_ms, struct buffer *out)
{
    struct spending_place *place = spending_of(spending, provider);
    struct spending_view view = {0, 0};
    if (place != NULL)
        view = spending_look(place, wall_ms);
    json_writer_object(out, NULL);
    json_writer_money(out, "today", view.spent_nusd);
    json_writer_money(out, "reserved", view.reserved_nusd);
    if (cap_nusd > 0)
        json_writer_money(out, "cap", cap_nusd);
    else
        json_writer_null(out, "cap");
    json_writer_object_end(out);
}
