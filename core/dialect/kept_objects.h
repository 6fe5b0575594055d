/* Names of what a provider keeps: responses, conversations, files, stores, containers. All
 * customers share the operator's account with the provider, so a name may be that of another
 * customer's. What the gateway knows the makers of (kept_names.h) may be named where its dialect
 * says so, and is looked up; nothing else may. Only for this room. Pure functions. */
#ifndef DIALECT_KEPT_OBJECTS_H
#define DIALECT_KEPT_OBJECTS_H

#include "base/json.h"
#include "dialect/kept_names.h"
#include "dialect/request_fault.h"

/* Looks at a member at the top of a request, whose decoded name is `name`. Adds what it names to
 * `names`; NULL: nothing may be named. Returns false with a fault. */
bool kept_objects_allow(struct slice name, const struct json_value *value, struct kept_names *names,
                        struct request_fault *fault);
/* Looks at what `value` holds at any depth: messages, items, contents or tools. `name` is that of
 * the member that has it, a literal. */
bool kept_objects_allow_in(const char *name, const struct json_value *value,
                           struct kept_names *names, struct request_fault *fault);

#endif
