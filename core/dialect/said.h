/* Whether an answer has begun to say something: text, reasoning, a tool call, a picture, a finish
 * reason. A role, filter verdicts and counts say nothing: what fails behind them has given the
 * customer nothing, so it is free, and another provider may answer. */
#ifndef DIALECT_SAID_H
#define DIALECT_SAID_H

#include <stdbool.h>

#include "base/json.h"

/* Of the choices of a completion, or of one chunk of it. */
bool said_something(const struct json_value *choices);

/* Members that only say what stands beside them, wherever they are: no model has generated their
 * text. */
bool said_is_label(struct slice key);
/* Members of a message, or of a delta of one, that its model has not said: who speaks, what a
 * filter or a search has found, what a gateway in between repeats. */
bool said_is_aside(struct slice key);

#endif
