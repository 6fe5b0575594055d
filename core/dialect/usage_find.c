#include "dialect/usage_find.h"

#include "base/money.h"
#include "dialect/usage_beside.h"
#include "dialect/usage_counts.h"
#include "dialect/usage_form.h"

/* llama.cpp's timings, if no usage was asked for: `prompt_n` excludes the cached part of the
 * prompt. */
static bool read_timings(const struct json_value *timings, struct usage_form *out)
{
    enum { READ, CACHED, PREDICTED, MEMBERS };
    struct json_member members[MEMBERS] = {[READ] = {.name = "prompt_n"},
                                           [CACHED] = {.name = "cache_n"},
                                           [PREDICTED] = {.name = "predicted_n"}};
    struct usage_counts counts;
    json_find_all(timings, members, MEMBERS);
    usage_counts_init(&counts);
    usage_counts_take(&counts, COUNT_PROMPT, &members[READ].value);
    usage_counts_take(&counts, COUNT_CACHED, &members[CACHED].value);
    usage_counts_take(&counts, COUNT_COMPLETION, &members[PREDICTED].value);
    *out = (struct usage_form){.prompt = -1,
                               .cached = counts.of[COUNT_CACHED],
                               .completion = counts.of[COUNT_COMPLETION],
                               .reasoning = -1,
                               .flawed = counts.flawed};
    if (counts.of[COUNT_PROMPT] >= 0 && counts.of[COUNT_CACHED] >= 0)
        out->prompt = counts.of[COUNT_PROMPT] + counts.of[COUNT_CACHED];
    if (out->prompt > MONEY_TOKENS_MAX) { /* as every sum above the bound (usage_settle.c) */
        out->prompt = out->cached = -1;
        out->flawed = true;
    }
    return out->completion >= 0;
}

/* The length of the sound, where a transcription tells nothing else (whisper-1's verbose_json). */
static bool read_duration(const struct json_value *seconds, struct usage_form *out)
{
    struct usage_counts counts;
    usage_counts_init(&counts);
    usage_counts_take_begun(&counts, COUNT_SECONDS, seconds);
    usage_form_init(out);
    out->parts.second = counts.of[COUNT_SECONDS];
    out->has_parts = out->parts.second > 0;
    return out->has_parts;
}

/* Counts, or what has a price of its own. */
static bool reads(const struct json_value *usage, struct usage_form *out)
{
    return usage_form_read(usage, out) || out->has_parts;
}

/* An object that has a usage, such as a response in an event about it. */
static bool find_nested(const struct json_item *item, struct usage_form *out)
{
    struct json_value usage;
    bool nested = json_key_is(item->key, "x_groq") || json_key_is(item->key, "message") ||
                  json_key_is(item->key, "response") || json_key_is(item->key, "meta");
    if (!nested || (json_find(&item->value, "usage", &usage) != 1 &&
                    json_find(&item->value, "billed_units", &usage) != 1))
        return false;
    bool counts = reads(&usage, out);
    return usage_beside_add(&item->value, out) || counts;
}

static bool is_usage(struct slice key)
{
    return json_key_is(key, "usageMetadata") || json_key_is(key, "usage_metadata") ||
           json_key_is(key, "token_usage") || json_key_is(key, "usage_info");
}

bool usage_find(const struct json_value *root, struct usage_form *out)
{
    struct json_walk walk = json_walk(root);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (find_nested(&item, out))
            return true;
        if (is_usage(item.key) && reads(&item.value, out)) {
            (void)usage_beside_add(root, out);
            return true;
        }
        if (json_key_is(item.key, "eval_count") && usage_form_read(root, out))
            return true;
        if (json_key_is(item.key, "duration") && read_duration(&item.value, out))
            return true;
        if (json_key_is(item.key, "timings") && read_timings(&item.value, out))
            return true;
    }
    return false;
}
