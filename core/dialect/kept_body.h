/* A body that gives a conversation items: what these name of what the provider keeps. Pure
 * functions. */
#ifndef DIALECT_KEPT_BODY_H
#define DIALECT_KEPT_BODY_H

#include "dialect/kept_names.h"

/* Adds the names in the body, an object; an empty body has none. Returns false with a fault. */
bool kept_body_read(struct slice body, struct kept_names *names, struct request_fault *fault);

#endif
