/* What a provider keeps of an answer of the Responses API: the response, the items of its output,
 * and the conversation that they went to. Pure functions. */
#ifndef DIALECT_ANSWER_KEPT_H
#define DIALECT_ANSWER_KEPT_H

#include <stdbool.h>

#include "base/json.h"

struct model_request;

struct answer_kept { /* slices of the answer */
    struct slice response_id;
    struct slice conversation_id; /* empty: none */
    struct json_value output;     /* its items; no array: none */
};

/* Reads the object of an answer. Returns false if the provider keeps nothing of it: by its own
 * word (`store`), or else by the request's. */
bool answer_kept_read(const struct json_value *response, const struct model_request *asked,
                      struct answer_kept *out);
/* The same of an answer that its provider keeps nothing of. Returns false if it has no id. */
bool answer_kept_read_any(const struct json_value *response, struct answer_kept *out);
/* Whether the request allows that its answer is kept. */
bool answer_kept_wanted(const struct model_request *asked);
/* Gives the id of the next item that has one. */
bool answer_kept_next(struct json_walk *items, struct slice *id);

#endif
