/* Measures a request's input to the model, by kind. It measures the whole body, for a provider
 * bills tools, schemas and other members as text, like the messages. Pure functions. */
#ifndef DIALECT_PROMPT_H
#define DIALECT_PROMPT_H

#include "dialect/prompt_size.h"

/* Adds a message. Returns NULL, or the name of a member that affects the price and is there
 * twice. */
const char *prompt_add_message(struct prompt *prompt, const struct json_value *message);
/* The same for an item of the Responses API's input, and for a content of Gemini's. */
const char *prompt_add_item(struct prompt *prompt, const struct json_value *item);
const char *prompt_add_content(struct prompt *prompt, const struct json_value *content);
/* About how many tokens a model's template adds to the text. */
int64_t prompt_template_tokens(const struct prompt *prompt);
/* The least that so many messages or inputs are, be they empty; 0: they are few, and their text
 * tells enough. */
int64_t prompt_least_tokens(const struct prompt *prompt);
/* Adds another member of the body, such as `tools`. */
void prompt_add_member(struct prompt *prompt, struct slice key, const struct json_value *value);

#endif
