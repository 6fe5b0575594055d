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
    const char *inner;    /* the way to the member of an inner object that has the value */
    const char *plain[6]; /* values at the plain price; then NULL */
    const char *off[2];   /* a member of an inner object, and its value that turns it off */
};

/* The search in one member. */
struct finder {
    struct paid_features *found;
    const struct paid_member *member;
    struct request_fault *fault;
    bool camel; /* the member is written in camel case */
};

static bool refuse(const struct finder *finder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct finder *finder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    request_fault_set(finder->fault, "invalid_value", finder->member->name, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- names ---- */

/* Returns whether one entry of a list of names stands for `name`. */
static bool stands_for(struct slice entry, struct slice name)
{
    size_t bytes = entry.bytes - 1;
    if (entry.data[bytes] != '*')
        return name.bytes == entry.bytes && memcmp(entry.data, name.data, name.bytes) == 0;
    return name.bytes >= bytes && memcmp(entry.data, name.data, bytes) == 0;
}

/* `list` has names between spaces; one that ends with `*` stands for all that begin so. */
static bool is_listed(const char *list, struct slice name)
{
    for (;;) {
        list += strspn(list, " ");
        size_t bytes = strcspn(list, " ");
        if (bytes == 0)
            return false;
        if (stands_for((struct slice){list, bytes}, name))
            return true;
        list += bytes;
    }
}

/* Returns the name in camel case: service_tier is serviceTier. */
static const char *to_camel(const char *ours, char out[MEMBER_NAME_BYTES_MAX + 1])
{
    size_t bytes = 0;
    for (bool large = false; *ours != '\0'; ours++) {
        if (*ours != '_')
            out[bytes++] = large ? (char)(*ours & ~0x20) : *ours;
        large = *ours == '_';
    }
    out[bytes] = '\0';
    return out;
}

/* The name is neither as ours is written nor in camel case. */
static bool refuse_spelling(const struct finder *finder, struct slice name)
{
    const char *ours = finder->member->name;
    refuse(finder, "The member '%.*s' must be written '%s'.", (int)name.bytes, name.data, ours);
    finder->fault->param = NULL;
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

/* Returns a feature of the member, in the place of its list if that is not -1. */
static struct paid_feature feature_at(const struct finder *finder, int32_t place)
{
    return (struct paid_feature){
        .member = finder->member, .value = {"", 0}, .place = place, .camel = finder->camel};
}

static bool add_whole(const struct finder *finder)
{
    const struct paid_feature feature = feature_at(finder, -1);
    return add(finder, &feature);
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

/* The name of a member that is at fault is not shown: it may be any text. */
static bool refuse_text(const struct finder *finder, const struct paid_feature *feature,
                        size_t room)
{
    char where[PAID_FEATURE_PARAM_BYTES];
    struct paid_feature shown = *feature;
    if (shown.by_key)
        shown.value.bytes = 0;
    return refuse(finder,
                  "'%s' has a %s is not 1 to %zu printable ASCII characters without spaces and "
                  "backslashes.",
                  paid_features_param(&shown, where),
                  shown.by_key ? "member whose name" : "value that", room);
}

/* Adds the feature whose name ends with feature->value. */
static bool add_valued(const struct finder *finder, const struct paid_feature *feature)
{
    size_t room = PAID_FEATURE_NAME_BYTES - 1 - strlen(finder->member->feature);
    if (feature->value.bytes > room || !is_plain_text(feature->value))
        return refuse_text(finder, feature, room);
    return add(finder, feature);
}

/* Refuses the member, or what it has in the place, because that is no `wanted`. */
static bool refuse_entry(const struct finder *finder, int32_t place, const char *wanted)
{
    char where[PAID_FEATURE_PARAM_BYTES];
    struct paid_feature feature = feature_at(finder, place);
    feature.by_key = true; /* no inner member is at fault */
    return refuse(finder, "'%s' must be %s.", paid_features_param(&feature, where), wanted);
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
    struct paid_feature feature = feature_at(finder, place);
    feature.value = (struct slice){word->raw.data + 1, word->raw.bytes - 2};
    return add_valued(finder, &feature);
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

/* Nothing is asked for by [], {} and "". */
static bool is_empty(const struct json_value *value)
{
    bool container = value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    struct json_walk walk = json_walk(value);
    struct json_item first;
    return container ? !json_next(&walk, &first) : slice_equals(value->raw, "\"\"");
}

static bool find_filled(const struct finder *finder, const struct json_value *value)
{
    return is_empty(value) || add_whole(finder);
}

static bool find_object(const struct finder *finder, const struct json_value *value)
{
    return value->type != JSON_OBJECT || find_filled(finder, value);
}

static bool find_word(const struct finder *finder, const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return refuse_entry(finder, -1, "a string");
    return add_word(finder, value, -1);
}

static bool find_filled_word(const struct finder *finder, const struct json_value *value)
{
    return is_empty(value) || find_word(finder, value);
}

static bool find_words(const struct finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    for (int32_t place = 0; value->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (item.value.type != JSON_STRING)
            return refuse_entry(finder, place, "a string");
        if (!add_word(finder, &item.value, place))
            return false;
    }
    return value->type == JSON_ARRAY || refuse_entry(finder, -1, "an array of strings");
}

/* Sets *out to the inner member, which may be there once; of type JSON_NULL: it is not there. */
static bool read_inner(const struct finder *finder, const struct json_value *object,
                       const char *inner, struct json_value *out)
{
    struct json_walk walk = json_walk(object);
    struct json_item item;
    bool seen = false;
    *out = (struct json_value){.type = JSON_NULL};
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice name = member_name_decode(item.key, &room);
        bool read = member_name_reads_as(name, inner, MEMBER_CASE_FOLDED);
        bool disguised = read && !slice_equals(name, inner);
        buffer_fini(&room);
        if (disguised)
            return request_fault_disguised(finder->fault, finder->member->name, item.key);
        if (read && seen)
            return request_fault_twice(finder->fault, finder->member->name, slice_of(inner));
        if (read)
            *out = item.value;
        seen = seen || read;
    }
    return true;
}

/* Sets *off to whether the object says that it is turned off. */
static bool read_off(const struct finder *finder, const struct json_value *object, bool *off)
{
    const char *const *said = finder->member->off;
    struct json_value value = {.type = JSON_NULL};
    bool read = said[0] == NULL || read_inner(finder, object, said[0], &value);
    *off = value.type != JSON_NULL && slice_equals(value.raw, said[1]);
    return read;
}

static bool find_unless_off(const struct finder *finder, const struct json_value *value)
{
    bool off;
    if (!read_off(finder, value, &off))
        return false;
    return off || add_whole(finder);
}

/* ---- how long a cache keeps ---- */

static bool read_ttl(const struct finder *finder, const struct json_value *object, int32_t place)
{
    struct json_value ttl;
    if (!read_inner(finder, object, "ttl", &ttl))
        return false;
    if (ttl.type == JSON_NULL)
        return true;
    if (ttl.type == JSON_STRING)
        return add_word(finder, &ttl, place);
    struct paid_feature feature = feature_at(finder, place);
    feature.value = ttl.type == JSON_NUMBER ? ttl.raw : feature.value;
    return add_valued(finder, &feature);
}

static bool find_ttl(const struct finder *finder, const struct json_value *value)
{
    if (value->type != JSON_OBJECT)
        return refuse_entry(finder, -1, "an object");
    return read_ttl(finder, value, -1);
}

/* Returns whether a server may read the key as `cache_control`. */
static bool is_mark(struct slice key)
{
    struct buffer room = {0};
    bool suspect = key.bytes > 0 && ((key.data[0] | 0x20) == 'c' || key.data[0] == '\\');
    bool mark = suspect && member_name_reads_as(member_name_decode(key, &room), "cache_control",
                                                MEMBER_CASE_CAMEL);
    buffer_fini(&room);
    return mark;
}

/* Finds the marks of an object, or of an array's entries, and in what they hold down to `depth`.
 * All of them count, for a server obeys one that is there twice. */
static bool read_marks(const struct finder *finder, const struct json_value *container,
                       int32_t place, unsigned depth)
{
    struct json_walk walk = json_walk(container);
    struct json_item item;
    while (json_next(&walk, &item)) {
        bool mark = is_mark(item.key);
        if (mark && !read_ttl(finder, &item.value, place))
            return false;
        if (!mark && depth > 0 && !read_marks(finder, &item.value, place, depth - 1))
            return false;
    }
    return true;
}

/* Finds the marks of each entry of an array. */
static bool read_entries_marks(const struct finder *finder, const struct json_value *array,
                               unsigned depth)
{
    struct json_walk walk = json_walk(array);
    struct json_item item;
    for (int32_t place = 0; array->type == JSON_ARRAY && json_next(&walk, &item); place++) {
        if (!read_marks(finder, &item.value, place, depth))
            return false;
    }
    return true;
}

#define MARK .feature = "cache_control.ttl.", .plain = {"5m"}

static bool find_marks(const struct finder *finder, const struct json_value *value)
{
    return read_entries_marks(finder, value, 0);
}

/* In a tool, and in its function. */
static bool read_tool_marks(const struct finder *finder, const struct json_value *tool,
                            int32_t place)
{
    static const struct paid_member own = {"tools", MARK, .inner = "cache_control.ttl"};
    static const struct paid_member inner = {"tools", MARK, .inner = "function.cache_control.ttl"};
    const struct finder of_tool = {finder->found, &own, finder->fault, false};
    const struct finder of_function = {finder->found, &inner, finder->fault, false};
    struct json_value function;
    return read_marks(&of_tool, tool, place, 0) && (json_find(tool, "function", &function) == 0 ||
                                                    read_marks(&of_function, &function, place, 0));
}

bool paid_features_read_marks(struct paid_features *found, const struct json_value *messages,
                              struct request_fault *fault)
{
    enum { DEPTH = 8 }; /* to the parts of a document's source in a tool's result */
    static const struct paid_member member = {"messages", MARK};
    const struct finder finder = {found, &member, fault, false};
    return read_entries_marks(&finder, messages, DEPTH);
}

/* ---- lists ---- */

/* The members of a function that is written without a type, in the forms of several providers. */
static bool is_of_function(struct slice key)
{
    return is_listed("type function custom name title description strict parameters annotations "
                     "input_schema inputSchema outputSchema input_examples defer_loading "
                     "eager_input_streaming functionDeclarations function_declarations",
                     key) ||
           is_mark(key);
}

/* An entry without a type is named by its members: {"google_search": {}} is a tool of Gemini's. */
static bool find_untyped(const struct finder *finder, const struct json_value *entry, int32_t place)
{
    struct json_walk walk = json_walk(entry);
    struct json_item item;
    while (json_next(&walk, &item)) {
        struct paid_feature feature = feature_at(finder, place);
        feature.value = item.key;
        feature.by_key = true;
        if (!is_of_function(item.key) && !add_valued(finder, &feature))
            return false;
    }
    return true;
}

static bool find_entry(const struct finder *finder, const struct json_value *entry, int32_t place)
{
    struct json_value inner;
    bool off;
    if (entry->type != JSON_OBJECT)
        return refuse_entry(finder, place, "an object");
    if (!read_inner(finder, entry, finder->member->inner, &inner) || !read_off(finder, entry, &off))
        return false;
    if (off)
        return true;
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
    return value->type == JSON_ARRAY || refuse_entry(finder, -1, "an array of objects");
}

static bool find_tools(const struct finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    if (!find_entries(finder, value))
        return false;
    for (int32_t place = 0; json_next(&walk, &item); place++) {
        if (!read_tool_marks(finder, &item.value, place))
            return false;
    }
    return true;
}

/* ---- the members ---- */

static const struct paid_member members[] = {
    {"service_tier", "service_tier.", .find = find_word,
     .plain = {"auto", "default", "standard", "on_demand", "standard_only"}},
    {"web_search_options", "web_search", .find = find_any},
    {"tools", "tools.", .find = find_tools, .inner = "type", .plain = {"function", "custom"}},
    {"modalities", "modalities.", .find = find_words, .plain = {"text"}},
    {"audio", "modalities.audio", .find = find_any},
    {"prompt_cache_retention", "prompt_cache_retention.", .find = find_word,
     .plain = {"in_memory", "in-memory"}},
    {"prompt_cache_options", "prompt_cache_options.ttl.", .find = find_ttl, .inner = "ttl",
     .plain = {"30m"}},
    {"cache_control", MARK, .find = find_ttl, .inner = "ttl"},
    {"system", MARK, .find = find_marks, .inner = "cache_control.ttl"},
    {"moderation", "moderation", .find = find_switch},
    {"background", "background", .find = find_switch},
    {"speed", "speed.", .find = find_filled_word, .plain = {"standard"}},
    {"inference_geo", "inference_geo.", .find = find_filled_word, .plain = {"global"}},
    {"access_programs", "access_programs", .find = find_filled},
    /* input that the body does not show */
    {"conversation", "conversation", .find = find_filled},
    {"previous_response_id", "previous_response_id", .find = find_filled},
    {"prompt", "prompt", .find = find_object}, /* a stored one */
    {"cached_content", "cached_content", .find = find_filled},
    {"data_sources", "data_sources", .find = find_filled}, /* Azure's */
    {"preset", "preset", .find = find_filled},             /* OpenRouter's */
    {"extra_body", "extra_body", .find = find_filled},     /* any member that a client packed */
    /* work beside the model's */
    {"container", "container", .find = find_filled},
    {"mcp_servers", "mcp_servers", .find = find_filled},
    {"context_management", "context_management", .find = find_filled},
    {"compound_custom", "compound_custom", .find = find_filled}, /* Groq's */
    {"plugins", "plugins.", .find = find_entries, .inner = "id", .off = {"enabled", "false"}},
    {"search_parameters", "web_search", .find = find_unless_off,
     .off = {"mode", "\"off\""}},                         /* xAI's */
    {"enable_search", "web_search", .find = find_switch}, /* Qwen's */
    /* another model than the one that is priced, or another payer */
    {"models", "models", .find = find_filled},
    {"fallbacks", "fallbacks", .find = find_filled},
    {"bill_to", "bill_to", .find = find_filled},
};

enum { MEMBER_COUNT = sizeof members / sizeof *members };

_Static_assert(MEMBER_COUNT <= 32, "paid_features.seen has a bit for each");

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
    const struct finder finder = {found, &members[i], fault, !plain};
    if (!plain && !slice_equals(name, to_camel(members[i].name, camel)))
        return refuse_spelling(&finder, name);
    if ((found->seen & UINT32_C(1) << i) != 0)
        return request_fault_twice(fault, members[i].name, name);
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
    char camel[MEMBER_NAME_BYTES_MAX + 1];
    char place[24] = "";
    const char *name =
        feature->camel ? to_camel(feature->member->name, camel) : feature->member->name;
    if (feature->place >= 0)
        snprintf(place, sizeof place, "[%d]", (int)feature->place);
    snprintf(out, PAID_FEATURE_PARAM_BYTES, "%s%s%s%.*s", name, place, inner.bytes > 0 ? "." : "",
             (int)inner.bytes, inner.data);
    return out;
}

const struct paid_feature *paid_features_unsold(const struct paid_features *found, const char *sold)
{
    char name[PAID_FEATURE_NAME_BYTES];
    for (size_t i = 0; i < found->count; i++) {
        const struct paid_feature *feature = &found->list[i];
        if (!is_listed(sold, slice_of(paid_features_name(feature, name))))
            return feature;
    }
    return NULL;
}

bool paid_features_sells(const char *sold, const char *name)
{
    return is_listed(sold, slice_of(name));
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
