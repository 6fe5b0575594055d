#include "dialect/usage_form.h"

#include "base/money.h"
#include "dialect/usage_counts.h"
#include "dialect/usage_settle.h"

/* Reads OpenAI's form, which most providers use. Returns true when no other form need be tried: all
 * counts are there, or no other member is. */
static bool read_usual(const struct json_value *usage, struct usage_counts *counts, size_t *unknown)
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
    usage_counts_take(counts, COUNT_PROMPT, &members[PROMPT].value);
    usage_counts_take(counts, COUNT_COMPLETION, &members[COMPLETION].value);
    usage_counts_take(counts, COUNT_TOTAL, &members[TOTAL].value);
    usage_counts_read_prompt(counts, &members[PROMPT_DETAILS].value);
    usage_counts_read_completion(counts, &members[COMPLETION_DETAILS].value);
    return *unknown == 0 ||
           (counts->of[COUNT_PROMPT] >= 0 && counts->of[COUNT_COMPLETION] >= 0 &&
            counts->of[COUNT_CACHED] >= 0 && usage_settle_unexplained(counts) == 0);
}

/* Other providers' names for the counts. */
static const struct {
    const char *name;
    enum usage_count count;
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

static void read_other(const struct json_item *item, struct usage_counts *counts)
{
    if (json_key_is(item->key, "input_tokens_details") ||
        json_key_is(item->key, "input_token_details")) /* of transcriptions */
        usage_counts_read_prompt(counts, &item->value);
    if (json_key_is(item->key, "output_tokens_details") ||
        json_key_is(item->key, "output_token_details"))
        usage_counts_read_completion(counts, &item->value);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!json_key_is(item->key, others[i].name))
            continue;
        if (counts->of[others[i].count] < 0) /* OpenAI's name has priority */
            usage_counts_take(counts, others[i].count, &item->value);
        bool bare = others[i].count == COUNT_PROMPT && counts->of[COUNT_PROMPT] >= 0;
        counts->anthropic = counts->anthropic || bare;
    }
}

/* -1: none of the two was told. */
static int64_t sum_of(const struct usage_counts *counts, enum usage_count one,
                      enum usage_count other)
{
    if (counts->of[one] < 0 && counts->of[other] < 0)
        return -1;
    return usage_counts_known(counts, one) + usage_counts_known(counts, other);
}

/* The part that no cache has read. */
static int64_t fresh_of(const struct usage_counts *counts, enum usage_count all,
                        enum usage_count cached)
{
    int64_t rest = counts->of[all] - usage_counts_known(counts, cached);
    return counts->of[all] > 0 && rest < 0 ? 0 : rest;
}

/* xAI counts sources where it does not count searches. */
static int64_t searches_of(const struct usage_counts *counts)
{
    int64_t searches = sum_of(counts, COUNT_SEARCHES, COUNT_X_SEARCHES);
    return searches > 0 ? searches : sum_of(counts, COUNT_SEARCHES, COUNT_SOURCES);
}

/* Parts of prompt and completion, and what stands beside them. */
static void fill_parts(const struct usage_counts *counts, struct usage_form *out)
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
    parts->audio_input = fresh_of(counts, COUNT_AUDIO_INPUT, COUNT_CACHED_AUDIO);
    parts->image_input = fresh_of(counts, COUNT_IMAGE_INPUT, COUNT_CACHED_IMAGE);
    parts->cached_audio_input = of[COUNT_CACHED_AUDIO];
    parts->cached_image_input = of[COUNT_CACHED_IMAGE];
    parts->audio_output = of[COUNT_AUDIO_OUTPUT];
    parts->image_output = of[COUNT_IMAGE_OUTPUT];
    parts->web_search = searches_of(counts);
    parts->file_search = sum_of(counts, COUNT_FILE_SEARCHES, COUNT_DOCUMENT_SEARCHES);
    parts->session = of[COUNT_SESSIONS];
    parts->image = of[COUNT_IMAGES];
    parts->second = of[COUNT_SECONDS];
    parts->page = of[COUNT_PAGES];
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        out->has_parts = out->has_parts || parts->of[unit] > 0;
}

/* Reads what no usual member has: all counts of another form, or only the extra ones. */
static void read_others(const struct json_value *usage, bool extra_only,
                        struct usage_counts *counts)
{
    struct json_walk walk = json_walk(usage);
    struct json_item item;
    bool usual = counts->of[COUNT_PROMPT] >= 0;
    while (json_next(&walk, &item)) {
        usage_counts_read_extra(counts, &item);
        if (!extra_only)
            read_other(&item, counts);
    }
    counts->anthropic = counts->anthropic && !usual;
}

/* Cohere's usage has what is billed in an object of its own. */
static void read_billed(const struct json_value *usage, struct usage_counts *counts)
{
    struct json_value billed;
    if (json_find(usage, "billed_units", &billed) == 1 && billed.type == JSON_OBJECT)
        read_others(&billed, false, counts);
}

void usage_form_init(struct usage_form *form)
{
    *form = (struct usage_form){
        .prompt = -1, .cached = -1, .completion = -1, .reasoning = -1, .total = -1};
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        form->parts.of[unit] = -1;
}

bool usage_form_read(const struct json_value *usage, struct usage_form *out)
{
    struct usage_counts counts;
    size_t unknown;
    usage_counts_init(&counts);
    bool usual = read_usual(usage, &counts, &unknown);
    if (unknown > 0 && counts.of[COUNT_PROMPT] < 0)
        read_billed(usage, &counts);
    if (unknown > 0 || !usual)
        read_others(usage, usual, &counts);
    usage_settle(&counts);
    *out = (struct usage_form){.prompt = counts.of[COUNT_PROMPT],
                               .cached = counts.of[COUNT_CACHED],
                               .completion = counts.of[COUNT_COMPLETION],
                               .reasoning = counts.of[COUNT_REASONING],
                               .total = counts.of[COUNT_TOTAL],
                               .service_tier = counts.service_tier,
                               .speed = counts.speed,
                               .region = counts.region,
                               .search_context = counts.search_context,
                               .flawed = counts.flawed};
    fill_parts(&counts, out);
    return out->prompt >= 0 || out->completion >= 0 || out->flawed;
}
