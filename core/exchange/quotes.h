/* The estimates that were given lately. One binds for a minute: a call with the same body and an
 * x-llm-max-cost of at least that figure is neither refused for its cost nor made shorter, though
 * prices or what is known of the model's tokens have changed meanwhile.
 *
 * Shared by all workers; each part of the table has a lock. In memory, because a minute is short: a
 * restart forgets them. Bounded: the one that ends first makes room. */
#ifndef EXCHANGE_QUOTES_H
#define EXCHANGE_QUOTES_H

#include <stdbool.h>
#include <stdint.h>

struct quotes;

enum { QUOTES_VALID_MS = 60 * 1000 };

struct quotes *quotes_new(void);
void quotes_free(struct quotes *quotes);
/* How many good estimates made room for others, since the start. Any thread. */
int64_t quotes_forgotten(struct quotes *quotes);

/* Names an account's request: a hash with a key, so that nobody can make two collide. */
struct quote_name {
    uint64_t low;
    uint64_t high;
};

/* Notes that this request was estimated at `most_nusd`; the latest estimate counts. now_ms:
 * clock_wall_ms. Any thread, like the next. */
void quotes_note(struct quotes *quotes, const struct quote_name *name, int64_t most_nusd,
                 int64_t now_ms);
/* Whether the request was estimated at `nusd` or less, in the last QUOTES_VALID_MS. */
bool quotes_bind(struct quotes *quotes, const struct quote_name *name, int64_t nusd,
                 int64_t now_ms);

#endif
