#include "dialect/answer_close.h"

#include "base/limits.h"
#include "dialect/cost_edits.h"
#include "dialect/sse.h"
#include "dialect/usage_form.h"

enum {
    USAGE_BYTES_MAX = 1024,
    LARGE_BYTES = 512 /* values from this size on are not read twice */
};

static bool agrees(int64_t said, int64_t charged)
{
    return said < 0 || said == charged;
}

/* Counts that are not told contradict nothing: some stand in an earlier event. */
static bool is_charged(const struct json_value *said, const struct final_usage *usage)
{
    struct usage_form form;
    bool counts = usage_form_read(said, &form);
    return (counts || form.has_parts) && agrees(form.prompt, usage->prompt_tokens) &&
           agrees(form.cached, usage->cached_tokens) &&
           agrees(form.completion, usage->completion_tokens);
}

static size_t offset_in(struct slice text, const struct json_value *value)
{
    return (size_t)(value->raw.data - text.data);
}

/* Replaces the usage, or adds it to what should have it. `counts` keeps the text. */
static struct json_edit replace_usage(const struct dialect_form *form,
                                      const struct answer_bill *bill, struct slice text,
                                      const struct answer_facts *facts, struct buffer *counts)
{
    bool there = facts->usage.raw.bytes > 0; /* also null */
    if (there) {
        form->write_usage(&bill->usage, counts);
        return (struct json_edit){.offset = offset_in(text, &facts->usage),
                                  .removed_bytes = facts->usage.raw.bytes,
                                  .inserted = buffer_slice(counts)};
    }
    buffer_printf(counts, "\"%s\":", form->usage_name);
    form->write_usage(&bill->usage, counts);
    buffer_append_char(counts, ','); /* other members follow */
    return (struct json_edit){.offset = offset_in(text, &facts->holder) + 1,
                              .inserted = buffer_slice(counts)};
}

void answer_close_write(const struct dialect_form *form, const struct answer_bill *bill,
                        struct slice text, const struct answer_facts *facts, struct buffer *out)
{
    struct json_edit edits[COST_EDITS_MAX];
    char number[COST_NUMBER_BYTES];
    struct buffer counts;
    size_t count = 1;
    if (facts->holder.type != JSON_OBJECT) {
        buffer_append_slice(out, text);
        return;
    }
    buffer_init(&counts, USAGE_BYTES_MAX);
    if (bill->reported && facts->usage.type == JSON_OBJECT &&
        is_charged(&facts->usage, &bill->usage))
        count = cost_edits(text, &facts->usage, bill->usage.charge_nusd, number, edits);
    else
        edits[0] = replace_usage(form, bill, text, facts, &counts);
    if (counts.failed || !json_apply_edits(text, edits, count, out))
        out->failed = true;
    buffer_fini(&counts);
}

struct closing {
    const struct dialect_form *form;
    const struct answer_bill *bill;
    struct buffer *out;
    bool billed;
};

static void write_event(struct slice event, void *arg)
{
    struct closing *closing = arg;
    struct answer_facts facts;
    struct json_index index; /* it may say a whole text again */
    struct json_value root;
    struct fault fault;
    struct slice data = sse_data(event, NULL);
    bool read = !closing->billed && data.bytes > 0 &&
                json_parse_indexed(data, LIMIT_JSON_DEPTH, LARGE_BYTES, &index, &root, &fault);
    if (read)
        closing->form->read_event(NULL, &root, &facts);
    if (!read || facts.holder.type != JSON_OBJECT) {
        buffer_append_slice(closing->out, event);
        return;
    }
    closing->billed = true;
    buffer_append(closing->out, event.data, (size_t)(data.data - event.data));
    answer_close_write(closing->form, closing->bill, data, &facts, closing->out);
    const char *end = data.data + data.bytes;
    buffer_append(closing->out, end, (size_t)(event.data + event.bytes - end));
}

void answer_close_write_events(const struct dialect_form *form, const struct answer_bill *bill,
                               struct slice events, struct buffer *out)
{
    struct closing closing = {form, bill, out, false};
    struct sse sse;
    sse_init(&sse);
    (void)sse_feed(&sse, events, write_event, &closing);
    sse_fini(&sse);
}
