/* An answer that another call has got, as if a provider gave it again. Worker's thread. */
#ifndef EXCHANGE_GIVEN_ANSWER_H
#define EXCHANGE_GIVEN_ANSWER_H

#include "net/client/upstream.h"

struct local_call;
struct loop;
struct shared_answer;

/* `answer` is borrowed until it has been told, in a deferred call. */
struct local_call *given_answer_start(struct loop *loop, const struct shared_answer *answer,
                                      const struct upstream_events *events);

#endif
