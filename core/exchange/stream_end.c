#include "exchange/stream_end.h"

#include <stdio.h>
#include <string.h>

#include "dialect/final_chunk.h"
#include "exchange/exchange_internal.h"

_Static_assert(sizeof((struct stream_failure *)NULL)->message + 64 <= STREAM_END_MESSAGE_BYTES,
               "the failure and what was charged");

static void append_length(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    struct buffer reason;
    buffer_init(&reason, 4096);
    if (!exchange->budget.limit_reached)
        stream_budget_write_reason(&exchange->budget, &reason);
    final_chunk_length(exchange->asks.dialect, buffer_slice(&stream->chunk_head),
                       exchange->asks.choices, stream->meter.finished_choices,
                       buffer_slice(&reason), out);
    buffer_fini(&reason);
}

static struct final_usage usage_of(const struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    const struct unit_counts *tokens = &record->counts;
    return (struct final_usage){.prompt_tokens = unit_counts_prompt(tokens),
                                .cached_tokens = unit_counts_cached(tokens),
                                .completion_tokens = unit_counts_answer(tokens),
                                .charge_nusd = record->charge_nusd,
                                .seconds = tokens->second};
}

struct answer_bill stream_end_bill(const struct exchange *exchange)
{
    return (struct answer_bill){.usage = usage_of(exchange),
                                .reported = exchange->settlement.record.source == USAGE_REPORTED};
}

/* If the client asked for usage, it gets the last counts with the cost: in the provider's own event
 * if its counts are those that were charged. */
static void append_usage(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    const struct final_usage usage = usage_of(exchange);
    if (!exchange->asks.usage_asked || stream->unwritten)
        return;
    if (exchange->settlement.record.source != USAGE_REPORTED ||
        !final_chunk_priced(buffer_slice(&stream->held_event), &usage, out))
        final_chunk_usage(buffer_slice(&stream->chunk_head), &usage, out);
}

void stream_end_message(const struct exchange *exchange, char out[STREAM_END_MESSAGE_BYTES])
{
    const size_t out_bytes = STREAM_END_MESSAGE_BYTES;
    const struct stream *stream = &exchange->stream;
    int64_t charge_nusd = exchange->settlement.record.charge_nusd;
    char charge[MONEY_TEXT_BYTES];
    if (stream->unwritten)
        snprintf(out, out_bytes, "%s", stream_failure(stream)->message);
    else if (charge_nusd == 0)
        snprintf(out, out_bytes, "%s Nothing was charged.", stream_failure(stream)->message);
    else
        snprintf(out, out_bytes, "%s $%s was charged for what came.",
                 stream_failure(stream)->message, money_format_short(charge_nusd, charge));
}

static void append_error(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    char message[STREAM_END_MESSAGE_BYTES];
    stream_end_message(exchange, message);
    const char *type = stream->refused ? "invalid_request_error" : "server_error";
    final_chunk_error(message, type, stream_failure(stream)->code, out);
}

static void append_chat(const struct exchange *exchange, struct buffer *out)
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

/* The status that a failure has, where it could still be told by one. */
static int failure_status(const struct stream *stream)
{
    if (stream->refused)
        return 400;
    if (strcmp(stream_failure(stream)->code, "provider_overloaded") == 0)
        return 503;
    return strcmp(stream_failure(stream)->code, "timeout") == 0 ? 504 : 500;
}

static void append_failure(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    const struct final_usage usage = usage_of(exchange);
    char message[STREAM_END_MESSAGE_BYTES];
    stream_end_message(exchange, message);
    const struct error_body error = {.status = failure_status(stream),
                                     .code = stream_failure(stream)->code,
                                     .message = message,
                                     .request_id = exchange->id.text};
    dialect_form(exchange->asks.dialect)
        ->write_failure(stream->answer, &error, stream->unwritten ? NULL : &usage, out);
}

static void append_other(const struct exchange *exchange, struct buffer *out)
{
    const struct stream *stream = &exchange->stream;
    const struct dialect_form *form = dialect_form(exchange->asks.dialect);
    const struct answer_bill bill = stream_end_bill(exchange);
    if (stream->failed)
        append_failure(exchange, out);
    else if (stream->out_of_budget)
        form->write_length(stream->answer, &bill.usage, out);
    else
        answer_close_write_events(form, &bill, buffer_slice(&stream->held_event), out);
    if (!stream->failed && !stream->out_of_budget && !stream->closed)
        buffer_append_text(out, form->last_event);
}

void stream_end_append(const struct exchange *exchange, struct buffer *out)
{
    if (dialect_has_chunks(exchange->asks.dialect))
        append_chat(exchange, out);
    else
        append_other(exchange, out);
}
