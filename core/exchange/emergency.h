/* Tells the operator that the database cannot be written, from memory: the outbox cannot take that
 * message. A part of the courier (courier.h), on its thread. */
#ifndef EXCHANGE_EMERGENCY_H
#define EXCHANGE_EMERGENCY_H

#include <stdbool.h>

#include "store/alerts.h"

struct courier_settings;
struct deliveries;
struct delivery_end;

struct store;

struct emergency {
    struct store *store;
    struct alerts *alerts; /* NULL: the operator is not told */
    bool told;             /* `news` is taken, and on its way */
    bool received;         /* by a receiver */
    unsigned under_way;
    struct alert_news news;
    struct id message_id;
    int64_t retry_us;
};

void emergency_init(struct emergency *emergency, struct store *store, struct alerts *alerts);
void emergency_fini(struct emergency *emergency);
/* Sends what is to be told. */
void emergency_look(struct emergency *emergency, struct deliveries *deliveries,
                    const struct courier_settings *settings);
/* A delivery of its has ended. */
void emergency_end(struct emergency *emergency, const struct delivery_end *end);

#endif
