/* What the dialects remember of a stream that goes to a client. Only for this room. */
#ifndef DIALECT_ANSWER_STATE_H
#define DIALECT_ANSWER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dialect/dialect_form.h"
#include "dialect/responses_state.h"
#include "dialect/sound_length.h"

struct answer_state {        /* zeroed but for its buffers */
    struct slice answers_as; /* the model's name for the client, as JSON; empty: the provider's */
    bool begun;              /* the event that names the answer has come */
    /* Anthropic: the blocks of its content come one after the other. */
    bool block_open;
    int64_t block_index; /* of the open one, or of the last */
    bool block_opened;   /* by the last event */
    /* Gemini: the members that name the answer; the candidates of the last event, and of those
     * before. */
    struct buffer head;
    struct answer_choices last;
    struct answer_choices sent;
    struct responses_state responses;
    struct sound_length sound; /* of speech */
};

#endif
