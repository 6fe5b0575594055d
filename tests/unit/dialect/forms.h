/* What the tests of the dialects share: requests and events through the table of a dialect. */
#ifndef TESTS_DIALECT_FORMS_H
#define TESTS_DIALECT_FORMS_H

#include "dialect/answer_state.h"
#include "dialect/dialect.h"

/* Reads a request that must be good. The address has the model "m". */
struct model_request form_request(enum dialect dialect, const char *text);
/* Reads one that must be refused. Returns the member at fault, or "". */
const char *form_refused(enum dialect dialect, const char *text);
/* Compares the provider's copy with `expected`; it must be a good request as well. */
void form_assert_copy(enum dialect dialect, const char *text, const struct request_changes *changes,
                      const char *expected);
/* Reads an event. `state` may be NULL. */
struct answer_facts form_event(enum dialect dialect, struct answer_state *state, const char *text);
/* Reads a plain answer. */
struct answer_facts form_answer(enum dialect dialect, const char *text);
/* Compares a raw value, or a text, with `expected`. */
void form_assert_slice(struct slice slice, const char *expected);

#endif
