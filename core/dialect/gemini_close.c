#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/choices.h"
#include "dialect/gemini.h"
#include "dialect/plain_events.h"

void gemini_write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(out,
                  "{\"promptTokenCount\":%lld,\"cachedContentTokenCount\":%lld,"
                  "\"candidatesTokenCount\":%lld,\"totalTokenCount\":%lld,\"cost\":%s}",
                  (long long)usage->prompt_tokens, (long long)usage->cached_tokens,
                  (long long)usage->completion_tokens, (long long)total_tokens,
                  money_format_short(usage->charge_nusd, cost));
}

/* Ends each candidate that has begun and not ended, or the first if none has begun. A part without
 * text keeps the answer valid for clients that look for parts. */
static void write_candidates(const struct answer_choices *sent, struct buffer *out)
{
    bool none = !answer_choices_told(sent);
    const char *comma = "";
    for (int index = 0; index < CHOICES_KNOWN; index++) {
        uint64_t seen = none && index == 0 ? 1 : sent->seen[index / 64];
        if (((seen & ~sent->ended[index / 64]) >> (index % 64) & 1) == 0)
            continue;
        buffer_printf(out,
                      "%s{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
                      "\"finishReason\":\"MAX_TOKENS\",\"index\":%d}",
                      comma, index);
        comma = ",";
    }
}

void gemini_write_length(const struct answer_state *state, const struct final_usage *usage,
                         struct buffer *out)
{
    const struct answer_choices none = {{0}, {0}};
    buffer_append_text(out, "data: {\"candidates\":[");
    write_candidates(state != NULL ? &state->sent : &none, out);
    buffer_append_text(out, "],\"usageMetadata\":");
    gemini_write_usage(usage, out);
    if (state != NULL)
        buffer_append_slice(out, buffer_slice(&state->head));
    buffer_append_text(out, "}\n\n");
}

/* Google's clients look for an error at the very beginning of an event. */
void gemini_write_failure(const struct answer_state *state, const struct error_body *error,
                          const struct final_usage *usage, struct buffer *out)
{
    (void)state;
    (void)usage; /* its errors have no counts; the message says what was charged */
    buffer_append_text(out, "data: ");
    error_body_write(DIALECT_GEMINI, error, out);
    buffer_append_text(out, "\n\n");
}

const struct dialect_form gemini_form = {
    .read_request = gemini_read_request,
    .apply = gemini_apply,
    .read_event = gemini_read_event,
    .read_answer = gemini_read_answer,
    .write_events = gemini_write_events,
    .usage_name = "usageMetadata",
    .write_usage = gemini_write_usage,
    .write_length = gemini_write_length,
    .write_failure = gemini_write_failure,
    .keep_alive = "", /* its clients lose the answer after a comment */
    .last_event = "",
};
