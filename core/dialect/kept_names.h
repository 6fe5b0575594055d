/* The names in a request of what its provider keeps and the account may own: responses,
 * conversations, items. Whose they are is looked up before a provider sees the request. Their texts
 * are borrowed from the body. Pure functions. */
#ifndef DIALECT_KEPT_NAMES_H
#define DIALECT_KEPT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/kept_kind.h"
#include "dialect/request_fault.h"

struct kept_name {
    struct slice id;
    const char *param; /* a literal */
    enum kept_kind kind;
    bool brings; /* what it names becomes input */
    bool loose;  /* only a provider that keeps items takes it for a name */
};

struct kept_names { /* zeroed: none */
    struct kept_name *list;
    size_t count;
    size_t room;
};

/* Refuses what must not be named, by the name of its member as the client wrote it. */
bool kept_names_refuse_kept(const char *param, struct slice name, struct request_fault *fault);
/* Whether a member names something, or has content: null, "", [] and {} do not. */
bool kept_names_fills(const struct json_value *value);
/* Adds a name, whose id is the value of `name`. Returns false with a fault: it is no id, it stands
 * there twice, or there are more than LIMIT_NAMED_OBJECTS. */
bool kept_names_add(struct kept_names *names, struct kept_name name, const struct json_value *id,
                    struct request_fault *fault);
void kept_names_fini(struct kept_names *names);
/* Reads the id of something, if it is one that may be named. */
bool kept_names_read_id(const struct json_value *value, struct slice *out);

#endif
