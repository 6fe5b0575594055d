#include "exchange/stream_end.h"

#include <stdio.h>

#include "dialect/final_chunk.h"
#include "exchange/exchange_internal.h"

static void append_length(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    struct buffer reason;
    buffer_init(&reason, 4096);
    if (!exchange->budget.limit_reached)
        stream_budget_write_reason(&exchange->budget, &reason);
    final_chunk_length(buffer_slice(&stream->chunk_head), exchange->chat.choices,
                       stream->meter.finished_choices, buffer_slice(&reason), out);
    buffer_fini(&reason);
}

/* If the client asked for usage, it gets the last counts with the cost: in the provider's own event
 * if its counts are those that were charged. */
static void append_usage(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    const struct usage_record *record = &exchange->settlement.record;
    const struct unit_counts *tokens = &record->counts;
    const struct final_usage usage = {.prompt_tokens = unit_counts_prompt(tokens),
                                      .cached_tokens = unit_counts_cached(tokens),
                                      .completion_tokens = unit_counts_answer(tokens),
                                      .charge_nusd = record->charge_nusd};
    if (!exchange->chat.usage_asked || stream->unwritten)
        return;
    if (record->source != USAGE_REPORTED ||
        !final_chunk_priced(buffer_slice(&stream->held_event), &usage, out))
        final_chunk_usage(buffer_slice(&stream->chunk_head), &usage, out);
}

/* Agents show their user only the message of an error, so it says what was charged. */
static void append_error(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    int64_t charge_nusd = exchange->settlement.record.charge_nusd;
    char charge[MONEY_TEXT_BYTES];
    char message[sizeof stream->failure_message + 64];
    if (stream->unwritten)
        snprintf(message, sizeof message, "%s", stream->failure_message);
    else if (charge_nusd == 0)
        snprintf(message, sizeof message, "%s Nothing was charged.", stream->failure_message);
    else
        snprintf(message, sizeof message, "%s $%s was charged for what came.",
                 stream->failure_message, money_format_short(charge_nusd, charge));
    const char *type = stream->refused ? "invalid_request_error" : "server_error";
    final_chunk_error(message, type, stream->failure_code, out);
}

void stream_end_append(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    if (stream->out_of_budget && !stream->failed)
        append_length(exchange, out);
    append_usage(exchange, out);
    if (stream->failed)
        append_error(exchange, out);
    if (stream->last_event.bytes > 0 && !stream->failed)
        buffer_append_slice(out, buffer_slice(&stream->last_event));
    else /* ours; or the provider forgot it, but there was a finish reason, so it is true */
        buffer_append_text(out, "data: [DONE]\n\n");
}
