/* What each provider has cost since midnight UTC, and what the calls that run may still cost: so
 * that a provider can have a cap a day (`spend_per_day` in providers.lua). Shared by all workers.
 * It begins with what the database has of the day, so a restart does not begin a new cap. A cap
 * bounds what begins: a stream that runs goes on, and what it takes counts as it takes it.
 *
 * Each place has a lock of its own. Places are never freed before the whole; where there is no room
 * for another provider, it has no place and no cap. */
#ifndef EXCHANGE_SPENDING_H
#define EXCHANGE_SPENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct spending;
struct spending_place; /* of a provider */

struct spending *spending_new(void);
void spending_free(struct spending *spending); /* NULL is allowed */

/* The provider's place, which is made if there is none. NULL: there is no room. */
struct spending_place *spending_of(struct spending *spending, const char *provider);

/* What is worth telling the operator: once a day each. */
enum spending_news {
    SPENDING_SAME,
    SPENDING_NEAR,    /* four fifths of the cap are spent */
    SPENDING_REACHED, /* so much is spent that a call was not begun */
    SPENDING_ABOVE    /* more than the cap is spent: by what calls have taken that ran then */
};

enum spending_room {
    SPENDING_ROOM,
    SPENDING_ROOM_LATER, /* calls that run may cost it */
    SPENDING_TOO_LARGE,  /* less is left of the day, and less than that was spent */
    SPENDING_SPENT       /* less is left of the day */
};

/* A call may cost `most_nusd`. Where there is room, the amount counts until spending_release gives
 * it back. */
enum spending_room spending_reserve(struct spending_place *place, int64_t cap_nusd,
                                    int64_t most_nusd, int64_t wall_ms, enum spending_news *news);
void spending_release(struct spending_place *place, int64_t most_nusd);
/* A call that runs may cost so much more, whatever the cap: that counts, too, until it is given
 * back. */
void spending_reserve_more(struct spending_place *place, int64_t more_nusd);
/* A call has cost so much. cap_nusd 0: there is none. */
enum spending_news spending_add(struct spending_place *place, int64_t cap_nusd, int64_t cost_nusd,
                                int64_t wall_ms);

/* What an exchange has reserved with the provider of its attempt. */
struct spend_reserve {
    struct spending_place *place; /* NULL: nothing */
    int64_t nusd;
};

struct spending_view {
    int64_t spent_nusd;    /* since midnight */
    int64_t reserved_nusd; /* of calls that run */
};
/* JSON: {today, reserved, cap (null for cap_nusd 0)}. */
void spending_render(struct spending *spending, const char *provider, int64_t cap_nusd,
                     int64_t wall_ms, struct buffer *out);
struct spending_view spending_look(struct spending_place *place, int64_t wall_ms);

#endif
