/* The dialects: how clients and providers speak. Streams of OpenAI's chat have a faster way of
 * their own (exchange/events.c). */
#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

#include "dialect/dialect_form.h"

const struct dialect_form *dialect_form(enum dialect dialect);
/* "openai-chat", "openai-responses", "anthropic", "gemini" */
const char *dialect_name(enum dialect dialect);
/* The dialect of the clients that ask for this path. */
enum dialect dialect_of_path(struct slice path);

#endif
