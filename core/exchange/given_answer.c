#include "exchange/given_answer.h"

#include <stdlib.h>

#include "base/check.h"
#include "exchange/local_call.h"
#include "exchange/shared_calls.h"

struct given_answer {
    struct local_call call; /* first: it is cast back */
    const struct shared_answer *answer;
};

static void answer_now(void *arg)
{
    struct given_answer *given = arg;
    const struct shared_answer *answer = given->answer;
    struct slice type = slice_of(answer->content_type);
    const struct upstream_head head = {.status = answer->status,
                                       .content_type = type,
                                       .content_type_line = type,
                                       .retry_after_ms = -1,
                                       .content_length = -1};
    local_call_tell(&given->call, &head, buffer_slice(&answer->body));
}

struct local_call *given_answer_start(struct loop *loop, const struct shared_answer *answer,
                                      const struct upstream_events *events)
{
    struct given_answer *given = calloc(1, sizeof *given);
    check(given != NULL);
    given->answer = answer;
    local_call_start(&given->call, loop, events, answer_now);
    return &given->call;
}
