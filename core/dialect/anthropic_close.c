#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/anthropic.h"
#include "dialect/plain_events.h"

void anthropic_write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    buffer_printf(out,
                  "{\"input_tokens\":%lld,\"cache_read_input_tokens\":%lld,\"output_tokens\":%lld,"
                  "\"cost\":%s}",
                  (long long)(usage->prompt_tokens - usage->cached_tokens),
                  (long long)usage->cached_tokens, (long long)usage->completion_tokens,
                  money_format_short(usage->charge_nusd, cost));
}

void anthropic_write_length(const struct answer_state *state, const struct final_usage *usage,
                            struct buffer *out)
{
    if (state != NULL && state->block_open && !state->block_opened)
        buffer_printf(out,
                      "event: content_block_stop\ndata: "
                      "{\"type\":\"content_block_stop\",\"index\":%lld}\n\n",
                      (long long)state->block_index);
    buffer_append_text(out, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
                            "{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},\"usage\":");
    anthropic_write_usage(usage, out);
    buffer_append_text(out, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

void anthropic_write_failure(const struct answer_state *state, const struct error_body *error,
                             const struct final_usage *usage, struct buffer *out)
{
    (void)state;
    (void)usage; /* its errors have no counts; the message says what was charged */
    buffer_append_text(out, "event: error\ndata: ");
    error_body_write(DIALECT_ANTHROPIC, error, out);
    buffer_append_text(out, "\n\n");
}

const struct dialect_form anthropic_form = {
    .read_request = anthropic_read_request,
    .apply = anthropic_apply,
    .read_event = anthropic_read_event,
    .note_text = anthropic_note_text,
    .read_answer = anthropic_read_answer,
    .write_events = anthropic_write_events,
    .usage_name = "usage",
    .write_usage = anthropic_write_usage,
    .write_length = anthropic_write_length,
    .write_failure = anthropic_write_failure,
    .events_named = true,
    .keep_alive = "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    .last_event = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
};
