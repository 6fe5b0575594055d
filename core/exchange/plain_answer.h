/* A plain answer in the client's dialect: in the form and under the name of the model that the
 * client has asked for. Worker's thread. */
#ifndef EXCHANGE_PLAIN_ANSWER_H
#define EXCHANGE_PLAIN_ANSWER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "dialect/dialect_form.h"

/* Reads `body` into *facts, which point into it; where it differs from what was asked for, another
 * text takes its place first. `answers_as`: the model's name as JSON; empty: the provider's. False:
 * it is no JSON object. */
bool plain_answer_read(const struct model_request *asks, struct slice answers_as,
                       struct buffer *body, struct answer_facts *facts);

#endif
