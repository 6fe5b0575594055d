#include "dialect/paid_generation.h"

/* Adds a modality by the name that it has in every dialect. */
static bool add_modality(const struct paid_finder *finder, struct slice word)
{
    static const char *const names[] = {"text", "image", "audio", "video"};
    struct paid_feature feature = paid_finder_at(finder, -1);
    feature.value = word;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals_nocase(word, names[i]))
            feature.value = slice_of(names[i]);
    }
    bool plain =
        slice_equals(feature.value, names[0]) || slice_equals_nocase(word, "MODALITY_UNSPECIFIED");
    return plain || paid_finder_add_valued(finder, &feature);
}

static bool find_modalities(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    if (value->type != JSON_ARRAY)
        return paid_finder_refuse_entry(finder, -1, "an object whose modalities are an array");
    while (json_next(&walk, &item)) {
        struct slice word = item.value.raw;
        if (item.value.type != JSON_STRING)
            return paid_finder_refuse_entry(finder, -1, "an object whose modalities are words");
        if (!add_modality(finder, (struct slice){word.data + 1, word.bytes - 2}))
            return false;
    }
    return true;
}

/* Forms of answers: one object, or a list; each has a member that is named like its modality. */
static bool find_formats(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    bool list = value->type == JSON_ARRAY;
    if (!list && value->type != JSON_OBJECT)
        return paid_finder_refuse_entry(finder, -1, "an object whose formats are objects");
    while (json_next(&walk, &item)) {
        bool nested = list && item.value.type == JSON_OBJECT;
        if (list && (!nested || !find_formats(finder, &item.value)))
            return nested ? false : paid_finder_refuse_entry(finder, -1, "of known formats");
        if (!list && !add_modality(finder, item.key))
            return false;
    }
    return true;
}

static bool find_speech(const struct paid_finder *finder, const struct json_value *value)
{
    (void)value;
    return add_modality(finder, slice_of("audio"));
}

static bool find_whole(const struct paid_finder *finder, const struct json_value *value)
{
    (void)value;
    return paid_finder_add_whole(finder);
}

#define OF_CONFIG(path, feature, find)                                                             \
    {                                                                                              \
        "generation_config", feature, find, .inner = path                                          \
    }

static const struct paid_member members[] = {
    OF_CONFIG("response_modalities", "modalities.", find_modalities),
    OF_CONFIG("response_format", "modalities.", find_formats),
    OF_CONFIG("speech_config", "modalities.", find_speech),
    OF_CONFIG("routing_config", "routing_config", find_whole),
    OF_CONFIG("model_selection_config", "model_selection_config", find_whole),
};

enum { MEMBERS = sizeof members / sizeof members[0] };

/* Sets *out to the member of ours that a server may read the key as; MEMBERS: none. Returns false
 * with a fault. */
static bool which_member(const struct paid_finder *finder, struct slice key, size_t *out)
{
    char camel[MEMBER_NAME_BYTES_MAX + 1];
    struct buffer room = {0};
    struct slice name = member_name_decode(key, &room);
    size_t i = 0;
    while (i < MEMBERS && !member_name_reads_as(name, members[i].inner, MEMBER_CASE_CAMEL))
        i++;
    bool written = i == MEMBERS || slice_equals(name, members[i].inner) ||
                   slice_equals(name, member_name_camel(members[i].inner, camel));
    buffer_fini(&room);
    *out = i;
    return written || request_fault_disguised(finder->fault, finder->member->name, key);
}

bool paid_generation_find(const struct paid_finder *finder, const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    size_t which;
    if (value->type != JSON_OBJECT)
        return paid_finder_refuse_entry(finder, -1, "an object");
    while (json_next(&walk, &item)) {
        if (!which_member(finder, item.key, &which))
            return false;
        if (which == MEMBERS || item.value.type == JSON_NULL)
            continue;
        const struct paid_finder inner = {finder->found, &members[which], finder->fault,
                                          finder->camel};
        if (!members[which].find(&inner, &item.value))
            return false;
    }
    return true;
}
