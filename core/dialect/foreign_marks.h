/* What a translation has put into a client's conversation, and what no provider of the client's own
 * dialect can read: reasoning that another provider has signed ("gw1.ORIGIN.TEXT", lua/dialect/
 * common.lua), and our own summaries (lua/dialect/responses/compact.lua). An operator may move a
 * model to such a provider in the middle of a conversation: then the marked reasoning is left out,
 * and a summary becomes a message of the user. Pure functions. */
#ifndef DIALECT_FOREIGN_MARKS_H
#define DIALECT_FOREIGN_MARKS_H

#include <stdbool.h>

#include "dialect/model_request.h"

/* What stands before a summary of ours. */
#define FOREIGN_MARKS_SUMMARY "gw1.summary."

/* Whether there may be a mark in a body of this dialect: a quick search. Only conversations have
 * marks. */
bool foreign_marks_stand_in(enum dialect dialect, struct slice body);
/* Makes the provider's copy one without marks. Returns false without memory, or if there are more
 * than LIMIT_FOREIGN_MARKS. */
bool foreign_marks_remove(enum dialect dialect, struct request_copy *copy);

#endif
