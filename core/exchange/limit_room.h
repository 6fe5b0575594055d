/* What a provider's rate limits on a key still have for calls that have not begun: of requests, and
 * of tokens. Counts and times are as health.h knows them. Pure functions. */
#ifndef EXCHANGE_LIMIT_ROOM_H
#define EXCHANGE_LIMIT_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/* INT64_MAX: the provider has not said. */
struct limit_room {
    int64_t requests;
    int64_t tokens;       /* below 0: what runs may take more than there is */
    int64_t tokens_taken; /* that they may take; some come back when they end */
    int64_t tokens_limit; /* a call that is larger never fits, whatever is left */
    /* So many more tokens come evenly in so many milliseconds; 0: all at `tokens_reset_ms`. */
    int64_t renewed_tokens, renewed_ms;
    int64_t tokens_reset_ms; /* then nothing that was said is true any more */
};

struct limit_room limit_room_unknown(void);
/* Whether a call that may take so many tokens fits. One that is larger than the whole limit does:
 * only its provider can tell. */
bool limit_room_takes(const struct limit_room *room, int64_t tokens);
/* When there will be enough tokens for it, if nothing else begins; now_ms: there are. */
int64_t limit_room_until_ms(const struct limit_room *room, int64_t tokens, int64_t now_ms);
/* Such a call begins. */
void limit_room_take(struct limit_room *room, int64_t tokens);

#endif
