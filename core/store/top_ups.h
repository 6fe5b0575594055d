/* Automatic top-ups: whether the cards that customers keep are charged by themselves, and for what
 * credit (docs/PAYMENTS.md). The policies say it; operations/top_ups.c does it. */
#ifndef STORE_TOP_UPS_H
#define STORE_TOP_UPS_H

struct store;

/* From now on; off at first. `terms`: JSON, as the operation top_up.run takes (call.h); NULL: off.
 * Any thread. */
void store_set_top_ups(struct store *store, const char *terms);

#endif
