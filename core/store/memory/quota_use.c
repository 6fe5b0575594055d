#include "store/memory/quota_use.h"

#include <stdlib.h>

#include "base/check.h"

/* ---- periods ---- */

static struct quota_use *new_use(int64_t start_ms, int64_t end_ms, struct quota_use *former)
{
    struct quota_use *use = calloc(1, sizeof *use);
    check(use != NULL);
    use->start_ms = start_ms;
    use->end_ms = end_ms;
    use->former = former;
    return use;
}

struct quota_use *quota_use_new(void)
{
    return new_use(-1, 0, NULL);
}

void quota_use_free(struct quota_use *now)
{
    while (now != NULL) {
        struct quota_use *former = now->former;
        free(now);
        now = former;
    }
}

/* Forgets the periods before the last one, but for those in which a claim holds. */
static void drop_former(struct quota_use *last)
{
    struct quota_use **at = &last->former;
    while (*at != NULL) {
        struct quota_use *use = *at;
        if (use->takers > 0) {
            at = &use->former;
            continue;
        }
        *at = use->former;
        free(use);
    }
}

bool quota_use_advance(struct quota_use **now, enum quota_period period, int64_t at_ms)
{
    struct quota_use *last = *now;
    if (at_ms < last->end_ms)
        return false;
    drop_former(last);
    *now = new_use(quota_start_ms(period, at_ms), quota_end_ms(period, at_ms), last);
    return true;
}

bool quota_use_covers(const struct quota_use *use, int64_t at_ms)
{
    return at_ms >= use->start_ms && at_ms < use->end_ms;
}

struct quota_use *quota_use_at(struct quota_use *now, int64_t at_ms)
{
    struct quota_use *use = now;
    while (use != NULL && !quota_use_covers(use, at_ms))
        use = use->former;
    return use != NULL ? use : now;
}

struct quota_use *quota_use_from(struct quota_use *now, int64_t start_ms)
{
    while (now != NULL && now->start_ms != start_ms)
        now = now->former;
    return now;
}

/* ---- amounts ---- */

int64_t quota_use_used(const struct quota_use *use)
{
    return use->base + use->settled[0].amount + use->settled[1].amount;
}

int64_t quota_use_left(const struct quota_use *use, int64_t limit)
{
    int64_t left = limit - quota_use_used(use) - use->held;
    return left > 0 ? left : 0;
}

/* A generation begins when the one before the last is in the tables. */
void quota_use_add(struct quota_use *use, int64_t amount, uint64_t generation)
{
    struct settled *settled = use->settled;
    if (generation == 0) {
        use->base += amount;
        return;
    }
    if (settled[0].generation != generation) {
        use->base += settled[1].amount;
        settled[1] = settled[0];
        settled[0] = (struct settled){.generation = generation};
    }
    settled[0].amount += amount;
}
