/* What the courier asks the payment processor, as lua/payments has written it: one question, or
 * several with a line "then" between them, each asked once the one before it was answered. Of a
 * question: its path, lines of headers, an empty line, its body of one line. "{answer.NAME}" in it
 * stands for a member of the answer before. Pure. */
#ifndef EXCHANGE_PROCESSOR_STEPS_H
#define EXCHANGE_PROCESSOR_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* The first question. */
struct slice processor_steps_first(struct slice steps);
/* Whether more follow. */
bool processor_steps_more(struct slice steps);
/* Appends what is left when the first question has this answer. Returns false when the answer is
 * none, or a member that is wanted is missing, is no whole number and no plain word, or is longer
 * than 255 bytes: *why says so (a text of ours). */
bool processor_steps_rest(struct slice steps, struct slice answer, struct buffer *out,
                          const char **why);
/* What the first question charges, in the smallest unit of its currency: the field `amount` of its
 * form. 0: nothing. */
int64_t processor_steps_charge(struct slice steps);
/* Why the processor refuses, in its own words for people: the text `error.message` or `message` of
 * its answer. Returns false if there is none. */
bool processor_steps_refusal(struct slice answer, struct buffer *out);

#endif
