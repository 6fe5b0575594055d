/* Items of the Responses API that stand for one that the provider keeps: an `item_reference`, or an
 * item, of whatever type, that has its id and not its content. Only for this room. Pure
 * functions. */
#ifndef DIALECT_KEPT_ITEMS_H
#define DIALECT_KEPT_ITEMS_H

#include "dialect/kept_names.h"

/* Whether an item may stand for one that is kept; `type` is its own: none or a string. */
bool kept_items_may_stand(const struct json_value *item, const struct json_value *type);
/* Whether an item without a type is a message. Servers take any other one with an id for a
 * reference, though it may have a role. */
bool kept_items_is_message(const struct json_value *item);
/* Finds the id of an object; *out stays if it has none. Returns false with a fault: it is there
 * twice, or written in another way. */
bool kept_items_find_id(const struct json_value *object, const char *param, struct json_value *out,
                        struct request_fault *fault);
/* Reads the list `param`. With `names`: adds what its items stand for; NULL: such an item is
 * refused, but one that other providers can read passes. Returns false with a fault. */
bool kept_items_read(const char *param, const struct json_value *items, struct kept_names *names,
                     struct request_fault *fault);

#endif
