/* How a piece of text goes through a translation. Once two pieces in a row have become the same
 * event but for their text, the next one is written without the translation. Pure functions; part
 * of a relay. */
#ifndef DIALECT_TEXT_ROUTE_H
#define DIALECT_TEXT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

struct text_route {
    struct buffer before; /* of the client's event, in front of the text; empty: nothing is known */
    struct buffer after;
    bool sure; /* two pieces have gone so */
    /* Of Responses: the digits of the event's number are cut out of `before`. */
    bool numbered;
    size_t number_at;
    int64_t number; /* of the last event */
};

void text_route_init(struct text_route *route);
void text_route_fini(struct text_route *route);

/* Notes that a piece of text, as it stands in JSON, has become these whole events. An empty text:
 * it was no plain piece. */
void text_route_learn(struct text_route *route, struct slice text, struct slice translated);
/* Appends the event of another piece, with the next number. */
void text_route_write(struct text_route *route, struct slice text, struct buffer *out);

#endif
