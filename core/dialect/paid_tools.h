/* The paid features of tools, and of other lists whose entries name one each. Only for the paid_*.c
 * of this room. Pure functions. */
#ifndef DIALECT_PAID_TOOLS_H
#define DIALECT_PAID_TOOLS_H

#include "dialect/paid_finder.h"

/* Entries are named by an inner member; without it, by the names of their members. */
bool paid_tools_find_entries(const struct paid_finder *finder, const struct json_value *value);
/* The same of tools, with what they hold, and with the marks of caches on them. Those that only the
 * client runs have the plain price. */
bool paid_tools_find(const struct paid_finder *finder, const struct json_value *value);
/* Finds the tools that items of the Responses API's input bring with them. */
bool paid_tools_read_items(struct paid_features *found, const struct json_value *input,
                           struct request_fault *fault);
/* Finds those that blocks of Anthropic's messages add. */
bool paid_tools_read_messages(struct paid_features *found, const struct json_value *messages,
                              struct request_fault *fault);
/* Sets *off to whether the object says that it is turned off. */
bool paid_tools_read_off(const struct paid_finder *finder, const struct json_value *object,
                         bool *off);

#endif
