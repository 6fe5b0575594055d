/* How long a provider's cache is to keep what it read, which decides what writing it costs. Only
 * for the paid_*.c of this room. Pure functions. */
#ifndef DIALECT_PAID_MARKS_H
#define DIALECT_PAID_MARKS_H

#include "dialect/paid_finder.h"

/* The feature of Anthropic's marks. */
#define PAID_MARK .feature = "cache_control.ttl.", .plain = {"5m"}
/* The feature of OpenAI's, and of what it says for all of them. */
#define PAID_BREAKPOINT .feature = "prompt_cache_options.ttl.", .plain = {"30m"}

/* Finds the time in an object that has it as `ttl`. */
bool paid_marks_find_ttl(const struct paid_finder *finder, const struct json_value *value);
/* Finds the marks of each entry of an array. */
bool paid_marks_find(const struct paid_finder *finder, const struct json_value *value);
/* Finds all in what the value holds. */
bool paid_marks_find_within(const struct paid_finder *finder, const struct json_value *value);
/* Finds those of a tool, and of its function. */
bool paid_marks_read_tool(const struct paid_finder *finder, const struct json_value *tool,
                          int32_t place);
/* Finds those of messages, and of the parts of their content. `name` is the member that has them:
 * "messages" or "input". */
bool paid_marks_read_messages(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault);
/* Returns whether a server may read the key as one of the marks. */
bool paid_marks_has_name(struct slice key);

#endif
