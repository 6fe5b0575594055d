/* What the dialects remember of a stream that goes to a client. Only for this room. */
#ifndef DIALECT_ANSWER_STATE_H
#define DIALECT_ANSWER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/dialect_form.h"

struct answer_state { /* zeroed but for its buffers */
    bool begun;       /* the event that names the answer has come */
    /* Anthropic: the blocks of its content come one after the other. */
    bool block_open;
    int64_t block_index; /* of the open one, or of the last */
    /* Responses */
    int64_t sequence;    /* the next event's number */
    struct buffer items; /* the items of its output that are done, with commas between */
    struct buffer item;  /* the open item, as it was added; empty: none is open */
    int64_t item_index;
    struct buffer text; /* of the open item's open part, as it stands in JSON */
    /* Responses: the object of the answer. Gemini: the members that name the answer. */
    struct buffer head;
};

#endif
