/* The parts of a message's content, in the forms of OpenAI, Anthropic and Gemini. Only for this
 * room. Pure functions. */
#ifndef DIALECT_PROMPT_PARTS_H
#define DIALECT_PROMPT_PARTS_H

#include "dialect/prompt_size.h"

/* Adds a content: a text, a list of parts, or one part. Parts may hold others. Returns NULL, or the
 * name of a member that affects the price and is there twice. */
const char *prompt_parts_add(struct prompt *prompt, const struct json_value *content);
/* Removes a value that is counted in another way. */
void prompt_parts_leave_out(struct prompt *prompt, const struct json_value *value);
/* Finds the type of a part, a call or a message, as json_find does. Notes marks of caches, and
 * members that no reader here knows, which may hold names of what a provider keeps. */
unsigned prompt_parts_find_type(struct prompt *prompt, const struct json_value *object,
                                struct json_value *out);

#endif
