/* The worst case of a call's prices, for its hold and for the budget of its stream. Only the answer
 * says what the provider's cache read or wrote, how much of the answer is reasoning, and in which
 * tier the provider served the call. Pure functions. */
#ifndef EXCHANGE_WORST_PRICE_H
#define EXCHANGE_WORST_PRICE_H

#include "base/unit.h"
#include "exchange/price_facts.h"

struct price_schedule;

/* What is known of a call. */
struct worst_view {
    struct price_question question;
    const struct price_schedule *rules; /* NULL: none */
    const struct unit_counts *most;     /* what the prompt has at most */
    const struct price_facts *said;     /* by the answer so far; NULL: nothing */
};

/* Raises the prices of the units that a hold counts: `input`, `audio_input`, `image_input` and
 * `output`. `prices` has all units (unit_prices_complete). */
void worst_price_raise(const struct worst_view *view, struct unit_prices *prices);

#endif
