/* Compares what a request asks for with what the model's entry sells, before any money is held: a
 * provider would refuse the rest, ignore it, or bill it in a way that has no price here. On the
 * exchange's worker. */
#ifndef EXCHANGE_OFFER_CHECK_H
#define EXCHANGE_OFFER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect/prompt_size.h"
#include "dialect/request_fault.h"

struct cost_ceiling;
struct exchange;

/* Returns false if something is not sold; the client then has its answer. */
bool offer_check(struct exchange *exchange, const struct cost_ceiling *offered);

/* Returns false with *fault: sound that is sold by the second is longer than `seconds_max`, or
 * its length cannot be measured. 0: it is not sold so. */
bool offer_check_length(const struct prompt *prompt, int64_t seconds_max,
                        struct request_fault *fault);

#endif
