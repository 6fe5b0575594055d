/* Asks the servers of the survey for the context lengths of their models: one server after the
 * other and one question at a time, at the start, after each reload and every few minutes. No
 * request waits for it. An answer is bounded in size and time; a failed one changes nothing.
 *
 * Belongs to one worker, on its thread. */
#ifndef EXCHANGE_SURVEYOR_H
#define EXCHANGE_SURVEYOR_H

#include <stdint.h>

#include "exchange/survey.h"
#include "net/client/upstream.h"

struct surveyor;

/* Asks again after `period_ms`, and sooner if a server has not answered. */
struct surveyor *surveyor_new(struct survey *survey, struct upstream *upstream, int64_t period_ms);
void surveyor_free(struct surveyor *surveyor); /* cancels what runs; NULL is allowed */

/* Replaces the list of servers; the next tick asks them. */
void surveyor_take_list(struct surveyor *surveyor, struct survey_list *list);
void surveyor_tick(struct surveyor *surveyor);
void surveyor_stop(struct surveyor *surveyor);

#endif
