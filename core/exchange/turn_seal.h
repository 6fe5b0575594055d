/* Turns without a response: what is added to a conversation that the gateway itself keeps, or taken
 * out of it; sealed, in base64, as the operations turn.begin and turn.add take them. It is part of
 * an exchange. On the worker's thread. */
#ifndef EXCHANGE_TURN_SEAL_H
#define EXCHANGE_TURN_SEAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

struct exchange;

/* Appends what the body adds. Returns false if it has answered. */
bool turn_seal_body(struct exchange *exchange, struct buffer *out);
/* Appends that the item with this id is removed. */
void turn_seal_removal(struct exchange *exchange, struct slice item_id, struct buffer *out);

#endif
