#include "dialect/paid_features.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dialect/member_name.h"

struct finder;

/* One member of a request, and how its features are found. */
struct paid_member {
    const char *name;
    const char *feature; /* its feature; one that ends with a dot is followed by the value */
    bool (*find)(const struct finder *finder, const struct json_value *value);
    const char *inner;    /* the member of an inner object that has the value */
    const char *plain[4]; /* values at the plain price; then NULL */
};

/* The search in one member. */
struct finder {
    struct paid_features *found;
    const struct paid_member *member;
    struct chat_fault *fault;
};

static bool refuse(const struct finder *finder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct finder *finder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    chat_fault_set(finder->fault, "invalid_value", finder->member->name, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- adding ---- */

static bool same(const struct paid_feature *a, const struct paid_feature *b)
{
    return strcmp(a->member->feature, b->member->feature) == 0 &&
           a->value.bytes == b->value.bytes &&
           (a->value.bytes == 0 || memcmp(a->value.data, b->value.data, a->value.bytes) == 0);
}

static bool add(const struct finder *finder, const struct paid_feature *feature)
{
    struct paid_features *found = finder->found;
    for (size_t i = 0; i < found->count; i++) {
        if (same(&found->list[i], feature))
            return true;
    }
    if (found->count == PAID_FEATURES_MAX)
        return refuse(finder, "The request uses more than %d features that are billed apart.",
                      PAID_FEATURES_MAX);
    found->list[found->count++] = *feature;
    return true;
}

static bool add_whole(const struct finder *finder)
{
    return add(finder,
               &(struct paid_feature){.member = finder->member, .value = {"", 0}, .place = -1});
}

/* Returns whether the text may stand in a name: printable ASCII without spaces and escapes. */
static bool is_plain_text(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '\\')
            return false;
    }
    return text.bytes > 0;
}

/* Adds the feature whose name ends with feature->value. */
static bool add_valued(const struct finder *finder, const struct paid_feature *feature)
{
    size_t room = PAID_FEATURE_NAME_BYTES - 1 - strlen(finder->member->feature);
    if (feature->value.bytes > room || !is_plain_text(feature->value))
        return refuse(finder,
                      "'%s' has a value that is not 1 to %zu printable ASCII characters without "
                      "spaces and escapes.",
                      finder->member->name, room);
    return add(finder, feature);
}

static bool is_plain(const struct finder *finder, const struct json_value *value)
{
    const char *const *plain = finder->member->plain;
    while (value->type == JSON_STRING && *plain != NULL) {
        if (json_string_is(value, *plain++))
            return true;
    }
    return false;
}

/* Adds the feature that a string names, unless it has the plain price. */
static bool add_word(const struct finder *finder, const struct json_value *word, int32_t place)
{
    if (is_plain(finder, word))
        return true;
    return add_valued(finder, &(struct paid_feature){
                                  .member = finder->member,
                                  .value = {word->raw.data + 1, word->raw.bytes - 2},
                                  .place = place,
                              });
}

/* ---- forms of members; none is called with null ---- */

static bool find_any(const struct finder *finder, const struct json_value *value)
{
    (void)value;
    return add_whole(finder);
}

/* Some servers take 1 or "true" for true. */
static bool find_switch(const struct finder *finder, const struct json_value *value)
{
    return value->type == JSON_FALSE || add_whole(finder);
}

static bool find_object(const struct finder *finder, const struct json_value *value)
{
    return value->type != JSON_OBJECT || add_whole(finder);
}

/* Nothing is asked for by [], {} and "". */
static bool find_filled(const struct finder *finder, const struct json_value *value)
{
    bool container = value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    struct json_walk walk = json_walk(value);
    struct json_item first;
    bool empty = container ? !json_next(&walk, &first) : slice_equals(value->raw, "\"\"");
    return empty || add_whole(finder);
}

static bool find_other(const struct finder *finder, const struct json_value *value)
{
    return is_plain(finder, value) || add_whole(finder);
}

static bool find_word(const struct finder *finder, const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return refuse(finder, "'%s' must be a string.", finder->member->name);
    return add_word(finder, value, -1);
}

static bool find_words(const struct finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (item.value.type != JSON_STRING)
            return refuse(finder, "'%s' must be an array of strings.", finder->member->name);
        if (!add_word(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY ||
           refuse(finder, "'%s' must be an array of strings.", finder->member->name);
}

/* Sets *out to the inner member, which may be there once; of type JSON_NULL: it is not there. */
static bool read_inner(const struct finder *finder, const struct json_value *object,
                       struct json_value *out)
{
    const char *inner = finder->member->inner;
    struct json_walk walk = json_walk(object);
    struct json_item item;
    bool seen = false;
    *out = (struct json_value){.type = JSON_NULL};
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice name = member_name_decode(item.key, &room);
        bool read = member_name_reads_as(name, inner);
        bool disguised = read && !slice_equals(name, inner);
        buffer_fini(&room);
        if (disguised)
            return chat_fault_disguised(finder->fault, finder->member->name, item.key);
        if (read && seen)
            return chat_fault_twice(finder->fault, finder->member->name, slice_of(inner));
        if (read)
            *out = item.value;
        seen = seen || read;
    }
    return true;
}

static bool find_inner(const struct finder *finder, const struct json_value *value)
{
    struct json_value inner;
    if (value->type != JSON_OBJECT)
        return refuse(finder, "'%s' must be an object.", finder->member->name);
    if (!read_inner(finder, value, &inner))
        return false;
    if (inner.type == JSON_NULL)
        return true;
    if (inner.type == JSON_STRING)
        return add_word(finder, &inner, -1);
    if (inner.type != JSON_NUMBER)
        return refuse(finder, "'%s.%s' must be a string.", finder->member->name,
                      finder->member->inner);
    return add_valued(
        finder, &(struct paid_feature){.member = finder->member, .value = inner.raw, .place = -1});
}

/* The members of a function that is written without a type, in the forms of several providers. */
static bool is_of_function(struct slice key)
{
    static const char *const names[] = {"type",
                                        "function",
                                        "custom",
                                        "name",
                                        "description",
                                        "strict",
                                        "parameters",
                                        "input_schema",
                                        "cache_control",
                                        "functionDeclarations",
                                        "function_declarations"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_equals(key, names[i]))
            return true;
    }
    return false;
}

/* An entry without a type is named by its members: {"google_search": {}} is a tool of Gemini's. */
static bool find_untyped(const struct finder *finder, const struct json_value *entry, int32_t place)
{
    struct json_walk walk = json_walk(entry);
    struct json_item item;
    while (json_next(&walk, &item)) {
        const struct paid_feature feature = {
            .member = finder->member, .value = item.key, .place = place, .by_key = true};
        if (!is_of_function(item.key) && !add_valued(finder, &feature))
            return false;
    }
    return true;
}

static bool find_entry(const struct finder *finder, const struct json_value *entry, int32_t place)
{
    struct json_value inner;
    if (entry->type != JSON_OBJECT)
        return refuse(finder, "'%s' must be an array of objects.", finder->member->name);
    if (!read_inner(finder, entry, &inner))
        return false;
    if (inner.type != JSON_STRING)
        return find_untyped(finder, entry, place);
    return add_word(finder, &inner, place);
}

static bool find_entries(const struct finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!find_entry(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY ||
           refuse(finder, "'%s' must be an array of objects.", finder->member->name);
}

/* ---- the members ---- */

static const struct paid_member members[] = {
    {"service_tier", "service_tier.", .find = find_word, .plain = {"auto", "default", "standard"}},
    {"web_search_options", "web_search", .find = find_any},
    {"tools", "tools.", .find = find_entries, .inner = "type", .plain = {"function", "custom"}},
    {"modalities", "modalities.", .find = find_words, .plain = {"text"}},
    {"audio", "modalities.audio", .find = find_any},
    {"prompt_cache_retention", "prompt_cache_retention.", .find = find_word,
     .plain = {"in_memory", "in-memory"}},
    {"prompt_cache_options", "prompt_cache_options.ttl.", .find = find_inner, .inner = "ttl"},
    {"moderation", "moderation", .find = find_switch},
    {"background", "background", .find = find_switch},
    {"speed", "speed", .find = find_other, .plain = {"standard"}},
    {"inference_geo", "inference_geo", .find = find_other, .plain = {"global"}},
    {"access_programs", "access_programs", .find = find_filled},
    /* input that the body does not show */
    {"conversation", "conversation", .find = find_any},
    {"previous_response_id", "previous_response_id", .find = find_any},
    {"prompt", "prompt", .find = find_object}, /* a stored one */
    {"cached_content", "cached_content", .find = find_any},
    {"cachedContent", "cached_content", .find = find_any},
    /* work beside the model's */
    {"container", "container", .find = find_any},
    {"mcp_servers", "mcp_servers", .find = find_filled},
    {"context_management", "context_management", .find = find_any},
    {"plugins", "plugins.", .find = find_entries, .inner = "id"},
    {"search_parameters", "web_search", .find = find_any}, /* xAI's */
    {"enable_search", "web_search", .find = find_switch},  /* Qwen's */
    /* another model than the one that is priced, or another payer */
    {"models", "models", .find = find_filled},
    {"fallbacks", "fallbacks", .find = find_filled},
    {"bill_to", "bill_to", .find = find_any},
};

enum { MEMBER_COUNT = sizeof members / sizeof *members };

_Static_assert(MEMBER_COUNT <= 32, "paid_features.seen has a bit for each");

bool paid_features_read(struct paid_features *found, struct slice name,
                        const struct json_value *value, struct chat_fault *fault)
{
    size_t i = 0;
    while (i < MEMBER_COUNT && !member_name_reads_as(name, members[i].name))
        i++;
    if (i == MEMBER_COUNT)
        return true;
    const struct finder finder = {found, &members[i], fault};
    if (!slice_equals(name, members[i].name))
        return chat_fault_disguised(fault, NULL, name);
    if ((found->seen & UINT32_C(1) << i) != 0)
        return chat_fault_twice(fault, members[i].name, name);
    found->seen |= UINT32_C(1) << i;
    return value->type == JSON_NULL || members[i].find(&finder, value);
}

const char *paid_features_known(size_t index)
{
    return index < MEMBER_COUNT ? members[index].feature : NULL;
}

/* ---- a feature that was found ---- */

const char *paid_features_name(const struct paid_feature *feature,
                               char out[PAID_FEATURE_NAME_BYTES])
{
    snprintf(out, PAID_FEATURE_NAME_BYTES, "%s%.*s", feature->member->feature,
             (int)feature->value.bytes, feature->value.data);
    return out;
}

const char *paid_features_param(const struct paid_feature *feature,
                                char out[PAID_FEATURE_PARAM_BYTES])
{
    struct slice inner = feature->by_key ? feature->value : slice_of(feature->member->inner);
    char place[24] = "";
    if (feature->place >= 0)
        snprintf(place, sizeof place, "[%d]", (int)feature->place);
    snprintf(out, PAID_FEATURE_PARAM_BYTES, "%s%s%s%.*s", feature->member->name, place,
             inner.bytes > 0 ? "." : "", (int)inner.bytes, inner.data);
    return out;
}

/* Returns whether one entry of the sold names stands for `name`. */
static bool is_sold_by(struct slice entry, const char *name)
{
    size_t bytes = entry.bytes - 1;
    if (entry.data[bytes] == '*')
        return strncmp(entry.data, name, bytes) == 0;
    return slice_equals(entry, name);
}

static bool is_sold(const char *sold, const char *name)
{
    for (;;) {
        sold += strspn(sold, " ");
        size_t bytes = strcspn(sold, " ");
        if (bytes == 0)
            return false;
        if (is_sold_by((struct slice){sold, bytes}, name))
            return true;
        sold += bytes;
    }
}

const struct paid_feature *paid_features_unsold(const struct paid_features *found, const char *sold)
{
    char name[PAID_FEATURE_NAME_BYTES];
    for (size_t i = 0; i < found->count; i++) {
        const struct paid_feature *feature = &found->list[i];
        if (!is_sold(sold, paid_features_name(feature, name)))
            return feature;
    }
    return NULL;
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

struct slice paid_features_value(const struct paid_features *found, const char *beginning)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->list[i].member->feature, beginning) == 0)
            return found->list[i].value;
    }
    return (struct slice){"", 0};
}
