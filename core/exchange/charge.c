#include "exchange/charge.h"

#include "base/least.h"
#include "dialect/model_request.h"
#include "exchange/meter.h"

enum {
    /* If the text is this many times what the counted tokens could be, the provider did not count
     * it: no text has sixteen bytes per token. */
    UNCOUNTED_FACTOR = 4,
    UNCOUNTED_TOKENS = 16,
    /* The same for several choices, in tenths: some servers count only one choice. */
    UNCOUNTED_CHOICES_TENTHS = 14
};

/* ---- estimates ---- */

int64_t charge_text_tokens(const struct prompt *prompt, const struct rate_set *rates)
{
    int64_t rate = rates_of_mix(rates, &prompt->mix);
    int64_t tokens = rates_tokens(rate, prompt->text_bytes, prompt_template_tokens(prompt));
    int64_t least_tokens = prompt_least_tokens(prompt);
    if (prompt->token_count > 0)
        tokens = prompt->token_count + (prompt->text_bytes > 0 ? tokens : 0);
    return tokens > least_tokens ? tokens : least_tokens;
}

/* Counts pictures by the model's bound, and content of unknown size as the hold counted it. */
static int64_t input_estimate(const struct charge_view *view)
{
    const struct prompt *prompt = &view->asks->prompt;
    const struct charge_limits *limits = view->limits;
    if (prompt->opaque_count > 0)
        return limits->input_tokens;
    int64_t tokens = charge_text_tokens(prompt, view->input_rates) + prompt_sound_tokens(prompt) +
                     prompt->image_count * limits->image_tokens +
                     (view->keeps_responses ? prompt->kept_tokens : 0);
    return least_int64(tokens, limits->input_tokens);
}

/* How long the sound of the answer is. Where its form does not tell, so much text is spoken in a
 * second, in bytes of UTF-8: 15 letters, or 5 Chinese or Korean signs. */
static int64_t sound_ms(const struct charge_view *view)
{
    enum { SPOKEN_BYTES_PER_S = 15 };
    const struct media_sizes *output = &view->meter->output;
    bool unseen = output->audio_bytes == 0 && view->unseen_tokens > 0;
    if (output->audio_ms > 0 || (output->audio_bytes == 0 && !unseen))
        return output->audio_ms;
    return view->asks->prompt.text_bytes * 1000 / SPOKEN_BYTES_PER_S;
}

/* Of all that was generated beside text. */
static int64_t media_tokens(const struct charge_view *view)
{
    if (view->asks->media.medium == ANSWERS_SOUND)
        return sound_ms(view) * CHARGE_SOUND_TOKENS_PER_MINUTE / (60 * 1000);
    return charge_media_tokens(view->limits, &view->meter->output);
}

int64_t charge_media_tokens(const struct charge_limits *limits, const struct media_sizes *output)
{
    return output->image_count * limits->image_tokens +
           output->preview_count * MEDIA_PREVIEW_TOKENS + output->audio_bytes / PROMPT_AUDIO_BYTES;
}

/* ---- judging the provider's counts ---- */

/* Whether text came that the count cannot include. */
static bool misses_text(const struct charge_view *view, int64_t counted, int64_t text_tokens)
{
    const struct meter *meter = view->meter;
    int64_t choices = view->asks->choices;
    int64_t by_bytes = meter_text_tokens(meter);
    if (by_bytes > UNCOUNTED_FACTOR * counted + UNCOUNTED_TOKENS)
        return true;
    /* If there are more pieces than the count allows for each choice, pieces are smaller than
     * tokens. */
    int64_t came = meter->output_pieces > counted * choices ? by_bytes : text_tokens;
    return choices > 1 && came * 10 > counted * UNCOUNTED_CHOICES_TENTHS;
}

/* Returns whether the provider's count is valid. */
static bool judge_output(const struct charge_view *view, int64_t *tokens)
{
    const struct meter *meter = view->meter;
    int64_t text_tokens = meter_output_estimate(meter);
    int64_t later_tokens = meter_output_later(meter);
    int64_t estimate = text_tokens + media_tokens(view);
    if (estimate < view->unseen_tokens)
        estimate = view->unseen_tokens;
    int64_t counted = meter->tokens.output;
    *tokens = least_int64(estimate, view->limits->output_tokens);
    if (!meter->reported || (counted == 0 && estimate > 0))
        return false;
    if (later_tokens > 0 && !misses_text(view, counted + later_tokens, text_tokens)) {
        *tokens = counted + later_tokens;
        return false;
    }
    if (misses_text(view, counted, text_tokens))
        return false;
    *tokens = counted;
    return true;
}

static bool judge_input(const struct charge_view *view, struct unit_counts *tokens)
{
    const struct meter *meter = view->meter;
    tokens->input = meter->tokens.input;
    tokens->cached_input = meter->tokens.cached_input;
    if (meter->prompt_reported && tokens->input + tokens->cached_input > 0)
        return true;
    tokens->input = input_estimate(view);
    tokens->cached_input = 0;
    return false;
}

static enum usage_source source_of(const struct charge_view *view, bool input, bool output)
{
    const struct meter *meter = view->meter;
    bool timed = view->asks->prompt.sound_seconds > 0 && meter->parts.second > 0;
    if (timed && !meter->reported && !meter->prompt_reported) /* it is all that they bill */
        return USAGE_REPORTED;
    if (view->cut && !output)
        return USAGE_PARTIAL;
    bool used = input || (output && meter->tokens.output > 0);
    if (!used)
        return USAGE_ESTIMATED;
    return input && output && !meter->flawed ? USAGE_REPORTED : USAGE_CORRECTED;
}

/* The part of `tokens` that the request and the model allow. */
static void allow(const struct charge_limits *limits, const struct unit_counts *tokens,
                  struct unit_counts *out)
{
    out->cached_input = least_int64(tokens->cached_input, limits->context_tokens);
    out->input = least_int64(tokens->input, limits->context_tokens - out->cached_input);
    /* 0: the model has no tokens of an answer, so they cost nothing, whatever is counted */
    out->output = limits->output_tokens > 0 ? least_int64(tokens->output, limits->output_tokens)
                                            : tokens->output;
}

/* ---- parts with a price of their own ---- */

/* Whether a prompt may have pictures or sound that its body does not show. */
static bool hides_media(const struct prompt *prompt)
{
    return prompt->opaque_count > 0 || prompt->names_kept;
}

/* A provider's count of sound or pictures that neither the request nor the answer has. */
static void leave_impossible_out(const struct charge_view *view, struct unit_counts *parts)
{
    const struct prompt *prompt = &view->asks->prompt;
    const struct media_sizes *output = &view->meter->output;
    const struct paid_features *paid = &view->asks->paid;
    if (prompt->audio_count + prompt->audio_bytes + prompt->sound_seconds == 0 &&
        !hides_media(prompt))
        parts->audio_input = parts->cached_audio_input = 0;
    if (prompt->image_count == 0 && !hides_media(prompt))
        parts->image_input = parts->cached_image_input = 0;
    enum answer_medium medium = view->asks->media.medium;
    if (output->audio_bytes == 0 && medium != ANSWERS_SOUND &&
        !paid_features_use(paid, "modalities.audio"))
        parts->audio_output = 0;
    if (output->image_count == 0 && medium != ANSWERS_PICTURES &&
        !paid_features_use(paid, "modalities.image") &&
        !paid_features_use(paid, "tools.image_generation")) /* not each picture arrives */
        parts->image_output = 0;
}

/* An endpoint for sound or pictures answers with nothing else, unless the provider says so. */
static void fill_medium(const struct charge_view *view, int64_t output_tokens,
                        struct unit_counts *parts)
{
    enum answer_medium medium = view->asks->media.medium;
    if (medium == ANSWERS_SOUND)
        parts->audio_output = output_tokens;
    if (medium == ANSWERS_PICTURES && parts->image_output == 0)
        parts->image_output = output_tokens;
    if (medium == ANSWERS_SOUND && parts->second == 0)
        parts->second = (sound_ms(view) + 999) / 1000; /* begun ones count */
    if (medium == ANSWERS_PICTURES && parts->image == 0 && view->unseen_tokens > 0)
        parts->image = view->asks->choices;
    if (parts->character == 0)
        parts->character = view->asks->media.characters;
}

/* Estimates the sound and the pictures of a whole that is estimated, too. What a valid count does
 * not tell apart has the plain price: our estimates are bounds. */
static void estimate_media(const struct charge_view *view, bool input, bool output,
                           struct unit_counts *parts)
{
    const struct prompt *prompt = &view->asks->prompt;
    const struct media_sizes *sizes = &view->meter->output;
    if (!input) {
        parts->cached_audio_input = parts->cached_image_input = 0;
        parts->audio_input = prompt_sound_tokens(prompt);
        parts->image_input = prompt->image_count * view->limits->image_tokens;
    }
    if (!output && parts->audio_output == 0)
        parts->audio_output = sizes->audio_bytes / PROMPT_AUDIO_BYTES;
    if (!output && parts->image_output == 0)
        parts->image_output = sizes->image_count * view->limits->image_tokens;
}

static void raise_to(int64_t *count, int64_t other)
{
    if (*count < other)
        *count = other;
}

/* A provider bills the tools that an answer had used before it was cut. */
static void add_calls(const struct tool_calls *calls, struct unit_counts *parts)
{
    raise_to(&parts->web_search, calls->web_searches);
    raise_to(&parts->file_search, calls->file_searches);
    raise_to(&parts->session, calls->runs > 0);
}

/* The parts of prompt and answer by kind: as reported, or as estimated from what went and came.
 * `input`, `output`: the count of the whole is valid. */
static void find_parts(const struct charge_view *view, bool input, bool output,
                       int64_t output_tokens, struct unit_counts *parts)
{
    *parts = view->meter->parts;
    if (view->cut)
        add_calls(&view->meter->calls, parts);
    parts->cache_write -= least_int64(parts->cache_write, parts->cache_write_long);
    if (!input)
        parts->cache_write = parts->cache_write_long = 0;
    estimate_media(view, input, output, parts);
    leave_impossible_out(view, parts);
    parts->reasoning = view->meter->reasoning_tokens;
    parts->request = 1;
    if (view->searches_always)
        raise_to(&parts->web_search, 1);
    if (view->searches_as_one)
        parts->web_search = least_int64(parts->web_search, 1);
    raise_to(&parts->image, view->meter->output.image_count); /* fewer are a wrong count */
    if (parts->second == 0)
        parts->second = view->asks->prompt.sound_seconds;
    if (parts->web_search == 0)
        parts->web_search = view->asks->prompt.search_count;
    fill_medium(view, output_tokens, parts);
}

/* The count that has the unit's tokens until they are taken out. */
static int64_t *whole_of(enum unit unit, struct unit_counts *counts)
{
    if (unit_fallback(unit) == UNIT_CACHED_INPUT)
        return &counts->cached_input;
    return unit_side(unit) == UNIT_SIDE_PROMPT ? &counts->input : &counts->output;
}

/* Moves the parts out of the whole that they belong to: never more than the whole has. */
static void take_parts(const struct unit_counts *parts, struct unit_counts *counts)
{
    for (enum unit unit = UNIT_CACHE_WRITE; unit < UNIT_COUNT; unit++) {
        enum unit_side side = unit_side(unit);
        int64_t *whole = whole_of(unit, counts);
        counts->of[unit] = parts->of[unit];
        if (side == UNIT_SIDE_BESIDE)
            continue;
        counts->of[unit] = least_int64(parts->of[unit], *whole);
        *whole -= counts->of[unit];
    }
}

/* The units that were used and that have no price. Reasoning, pictures in a prompt and what a cache
 * has read cost what text does. */
static unsigned find_unpriced(unsigned priced, const struct unit_counts *parts)
{
    const unsigned plain = 1U << UNIT_REASONING | 1U << UNIT_IMAGE_INPUT |
                           1U << UNIT_CACHED_IMAGE_INPUT | 1U << UNIT_CACHED_AUDIO_INPUT |
                           1U << UNIT_REQUEST;
    unsigned used = 0;
    for (enum unit unit = UNIT_CACHE_WRITE; unit < UNIT_COUNT; unit++)
        used |= (unsigned)(parts->of[unit] != 0) << unit;
    return used & ~priced & ~plain;
}

/* Puts the parts that have no price of their own where their price is. */
static void fold_parts(unsigned priced, struct unit_counts *parts)
{
    for (enum unit unit = UNIT_COUNT - 1; unit >= UNIT_CACHE_WRITE; unit--) {
        enum unit fallback = unit_fallback(unit);
        if (priced >> unit & 1)
            continue;
        if (fallback >= UNIT_CACHE_WRITE && fallback < UNIT_COUNT)
            parts->of[fallback] += parts->of[unit];
        parts->of[unit] = 0;
    }
}

/* Whether only plain tokens were used, as in most calls. */
static bool is_plain(const struct charge_view *view)
{
    const struct prompt *prompt = &view->asks->prompt;
    const struct meter *meter = view->meter;
    const unsigned usual = 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT;
    return !meter->has_parts && (view->priced & ~usual) == 0 &&
           prompt->audio_bytes + prompt->sound_seconds == 0 && meter->output.audio_bytes == 0 &&
           meter->output.image_count == 0;
}

/* No customer pays for more searches, say, than the model allows in a call. */
static void allow_beside(const struct charge_limits *limits, struct unit_counts *parts)
{
    int64_t seconds = least_int64(parts->second, limits->seconds);
    for (enum unit unit = UNIT_WEB_SEARCH; unit < UNIT_COUNT; unit++) {
        if (!unit_is_token(unit))
            parts->of[unit] = least_int64(parts->of[unit], limits->beside->of[unit]);
    }
    if (limits->seconds > 0)
        parts->second = seconds;
}

static void price_parts(const struct charge_view *view, bool input, bool output, struct charge *out)
{
    struct unit_counts parts;
    if (is_plain(view))
        return;
    find_parts(view, input, output, out->tokens.output, &parts);
    out->unpriced = find_unpriced(view->priced, &view->meter->parts);
    if (view->limits->output_tokens == 0) /* they are told, but not what is sold */
        out->unpriced &= ~(1U << UNIT_AUDIO_OUTPUT | 1U << UNIT_IMAGE_OUTPUT);
    fold_parts(view->priced, &parts);
    take_parts(&parts, &out->tokens);
    allow_beside(view->limits, &parts);
    take_parts(&parts, &out->allowed);
}

/* Where the model's longest answer is not known (its tokens have no price), each choice is as long
 * as the context at most, or all together as some times what came. */
static int64_t answer_most(const struct charge_view *view)
{
    enum { TIMES = 4 };
    const struct charge_limits *limits = view->limits;
    int64_t choices = view->asks->choices > 1 ? view->asks->choices : 1;
    int64_t came = TIMES * (meter_output_estimate(view->meter) + media_tokens(view));
    if (limits->output_tokens > 0)
        return limits->output_tokens;
    return came > limits->context_tokens * choices ? came : limits->context_tokens * choices;
}

static int64_t above(int64_t tokens, int64_t most)
{
    return tokens > most ? tokens - most : 0;
}

void charge_count(const struct charge_view *view, struct charge *out)
{
    const struct meter *meter = view->meter;
    *out = (struct charge){.unpriced = 0};
    bool output = judge_output(view, &out->tokens.output);
    bool input = judge_input(view, &out->tokens);
    out->source = source_of(view, input, output);
    out->reasoning_tokens = least_int64(meter->reasoning_tokens, out->tokens.output);
    allow(view->limits, &out->tokens, &out->allowed);
    price_parts(view, input, output, out);
    out->excess_tokens = above(unit_counts_prompt(&out->tokens), view->limits->context_tokens) +
                         above(unit_counts_answer(&out->tokens), answer_most(view));
}

/* Whether we have counted exactly what the provider has not told. */
static bool is_measured(const struct charge_view *view, enum unit unit)
{
    const struct media_sizes *output = &view->meter->output;
    if (unit == UNIT_IMAGE)
        return output->image_count > 0;
    if (unit == UNIT_WEB_SEARCH)
        return view->asks->prompt.search_count > 0;
    if (unit != UNIT_SECOND)
        return unit == UNIT_CHARACTER || unit == UNIT_REQUEST;
    return view->asks->media.medium == ANSWERS_SOUND ? output->audio_ms > 0
                                                     : view->asks->prompt.sound_measured;
}

void charge_find_source(const struct charge_view *view, const struct unit_prices *sold,
                        struct charge *charge)
{
    enum usage_source source = USAGE_ESTIMATED;
    if (charge->source != USAGE_ESTIMATED)
        return;
    for (enum unit unit = 0; unit < UNIT_COUNT; unit++) {
        if (charge->tokens.of[unit] == 0 || sold->of[unit] == 0)
            continue;
        bool told = !unit_is_token(unit) && view->meter->parts.of[unit] > 0;
        if (unit_is_token(unit) || (!told && !is_measured(view, unit)))
            return;
        if (source == USAGE_ESTIMATED || !told)
            source = told ? USAGE_REPORTED : USAGE_MEASURED;
    }
    charge->source = source;
}

bool charge_is_excessive(const struct charge *charge)
{
    const struct unit_counts *tokens = &charge->tokens;
    const struct unit_counts *allowed = &charge->allowed;
    if (unit_counts_prompt(allowed) < unit_counts_prompt(tokens) ||
        unit_counts_answer(allowed) < unit_counts_answer(tokens))
        return true;
    for (enum unit unit = UNIT_WEB_SEARCH; unit < UNIT_COUNT; unit++) {
        if (!unit_is_token(unit) && allowed->of[unit] < tokens->of[unit])
            return true;
    }
    return false;
}

unsigned charge_split(unsigned priced, const struct unit_counts *parts, struct unit_counts *whole)
{
    struct unit_counts taken = *parts;
    fold_parts(priced, &taken);
    take_parts(&taken, whole);
    return find_unpriced(priced, parts);
}
