/* The text of a turn that the gateway itself keeps of the Responses API: what a call took in and
 * gave, or items that were added to a conversation. An object with `input` (items), `response` (the
 * whole object, whose `output` has the items that it gave), `metadata` (of a conversation; the
 * newest counts) and `removed` (the id of an item that is taken out of those before). Values point
 * into the text. Pure functions. */
#ifndef DIALECT_KEPT_TURN_H
#define DIALECT_KEPT_TURN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/json.h"

struct kept_turn { /* of type JSON_NULL: it has none */
    struct json_value input;
    struct json_value response;
    struct json_value output; /* of the response */
    struct json_value metadata;
    struct json_value removed;
};

/* Appends a turn: `items` are the input without brackets, `response` an object. */
void kept_turn_write(struct slice items, struct slice response, struct buffer *out);
/* Returns false if it is no such text. */
bool kept_turn_read(struct slice text, struct kept_turn *out);

/* One item of a list of turns. */
struct kept_turn_item {
    struct slice raw;
    struct slice id; /* its own, without quotes; empty: it has none */
    size_t turn;     /* from 0 */
    size_t place;    /* in its turn, from 0 */
    bool given;      /* by the model */
};

/* What later turns have removed of those before. Private fields. */
struct kept_removals {
    struct kept_removal *list; /* sorted by id, each id once */
    size_t count;
};

void kept_removals_init(struct kept_removals *removals, const struct kept_turn *turns,
                        size_t count);
void kept_removals_fini(struct kept_removals *removals);

/* A walk over the items of turns, in their order: the input of each, then its output. What was
 * removed is left out. Private fields. */
struct kept_turn_walk {
    const struct kept_removals *removals;
    const struct kept_turn *turns;
    size_t count;
    size_t turn;
    size_t place;
    bool in_output;
    bool walking;
    struct json_walk items;
};

/* `removals` are those of all turns of the conversation; borrowed. */
struct kept_turn_walk kept_turn_walk(const struct kept_turn *turns, size_t count,
                                     const struct kept_removals *removals);
bool kept_turn_next(struct kept_turn_walk *walk, struct kept_turn_item *out);

/* The id of an item that has none: by its place, which never changes. */
enum { KEPT_TURN_ID_BYTES = 48 };
void kept_turn_name(const struct kept_turn_item *item, char out[KEPT_TURN_ID_BYTES]);
/* Whether this is the item's id, its own or by its place. */
bool kept_turn_is(const struct kept_turn_item *item, struct slice id);
/* Appends the item as lists show it: with an id and a type, and the parts of its text. */
void kept_turn_put(const struct kept_turn_item *item, struct buffer *out);

#endif
