#include "dialect/paid_features.h"

#include <string.h>

#include "dialect/paid_generation.h"
#include "dialect/paid_marks.h"
#include "dialect/paid_tools.h"

/* ---- forms of members; none is called with null ---- */

static bool find_any(const struct paid_finder *finder, const struct json_value *value)
{
    (void)value;
    return paid_finder_add_whole(finder);
}

/* Some servers take 1 or "true" for true. */
static bool find_switch(const struct paid_finder *finder, const struct json_value *value)
{
    return value->type == JSON_FALSE || paid_finder_add_whole(finder);
}

/* Nothing is asked for by [], {} and "". */
static bool is_empty(const struct json_value *value)
{
    bool container = value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    struct json_walk walk = json_walk(value);
    struct json_item first;
    return container ? !json_next(&walk, &first) : slice_equals(value->raw, "\"\"");
}

static bool find_filled(const struct paid_finder *finder, const struct json_value *value)
{
    return is_empty(value) || paid_finder_add_whole(finder);
}

static bool find_object(const struct paid_finder *finder, const struct json_value *value)
{
    return value->type != JSON_OBJECT || find_filled(finder, value);
}

static bool find_word(const struct paid_finder *finder, const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return paid_finder_refuse_entry(finder, -1, "a string");
    return paid_finder_add_word(finder, value, -1);
}

static bool find_filled_word(const struct paid_finder *finder, const struct json_value *value)
{
    return is_empty(value) || find_word(finder, value);
}

static bool find_words(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (item.value.type != JSON_STRING)
            return paid_finder_refuse_entry(finder, place, "a string");
        if (!paid_finder_add_word(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY || paid_finder_refuse_entry(finder, -1, "an array of strings");
}

static bool find_unless_off(const struct paid_finder *finder, const struct json_value *value)
{
    bool off;
    if (!paid_tools_read_off(finder, value, &off))
        return false;
    return off || paid_finder_add_whole(finder);
}

/* OpenAI's modes of reasoning. */
static bool find_mode(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_value mode;
    if (value->type != JSON_OBJECT)
        return true;
    if (!paid_finder_read_inner(finder, value, finder->member->inner, &mode))
        return false;
    return mode.type != JSON_STRING || paid_finder_add_word(finder, &mode, -1);
}

/* Anthropic's edits that only take something out of the context. */
static bool only_clears(const struct json_value *edits)
{
    struct json_walk walk = json_walk(edits);
    struct json_item edit;
    struct json_value type;
    bool clears = edits->type == JSON_ARRAY;
    while (clears && json_next(&walk, &edit))
        clears = json_find(&edit.value, "type", &type) == 1 && type.type == JSON_STRING &&
                 slice_starts_with(type.raw, "\"clear_");
    return clears;
}

/* Others have the model write a summary. */
static bool find_context(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    bool clears = value->type == JSON_OBJECT;
    while (clears && json_next(&walk, &item))
        clears = json_key_is(item.key, "edits") && only_clears(&item.value);
    return clears || find_filled(finder, value);
}

/* ---- the members ---- */

#define BREAKPOINT_TTL "prompt_cache_breakpoint.ttl"

static const struct paid_member members[] = {
    {"service_tier", "service_tier.", .find = find_word, .exact = true,
     .plain = {"auto", "default", "standard", "on_demand", "standard_only", "unspecified"}},
    {"web_search_options", "web_search", .find = find_any},
    {"tools", "tools.", .find = paid_tools_find, .inner = "type",
     .plain = {"function", "custom", "local_shell", "apply_patch", "tool_search"}},
    {"modalities", "modalities.", .find = find_words, .plain = {"text"}},
    {"audio", "modalities.audio", .find = find_any},
    {"prompt_cache_retention", "prompt_cache_retention.", .find = find_word,
     .plain = {"in_memory", "in-memory"}},
    {"prompt_cache_options", PAID_BREAKPOINT, .find = paid_marks_find_ttl, .inner = "ttl"},
    {"cache_control", PAID_MARK, .find = paid_marks_find_ttl, .inner = "ttl"},
    {"system", PAID_MARK, .find = paid_marks_find, .inner = "cache_control.ttl"},
    /* their parts are written to the cache, too */
    {"prediction", PAID_BREAKPOINT, .find = paid_marks_find_within, .inner = BREAKPOINT_TTL},
    {"instructions", PAID_BREAKPOINT, .find = paid_marks_find_within, .inner = BREAKPOINT_TTL},
    {"questions", PAID_BREAKPOINT, .find = paid_marks_find_within, .inner = BREAKPOINT_TTL},
    {"moderation", "moderation", .find = find_switch},
    {"background", "background", .find = find_switch},
    {"speed", "speed.", .find = find_filled_word, .exact = true, .plain = {"standard"}},
    {"inference_geo", "inference_geo.", .find = find_filled_word, .exact = true,
     .plain = {"global"}},
    {"access_programs", "access_programs", .find = find_filled},
    {"reasoning", "reasoning.mode.", .find = find_mode, .inner = "mode", .plain = {"standard"}},
    /* input that the body does not show */
    {"prompt", "prompt", .find = find_object}, /* a stored one */
    {"cached_content", "cached_content", .find = find_filled},
    {"thread", "thread", .find = find_filled},             /* Anthropic's */
    {"data_sources", "data_sources", .find = find_filled}, /* Azure's */
    {"preset", "preset", .find = find_filled},             /* OpenRouter's */
    {"extra_body", "extra_body", .find = find_filled},     /* any member that a client packed */
    /* work beside the model's */
    {"container", "container", .find = find_filled},
    {"mcp_servers", "mcp_servers", .find = find_filled},
    {"context_management", "context_management", .find = find_context},
    {"compound_custom", "compound_custom", .find = find_filled}, /* Groq's */
    {"plugins", "plugins.", .find = paid_tools_find_entries, .inner = "id",
     .off = {"enabled", "false"}},
    {"search_parameters", "web_search", .find = find_unless_off,
     .off = {"mode", "\"off\""}},                         /* xAI's */
    {"enable_search", "web_search", .find = find_switch}, /* Qwen's */
    /* another model than the one that is priced, or another payer */
    {"models", "models", .find = find_filled},
    {"fallbacks", "fallbacks", .find = find_filled},
    {"bill_to", "bill_to", .find = find_filled},
    {"billing_policy", "billing_policy", .find = find_unless_off, .off = {"bill_to", "\"self\""}},
    {"fallback_credit_token", "fallback_credit_token", .find = find_filled},
    /* Google's */
    {"generation_config", "modalities.", .find = paid_generation_find},
    {"routing_config", "routing_config", .find = find_filled}, /* of the generation_config */
    {"model_selection_config", "model_selection_config", .find = find_filled},
    {"continuation_token", "continuation_token", .find = find_filled},
    {"model_armor_config", "model_armor_config", .find = find_filled},
    {"generation_output_config", "generation_output_config", .find = find_filled},
};

enum { MEMBER_COUNT = sizeof members / sizeof *members };

_Static_assert(MEMBER_COUNT <= 64, "paid_features.seen has a bit for each");

bool paid_features_read(struct paid_features *found, struct slice name,
                        const struct json_value *value, struct request_fault *fault)
{
    char camel[MEMBER_NAME_BYTES_MAX + 1];
    size_t i = 0;
    while (i < MEMBER_COUNT && !member_name_reads_as(name, members[i].name, MEMBER_CASE_CAMEL))
        i++;
    if (i == MEMBER_COUNT)
        return true;
    bool plain = slice_equals(name, members[i].name);
    const struct paid_finder finder = {found, &members[i], fault, !plain};
    if (!plain && !slice_equals(name, member_name_camel(members[i].name, camel)))
        return paid_finder_refuse_spelling(&finder, name);
    if ((found->seen & UINT64_C(1) << i) != 0)
        return request_fault_twice(fault, members[i].name, name);
    found->seen |= UINT64_C(1) << i;
    size_t count = found->count;
    if (value->type != JSON_NULL && !members[i].find(&finder, value))
        return false;
    bool claims = found->count > count && members[i].exact && !plain && !found->gemini;
    return !claims || paid_finder_refuse_spelling(&finder, name);
}

const char *paid_features_known(size_t index)
{
    return index < MEMBER_COUNT ? members[index].feature : NULL;
}

bool paid_features_read_marks(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault)
{
    return paid_marks_read_messages(found, name, messages, fault);
}

bool paid_features_read_added(struct paid_features *found, const char *name,
                              const struct json_value *messages, struct request_fault *fault)
{
    return strcmp(name, "input") == 0 ? paid_tools_read_items(found, messages, fault)
                                      : paid_tools_read_messages(found, messages, fault);
}

/* ---- a feature that was found ---- */

const char *paid_features_name(const struct paid_feature *feature,
                               char out[PAID_FEATURE_NAME_BYTES])
{
    return paid_finder_name(feature, out);
}

const char *paid_features_param(const struct paid_feature *feature,
                                char out[PAID_FEATURE_PARAM_BYTES])
{
    return paid_finder_param(feature, out);
}

const struct paid_feature *paid_features_unsold(const struct paid_features *found, const char *sold,
                                                const char *left_out)
{
    char name[PAID_FEATURE_NAME_BYTES];
    for (size_t i = 0; i < found->count; i++) {
        const struct paid_feature *feature = &found->list[i];
        struct slice its = slice_of(paid_features_name(feature, name));
        if (!paid_finder_is_listed(sold, its) && !paid_finder_is_listed(left_out, its))
            return feature;
    }
    return NULL;
}

const char *paid_features_left_out(enum dialect asked)
{
    /* as in lua/dialect/responses/read_request.lua */
    return asked == DIALECT_RESPONSES ? "tools.web_search tools.web_search_preview" : "";
}

bool paid_features_sells(const char *sold, const char *name)
{
    return paid_finder_is_listed(sold, slice_of(name));
}

bool paid_features_use(const struct paid_features *found, const char *wanted)
{
    char name[PAID_FEATURE_NAME_BYTES];
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(paid_features_name(&found->list[i], name), wanted) == 0)
            return true;
    }
    return false;
}

bool paid_features_begin(const struct paid_features *found, const char *beginning)
{
    char name[PAID_FEATURE_NAME_BYTES];
    for (size_t i = 0; i < found->count; i++) {
        if (slice_starts_with(slice_of(paid_features_name(&found->list[i], name)), beginning))
            return true;
    }
    return false;
}

struct slice paid_features_value(const struct paid_features *found, const char *beginning)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->list[i].member->feature, beginning) == 0)
            return found->list[i].value;
    }
    return (struct slice){"", 0};
}
