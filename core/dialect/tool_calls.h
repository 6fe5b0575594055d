/* Calls of tools that run at the provider and are billed one by one, as an answer shows them on the
 * way. An answer that is whole counts them in its usage or its output, which has priority
 * (usage_beside.h); one that is cut has only these. Pure functions. */
#ifndef DIALECT_TOOL_CALLS_H
#define DIALECT_TOOL_CALLS_H

#include <stdint.h>

#include "base/json.h"

struct tool_calls {
    int32_t web_searches;
    int32_t file_searches;
    int32_t runs; /* in a container of the provider's: those of an answer are one session */
};

/* Counts an item of the Responses API that has ended. A page that is opened, or looked through, is
 * no search. */
void tool_calls_count_item(const struct json_value *item, struct tool_calls *calls);
/* The same for an item that has only begun: what its search does is not known yet. */
void tool_calls_count_begun(const struct json_value *item, struct tool_calls *calls);
/* Counts a block of Anthropic's. */
void tool_calls_count_block(const struct json_value *block, struct tool_calls *calls);

void tool_calls_add(struct tool_calls *calls, const struct tool_calls *more);
void tool_calls_subtract(struct tool_calls *calls, const struct tool_calls *less);

#endif
