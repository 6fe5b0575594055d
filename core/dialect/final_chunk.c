#include "dialect/final_chunk.h"

#include "base/limits.h"
#include "base/money.h"
#include "dialect/choices.h"
#include "dialect/cost_edits.h"
#include "dialect/sse.h"
#include "dialect/usage_form.h"

void final_chunk_head(enum dialect dialect, const struct json_value *chunk, struct buffer *out)
{
    static const char *const names[] = {"id", "created", "model"};
    struct json_value value;
    buffer_printf(out, "{\"object\":\"%s\"",
                  dialect == DIALECT_COMPLETIONS ? "text_completion" : "chat.completion.chunk");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_find(chunk, names[i], &value) == 0)
            continue;
        buffer_printf(out, ",\"%s\":", names[i]);
        buffer_append_slice(out, value.raw);
    }
}

static void begin(struct slice head, struct buffer *out)
{
    buffer_append_text(out, "data: ");
    buffer_append_slice(out, head);
}

void final_chunk_length(enum dialect dialect, struct slice head, int64_t choices,
                        const uint64_t finished[2], struct slice metadata, struct buffer *out)
{
    const char *nothing =
        dialect == DIALECT_COMPLETIONS ? "\"text\":\"\",\"logprobs\":null" : "\"delta\":{}";
    const char *comma = "";
    begin(head, out);
    buffer_append_text(out, ",\"choices\":[");
    for (int64_t index = 0; index < choices; index++) {
        bool known = index < CHOICES_KNOWN;
        if (known && (finished[index / 64] >> (index % 64) & 1) != 0)
            continue;
        buffer_printf(out, "%s{\"index\":%lld,%s,\"finish_reason\":\"length\"}", comma,
                      (long long)index, nothing);
        comma = ",";
    }
    buffer_append_char(out, ']');
    if (metadata.bytes > 0) {
        buffer_append_text(out, ",\"metadata\":");
        buffer_append_slice(out, metadata);
    }
    buffer_append_text(out, "}\n\n");
}

void final_chunk_usage(struct slice head, const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    begin(head, out);
    buffer_printf(out,
                  ",\"choices\":[],\"usage\":{\"cost\":%s,\"prompt_tokens\":%lld,"
                  "\"completion_tokens\":%lld,\"total_tokens\":%lld}}\n\n",
                  money_format_short(usage->charge_nusd, cost), (long long)usage->prompt_tokens,
                  (long long)usage->completion_tokens, (long long)total_tokens);
}

/* An event's counts may differ from the charged ones: the last event may have zeros after a real
 * count, or one of two counts that disagreed. */
static bool is_charged(const struct json_value *said, const struct final_usage *usage)
{
    struct usage_form form;
    return usage_form_read(said, &form) && form.prompt == usage->prompt_tokens &&
           (form.cached > 0 ? form.cached : 0) == usage->cached_tokens &&
           form.completion == usage->completion_tokens;
}

bool final_chunk_priced(struct slice event, const struct final_usage *usage, struct buffer *out)
{
    struct json_edit edits[COST_EDITS_MAX];
    char number[COST_NUMBER_BYTES];
    struct json_value root;
    struct json_value said;
    struct fault fault;
    if (event.bytes == 0 || !json_parse(sse_data(event, NULL), LIMIT_JSON_DEPTH, &root, &fault) ||
        json_find(&root, "usage", &said) != 1 || !is_charged(&said, usage))
        return false;
    size_t count = cost_edits(event, &said, usage->charge_nusd, number, edits);
    return json_apply_edits(event, edits, count, out);
}

void final_chunk_error(const char *message, const char *type, const char *code, struct buffer *out)
{
    buffer_append_text(out, "data: {\"error\":{\"message\":");
    json_write_text(out, message);
    buffer_printf(out, ",\"type\":\"%s\",\"param\":null,\"code\":", type);
    json_write_text(out, code);
    buffer_append_text(out, "}}\n\n");
}
