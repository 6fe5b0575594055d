/* The choices of a completion, or of one chunk of a stream: how much was generated in each, and
 * whether it has ended. Pure functions. See
 * https://platform.openai.com/docs/api-reference/chat/object */
#ifndef DIALECT_CHOICES_H
#define DIALECT_CHOICES_H

#include <stdint.h>

#include "base/json.h"
#include "dialect/media.h"

enum { CHOICES_KNOWN = 128 }; /* a higher index counts as 0 */

struct choice_facts {
    int64_t index;
    struct json_value finish_reason;
    struct json_value usage; /* Moonshot puts it here; of type JSON_NULL: none */
    struct media_sizes sizes;
};

/* State between chunks: a data: URL that comes in pieces. Start with zeros. */
struct choices_run {
    struct media_run run;
    int64_t index; /* of the choice whose content has the URL */
};

struct choices_events {
    void (*on_text)(struct slice text, void *arg); /* a piece of the text, as it stands in JSON */
    /* Called after on_text for all its texts. */
    void (*on_choice)(const struct choice_facts *facts, void *arg);
    void *arg;
};

/* Calls nothing when `choices` is no array. */
void choices_read(struct choices_run *run, const struct json_value *choices,
                  const struct choices_events *events);

#endif
