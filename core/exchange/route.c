#include "exchange/route.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"

/* A candidate that takes at most this share of the quickest one's time counts as equally quick. */
enum { NEAR_PERCENT = 125 };

/* Mixes the bits of a number well (the finalizer of MurmurHash3, which is public domain). */
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 33) * UINT64_C(0xff51afd7ed558ccd);
    number = (number ^ number >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return number ^ number >> 33;
}

static int64_t quickest(const struct route_entry *entries, size_t count)
{
    int64_t best_us = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        best_us = entries[i].time_us < best_us ? entries[i].time_us : best_us;
    return best_us;
}

/* Whether the entry belongs to those that share the calls by weight. */
static bool is_near(const struct route_entry *entry, enum route_sort sort, int64_t best_us)
{
    return sort == ROUTE_BY_WEIGHT || entry->time_us <= best_us * NEAR_PERCENT / 100;
}

/* Draws one of the places that are not taken, each by its share of their weights; -1: all weigh
 * nothing. */
static int draw(const struct route_entry *entries, size_t count, unsigned taken, uint64_t number)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += (taken >> i & 1) == 0 ? (uint64_t)entries[i].weight : 0;
    if (all == 0)
        return -1;
    uint64_t left = number % all;
    for (size_t i = 0; i < count; i++) {
        uint64_t weight = (taken >> i & 1) == 0 ? (uint64_t)entries[i].weight : 0;
        if (left < weight)
            return (int)i;
        left -= weight;
    }
    return -1;
}

static void add(struct route *out, size_t place, unsigned *taken)
{
    out->places[out->count++] = (uint8_t)place;
    *taken |= 1U << place;
}

/* Adds those that are left: the quickest first, equals as they are listed. */
static void add_rest(const struct route_entry *entries, size_t count, unsigned taken,
                     enum route_sort sort, struct route *out)
{
    bool by_time = sort == ROUTE_BY_LATENCY || sort == ROUTE_BY_THROUGHPUT;
    while (out->count < count) {
        size_t best = count;
        for (size_t i = 0; i < count; i++) {
            bool quicker = by_time && best < count && entries[i].time_us < entries[best].time_us;
            if ((taken >> i & 1) == 0 && (best == count || quicker))
                best = i;
        }
        add(out, best, &taken);
    }
}

static void order(const struct route_entry *entries, size_t count, enum route_sort sort,
                  uint64_t seed, struct route *out)
{
    unsigned taken = 0;
    unsigned far = 0;
    int64_t best_us = quickest(entries, count);
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        far |= sort == ROUTE_AS_LISTED || !is_near(&entries[i], sort, best_us) ? 1U << i : 0;
    for (int place; (place = draw(entries, count, taken | far, mix(seed + taken))) >= 0;)
        add(out, (size_t)place, &taken);
    add_rest(entries, count, taken, sort, out);
}

/* Adds the keys of a pool, beginning with one that the seed chooses. */
static void add_pool(const struct route_entry *entries, size_t count, uint64_t group, uint64_t seed,
                     struct route *out)
{
    uint8_t members[LIMIT_ROUTE];
    size_t member_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].group == group)
            members[member_count++] = (uint8_t)i;
    }
    check(member_count > 0);
    size_t first = mix(seed ^ group) % member_count;
    for (size_t i = 0; i < member_count; i++)
        out->places[out->count++] = members[(first + i) % member_count];
}

void route_lead(struct route *route, unsigned lead)
{
    uint8_t others[LIMIT_ROUTE];
    size_t other_count = 0;
    size_t first = 0;
    for (size_t i = 0; i < route->count; i++) {
        if (route->places[i] < lead)
            route->places[first++] = route->places[i];
        else
            others[other_count++] = route->places[i];
    }
    memcpy(route->places + first, others, other_count);
}

void route_make(const struct route_entry *entries, size_t count, enum route_sort sort,
                uint64_t seed, struct route *out)
{
    struct route_entry firsts[LIMIT_ROUTE];
    size_t groups = 0;
    struct route order_of_groups;
    check(count <= LIMIT_ROUTE);
    for (size_t i = 0; i < count; i++) {
        size_t g = 0;
        while (g < groups && firsts[g].group != entries[i].group)
            g++;
        if (g == groups)
            firsts[groups++] = entries[i];
    }
    order(firsts, groups, sort, seed, &order_of_groups);
    out->count = 0;
    for (size_t i = 0; i < groups; i++)
        add_pool(entries, count, firsts[order_of_groups.places[i]].group, seed, out);
}
