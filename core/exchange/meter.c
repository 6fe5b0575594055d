#include "exchange/meter.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "dialect/usage_beside.h"
#include "dialect/usage_find.h"
#include "dialect/usage_form.h"
#include "exchange/price_facts.h"

/* A count replaces the one before, but a zero after a count is a placeholder. */
static bool is_news(int64_t count, bool known, int64_t before)
{
    return count > 0 || (count == 0 && (!known || before == 0));
}

/* False: it was no news. */
static bool take_prompt(struct meter *meter, const struct usage_form *form)
{
    struct unit_counts *tokens = &meter->tokens;
    int64_t before = tokens->input + tokens->cached_input;
    if (form->prompt < 0 || !is_news(form->prompt, meter->prompt_reported, before))
        return false;
    if (form->cached >= 0 || form->prompt != before) /* else it is the count that we have */
        tokens->cached_input = form->cached > 0 ? form->cached : 0;
    tokens->input = form->prompt - tokens->cached_input;
    meter->prompt_reported = true;
    return true;
}

static bool take_completion(struct meter *meter, const struct usage_form *form)
{
    if (form->completion < 0 || !is_news(form->completion, meter->reported, meter->tokens.output))
        return false;
    meter->tokens.output = form->completion;
    meter->reasoning_tokens = form->reasoning > 0 ? form->reasoning : 0;
    if (meter->reasoning_tokens > form->completion)
        meter->reasoning_tokens = form->completion;
    meter->reported_text_bytes = meter->output.text_bytes;
    meter->reported_pieces = meter->output_pieces;
    meter->reported = true;
    return true;
}

/* A part that is not told again stays. A zero counts only beside a new count of the whole: else it
 * is a placeholder. What stands beside both never becomes less: a later event may tell only its
 * own searches. */
static void take_parts(struct meter *meter, const struct usage_form *form, bool prompt,
                       bool completion)
{
    for (enum unit unit = UNIT_CACHE_WRITE; unit < UNIT_COUNT; unit++) {
        int64_t count = form->parts.of[unit];
        enum unit_side side = unit_side(unit);
        bool replaced =
            (side == UNIT_SIDE_PROMPT && prompt) || (side == UNIT_SIDE_ANSWER && completion);
        bool less = side == UNIT_SIDE_BESIDE && count < meter->parts.of[unit];
        if ((count > 0 && !less) || (count == 0 && replaced))
            meter->parts.of[unit] = count;
    }
    meter->has_parts = meter->has_parts || form->has_parts;
}

static void take_form(struct meter *meter, const struct usage_form *form)
{
    meter->flawed = meter->flawed || form->flawed;
    bool prompt = take_prompt(meter, form);
    bool completion = take_completion(meter, form);
    price_facts_note_usage(&meter->said, form);
    if (form->has_parts || meter->has_parts)
        take_parts(meter, form, prompt, completion);
}

bool meter_read_usage(struct meter *meter, const struct json_value *usage)
{
    struct usage_form form;
    if (usage->type != JSON_OBJECT)
        return false;
    bool counts = usage_form_read(usage, &form);
    if (counts || form.has_parts)
        take_form(meter, &form);
    return counts;
}

bool meter_read_answer(struct meter *meter, const struct json_value *usage,
                       const struct usage_beside *beside)
{
    struct usage_form form;
    if (usage->type != JSON_OBJECT)
        return false;
    bool counts = usage_form_read(usage, &form);
    (void)usage_beside_add_members(beside, &form);
    if (counts || form.has_parts)
        take_form(meter, &form);
    return counts;
}

void meter_read_beside(struct meter *meter, const struct usage_beside *beside)
{
    struct usage_form form;
    usage_form_init(&form);
    if (usage_beside_add_members(beside, &form) && form.has_parts)
        take_form(meter, &form);
}

bool meter_read_prompt(struct meter *meter, const struct json_value *usage)
{
    struct usage_form form;
    if (usage->type != JSON_OBJECT)
        return false;
    (void)usage_form_read(usage, &form);
    if (form.prompt < 0)
        form.prompt = form.total;
    form.completion = 0;
    take_form(meter, &form);
    return form.prompt >= 0;
}

bool meter_find_usage(struct meter *meter, const struct json_value *root)
{
    struct usage_form form;
    if (!usage_find(root, &form))
        return false;
    take_form(meter, &form);
    return true;
}

bool meter_has_seen(const struct meter *meter)
{
    return meter->output.text_bytes > 0 || meter->output.image_count > 0 ||
           meter->output.audio_bytes > 0 || meter->finished;
}

int meter_choices_ended(const struct meter *meter)
{
    const uint64_t *ended = meter->finished_choices;
    if (ended[0] != meter->seen_choices[0] || ended[1] != meter->seen_choices[1])
        return 0;
    return __builtin_popcountll(ended[0]) + __builtin_popcountll(ended[1]);
}

/* Some providers send an empty reason until there is one. */
static void note_finish(struct meter *meter, int64_t index, const struct json_value *reason)
{
    struct buffer text;
    if (reason->type != JSON_STRING || reason->raw.bytes == 2)
        return;
    meter->finished_choices[index / 64] |= UINT64_C(1) << (index % 64);
    buffer_init(&text, sizeof meter->finish_reason - 1);
    if (json_decode_string(reason, &text) && text.bytes > 0) {
        memcpy(meter->finish_reason, text.data, text.bytes);
        meter->finish_reason[text.bytes] = '\0';
    }
    buffer_fini(&text);
    meter->finished = true;
}

void meter_note_generated(struct meter *meter, int64_t bytes)
{
    int64_t echoed = bytes < meter->echo_bytes ? bytes : meter->echo_bytes;
    meter->echo_bytes -= echoed;
    meter->output.text_bytes += bytes - echoed;
    if (bytes > echoed)
        meter->output_pieces++;
}

void meter_sample(struct meter *meter, struct slice text)
{
    text_mix_add(&meter->mix, text);
    meter->mix_pieces++;
    bool news = (meter->mix_pieces & (meter->mix_pieces - 1)) == 0; /* at 1, 2, 4, 8, ... pieces */
    if (meter->rates != NULL && news)
        meter->rate = rates_of_mix(meter->rates, &meter->mix);
}

static void on_text(struct slice text, void *arg)
{
    meter_sample(arg, text);
}

static void on_choice(const struct choice_facts *facts, void *arg)
{
    struct meter *meter = arg;
    meter->seen_choices[facts->index / 64] |= UINT64_C(1) << (facts->index % 64);
    note_finish(meter, facts->index, &facts->finish_reason);
    meter_note_generated(meter, facts->sizes.text_bytes);
    meter->output.image_count += facts->sizes.image_count;
    meter->output.audio_bytes += facts->sizes.audio_bytes;
    (void)meter_read_usage(meter, &facts->usage);
}

/* Without any choices a reason ends all that were asked for. */
static void note_choices(struct meter *meter, const struct answer_facts *facts, int64_t choices)
{
    const struct answer_choices *told = &facts->choices;
    bool all = facts->finish_reason != NULL && !answer_choices_told(told);
    for (int64_t index = 0; all && index < choices && index < CHOICES_KNOWN; index++)
        meter->finished_choices[index / 64] |= UINT64_C(1) << (index % 64);
    for (size_t i = 0; i < sizeof told->seen / sizeof told->seen[0]; i++) {
        meter->finished_choices[i] |= told->ended[i];
        meter->seen_choices[i] |= told->seen[i] | meter->finished_choices[i];
    }
}

void meter_note_answer(struct meter *meter, const struct answer_facts *facts, int64_t choices)
{
    meter_note_generated(meter, facts->sizes.text_bytes);
    meter->output.image_count += facts->sizes.image_count;
    meter->output.preview_count += facts->sizes.preview_count;
    meter->output.audio_bytes += facts->sizes.audio_bytes;
    meter->output.audio_ms += facts->sizes.audio_ms;
    tool_calls_add(&meter->calls, &facts->calls);
    if (facts->text.bytes > 0)
        meter_sample(meter, facts->text);
    note_choices(meter, facts, choices);
    if (facts->finish_reason == NULL)
        return;
    snprintf(meter->finish_reason, sizeof meter->finish_reason, "%s", facts->finish_reason);
    meter->finished = true;
}

void meter_read_choices(struct meter *meter, const struct json_value *choices)
{
    const struct choices_events events = {.on_text = on_text, .on_choice = on_choice, .arg = meter};
    choices_read(&meter->choices_run, choices, &events);
}

int64_t meter_estimate(int64_t text_bytes)
{
    return (text_bytes + 3) / 4;
}

static int64_t estimate(const struct meter *meter, int64_t text_bytes, int64_t pieces)
{
    int64_t by_bytes = rates_tokens(meter->rate, text_bytes, 0);
    return by_bytes > pieces ? by_bytes : pieces;
}

int64_t meter_text_tokens(const struct meter *meter)
{
    return rates_tokens(meter->rate, meter->output.text_bytes, 0);
}

int64_t meter_output_estimate(const struct meter *meter)
{
    return estimate(meter, meter->output.text_bytes, meter->output_pieces);
}

int64_t meter_output_later(const struct meter *meter)
{
    return estimate(meter, meter->output.text_bytes - meter->reported_text_bytes,
                    meter->output_pieces - meter->reported_pieces);
}

int64_t meter_price(const struct unit_prices *prices, const struct unit_counts *counts,
                    int64_t margin_ppm)
{
    int64_t nusd;
    return money_charge(prices, counts, margin_ppm, &nusd) ? nusd : MONEY_AMOUNT_MAX_NUSD;
}
