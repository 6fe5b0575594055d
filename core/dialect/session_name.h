/* What a client calls its conversation, so that all its requests find the prompt cache that they
 * have filled. Each client has its own member for it. Pure functions. */
#ifndef DIALECT_SESSION_NAME_H
#define DIALECT_SESSION_NAME_H

#include "base/json.h"
#include "base/slice.h"

/* The later one counts where a request has several. */
enum session_source {
    SESSION_NONE,
    SESSION_CONVERSATION,     /* `conversation` of Responses: an id, or {id} */
    SESSION_METADATA,         /* `metadata.user_id` of Claude Code, which names the session */
    SESSION_PROMPT_CACHE_KEY, /* OpenAI's */
    SESSION_ID                /* `session_id`, OpenRouter's */
};

struct session_name { /* zeroed: none */
    enum session_source source;
    struct json_value value; /* of the client's text */
};

/* Notes a top-level member. `name` is its key, decoded. */
void session_name_note(struct session_name *session, struct slice name,
                       const struct json_value *value);
/* The name as it is written, without quotes; empty: the request names none. */
struct slice session_name_text(const struct session_name *session);

#endif
