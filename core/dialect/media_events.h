/* What the dialects of sound and pictures share: usage in the names of OpenAI's Responses, and the
 * events that end a stream early. Only for this room. */
#ifndef DIALECT_MEDIA_EVENTS_H
#define DIALECT_MEDIA_EVENTS_H

#include "dialect/dialect_form.h"

/* As dialect_form.write_length and write_failure: both end with an error, for half a picture or
 * half a sound is none. */
void media_events_write_length(const struct answer_state *state, const struct final_usage *usage,
                               struct buffer *out);
void media_events_write_failure(const struct answer_state *state, const struct error_body *error,
                                const struct final_usage *usage, struct buffer *out);
/* Whether an event, or an answer, reports an error: by its member `error`. */
bool media_events_is_error(const struct json_member *error);

#endif
