#include "dialect/answer_state.h"

#include <stdlib.h>

#include "base/check.h"

enum { HEAD_BYTES_MAX = 4096 };

struct answer_state *answer_state_new(void)
{
    struct answer_state *state = calloc(1, sizeof *state);
    check(state != NULL);
    buffer_init(&state->head, HEAD_BYTES_MAX);
    responses_state_init(&state->responses);
    return state;
}

void answer_state_answer_as(struct answer_state *state, struct slice name)
{
    state->answers_as = name;
}

void answer_state_expect_raw(struct answer_state *state)
{
    state->sound.raw = true;
}

void answer_state_free(struct answer_state *state)
{
    if (state == NULL)
        return;
    buffer_fini(&state->head);
    responses_state_fini(&state->responses);
    free(state);
}
