/* Automatic top-ups: whether the cards that customers keep are charged by themselves
 * (docs/PAYMENTS.md). The policies say it; operations/top_ups.c does it. */
#ifndef STORE_TOP_UPS_H
#define STORE_TOP_UPS_H

struct store;

/* TAXED: the processor adds taxes. A customer who has agreed to the other is not charged. */
enum top_ups { TOP_UPS_OFF, TOP_UPS_PLAIN, TOP_UPS_TAXED };

/* From now on; off at first. Any thread. */
void store_set_top_ups(struct store *store, enum top_ups top_ups);

#endif
