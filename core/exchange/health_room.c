/* What the limits of a key have left (limit_room.h), by what its provider said last and by what
 * goes on since. */
#include "base/least.h"
#include "exchange/health.h"
#include "exchange/health_place.h"
#include "exchange/provider_limits.h"

/* More than any limit of tokens a minute; so products with times fit into 64 bits. */
#define TOKENS_MOST INT64_C(10000000000)
enum { RESET_MOST_MS = 86400000 };

static int64_t load(const _Atomic int64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void store(_Atomic int64_t *number, int64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static int64_t bounded(int64_t tokens)
{
    return tokens < TOKENS_MOST ? tokens : TOKENS_MOST;
}

/* ---- what goes on ---- */

void health_room_begin(struct health_pass *pass, int64_t tokens)
{
    if (pass->limit == NULL)
        return;
    pass->takes[PROVIDER_REQUESTS] = 1;
    pass->takes[PROVIDER_TOKENS] = bounded(tokens);
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS; i++) {
        struct health_limit *limit = &pass->limit->limits[i];
        int64_t takes = pass->takes[i];
        atomic_fetch_add_explicit(&limit->running, takes, memory_order_relaxed);
        pass->begun[i] =
            atomic_fetch_add_explicit(&limit->begun, takes, memory_order_relaxed) + takes;
    }
}

void health_room_end(const struct health_pass *pass)
{
    for (size_t i = 0; pass->limit != NULL && i < PROVIDER_LIMIT_KINDS; i++)
        atomic_fetch_sub_explicit(&pass->limit->limits[i].running, pass->takes[i],
                                  memory_order_relaxed);
}

/* ---- what is said ---- */

void health_room_note(const struct health_pass *pass, const struct provider_limits *said,
                      int64_t now_ms)
{
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS; i++) {
        struct health_limit *limit = &pass->limit->limits[i];
        const struct provider_limit *told = &said->of[i];
        bool whole = told->remaining >= 0 && told->reset_ms > 0;
        store(&limit->limit, bounded(told->limit));
        store(&limit->left, bounded(told->remaining));
        store(&limit->told_begun, pass->begun[i]);
        store(&limit->told_ms, now_ms);
        store(&limit->reset_ms, whole ? now_ms + least_int64(told->reset_ms, RESET_MOST_MS) : 0);
    }
}

/* ---- what is left ---- */

/* Of what is left that much is promised to the attempts that run, but for those that had begun
 * before the one that was told it: they are counted in it. */
static int64_t promised(const struct health_limit *limit)
{
    return least_int64(load(&limit->running), load(&limit->begun) - load(&limit->told_begun));
}

/* Providers renew tokens evenly, and say when all of them will be there. */
static void add_tokens(const struct health_limit *limit, int64_t now_ms, struct limit_room *room)
{
    int64_t whole = load(&limit->limit), left = load(&limit->left);
    int64_t told_ms = load(&limit->told_ms), reset_ms = load(&limit->reset_ms);
    if (now_ms >= reset_ms)
        return;
    room->tokens_reset_ms = reset_ms;
    room->tokens_taken = promised(limit);
    room->tokens = left - room->tokens_taken;
    if (whole <= 0)
        return;
    room->tokens_limit = whole;
    if (whole <= left || told_ms > now_ms || told_ms >= reset_ms)
        return;
    room->renewed_tokens = whole - left;
    room->renewed_ms = reset_ms - told_ms;
    room->tokens += room->renewed_tokens * (now_ms - told_ms) / room->renewed_ms;
}

struct limit_room health_room(struct health *health, const struct health_names *names,
                              int64_t now_ms)
{
    struct limit_room room = limit_room_unknown();
    size_t at;
    const struct health_place *place = health_place_find(health, names->limit, &at);
    if (place == NULL)
        return room;
    const struct health_limit *requests = &place->limits[PROVIDER_REQUESTS];
    if (now_ms < load(&requests->reset_ms))
        room.requests = load(&requests->left) - promised(requests);
    add_tokens(&place->limits[PROVIDER_TOKENS], now_ms, &room);
    return room;
}
