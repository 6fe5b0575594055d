/* A request of the Responses API that names what the gateway itself keeps (kept_turn.h), made
 * whole: what it names stands in its input, so that any provider can answer it. Pure functions. */
#ifndef DIALECT_WHOLE_REQUEST_H
#define DIALECT_WHOLE_REQUEST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"

/* Gives the item with this id. Returns false if it is not known. */
typedef bool whole_request_find(void *arg, struct slice id, struct slice *item);

/* Appends the request's own input, as items with commas between: a text becomes a message, and a
 * reference what it stands for. */
void whole_request_own_items(const struct json_value *request, whole_request_find *find, void *arg,
                             struct buffer *out);
/* Appends the request with this input (items without brackets), and without the names of the
 * response or conversation that it continues. */
void whole_request_write(const struct json_value *request, struct slice items, struct buffer *out);

#endif
