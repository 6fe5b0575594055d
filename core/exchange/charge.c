#include "exchange/charge.h"

#include "base/log.h"
#include "exchange/exchange.h"

enum {
    /* Text of so many times the tokens that were counted was not counted: no text has sixteen
     * bytes a token. */
    UNCOUNTED_FACTOR = 4,
    UNCOUNTED_TOKENS = 16,
    /* Of several choices: some servers count one of them (in tenths). */
    UNCOUNTED_CHOICES_TENTHS = 14
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- estimates ---- */

int64_t charge_input_estimate(const struct exchange *exchange)
{
    const struct prompt *prompt = &exchange->chat.prompt;
    const struct charge_limits *limits = &exchange->charge_limits;
    if (prompt->opaque_count > 0)
        return limits->input_tokens;
    int64_t rate = rates_of_mix(&exchange->rates.input, &prompt->mix);
    int64_t tokens = rates_tokens(rate, prompt->text_bytes, prompt_template_tokens(prompt)) +
                     prompt->audio_bytes / PROMPT_AUDIO_BYTES +
                     prompt->image_count * limits->image_tokens;
    return least(tokens, limits->input_tokens);
}

int64_t charge_media_tokens(const struct exchange *exchange)
{
    const struct media_sizes *output = &exchange->relay.meter.output;
    return output->image_count * exchange->charge_limits.image_tokens +
           output->audio_bytes / PROMPT_AUDIO_BYTES;
}

/* ---- the provider's counts, judged ---- */

/* Whether text came that the count cannot have in it. */
static bool misses_text(const struct exchange *exchange, int64_t counted, int64_t text_tokens)
{
    const struct meter *meter = &exchange->relay.meter;
    int64_t choices = exchange->chat.choices;
    int64_t by_bytes = meter_text_tokens(meter);
    if (by_bytes > UNCOUNTED_FACTOR * counted + UNCOUNTED_TOKENS)
        return true;
    /* More pieces than the count of one choice would leave for each: they are less than tokens. */
    int64_t came = meter->output_pieces > counted * choices ? by_bytes : text_tokens;
    return choices > 1 && came * 10 > counted * UNCOUNTED_CHOICES_TENTHS;
}

/* Returns whether the provider's count stands. */
static bool judge_output(const struct exchange *exchange, int64_t *tokens)
{
    const struct meter *meter = &exchange->relay.meter;
    int64_t text_tokens = meter_output_estimate(meter);
    int64_t later_tokens = meter_output_later(meter);
    int64_t estimate = text_tokens + charge_media_tokens(exchange);
    if (estimate < exchange->unseen_tokens)
        estimate = exchange->unseen_tokens;
    int64_t counted = meter->tokens.output;
    *tokens = least(estimate, exchange->charge_limits.output_tokens);
    if (!meter->reported || (counted == 0 && estimate > 0))
        return false;
    if (later_tokens > 0 && !misses_text(exchange, counted + later_tokens, text_tokens)) {
        *tokens = counted + later_tokens;
        return false;
    }
    if (misses_text(exchange, counted, text_tokens))
        return false;
    *tokens = counted;
    return true;
}

static bool judge_input(const struct exchange *exchange, struct token_counts *tokens)
{
    const struct meter *meter = &exchange->relay.meter;
    tokens->input = meter->tokens.input;
    tokens->cached_input = meter->tokens.cached_input;
    if (meter->prompt_reported && tokens->input + tokens->cached_input > 0)
        return true;
    tokens->input = charge_input_estimate(exchange);
    tokens->cached_input = 0;
    return false;
}

static enum usage_source source_of(const struct meter *meter, bool input, bool output, bool cut)
{
    if (cut && !output)
        return USAGE_PARTIAL;
    bool used = input || (output && meter->tokens.output > 0);
    if (!used)
        return USAGE_ESTIMATED;
    return input && output && !meter->flawed ? USAGE_REPORTED : USAGE_CORRECTED;
}

/* What the request and the model allow of it. */
static void allow(const struct charge_limits *limits, const struct token_counts *tokens,
                  struct token_counts *out)
{
    out->cached_input = least(tokens->cached_input, limits->context_tokens);
    out->input = least(tokens->input, limits->context_tokens - out->cached_input);
    out->output = least(tokens->output, limits->output_tokens);
}

void charge_count(const struct exchange *exchange, bool cut, struct charge *out)
{
    const struct meter *meter = &exchange->relay.meter;
    bool output = judge_output(exchange, &out->tokens.output);
    bool input = judge_input(exchange, &out->tokens);
    out->source = source_of(meter, input, output, cut);
    out->reasoning_tokens = least(meter->reasoning_tokens, out->tokens.output);
    allow(&exchange->charge_limits, &out->tokens, &out->allowed);
}

/* ---- money ---- */

/* Something is wrong with the provider's counts, or with `context` and `max_output` in
 * models.lua. */
static void alarm_operator(const struct exchange *exchange, const struct charge *charge)
{
    const struct charge_limits *limits = &exchange->charge_limits;
    log_event(LOG_ERROR, "a provider counts more than model and request allow; the house pays it",
              log_text("request_id", exchange->id.text),
              log_text("provider", attempt_provider(&exchange->attempt)),
              log_text("model", exchange->chat.model),
              log_int("input_tokens", charge->tokens.input + charge->tokens.cached_input),
              log_int("context", limits->context_tokens),
              log_int("output_tokens", charge->tokens.output),
              log_int("output_tokens_allowed", limits->output_tokens));
}

/* A provider counts more than we could foresee (its own additions to a prompt): the customer pays
 * that as long as it has it; what it has not is the operator's. */
static int64_t charge_nusd(struct exchange *exchange, const struct charge *charge)
{
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    struct meter_price price;
    meter_price(&terms->prices, &terms->sold, &charge->allowed, terms->margin_ppm,
                stream_budget_held_nusd(exchange), &price);
    if (price.overrun_nusd > 0) {
        int64_t more = ledger_extend(exchange->env->store, &exchange->hold, price.overrun_nusd);
        exchange->settlement.extended_nusd += more;
        price.charge_nusd += more;
    }
    return price.charge_nusd;
}

/* What the provider has counted says how many tokens such text has, where nothing but text went in
 * and came out. */
static void learn(const struct exchange *exchange, const struct charge *charge)
{
    const struct prompt *prompt = &exchange->chat.prompt;
    const struct meter *meter = &exchange->relay.meter;
    bool only_text = prompt->opaque_count + prompt->image_count + prompt->audio_bytes == 0;
    bool only_said = meter->output.image_count + meter->output.audio_bytes == 0 &&
                     charge->reasoning_tokens == 0 && exchange->chat.choices == 1;
    if (charge->source != USAGE_REPORTED)
        return;
    int64_t prompt_tokens = charge->tokens.input + charge->tokens.cached_input;
    const struct rate_sample input = {.mix = &prompt->mix,
                                      .bytes = only_text ? prompt->text_bytes : 0,
                                      .tokens = prompt_tokens - prompt_template_tokens(prompt)};
    const struct rate_sample output = {.mix = &meter->mix,
                                       .bytes = only_said ? meter->output.text_bytes : 0,
                                       .tokens = charge->tokens.output};
    rates_learn(exchange->env->rates, exchange->chat.model, &input, &output);
}

/* What a client cut by leaving says nothing of its provider. */
static void count_in_metrics(const struct exchange *exchange, enum usage_source source,
                             bool excessive)
{
    struct live_metrics_shard *shard = exchange->env->shard;
    if (excessive)
        live_metrics_count_usage(shard, exchange, METRICS_EXCESSIVE);
    else if (source == USAGE_REPORTED)
        live_metrics_count_usage(shard, exchange, METRICS_REPORTED);
    else if (source == USAGE_CORRECTED)
        live_metrics_count_usage(shard, exchange, METRICS_CORRECTED);
    else if (source == USAGE_ESTIMATED)
        live_metrics_count_usage(shard, exchange, METRICS_MISSING);
}

void charge_fill(struct exchange *exchange, bool cut)
{
    struct usage_record *record = &exchange->settlement.record;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    struct charge charge;
    struct meter_price price;
    charge_count(exchange, cut, &charge);
    int64_t paid_nusd = charge_nusd(exchange, &charge);
    meter_price(&terms->prices, &terms->sold, &charge.tokens, terms->margin_ppm, paid_nusd, &price);
    record->source = charge.source;
    record->tokens = charge.tokens;
    record->reasoning_tokens = charge.reasoning_tokens;
    record->cost_nusd = price.cost_nusd;
    record->charge_nusd = price.charge_nusd;
    record->overrun_nusd = price.overrun_nusd;
    bool excessive = charge.allowed.input < charge.tokens.input ||
                     charge.allowed.cached_input < charge.tokens.cached_input ||
                     charge.allowed.output < charge.tokens.output;
    if (excessive)
        alarm_operator(exchange, &charge);
    else
        learn(exchange, &charge);
    count_in_metrics(exchange, charge.source, excessive);
}
