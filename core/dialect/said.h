/* Decides whether an answer has begun to say something: text, reasoning, a tool call, a picture, a
 * finish reason. A role, filter verdicts and counts say nothing. If the answer fails after only
 * these, the customer has got nothing, so it is free and another provider may answer. */
#ifndef DIALECT_SAID_H
#define DIALECT_SAID_H

#include <stdbool.h>

#include "base/json.h"

/* Judges the choices of a completion, or of one chunk. */
bool said_something(const struct json_value *choices);

/* Members that only label their neighbours, wherever they are: no model has generated their
 * text. */
bool said_is_label(struct slice key);
/* Members of a message, or of a delta, whose text is not the model's: the speaker's role, results
 * of a filter or a search, what an aggregator repeats. */
bool said_is_aside(struct slice key);

#endif
