#include "exchange/worst_price.h"

#include "dialect/chat.h"
#include "exchange/price_facts.h"

static void raise_to(int64_t *price_pusd, int64_t other_pusd)
{
    if (*price_pusd < other_pusd)
        *price_pusd = other_pusd;
}

/* The prices for what the request asks for, where they are dearer. */
static void raise_by_rules(const struct chat_request *chat, const struct price_schedule *rules,
                           const struct unit_counts *most, struct unit_prices *prices)
{
    struct unit_prices asked_prices = *prices;
    struct price_facts asked;
    price_facts_ask(chat, rules, unit_counts_prompt(most), &asked);
    price_schedule_apply(rules, &asked, &asked_prices);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        raise_to(&prices->of[unit], asked_prices.of[unit]);
}

/* Any part of a prompt may be read from a cache or written to it; a file may be anything. */
static void raise_prompt(bool opaque, struct unit_prices *prices)
{
    int64_t cache_pusd = prices->cached_input_pusd;
    raise_to(&cache_pusd, prices->cache_write_pusd);
    raise_to(&cache_pusd, prices->cache_write_long_pusd);
    raise_to(&prices->input_pusd, cache_pusd);
    raise_to(&prices->audio_input_pusd, cache_pusd);
    raise_to(&prices->image_input_pusd, cache_pusd);
    if (!opaque)
        return;
    raise_to(&prices->input_pusd, prices->audio_input_pusd);
    raise_to(&prices->input_pusd, prices->image_input_pusd);
}

/* Some models draw without being asked; none speaks so. */
static void raise_answer(const struct chat_request *chat, struct unit_prices *prices)
{
    raise_to(&prices->output_pusd, prices->reasoning_pusd);
    raise_to(&prices->output_pusd, prices->image_output_pusd);
    if (paid_features_use(&chat->paid, "modalities.audio"))
        raise_to(&prices->output_pusd, prices->audio_output_pusd);
}

void worst_price_raise(const struct chat_request *chat, const struct price_schedule *rules,
                       const struct unit_counts *most, struct unit_prices *prices)
{
    if (rules != NULL)
        raise_by_rules(chat, rules, most, prices);
    raise_prompt(chat->prompt.opaque_count > 0, prices);
    raise_answer(chat, prices);
}
