#include "dialect/media_events.h"

void media_events_write_failure(const struct answer_state *state, const struct error_body *error,
                                const struct final_usage *usage, struct buffer *out)
{
    (void)state;
    (void)usage;
    buffer_append_text(out, "event: error\ndata: ");
    error_body_write(DIALECT_SPEECH, error, out); /* OpenAI's form */
    buffer_append_text(out, "\n\n");
}

void media_events_write_length(const struct answer_state *state, const struct final_usage *usage,
                               struct buffer *out)
{
    const struct error_body error = {.status = 402,
                                     .code = "insufficient_credits",
                                     .message = "The money for this answer has ended; it is not "
                                                "complete."};
    media_events_write_failure(state, &error, usage, out);
}

bool media_events_is_error(const struct json_member *error)
{
    return error->count > 0 && error->value.type != JSON_NULL;
}
