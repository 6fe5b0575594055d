#include "dialect/usage_form.h"

#include "base/money.h"

enum count {
    COUNT_PROMPT,
    COUNT_CACHED,         /* part of the prompt */
    COUNT_READ,           /* from a cache, beside the prompt */
    COUNT_WRITTEN,        /* to a cache, beside the prompt */
    COUNT_TOOLS,          /* from tools, beside the prompt */
    COUNT_WRITTEN_INSIDE, /* to a cache, part of the prompt */
    COUNT_WRITTEN_LONG,   /* the part of either that lives for an hour or more */
    COUNT_AUDIO_INPUT,
    COUNT_CACHED_AUDIO, /* part of both */
    COUNT_IMAGE_INPUT,
    COUNT_COMPLETION,
    COUNT_REASONING,
    COUNT_THOUGHTS, /* reasoning, beside the completion */
    COUNT_AUDIO_OUTPUT,
    COUNT_IMAGE_OUTPUT,
    COUNT_SEARCHES,
    COUNT_TOTAL,
    COUNTS
};

struct counts {
    int64_t of[COUNTS]; /* -1: absent */
    bool flawed;
    bool anthropic; /* the prompt does not include its cached part */
    struct json_value service_tier;
    struct json_value speed;
    struct json_value region;
};

static void take(struct counts *counts, enum count which, const struct json_value *value)
{
    int64_t number;
    if (value->type == JSON_NULL)
        return;
    if (value->type == JSON_NUMBER && json_int64(value, &number) && number >= 0 &&
        number <= MONEY_TOKENS_MAX)
        counts->of[which] = number;
    else
        counts->flawed = true;
}

/* The same for a count that most providers do not give: one that cannot be true is no flaw of the
 * others. */
static void take_extra(struct counts *counts, enum count which, const struct json_value *value)
{
    bool flawed = counts->flawed;
    take(counts, which, value);
    counts->flawed = flawed;
}

static bool is_extra(enum count which)
{
    return which != COUNT_CACHED && which != COUNT_REASONING;
}

/* A name of a count in an object of counts. */
struct detail {
    const char *name;
    enum count count;
};

static const struct detail prompt_details[] = {
    {"cached_tokens", COUNT_CACHED},
    {"audio_tokens", COUNT_AUDIO_INPUT},
    {"image_tokens", COUNT_IMAGE_INPUT},
    {"cache_write_tokens", COUNT_WRITTEN_INSIDE},
    {"cache_creation_tokens", COUNT_WRITTEN_INSIDE}, /* LiteLLM */
    {"web_search_requests", COUNT_SEARCHES},
    {NULL, COUNTS},
};
static const struct detail completion_details[] = {
    {"reasoning_tokens", COUNT_REASONING},
    {"audio_tokens", COUNT_AUDIO_OUTPUT},
    {"image_tokens", COUNT_IMAGE_OUTPUT},
    {NULL, COUNTS},
};
/* The life times of what was written to a cache: OpenAI's half a day, Anthropic's hour. */
static const struct detail life_times[] = {
    {"ttl_12h_tokens", COUNT_WRITTEN_LONG},
    {"ttl_24h_tokens", COUNT_WRITTEN_LONG},
    {"ephemeral_1h_input_tokens", COUNT_WRITTEN_LONG},
    {NULL, COUNTS},
};
static const struct detail cached_details[] = {
    {"audio_tokens", COUNT_CACHED_AUDIO},
    {NULL, COUNTS},
};
static const struct detail server_tools[] = {
    {"web_search_requests", COUNT_SEARCHES},
    {NULL, COUNTS},
};

static void read_details(struct counts *counts, const struct detail *details,
                         const struct json_value *object);

/* Details of a detail. */
static void read_inner_details(struct counts *counts, const struct json_item *item)
{
    if (item->value.type != JSON_OBJECT)
        return;
    if (json_key_is(item->key, "cache_write_tokens_details") ||
        json_key_is(item->key, "cache_creation_token_details"))
        read_details(counts, life_times, &item->value);
    else if (json_key_is(item->key, "cached_tokens_details"))
        read_details(counts, cached_details, &item->value);
}

static void read_details(struct counts *counts, const struct detail *details,
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
                take_extra(counts, detail->count, &item.value);
            else
                take(counts, detail->count, &item.value);
        }
        read_inner_details(counts, &item);
    }
}

/* Adds to a count of a list. */
static void add_extra(struct counts *counts, enum count which, const struct json_value *value)
{
    int64_t before = counts->of[which];
    take_extra(counts, which, value);
    if (before > 0 && counts->of[which] <= MONEY_TOKENS_MAX - before)
        counts->of[which] += before;
}

/* Gemini's list: [{"modality": "AUDIO", "tokenCount": 5}, ...] */
static void read_modalities(struct counts *counts, const struct json_value *list, enum count audio,
                            enum count image)
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
        if (json_string_is(&modality, "AUDIO") && audio != COUNTS)
            add_extra(counts, audio, &tokens);
        else if (json_string_is(&modality, "IMAGE") && image != COUNTS)
            add_extra(counts, image, &tokens);
    }
}

/* What stands beside the usual counts, in any form. */
static void read_extra(struct counts *counts, const struct json_item *item)
{
    if (json_key_is(item->key, "cache_creation"))
        read_details(counts, life_times, &item->value);
    else if (json_key_is(item->key, "server_tool_use"))
        read_details(counts, server_tools, &item->value);
    else if (json_key_is(item->key, "promptTokensDetails") ||
             json_key_is(item->key, "prompt_tokens_details"))
        read_modalities(counts, &item->value, COUNT_AUDIO_INPUT, COUNT_IMAGE_INPUT);
    else if (json_key_is(item->key, "candidatesTokensDetails") ||
             json_key_is(item->key, "candidates_tokens_details"))
        read_modalities(counts, &item->value, COUNT_AUDIO_OUTPUT, COUNT_IMAGE_OUTPUT);
    else if (json_key_is(item->key, "cacheTokensDetails") ||
             json_key_is(item->key, "cache_tokens_details"))
        read_modalities(counts, &item->value, COUNT_CACHED_AUDIO, COUNTS);
    else if (json_key_is(item->key, "cache_creation_input_tokens"))
        take_extra(counts, COUNT_WRITTEN, &item->value);
    else if (json_key_is(item->key, "service_tier"))
        counts->service_tier = item->value;
    else if (json_key_is(item->key, "speed"))
        counts->speed = item->value;
    else if (json_key_is(item->key, "inference_geo"))
        counts->region = item->value;
}

/* Returns what the total has beyond prompt and completion; 0: nothing, or it is unknown. */
static int64_t unexplained(const struct counts *counts)
{
    const int64_t *of = counts->of;
    if (of[COUNT_TOTAL] < 0 || of[COUNT_PROMPT] <= 0 || of[COUNT_COMPLETION] < 0)
        return 0;
    int64_t rest = of[COUNT_TOTAL] - of[COUNT_PROMPT] - of[COUNT_COMPLETION];
    return rest > 0 ? rest : 0;
}

/* Reads OpenAI's form, which most providers use. Returns true when no other form need be tried: all
 * counts are there, or no other member is. */
static bool read_usual(const struct json_value *usage, struct counts *counts, size_t *unknown)
{
    enum { PROMPT, COMPLETION, TOTAL, PROMPT_DETAILS, COMPLETION_DETAILS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [PROMPT] = {.name = "prompt_tokens"},
        [COMPLETION] = {.name = "completion_tokens"},
        [TOTAL] = {.name = "total_tokens"},
        [PROMPT_DETAILS] = {.name = "prompt_tokens_details"},
        [COMPLETION_DETAILS] = {.name = "completion_tokens_details"},
    };
    *unknown = json_find_all(usage, members, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        *unknown -= members[i].count;
    take(counts, COUNT_PROMPT, &members[PROMPT].value);
    take(counts, COUNT_COMPLETION, &members[COMPLETION].value);
    take(counts, COUNT_TOTAL, &members[TOTAL].value);
    read_details(counts, prompt_details, &members[PROMPT_DETAILS].value);
    read_details(counts, completion_details, &members[COMPLETION_DETAILS].value);
    return *unknown == 0 || (counts->of[COUNT_PROMPT] >= 0 && counts->of[COUNT_COMPLETION] >= 0 &&
                             counts->of[COUNT_CACHED] >= 0 && unexplained(counts) == 0);
}

/* Other providers' names for the counts. */
static const struct {
    const char *name;
    enum count count;
} others[] = {
    {"input_tokens", COUNT_PROMPT}, /* Anthropic, Responses, Cohere */
    {"output_tokens", COUNT_COMPLETION},
    {"inputTokens", COUNT_PROMPT}, /* Bedrock */
    {"outputTokens", COUNT_COMPLETION},
    {"totalTokens", COUNT_TOTAL},
    {"cacheReadInputTokens", COUNT_READ},
    {"cacheWriteInputTokens", COUNT_WRITTEN},
    {"promptTokenCount", COUNT_PROMPT}, /* Gemini */
    {"candidatesTokenCount", COUNT_COMPLETION},
    {"cachedContentTokenCount", COUNT_CACHED},
    {"thoughtsTokenCount", COUNT_THOUGHTS},
    {"toolUsePromptTokenCount", COUNT_TOOLS},
    {"totalTokenCount", COUNT_TOTAL},
    {"prompt_token_count", COUNT_PROMPT},
    {"candidates_token_count", COUNT_COMPLETION},
    {"cached_content_token_count", COUNT_CACHED},
    {"thoughts_token_count", COUNT_THOUGHTS},
    {"tool_use_prompt_token_count", COUNT_TOOLS},
    {"total_token_count", COUNT_TOTAL},
    {"prompt_eval_count", COUNT_PROMPT}, /* Ollama */
    {"eval_count", COUNT_COMPLETION},
    {"prompt_cache_hit_tokens", COUNT_CACHED}, /* DeepSeek */
    {"cached_tokens", COUNT_CACHED},           /* Moonshot */
    {"reasoning_tokens", COUNT_REASONING},     /* xAI, Perplexity */
    {"cache_read_input_tokens", COUNT_READ},   /* Anthropic */
    {"cache_creation_input_tokens", COUNT_WRITTEN},
};

static void read_other(const struct json_item *item, struct counts *counts)
{
    if (json_key_is(item->key, "input_tokens_details"))
        read_details(counts, prompt_details, &item->value);
    if (json_key_is(item->key, "output_tokens_details"))
        read_details(counts, completion_details, &item->value);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!json_key_is(item->key, others[i].name))
            continue;
        if (counts->of[others[i].count] < 0) /* OpenAI's name has priority */
            take(counts, others[i].count, &item->value);
        bool bare = others[i].count == COUNT_PROMPT && counts->of[COUNT_PROMPT] >= 0;
        counts->anthropic = counts->anthropic || bare;
    }
}

/* Settles a cached count that is larger than the prompt: if the total is large enough, the cached
 * tokens stand beside the prompt. */
static void settle_cached(struct counts *counts)
{
    int64_t *of = counts->of;
    int64_t output = of[COUNT_COMPLETION] > 0 ? of[COUNT_COMPLETION] : 0;
    if (of[COUNT_PROMPT] < 0 || of[COUNT_CACHED] <= of[COUNT_PROMPT])
        return;
    if (of[COUNT_TOTAL] >= of[COUNT_PROMPT] + of[COUNT_CACHED] + output) {
        of[COUNT_PROMPT] += of[COUNT_CACHED];
    } else {
        of[COUNT_CACHED] = -1;
        counts->flawed = true;
    }
}

/* Anthropic's prompt excludes the tokens that its cache read and wrote. If an aggregator has added
 * them up, it uses the names of OpenAI's form, and there the prompt includes them. */
static void settle_prompt(struct counts *counts)
{
    int64_t *of = counts->of;
    if (of[COUNT_PROMPT] < 0)
        return;
    if (counts->anthropic && of[COUNT_READ] > 0)
        of[COUNT_PROMPT] += of[COUNT_READ];
    if (counts->anthropic && of[COUNT_WRITTEN] > 0)
        of[COUNT_PROMPT] += of[COUNT_WRITTEN];
    if (of[COUNT_TOOLS] > 0)
        of[COUNT_PROMPT] += of[COUNT_TOOLS];
    if (of[COUNT_CACHED] < 0)
        of[COUNT_CACHED] = of[COUNT_READ];
    settle_cached(counts);
}

/* Derives a count that only the total gives. Tokens that a cache read or wrote stand beside the
 * prompt if they are exactly what the total has more. */
static void settle_total(struct counts *counts)
{
    int64_t *of = counts->of;
    if (of[COUNT_PROMPT] < 0 && of[COUNT_COMPLETION] >= 0 &&
        of[COUNT_TOTAL] > of[COUNT_COMPLETION]) {
        of[COUNT_PROMPT] = of[COUNT_TOTAL] - of[COUNT_COMPLETION];
        settle_cached(counts);
    }
    int64_t known = of[COUNT_PROMPT] + (of[COUNT_THOUGHTS] > 0 ? of[COUNT_THOUGHTS] : 0);
    if (of[COUNT_COMPLETION] < 0 && of[COUNT_TOTAL] > known && of[COUNT_PROMPT] > 0)
        of[COUNT_COMPLETION] = of[COUNT_TOTAL] - known;
    int64_t rest = unexplained(counts);
    int64_t cached = of[COUNT_CACHED] > 0 ? of[COUNT_CACHED] : 0;
    int64_t written = of[COUNT_WRITTEN] > 0 ? of[COUNT_WRITTEN] : 0;
    bool reasoned = of[COUNT_REASONING] > 0 || of[COUNT_THOUGHTS] > 0;
    bool beside = rest == cached || rest == written || rest == cached + written;
    if (rest > 0 && !reasoned && beside)
        of[COUNT_PROMPT] += rest;
}

/* Reasoning may be part of the completion or stand beside it; the total tells which. Without a
 * total it stands beside it if it is the larger. Some servers show reasoning only in the total. */
static void settle_completion(struct counts *counts)
{
    int64_t *of = counts->of;
    int64_t prompt = of[COUNT_PROMPT] > 0 ? of[COUNT_PROMPT] : 0;
    if (of[COUNT_THOUGHTS] > 0) {
        of[COUNT_COMPLETION] =
            (of[COUNT_COMPLETION] > 0 ? of[COUNT_COMPLETION] : 0) + of[COUNT_THOUGHTS];
        of[COUNT_REASONING] = of[COUNT_THOUGHTS];
        return;
    }
    if (of[COUNT_REASONING] <= 0 && unexplained(counts) > 0) {
        of[COUNT_REASONING] = unexplained(counts);
        of[COUNT_COMPLETION] += of[COUNT_REASONING];
        return;
    }
    if (of[COUNT_COMPLETION] < 0 || of[COUNT_REASONING] <= 0)
        return;
    int64_t together = of[COUNT_COMPLETION] + of[COUNT_REASONING];
    bool beside = of[COUNT_TOTAL] >= 0 ? of[COUNT_TOTAL] >= prompt + together
                                       : of[COUNT_REASONING] > of[COUNT_COMPLETION];
    if (beside)
        of[COUNT_COMPLETION] = together;
}

static int64_t at_least_0(int64_t count)
{
    return count > 0 ? count : 0;
}

/* Parts of prompt and completion, and what stands beside them. */
static void fill_parts(const struct counts *counts, struct usage_form *out)
{
    const int64_t *of = counts->of;
    struct unit_counts *parts = &out->parts;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        parts->of[unit] = -1;
    parts->cache_write =
        of[COUNT_WRITTEN_INSIDE] >= 0 ? of[COUNT_WRITTEN_INSIDE] : of[COUNT_WRITTEN];
    parts->cache_write_long = of[COUNT_WRITTEN_LONG];
    if (parts->cache_write < parts->cache_write_long)
        parts->cache_write = parts->cache_write_long;
    parts->audio_input = of[COUNT_AUDIO_INPUT];
    if (of[COUNT_CACHED_AUDIO] > 0 && parts->audio_input > 0)
        parts->audio_input = at_least_0(parts->audio_input - of[COUNT_CACHED_AUDIO]);
    parts->image_input = of[COUNT_IMAGE_INPUT];
    parts->audio_output = of[COUNT_AUDIO_OUTPUT];
    parts->image_output = of[COUNT_IMAGE_OUTPUT];
    parts->web_search = of[COUNT_SEARCHES];
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        out->has_parts = out->has_parts || parts->of[unit] > 0;
}

/* Reads what no usual member has: all counts of another form, or only the extra ones. */
static void read_others(const struct json_value *usage, bool extra_only, struct counts *counts)
{
    struct json_walk walk = json_walk(usage);
    struct json_item item;
    bool usual = counts->of[COUNT_PROMPT] >= 0;
    while (json_next(&walk, &item)) {
        read_extra(counts, &item);
        if (!extra_only)
            read_other(&item, counts);
    }
    counts->anthropic = counts->anthropic && !usual;
}

bool usage_form_read(const struct json_value *usage, struct usage_form *out)
{
    struct counts counts = {.flawed = false};
    size_t unknown;
    for (size_t i = 0; i < COUNTS; i++)
        counts.of[i] = -1;
    bool usual = read_usual(usage, &counts, &unknown);
    if (unknown > 0 || !usual)
        read_others(usage, usual, &counts);
    settle_prompt(&counts);
    settle_total(&counts);
    settle_completion(&counts);
    *out = (struct usage_form){.prompt = counts.of[COUNT_PROMPT],
                               .cached = counts.of[COUNT_CACHED],
                               .completion = counts.of[COUNT_COMPLETION],
                               .reasoning = counts.of[COUNT_REASONING],
                               .service_tier = counts.service_tier,
                               .speed = counts.speed,
                               .region = counts.region,
                               .flawed = counts.flawed};
    fill_parts(&counts, out);
    return out->prompt >= 0 || out->completion >= 0 || out->flawed;
}

/* llama.cpp's timings, if no usage was asked for: `prompt_n` excludes the cached part of the
 * prompt. */
static bool read_timings(const struct json_value *timings, struct usage_form *out)
{
    enum { READ, CACHED, PREDICTED, MEMBERS };
    struct json_member members[MEMBERS] = {[READ] = {.name = "prompt_n"},
                                           [CACHED] = {.name = "cache_n"},
                                           [PREDICTED] = {.name = "predicted_n"}};
    struct counts counts = {.flawed = false};
    json_find_all(timings, members, MEMBERS);
    counts.of[COUNT_PROMPT] = counts.of[COUNT_CACHED] = counts.of[COUNT_COMPLETION] = -1;
    take(&counts, COUNT_PROMPT, &members[READ].value);
    take(&counts, COUNT_CACHED, &members[CACHED].value);
    take(&counts, COUNT_COMPLETION, &members[PREDICTED].value);
    *out = (struct usage_form){.prompt = -1,
                               .cached = counts.of[COUNT_CACHED],
                               .completion = counts.of[COUNT_COMPLETION],
                               .reasoning = -1};
    if (counts.of[COUNT_PROMPT] >= 0 && counts.of[COUNT_CACHED] >= 0)
        out->prompt = counts.of[COUNT_PROMPT] + counts.of[COUNT_CACHED];
    return out->completion >= 0;
}

bool usage_form_find(const struct json_value *root, struct usage_form *out)
{
    struct json_walk walk = json_walk(root);
    struct json_item item;
    struct json_value usage;
    while (json_next(&walk, &item)) {
        bool nested = json_key_is(item.key, "x_groq") || json_key_is(item.key, "message") ||
                      json_key_is(item.key, "response") || json_key_is(item.key, "meta");
        if (nested &&
            (json_find(&item.value, "usage", &usage) == 1 ||
             json_find(&item.value, "billed_units", &usage) == 1) &&
            usage_form_read(&usage, out))
            return true;
        if ((json_key_is(item.key, "usageMetadata") || json_key_is(item.key, "usage_metadata") ||
             json_key_is(item.key, "token_usage")) &&
            usage_form_read(&item.value, out))
            return true;
        if (json_key_is(item.key, "eval_count") && usage_form_read(root, out))
            return true;
        if (json_key_is(item.key, "timings") && read_timings(&item.value, out))
            return true;
    }
    return false;
}
