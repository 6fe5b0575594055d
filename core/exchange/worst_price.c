#include "exchange/worst_price.h"

#include <string.h>
#include <strings.h>

#include "dialect/model_request.h"

static void raise_to(int64_t *price_pusd, int64_t other_pusd)
{
    if (*price_pusd < other_pusd)
        *price_pusd = other_pusd;
}

/* The prices under these facts, where they are dearer than those of `worst`. */
static void try_facts(const struct price_schedule *rules, const struct price_facts *facts,
                      struct unit_prices prices, struct unit_prices *worst)
{
    price_schedule_apply(rules, facts, &prices);
    unit_prices_raise(worst, &prices);
}

/* A prompt of any length up to the most: only where a rule begins do prices change. */
static void try_prompts(const struct worst_view *view, struct price_facts facts,
                        const struct unit_prices *plain, struct unit_prices *worst)
{
    const struct price_schedule *rules = view->rules;
    int64_t most_tokens = unit_counts_prompt(view->most);
    facts.prompt_tokens = most_tokens;
    try_facts(rules, &facts, *plain, worst);
    facts.prompt_tokens = 0;
    try_facts(rules, &facts, *plain, worst);
    for (size_t i = 0; i < rules->rule_count; i++) {
        facts.prompt_tokens = rules->rules[i].prompt_above + 1;
        if (facts.prompt_tokens > 0 && facts.prompt_tokens < most_tokens)
            try_facts(rules, &facts, *plain, worst);
    }
}

/* Whether a rule in front of this one has the same word of its kind. */
static bool was_tried(const struct price_schedule *rules, size_t index, enum usage_word word)
{
    for (size_t i = 0; i < index; i++) {
        if (strcasecmp(rules->rules[i].words[word], rules->rules[index].words[word]) == 0)
            return true;
    }
    return false;
}

/* Whether the provider chooses: in a conversation, only if the request says so. */
static bool is_left_open(const struct worst_view *view, const char *said)
{
    bool pictures = view->question.asks->media.medium == ANSWERS_PICTURES;
    return price_facts_is_open(said) && (pictures || said[0] != '\0');
}

/* What the request leaves to the provider (size and quality of pictures) may be any that a rule
 * names. `word`: the next of these words. */
static void try_words(const struct worst_view *view, struct price_facts facts, enum usage_word word,
                      const struct unit_prices *plain, struct unit_prices *worst)
{
    const struct price_schedule *rules = view->rules;
    if (word == USAGE_WORDS) {
        try_prompts(view, facts, plain, worst);
        return;
    }
    bool open = is_left_open(view, facts.words[word]);
    bool doubted = price_facts_is_doubted(view->question.asks, word, facts.words[word]);
    try_words(view, facts, word + 1, plain, worst);
    if (doubted) {
        facts.words[word][0] = '\0';
        try_words(view, facts, word + 1, plain, worst);
    }
    for (size_t i = 0; open && i < rules->rule_count; i++) {
        if (rules->rules[i].words[word][0] == '\0' || was_tried(rules, i, word))
            continue;
        memcpy(facts.words[word], rules->rules[i].words[word], PRICE_WORD_BYTES);
        try_words(view, facts, word + 1, plain, worst);
    }
}

/* Each of tier, speed and region may be served as asked or plainly: one may be cheaper than the
 * plain one, and another dearer. */
static void try_served(const struct worst_view *view, const struct price_facts *asked,
                       const struct unit_prices *plain, struct unit_prices *worst)
{
    const enum usage_word end = USAGE_CHOICE; /* the words in front of it */
    for (unsigned which = 0; which < 1U << end; which++) {
        struct price_facts facts;
        bool news = true;
        price_facts_plain(&view->question, &facts);
        for (enum usage_word word = USAGE_SERVICE_TIER; word < end; word++) {
            if (!(which >> word & 1))
                continue;
            news = news && asked->words[word][0] != '\0';
            memcpy(facts.words[word], asked->words[word], PRICE_WORD_BYTES);
        }
        if (news)
            try_words(view, facts, USAGE_SEARCH_CONTEXT, plain, worst);
    }
}

/* A call may be served as asked, more plainly, or as the answer has said. */
static void raise_by_rules(const struct worst_view *view, struct unit_prices *prices)
{
    const struct unit_prices plain = *prices;
    struct price_facts asked;
    price_facts_ask(&view->question, 0, &asked);
    try_served(view, &asked, &plain, prices);
    if (view->said == NULL)
        return;
    price_facts_merge(&asked, view->said);
    try_prompts(view, asked, &plain, prices);
}

/* Any part of a prompt may be read from a cache or written to it, and sound and pictures may be
 * counted as text; a file may be anything. */
static void raise_prompt(bool opaque, struct unit_prices *prices)
{
    int64_t cache_pusd = prices->cached_input_pusd;
    raise_to(&cache_pusd, prices->cache_write_pusd);
    raise_to(&cache_pusd, prices->cache_write_long_pusd);
    raise_to(&prices->input_pusd, cache_pusd);
    raise_to(&prices->audio_input_pusd, prices->input_pusd);
    raise_to(&prices->audio_input_pusd, prices->cached_audio_input_pusd);
    raise_to(&prices->image_input_pusd, prices->input_pusd);
    raise_to(&prices->image_input_pusd, prices->cached_image_input_pusd);
    if (!opaque)
        return;
    raise_to(&prices->input_pusd, prices->audio_input_pusd);
    raise_to(&prices->input_pusd, prices->image_input_pusd);
}

/* Some models draw without being asked; none speaks so. */
static void raise_answer(const struct model_request *asks, struct unit_prices *prices)
{
    raise_to(&prices->output_pusd, prices->reasoning_pusd);
    raise_to(&prices->output_pusd, prices->image_output_pusd);
    if (asks->media.medium == ANSWERS_SOUND || paid_features_use(&asks->paid, "modalities.audio"))
        raise_to(&prices->output_pusd, prices->audio_output_pusd);
}

void worst_price_raise(const struct worst_view *view, struct unit_prices *prices)
{
    if (view->rules != NULL)
        raise_by_rules(view, prices);
    const struct prompt *prompt = &view->question.asks->prompt;
    raise_prompt(prompt->opaque_count > 0 || prompt->names_kept, prices);
    raise_answer(view->question.asks, prices);
}
