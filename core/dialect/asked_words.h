/* Words of a request that decide what a unit costs: how much a web search reads, the size and the
 * quality of pictures. Pure functions. */
#ifndef DIALECT_ASKED_WORDS_H
#define DIALECT_ASKED_WORDS_H

#include <stdbool.h>

#include "base/json.h"
#include "base/slice.h"
#include "dialect/request_fault.h"

struct asked_words { /* of the client's text, without quotes, as written; empty: not said */
    struct slice search_context; /* web_search_options.search_context_size */
    struct slice size;           /* image_config.image_size (OpenRouter, Google), size */
    struct slice quality;
    struct slice resolution;
    /* One of the last three is a member of the request itself: an endpoint for pictures has those,
     * and an API of conversations may not know them. */
    bool beside;
};

/* Notes a top-level member. `name` is its key, decoded. Returns false with *fault if the word is
 * there twice, or is not named as we name it: the provider might obey the other one, or none. */
bool asked_words_note(struct asked_words *asked, const struct json_item *item, struct slice name,
                      struct request_fault *fault);
/* Whether the request says any. */
bool asked_words_any(const struct asked_words *asked);

#endif
