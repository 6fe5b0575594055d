#include "exchange/meter.h"

#include <string.h>

#include "base/check.h"
#include "exchange/said.h"
#include "exchange/usage_form.h"

/* A count replaces the one before it, but zeros behind a count are a placeholder. */
static bool is_news(int64_t count, bool known, int64_t before)
{
    return count > 0 || (count == 0 && (!known || before == 0));
}

static void take_prompt(struct meter *meter, const struct usage_form *form)
{
    struct token_counts *tokens = &meter->tokens;
    int64_t before = tokens->input + tokens->cached_input;
    if (form->prompt < 0 || !is_news(form->prompt, meter->prompt_reported, before))
        return;
    if (form->cached >= 0 || form->prompt != before) /* else it is the count that is known */
        tokens->cached_input = form->cached > 0 ? form->cached : 0;
    tokens->input = form->prompt - tokens->cached_input;
    meter->prompt_reported = true;
}

static void take_completion(struct meter *meter, const struct usage_form *form)
{
    if (form->completion < 0 || !is_news(form->completion, meter->reported, meter->tokens.output))
        return;
    meter->tokens.output = form->completion;
    meter->reasoning_tokens = form->reasoning > 0 ? form->reasoning : 0;
    if (meter->reasoning_tokens > form->completion)
        meter->reasoning_tokens = form->completion;
    meter->reported_text_bytes = meter->output.text_bytes;
    meter->reported_pieces = meter->output_pieces;
    meter->reported = true;
}

static void take_form(struct meter *meter, const struct usage_form *form)
{
    meter->flawed = meter->flawed || form->flawed;
    take_prompt(meter, form);
    take_completion(meter, form);
}

bool meter_read_usage(struct meter *meter, const struct json_value *usage)
{
    struct usage_form form;
    if (usage->type != JSON_OBJECT)
        return false;
    if (!usage_form_read(usage, &form))
        return false;
    take_form(meter, &form);
    return true;
}

bool meter_find_usage(struct meter *meter, const struct json_value *root)
{
    struct usage_form form;
    if (!usage_form_find(root, &form))
        return false;
    take_form(meter, &form);
    return true;
}

enum { CHOICES_KNOWN = 128 };

bool meter_choice_finished(const struct meter *meter, int64_t index)
{
    return index >= 0 && index < CHOICES_KNOWN &&
           (meter->finished_choices[index / 64] >> (index % 64) & 1) != 0;
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

static int64_t index_of(const struct json_value *choice_index)
{
    int64_t index;
    bool known = json_int64(choice_index, &index) && index >= 0 && index < CHOICES_KNOWN;
    return known ? index : 0;
}

/* Some providers write an empty reason until there is one. */
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

/* Where providers show what a model reasons. Some show the same under each of these. */
static const char *const reasoning_names[] = {"reasoning", "reasoning_content", "reasoning_details",
                                              "thinking", "thinking_blocks"};
enum { REASONING_NAMES = sizeof reasoning_names / sizeof reasoning_names[0] };

/* REASONING_NAMES: the key is none of them. */
static size_t reasoning_name(struct slice raw_key)
{
    size_t name = 0;
    while (name < REASONING_NAMES && !json_key_is(raw_key, reasoning_names[name]))
        name++;
    return name;
}

static void add_sizes(struct media_sizes *sum, const struct media_sizes *sizes)
{
    sum->text_bytes += sizes->text_bytes;
    sum->image_count += sizes->image_count;
    sum->audio_bytes += sizes->audio_bytes;
}

/* A piece of a choice's content. Of several choices with data in pieces, one is followed. */
static void measure_piece(struct meter *meter, int64_t index, const struct json_value *content,
                          struct media_sizes *sizes)
{
    struct media_run other = {0};
    bool ours = index == meter->run_choice || meter->run.mark_bytes == 0;
    media_measure_piece(ours ? &meter->run : &other, content, sizes);
    if (ours)
        meter->run_choice = index;
}

/* A message, or a delta of one. What is reasoned counts once: under the first name that has any. */
static void measure_message(struct meter *meter, int64_t index, const struct json_value *message,
                            struct media_sizes *sum)
{
    struct media_sizes reasoned[REASONING_NAMES + 1] = {{0}}; /* the last: of all other members */
    if (message->type != JSON_OBJECT)
        return;
    struct json_walk walk = json_walk(message);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (said_is_aside(item.key))
            continue;
        if (json_key_is(item.key, "tool_calls")) /* functions, and those of other kinds */
            sum->text_bytes += media_text_bytes(&item.value);
        else if (json_key_is(item.key, "content") && item.value.type == JSON_STRING)
            measure_piece(meter, index, &item.value, sum);
        else
            media_measure(item.key, &item.value, &reasoned[reasoning_name(item.key)]);
        if (item.value.type == JSON_STRING && item.value.raw.bytes > 2)
            meter_sample(meter, (struct slice){item.value.raw.data + 1, item.value.raw.bytes - 2});
        else if (json_key_is(item.key, "tool_calls"))
            meter_sample(meter, item.value.raw);
    }
    add_sizes(sum, &reasoned[REASONING_NAMES]);
    for (size_t i = 0; i < REASONING_NAMES; i++) {
        if (reasoned[i].text_bytes > 0) {
            add_sizes(sum, &reasoned[i]);
            return;
        }
    }
}

void meter_note_generated(struct meter *meter, int64_t bytes)
{
    meter->output.text_bytes += bytes;
    if (bytes > 0)
        meter->output_pieces++;
}

void meter_sample(struct meter *meter, struct slice text)
{
    text_mix_add(&meter->mix, text);
    meter->mix_pieces++;
    bool news = (meter->mix_pieces & (meter->mix_pieces - 1)) == 0; /* seldomer and seldomer */
    if (meter->rates != NULL && news)
        meter->rate = rates_of_mix(meter->rates, &meter->mix);
}

static void read_choice(struct meter *meter, const struct json_value *choice)
{
    enum { INDEX, FINISH_REASON, DELTA, MESSAGE, TEXT, USAGE, MEMBERS };
    struct json_member members[MEMBERS] = {
        [INDEX] = {.name = "index"}, [FINISH_REASON] = {.name = "finish_reason"},
        [DELTA] = {.name = "delta"}, [MESSAGE] = {.name = "message"},
        [TEXT] = {.name = "text"}, /* as of completions */
        [USAGE] = {.name = "usage"}};
    struct media_sizes sizes = {0};
    json_find_all(choice, members, MEMBERS);
    int64_t index = index_of(&members[INDEX].value);
    meter->seen_choices[index / 64] |= UINT64_C(1) << (index % 64);
    note_finish(meter, index, &members[FINISH_REASON].value);
    bool streamed = members[DELTA].count > 0;
    measure_message(meter, index, &members[streamed ? DELTA : MESSAGE].value, &sizes);
    if (members[DELTA].count + members[MESSAGE].count == 0)
        media_measure(slice_of("text"), &members[TEXT].value, &sizes);
    meter_note_generated(meter, sizes.text_bytes);
    meter->output.image_count += sizes.image_count;
    meter->output.audio_bytes += sizes.audio_bytes;
    if (members[USAGE].count == 1) /* Moonshot's */
        (void)meter_read_usage(meter, &members[USAGE].value);
}

void meter_read_choices(struct meter *meter, const struct json_value *choices)
{
    if (choices->type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(choices);
    struct json_item choice;
    while (json_next(&walk, &choice))
        read_choice(meter, &choice.value);
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

void meter_price(const struct token_prices *prices, const struct token_prices *sold,
                 const struct token_counts *tokens, int64_t margin_ppm, int64_t held_nusd,
                 struct meter_price *out)
{
    int64_t price;
    if (!money_charge(prices, tokens, 0, &out->cost_nusd))
        out->cost_nusd = MONEY_AMOUNT_MAX_NUSD;
    if (!money_charge(sold, tokens, margin_ppm, &price))
        price = MONEY_AMOUNT_MAX_NUSD;
    out->charge_nusd = price < held_nusd ? price : held_nusd;
    out->overrun_nusd = price - out->charge_nusd;
}

static struct slice join(char out[METER_NUMBER_BYTES], const char *before, const char *amount,
                         const char *behind)
{
    return (struct slice){out, (size_t)(stpcpy(stpcpy(stpcpy(out, before), amount), behind) - out)};
}

/* Both words have one c; where it is one of them. */
static bool is_price_at(struct slice text, size_t c)
{
    return (c + 4 <= text.bytes && slice_same_nocase(text.data + c, "cost", 4)) ||
           (c >= 3 && c + 2 <= text.bytes && slice_same_nocase(text.data + c - 3, "price", 5));
}

/* "estimated_cost", "cost_in_usd_ticks": what the provider takes of us is not for others. */
static bool has_price(struct slice text)
{
    for (const char *letter = "cC"; *letter != '\0'; letter++) {
        const char *at = text.data;
        const char *end = text.data + text.bytes;
        while ((at = memchr(at, *letter, (size_t)(end - at))) != NULL) {
            if (is_price_at(text, (size_t)(at - text.data)))
                return true;
            at++;
        }
    }
    return false;
}

/* Puts null in place of each price inside, but for the two that are edited by their names. The
 * depth is bounded by the scanner's. False: they are too many. */
static bool hide_prices(struct slice text, const struct json_value *object, bool outermost,
                        struct json_edit *edits, size_t *count)
{
    struct json_item item;
    struct json_walk walk = json_walk(object);
    while (json_next(&walk, &item)) {
        bool ours = json_key_is(item.key, "cost") || json_key_is(item.key, "cost_details");
        bool nested = item.value.type == JSON_OBJECT || item.value.type == JSON_ARRAY;
        if (outermost && ours)
            continue;
        if (has_price(item.key)) {
            if (*count == METER_EDITS_MAX)
                return false;
            edits[(*count)++] =
                (struct json_edit){.offset = (size_t)(item.value.raw.data - text.data),
                                   .removed_bytes = item.value.raw.bytes,
                                   .inserted = slice_of("null")};
        } else if (nested && !hide_prices(text, &item.value, false, edits, count)) {
            return false;
        }
    }
    return true;
}

/* In order; at the same place an insertion stays before a removal. */
static void sort_edits(struct json_edit *edits, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && edits[j].offset < edits[j - 1].offset; j--) {
            struct json_edit other = edits[j];
            edits[j] = edits[j - 1];
            edits[j - 1] = other;
        }
    }
}

size_t meter_cost_edits(struct slice text, const struct json_value *usage, int64_t charge_nusd,
                        char number[METER_NUMBER_BYTES], struct json_edit *edits)
{
    enum { COST, DETAILS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [COST] = {.name = "cost"}, [DETAILS] = {.name = "cost_details"}};
    const struct json_value *cost = &members[COST].value;
    char amount[MONEY_TEXT_BYTES];
    size_t count = 0;
    money_format_short(charge_nusd, amount);
    size_t others = json_find_all(usage, members, MEMBERS) - members[DETAILS].count;
    if (members[COST].count == 1) {
        edits[count++] = (struct json_edit){.offset = (size_t)(cost->raw.data - text.data),
                                            .removed_bytes = cost->raw.bytes,
                                            .inserted = join(number, "", amount, "")};
    } else {
        /* First in the object, so that no removal can touch it. */
        edits[count++] = (struct json_edit){
            .offset = (size_t)(usage->raw.data - text.data) + 1,
            .inserted = join(number, "\"cost\":", amount, others > 0 ? "," : "")};
    }
    if (members[DETAILS].count == 1)
        edits[count++] = json_removal(text, usage, "cost_details");
    if (members[COST].count > 1 || members[DETAILS].count > 1 ||
        (has_price(usage->raw) && !hide_prices(text, usage, true, edits, &count))) {
        /* Nobody says it twice, and no price may slip through: the cost is all that is left. */
        edits[0] = (struct json_edit){.offset = (size_t)(usage->raw.data - text.data),
                                      .removed_bytes = usage->raw.bytes,
                                      .inserted = join(number, "{\"cost\":", amount, "}")};
        return 1;
    }
    sort_edits(edits, count);
    return count;
}
