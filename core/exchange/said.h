/* Whether an answer has begun to say something: text, reasoning, a tool call, a picture, a finish
 * reason. A role, filter verdicts and counts say nothing: what fails behind them has given the
 * customer nothing, so it is free, and another provider may answer. */
#ifndef EXCHANGE_SAID_H
#define EXCHANGE_SAID_H

#include <stdbool.h>

#include "base/json.h"

/* Of the choices of a completion, or of one chunk of it. */
bool said_something(const struct json_value *choices);

#endif
