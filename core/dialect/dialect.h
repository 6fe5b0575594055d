/* The dialects: how clients and providers speak. Streams of chunks have a faster way of
 * their own (exchange/events.c). */
#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

#include "dialect/dialect_form.h"

const struct dialect_form *dialect_form(enum dialect dialect);
/* As in providers.lua: "openai-chat", "embeddings". */
const char *dialect_name(enum dialect dialect);
/* The member of a request that has what is to be read, for errors about it. */
const char *dialect_input_name(enum dialect dialect);
/* Returns false when no dialect has this name. */
bool dialect_of_name(const char *name, enum dialect *out);
/* Of clients that ask for this path: a conversation's. Errors of others look like OpenAI's chat.
 * `versioned`: they say Anthropic's version. */
enum dialect dialect_of_path(struct slice path, bool versioned);

#endif
