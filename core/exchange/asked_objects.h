/* What the provider keeps and the last ask (ask.h) has told of: a conversation that was made, items
 * of a list. They belong to the account that asked. On the worker's thread. */
#ifndef EXCHANGE_ASKED_OBJECTS_H
#define EXCHANGE_ASKED_OBJECTS_H

#include <stdbool.h>

#include "base/buffer.h"

struct exchange;

/* Appends a line "KIND TOKENS ID" for each, as the operation object.add takes them, at most
 * LIMIT_MADE_OBJECTS. `items`: of a list, or the one item; else the conversation that is told. */
void asked_objects_write(const struct exchange *exchange, bool items, struct buffer *out);

#endif
