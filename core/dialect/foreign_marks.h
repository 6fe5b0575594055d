/* What a translation has put into a client's conversation, and what no provider of the client's own
 * dialect can read: reasoning that another provider has signed ("gw1.ORIGIN.TEXT", lua/dialect/
 * common.lua), and our own summaries (lua/dialect/responses/compact.lua). An operator may move a
 * model to such a provider in the middle of a conversation: then the marked reasoning is left out,
 * and a summary becomes a message of the user. Pure functions. */
#ifndef DIALECT_FOREIGN_MARKS_H
#define DIALECT_FOREIGN_MARKS_H

#include <stdbool.h>

#include "dialect/model_request.h"

/* The words of a translation, for lua/dialect too (core/script/translation.c). */
#define FOREIGN_MARKS_MARK "gw1."
#define FOREIGN_MARKS_ORIGIN "summary"
/* What stands before a summary of ours. */
#define FOREIGN_MARKS_SUMMARY FOREIGN_MARKS_MARK FOREIGN_MARKS_ORIGIN "."
/* What a summary begins with for a model, as it stands in JSON. */
#define FOREIGN_MARKS_BEGINNING                                                                    \
    "This is a summary of the conversation so far, which it replaces:\\n\\n"
/* Google's own word in place of a signature, for a call that another model made. */
#define FOREIGN_MARKS_UNSIGNED "skip_thought_signature_validator"

/* Whether there may be a mark in a body of this dialect: a quick search. Only conversations have
 * marks. */
bool foreign_marks_stand_in(enum dialect dialect, struct slice body);
/* Makes the provider's copy one without marks. Returns false without memory, or if there are more
 * than LIMIT_FOREIGN_MARKS. */
bool foreign_marks_remove(enum dialect dialect, struct request_copy *copy);

#endif
