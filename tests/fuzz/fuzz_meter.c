/* What a provider says of its use: counts stay within their bounds, the sums of the money are
 * right, and our cost put into its words leaves JSON. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/completion.h"
#include "dialect/cost_edits.h"
#include "dialect/model_request.h"
#include "dialect/stated_cost.h"
#include "exchange/charge.h"
#include "exchange/meter.h"

static void check_counts(const struct meter *meter)
{
    const struct unit_counts *tokens = &meter->tokens;
    check(tokens->input >= 0 && tokens->input <= MONEY_TOKENS_MAX);
    check(tokens->cached_input >= 0 && tokens->cached_input <= MONEY_TOKENS_MAX);
    check(tokens->output >= 0 && tokens->output <= MONEY_TOKENS_MAX);
    check(meter->reasoning_tokens >= 0 && meter->reasoning_tokens <= tokens->output);
    check(meter->output.text_bytes >= 0 && meter->output.audio_bytes >= 0);
    check(meter->output.image_count >= 0 && meter->output_pieces >= 0);
    check(memchr(meter->finish_reason, '\0', sizeof meter->finish_reason) != NULL);
}

static void check_price(const struct meter *meter)
{
    static const struct unit_prices prices = {.of = {150000, 75000, 600000}};
    int64_t cost_nusd = meter_price(&prices, &meter->tokens, 0);
    int64_t price_nusd = meter_price(&prices, &meter->tokens, 200000);
    check(cost_nusd >= 0 && price_nusd >= cost_nusd && price_nusd <= MONEY_AMOUNT_MAX_NUSD);
}

static struct charge count(const struct meter *meter, unsigned priced)
{
    static const struct rate_set unknown;
    static const struct model_request asks = {
        .choices = 1, .prompt = {.text_bytes = 400, .image_count = 1, .audio_count = 1}};
    static const struct unit_counts beside = {.request = 1, .web_search = 5};
    static const struct charge_limits limits = {.context_tokens = 100000,
                                                .input_tokens = 90000,
                                                .image_tokens = 85,
                                                .beside = &beside,
                                                .output_tokens = 10000};
    const struct charge_view view = {.asks = &asks,
                                     .meter = meter,
                                     .input_rates = &unknown,
                                     .limits = &limits,
                                     .priced = priced};
    struct charge charge;
    charge_count(&view, &charge);
    return charge;
}

/* Prices of units divide the whole: no token is lost, none is charged twice. */
static void check_units(const struct meter *meter)
{
    const struct charge whole = count(meter, 0);
    const struct charge parts = count(meter, (1U << UNIT_COUNT) - 1);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        check(parts.tokens.of[unit] >= 0 && parts.tokens.of[unit] <= MONEY_TOKENS_MAX * 2);
        check(parts.allowed.of[unit] >= 0 && parts.allowed.of[unit] <= parts.tokens.of[unit]);
    }
    check(unit_counts_prompt(&parts.tokens) == unit_counts_prompt(&whole.tokens));
    check(unit_counts_answer(&parts.tokens) == unit_counts_answer(&whole.tokens));
    check(unit_counts_prompt(&parts.allowed) == unit_counts_prompt(&whole.allowed));
    check(parts.allowed.web_search <= 5);
    check(memchr(meter->said.service_tier, '\0', PRICE_WORD_BYTES) != NULL);
}

static void check_edits(struct slice text, const struct json_value *usage)
{
    struct json_edit edits[COST_EDITS_MAX];
    char number[COST_NUMBER_BYTES];
    struct json_value root;
    struct fault fault;
    struct buffer edited;
    size_t count = cost_edits(text, usage, 123456789, number, edits);
    check(count <= COST_EDITS_MAX);
    buffer_init(&edited, text.bytes + COST_NUMBER_BYTES + COST_EDITS_MAX * strlen("null"));
    check(json_apply_edits(text, edits, count, &edited));
    check(json_parse(buffer_slice(&edited), LIMIT_JSON_DEPTH, &root, &fault));
    buffer_fini(&edited);
}

/* What a provider says that it charges is an amount in bounds, and is nowhere left. */
static void check_stated(struct slice text, const struct json_value *root)
{
    static const struct stated_cost_paths paths = {
        .count = 2,
        .list = {{.path = "usage.cost"}, {.path = "cost", .only_if = "usage.n", .decimals = 10}}};
    struct stated_cost cost = {.came = false};
    struct json_value now = *root;
    struct buffer text_now, next;
    struct fault fault;
    check(stated_cost_read(&paths, root, &cost) == cost.came);
    check(cost.nusd >= 0 && cost.nusd <= MONEY_AMOUNT_MAX_NUSD);
    buffer_init(&text_now, text.bytes);
    buffer_append_slice(&text_now, text);
    check(json_parse(buffer_slice(&text_now), LIMIT_JSON_DEPTH, &now, &fault));
    while (stated_cost_hide(&paths, buffer_slice(&text_now), &now, &now, &next)) {
        buffer_fini(&text_now);
        text_now = next;
        check(json_parse(buffer_slice(&text_now), LIMIT_JSON_DEPTH, &now, &fault));
    }
    cost.came = false;
    (void)stated_cost_read(&paths, &now, &cost);
    check(!cost.came || cost.malformed); /* nulls that stand twice */
    buffer_fini(&text_now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct slice text = {(const char *)data, bytes};
    struct completion completion;
    struct meter meter = {0};
    if (!completion_read(text, &completion))
        return 0;
    if (completion.choices.type == JSON_ARRAY)
        meter_read_choices(&meter, &completion.choices);
    if (completion.usage.type == JSON_OBJECT)
        (void)meter_read_answer(&meter, &completion.usage, &completion.beside);
    else
        (void)meter_find_usage(&meter, &completion.root);
    if (completion.usage.type == JSON_OBJECT && completion.usage_count == 1)
        check_edits(text, &completion.usage);
    check_stated(text, &completion.root);
    check_counts(&meter);
    check_price(&meter);
    check_units(&meter);
    check(meter_output_estimate(&meter) >= 0 && meter_text_tokens(&meter) >= 0);
    check(meter_output_later(&meter) >= 0);
    return 0;
}
