#include "dialect/usage_counts.h"

#include "base/decimal.h"
#include "base/money.h"

void usage_counts_init(struct usage_counts *counts)
{
    *counts = (struct usage_counts){.flawed = false};
    for (size_t i = 0; i < USAGE_COUNTS; i++)
        counts->of[i] = -1;
}

int64_t usage_counts_known(const struct usage_counts *counts, enum usage_count which)
{
    return counts->of[which] > 0 ? counts->of[which] : 0;
}

static bool read_count(const struct json_value *value, int64_t *out)
{
    return value->type == JSON_NUMBER && json_int64(value, out) && *out >= 0 &&
           *out <= MONEY_TOKENS_MAX;
}

void usage_counts_take(struct usage_counts *counts, enum usage_count which,
                       const struct json_value *value)
{
    int64_t number;
    if (value->type == JSON_NULL)
        return;
    if (read_count(value, &number))
        counts->of[which] = number;
    else
        counts->flawed = true;
}

void usage_counts_take_extra(struct usage_counts *counts, enum usage_count which,
                             const struct json_value *value)
{
    int64_t number;
    if (read_count(value, &number))
        counts->of[which] = number;
}

void usage_counts_add(struct usage_counts *counts, enum usage_count which,
                      const struct json_value *value)
{
    int64_t before = counts->of[which];
    usage_counts_take_extra(counts, which, value);
    if (before > 0 && counts->of[which] <= MONEY_TOKENS_MAX - before)
        counts->of[which] += before;
}

void usage_counts_take_begun(struct usage_counts *counts, enum usage_count which,
                             const struct json_value *value)
{
    unsigned __int128 number;
    if (value->type == JSON_NUMBER &&
        decimal_scale_up(value->raw, 0, (unsigned __int128)MONEY_TOKENS_MAX, &number))
        counts->of[which] = (int64_t)number;
}

/* ---- objects of counts ---- */

/* A name of a count in an object of counts. */
struct detail {
    const char *name;
    enum usage_count count;
};

static const struct detail prompt_details[] = {
    {"cached_tokens", COUNT_CACHED},
    {"audio_tokens", COUNT_AUDIO_INPUT},
    {"image_tokens", COUNT_IMAGE_INPUT},
    {"cache_write_tokens", COUNT_WRITTEN_INSIDE},
    {"cache_creation_tokens", COUNT_WRITTEN_INSIDE}, /* LiteLLM */
    {"web_search_requests", COUNT_SEARCHES},
    {NULL, USAGE_COUNTS},
};
static const struct detail completion_details[] = {
    {"reasoning_tokens", COUNT_REASONING},
    {"audio_tokens", COUNT_AUDIO_OUTPUT},
    {"image_tokens", COUNT_IMAGE_OUTPUT},
    {NULL, USAGE_COUNTS}, /* rejected predictions are part of the completion */
};
/* The life times of what was written to a cache: OpenAI's half a day, Anthropic's hour. */
static const struct detail life_times[] = {
    {"ttl_12h_tokens", COUNT_WRITTEN_LONG},
    {"ttl_24h_tokens", COUNT_WRITTEN_LONG},
    {"ephemeral_1h_input_tokens", COUNT_WRITTEN_LONG},
    {"ephemeral_5m_input_tokens", COUNT_WRITTEN_SHORT},
    {NULL, USAGE_COUNTS},
};
static const struct detail cached_details[] = {
    {"audio_tokens", COUNT_CACHED_AUDIO},
    {"image_tokens", COUNT_CACHED_IMAGE},
    {"cached_image_tokens", COUNT_CACHED_IMAGE}, /* of OpenAI's drawing tool */
    {NULL, USAGE_COUNTS},
};
static const struct detail server_tools[] = {
    {"web_search_requests", COUNT_SEARCHES},
    /* xAI */
    {"web_search_calls", COUNT_SEARCHES},
    {"x_search_calls", COUNT_X_SEARCHES},
    {"code_interpreter_calls", COUNT_SESSIONS},
    {"file_search_calls", COUNT_FILE_SEARCHES},
    {"document_search_calls", COUNT_DOCUMENT_SEARCHES},
    {NULL, USAGE_COUNTS},
};

static bool is_extra(enum usage_count which)
{
    return which != COUNT_CACHED && which != COUNT_REASONING;
}

static void read_details(struct usage_counts *counts, const struct detail *details,
                         const struct json_value *object);

/* Details of a detail. */
static void read_inner_details(struct usage_counts *counts, const struct json_item *item)
{
    if (item->value.type != JSON_OBJECT)
        return;
    if (json_key_is(item->key, "cache_write_tokens_details") ||
        json_key_is(item->key, "cache_creation_token_details"))
        read_details(counts, life_times, &item->value);
    else if (json_key_is(item->key, "cached_tokens_details"))
        read_details(counts, cached_details, &item->value);
}

static void read_details(struct usage_counts *counts, const struct detail *details,
                         const struct json_value *object)
{
    struct json_walk walk = json_walk(object);
    struct json_item item;
    if (object->type != JSON_OBJECT)
        return;
    while (json_next(&walk, &item)) {
        for (const struct detail *detail = details; detail->name != NULL; detail++) {
            if (!json_key_is(item.key, detail->name))
                continue;
            if (is_extra(detail->count))
                usage_counts_take_extra(counts, detail->count, &item.value);
            else
                usage_counts_take(counts, detail->count, &item.value);
        }
        read_inner_details(counts, &item);
    }
}

void usage_counts_read_prompt(struct usage_counts *counts, const struct json_value *details)
{
    read_details(counts, prompt_details, details);
}

void usage_counts_read_completion(struct usage_counts *counts, const struct json_value *details)
{
    read_details(counts, completion_details, details);
}

/* ---- lists of counts ---- */

/* Gemini's list: [{"modality": "AUDIO", "tokenCount": 5}, ...] */
static void read_modalities(struct usage_counts *counts, const struct json_value *list,
                            enum usage_count audio, enum usage_count image)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    struct json_value modality;
    struct json_value tokens;
    if (list->type != JSON_ARRAY)
        return;
    while (json_next(&walk, &item)) {
        if (json_find(&item.value, "modality", &modality) != 1 ||
            (json_find(&item.value, "tokenCount", &tokens) != 1 &&
             json_find(&item.value, "token_count", &tokens) != 1))
            continue;
        if (json_string_is(&modality, "AUDIO"))
            usage_counts_add(counts, audio, &tokens);
        else if (json_string_is(&modality, "IMAGE"))
            usage_counts_add(counts, image, &tokens);
    }
}

/* Bedrock's list of what was written to a cache: [{"ttl": "1h", "inputTokens": 5}, ...] */
static void read_cache_details(struct usage_counts *counts, const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    struct json_value ttl;
    struct json_value tokens;
    if (list->type != JSON_ARRAY)
        return;
    while (json_next(&walk, &item)) {
        if (json_find(&item.value, "ttl", &ttl) != 1 ||
            json_find(&item.value, "inputTokens", &tokens) != 1)
            continue;
        bool is_short = json_string_is(&ttl, "5m");
        usage_counts_add(counts, is_short ? COUNT_WRITTEN_SHORT : COUNT_WRITTEN_LONG, &tokens);
    }
}

/* Adds a count of a turn; one that cannot be true is a flaw, for its tokens are lost. */
static void add_to_turns(struct usage_counts *counts, const struct json_member *member,
                         int64_t *sum)
{
    int64_t number;
    if (member->count == 0 || member->value.type == JSON_NULL)
        return;
    if (read_count(&member->value, &number) && *sum <= MONEY_TOKENS_MAX - number)
        *sum += number;
    else
        counts->flawed = true;
}

/* A sampling turn of Anthropic's. Those that summarise the context, and an adviser's, are not in
 * the usual counts. */
static void read_turn(struct usage_counts *counts, const struct json_value *turn)
{
    enum { TYPE, PROMPT, READ, WRITTEN, CREATION, COMPLETION, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"},
                                           [PROMPT] = {.name = "input_tokens"},
                                           [READ] = {.name = "cache_read_input_tokens"},
                                           [WRITTEN] = {.name = "cache_creation_input_tokens"},
                                           [CREATION] = {.name = "cache_creation"},
                                           [COMPLETION] = {.name = "output_tokens"}};
    struct json_member hour = {.name = "ephemeral_1h_input_tokens"};
    const struct json_value *type = &members[TYPE].value;
    json_find_all(turn, members, MEMBERS);
    json_find_all(&members[CREATION].value, &hour, 1);
    bool aside = type->type == JSON_STRING &&
                 (json_string_is(type, "compaction") || json_string_is(type, "advisor_message"));
    struct usage_turns *turns = aside ? &counts->aside : &counts->turns;
    turns->count++;
    add_to_turns(counts, &members[PROMPT], &turns->prompt);
    add_to_turns(counts, &members[READ], &turns->read);
    add_to_turns(counts, &members[WRITTEN], &turns->written);
    add_to_turns(counts, &hour, &turns->written_long);
    add_to_turns(counts, &members[COMPLETION], &turns->completion);
}

static void read_turns(struct usage_counts *counts, const struct json_value *list)
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    if (list->type != JSON_ARRAY)
        return;
    while (json_next(&walk, &item))
        read_turn(counts, &item.value);
}

/* ---- members beside the usual counts ---- */

static void read_life_times(struct usage_counts *counts, const struct json_value *value)
{
    read_details(counts, life_times, value);
}

static void read_cached_parts(struct usage_counts *counts, const struct json_value *value)
{
    read_details(counts, cached_details, value);
}

static void read_tools(struct usage_counts *counts, const struct json_value *value)
{
    read_details(counts, server_tools, value);
}

static void read_inputs(struct usage_counts *counts, const struct json_value *value)
{
    read_modalities(counts, value, COUNT_AUDIO_INPUT, COUNT_IMAGE_INPUT);
}

static void read_outputs(struct usage_counts *counts, const struct json_value *value)
{
    read_modalities(counts, value, COUNT_AUDIO_OUTPUT, COUNT_IMAGE_OUTPUT);
}

static void read_cached(struct usage_counts *counts, const struct json_value *value)
{
    read_modalities(counts, value, COUNT_CACHED_AUDIO, COUNT_CACHED_IMAGE);
}

/* Objects and lists. */
static const struct {
    const char *name;
    void (*read)(struct usage_counts *counts, const struct json_value *value);
} nested[] = {
    {"cache_creation", read_life_times}, /* Anthropic */
    {"iterations", read_turns},
    {"cached_tokens_details", read_cached_parts}, /* OpenAI's drawing tool */
    {"server_tool_use", read_tools},
    {"server_tool_use_details", read_tools},        /* OpenRouter */
    {"server_side_tool_usage_details", read_tools}, /* xAI */
    {"cacheDetails", read_cache_details},           /* Bedrock */
    {"promptTokensDetails", read_inputs},           /* Gemini */
    {"prompt_tokens_details", read_inputs},
    {"candidatesTokensDetails", read_outputs},
    {"candidates_tokens_details", read_outputs},
    {"cacheTokensDetails", read_cached},
    {"cache_tokens_details", read_cached},
};

/* Numbers. */
static const struct detail plain[] = {
    {"cache_creation_input_tokens", COUNT_WRITTEN}, /* Anthropic */
    {"citation_tokens", COUNT_CITATIONS},           /* Perplexity */
    {"num_search_queries", COUNT_SEARCHES},
    {"num_sources_used", COUNT_SOURCES}, /* xAI */
    {"search_units", COUNT_SEARCHES},    /* Cohere */
    {"images", COUNT_IMAGES},
    {"pages", COUNT_PAGES},
    {"pages_processed", COUNT_PAGES}, /* Mistral's OCR */
};

static bool read_words(struct usage_counts *counts, const struct json_item *item)
{
    struct json_value *word = NULL;
    if (json_key_is(item->key, "service_tier"))
        word = &counts->service_tier;
    else if (json_key_is(item->key, "speed"))
        word = &counts->speed;
    else if (json_key_is(item->key, "inference_geo"))
        word = &counts->region;
    else if (json_key_is(item->key, "search_context_size"))
        word = &counts->search_context;
    if (word != NULL)
        *word = item->value;
    return word != NULL;
}

void usage_counts_read_extra(struct usage_counts *counts, const struct json_item *item)
{
    if (item->value.type == JSON_STRING) {
        (void)read_words(counts, item);
        return;
    }
    if (item->value.type == JSON_NUMBER) {
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
            if (json_key_is(item->key, plain[i].name))
                usage_counts_take_extra(counts, plain[i].count, &item->value);
        }
        if (json_key_is(item->key, "seconds") || json_key_is(item->key, "prompt_audio_seconds"))
            usage_counts_take_begun(counts, COUNT_SECONDS, &item->value);
        return;
    }
    for (size_t i = 0; i < sizeof nested / sizeof nested[0]; i++) {
        if (json_key_is(item->key, nested[i].name))
            nested[i].read(counts, &item->value);
    }
}
