#include "exchange/final_chunk.h"

#include <stdio.h>

#include "base/limits.h"
#include "exchange/exchange.h"

void final_chunk_head(const struct json_value *chunk, struct buffer *out)
{
    static const char *const names[] = {"id", "created", "model"};
    struct json_value value;
    buffer_append_text(out, "{\"object\":\"chat.completion.chunk\"");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_find(chunk, names[i], &value) == 0)
            continue;
        buffer_printf(out, ",\"%s\":", names[i]);
        buffer_append_slice(out, value.raw);
    }
}

static void begin(const struct exchange *exchange, struct buffer *out)
{
    buffer_append_text(out, "data: ");
    buffer_append_slice(out, buffer_slice(&exchange->relay.chunk_head));
}

void final_chunk_out_of_funds(const struct exchange *exchange, struct buffer *out)
{
    const char *comma = "";
    begin(exchange, out);
    buffer_append_text(out, ",\"choices\":[");
    for (int64_t index = 0; index < exchange->chat.choices; index++) {
        if (meter_choice_finished(&exchange->relay.meter, index))
            continue;
        buffer_printf(out, "%s{\"index\":%lld,\"delta\":{},\"finish_reason\":\"length\"}", comma,
                      (long long)index);
        comma = ",";
    }
    buffer_append_char(out, ']');
    if (!exchange->funds.limit_reached) {
        buffer_append_text(out, ",\"metadata\":");
        funds_write_reason(exchange, out);
    }
    buffer_append_text(out, "}\n\n");
}

void final_chunk_usage(const struct exchange *exchange, struct buffer *out)
{
    const struct usage_record *record = &exchange->settlement.record;
    int64_t prompt = record->tokens.input + record->tokens.cached_input;
    int64_t completion = record->tokens.output;
    int64_t total = prompt + completion;
    char cost[MONEY_TEXT_BYTES];
    begin(exchange, out);
    buffer_printf(out,
                  ",\"choices\":[],\"usage\":{\"cost\":%s,\"prompt_tokens\":%lld,"
                  "\"completion_tokens\":%lld,\"total_tokens\":%lld}}\n\n",
                  money_format_short(record->charge_nusd, cost), (long long)prompt,
                  (long long)completion, (long long)total);
}

/* Whether an event's own counts are those that are charged: the last may be zeros behind a count,
 * or say one of two that came apart. */
static bool is_charged(const struct exchange *exchange, const struct json_value *usage)
{
    const struct token_counts *charged = &exchange->settlement.record.tokens;
    struct meter said = {.reported = false};
    return meter_read_usage(&said, usage) && said.prompt_reported && said.reported &&
           said.tokens.input == charged->input &&
           said.tokens.cached_input == charged->cached_input &&
           said.tokens.output == charged->output;
}

bool final_chunk_priced(const struct exchange *exchange, struct buffer *out)
{
    struct slice event = buffer_slice(&exchange->relay.held_event);
    struct json_edit edits[METER_EDITS_MAX];
    char number[METER_NUMBER_BYTES];
    struct json_value root;
    struct json_value usage;
    struct fault fault;
    /* One line of data, read before: events.c has seen to that. */
    if (event.bytes == 0 || !json_parse(sse_data(event, NULL), LIMIT_JSON_DEPTH, &root, &fault) ||
        json_find(&root, "usage", &usage) != 1 || !is_charged(exchange, &usage))
        return false;
    size_t count =
        meter_cost_edits(event, &usage, exchange->settlement.record.charge_nusd, number, edits);
    return json_apply_edits(event, edits, count, out);
}

/* Agents show their user nothing of an error but its message. */
static void write_failure(const struct exchange *exchange, struct buffer *out)
{
    const struct relay *relay = &exchange->relay;
    int64_t charge_nusd = exchange->settlement.record.charge_nusd;
    char charge[MONEY_TEXT_BYTES];
    char message[sizeof relay->failure_message + 64];
    if (relay->unwritten)
        snprintf(message, sizeof message, "%s", relay->failure_message);
    else if (charge_nusd == 0)
        snprintf(message, sizeof message, "%s Nothing was charged.", relay->failure_message);
    else
        snprintf(message, sizeof message, "%s $%s was charged for what came.",
                 relay->failure_message, money_format_short(charge_nusd, charge));
    json_write_text(out, message);
}

void final_chunk_error(const struct exchange *exchange, struct buffer *out)
{
    bool refused = exchange->relay.refused;
    buffer_append_text(out, "data: {\"error\":{\"message\":");
    write_failure(exchange, out);
    buffer_printf(out, ",\"type\":\"%s\",\"param\":null,\"code\":",
                  refused ? "invalid_request_error" : "server_error");
    json_write_text(out, exchange->relay.failure_code);
    buffer_append_text(out, "}}\n\n");
}
