#include "dialect/answer_state.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"

struct answer_state *answer_state_new(void)
{
    struct answer_state *state = calloc(1, sizeof *state);
    check(state != NULL);
    buffer_init(&state->items, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&state->item, LIMIT_EVENT_BYTES);
    buffer_init(&state->text, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&state->head, LIMIT_EVENT_BYTES);
    return state;
}

void answer_state_free(struct answer_state *state)
{
    if (state == NULL)
        return;
    buffer_fini(&state->items);
    buffer_fini(&state->item);
    buffer_fini(&state->text);
    buffer_fini(&state->head);
    free(state);
}
