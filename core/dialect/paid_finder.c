#include "dialect/paid_finder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool refuse(const struct paid_finder *finder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct paid_finder *finder, const char *format, ...)
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
        return slice_same(entry, name);
    return name.bytes >= bytes && memcmp(entry.data, name.data, bytes) == 0;
}

/* `list` has names between spaces; one that ends with `*` stands for all that begin so. */
bool paid_finder_is_listed(const char *list, struct slice name)
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

/* The name is neither as ours is written nor in camel case. */
bool paid_finder_refuse_spelling(const struct paid_finder *finder, struct slice name)
{
    const char *ours = finder->member->name;
    refuse(finder, "The member '%.*s' must be written '%s'.", (int)name.bytes, name.data, ours);
    finder->fault->param = NULL;
    return false;
}

/* ---- adding ---- */

static bool same(const struct paid_feature *a, const struct paid_feature *b)
{
    return strcmp(a->member->feature, b->member->feature) == 0 && slice_same(a->value, b->value);
}

static bool add(const struct paid_finder *finder, const struct paid_feature *feature)
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
struct paid_feature paid_finder_at(const struct paid_finder *finder, int32_t place)
{
    return (struct paid_feature){
        .member = finder->member, .value = {"", 0}, .place = place, .camel = finder->camel};
}

bool paid_finder_add_whole(const struct paid_finder *finder)
{
    const struct paid_feature feature = paid_finder_at(finder, -1);
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
static bool refuse_text(const struct paid_finder *finder, const struct paid_feature *feature,
                        size_t room)
{
    char where[PAID_FEATURE_PARAM_BYTES];
    struct paid_feature shown = *feature;
    if (shown.by_key)
        shown.value.bytes = 0;
    return refuse(finder,
                  "'%s' has a %s is not 1 to %zu printable ASCII characters without spaces and "
                  "backslashes.",
                  paid_finder_param(&shown, where),
                  shown.by_key ? "member whose name" : "value that", room);
}

/* Adds the feature whose name ends with feature->value. */
bool paid_finder_add_valued(const struct paid_finder *finder, const struct paid_feature *feature)
{
    size_t room = PAID_FEATURE_NAME_BYTES - 1 - strlen(finder->member->feature);
    if (feature->value.bytes > room || !is_plain_text(feature->value))
        return refuse_text(finder, feature, room);
    return add(finder, feature);
}

/* Refuses the member, or what it has in the place, because that is no `wanted`. */
bool paid_finder_refuse_entry(const struct paid_finder *finder, int32_t place, const char *wanted)
{
    char where[PAID_FEATURE_PARAM_BYTES];
    struct paid_feature feature = paid_finder_at(finder, place);
    feature.by_key = true; /* no inner member is at fault */
    return refuse(finder, "'%s' must be %s.", paid_finder_param(&feature, where), wanted);
}

static bool is_plain(const struct paid_finder *finder, const struct json_value *value)
{
    const char *const *plain = finder->member->plain;
    while (value->type == JSON_STRING && *plain != NULL) {
        if (json_string_is(value, *plain++))
            return true;
    }
    return false;
}

/* Adds the feature that a string names, unless it has the plain price. */
bool paid_finder_add_word(const struct paid_finder *finder, const struct json_value *word,
                          int32_t place)
{
    if (is_plain(finder, word))
        return true;
    struct paid_feature feature = paid_finder_at(finder, place);
    feature.value = (struct slice){word->raw.data + 1, word->raw.bytes - 2};
    return paid_finder_add_valued(finder, &feature);
}

/* ---- inner members ---- */

/* Sets *out to the inner member, which may be there once; of type JSON_NULL: it is not there. */
bool paid_finder_read_inner(const struct paid_finder *finder, const struct json_value *object,
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

/* ---- a feature that was found ---- */

const char *paid_finder_name(const struct paid_feature *feature, char out[PAID_FEATURE_NAME_BYTES])
{
    snprintf(out, PAID_FEATURE_NAME_BYTES, "%s%.*s", feature->member->feature,
             (int)feature->value.bytes, feature->value.data);
    return out;
}

const char *paid_finder_param(const struct paid_feature *feature,
                              char out[PAID_FEATURE_PARAM_BYTES])
{
    struct slice inner = feature->by_key ? feature->value : slice_of(feature->member->inner);
    char camel[MEMBER_NAME_BYTES_MAX + 1];
    char place[24] = "";
    const char *name =
        feature->camel ? member_name_camel(feature->member->name, camel) : feature->member->name;
    if (feature->place >= 0)
        snprintf(place, sizeof place, "[%d]", (int)feature->place);
    snprintf(out, PAID_FEATURE_PARAM_BYTES, "%s%s%s%.*s", name, place, inner.bytes > 0 ? "." : "",
             (int)inner.bytes, inner.data);
    return out;
}
