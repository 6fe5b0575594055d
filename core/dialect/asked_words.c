#include "dialect/asked_words.h"

#include <stddef.h>
#include <string.h>

#include "dialect/member_name.h"

static const struct {
    const char *name;
    const char *inner; /* a member of it has the word; NULL: it is the word */
    size_t at;
} members[] = {
    {"web_search_options", "search_context_size", offsetof(struct asked_words, search_context)},
    {"image_config", "image_size", offsetof(struct asked_words, size)},
    {"size", NULL, offsetof(struct asked_words, size)},
    {"quality", NULL, offsetof(struct asked_words, quality)},
    {"resolution", NULL, offsetof(struct asked_words, resolution)},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

/* A member as the text has it. */
struct found {
    struct json_value value;
    struct slice key;
    bool disguised; /* not written as we name it: some servers read it, and others do not */
};

/* Notes the members of the object that some server reads as `name`. Returns how many they are. */
static unsigned find_inner(const struct json_value *object, const char *name, struct found *out)
{
    unsigned count = 0;
    struct json_walk walk = json_walk(object);
    struct json_item item;
    while (object->type == JSON_OBJECT && json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice key = member_name_decode(item.key, &room);
        if (member_name_reads_as(key, name, MEMBER_CASE_CAMEL)) {
            *out = (struct found){item.value, item.key, out->disguised || !slice_equals(key, name)};
            count++;
        }
        buffer_fini(&room);
    }
    return count;
}

/* Keeps the word, unless another member has said another one. */
static bool keep(const struct found *found, struct slice *word, const char *param,
                 struct request_fault *fault)
{
    struct slice text = {found->value.raw.data + 1, found->value.raw.bytes - 2};
    bool other = word->bytes > 0 &&
                 (word->bytes != text.bytes || memcmp(word->data, text.data, text.bytes) != 0);
    if (other)
        return request_fault_twice(fault, param, found->key);
    *word = text;
    return true;
}

bool asked_words_note(struct asked_words *asked, const struct json_item *item, struct slice name,
                      struct request_fault *fault)
{
    size_t i = 0;
    while (i < MEMBERS && !member_name_reads_as(name, members[i].name, MEMBER_CASE_CAMEL))
        i++;
    if (i == MEMBERS)
        return true;
    struct found found = {item->value, item->key, !slice_equals(name, members[i].name)};
    unsigned count =
        members[i].inner == NULL ? 1 : find_inner(&item->value, members[i].inner, &found);
    if (count > 1)
        return request_fault_twice(fault, members[i].name, slice_of(members[i].inner));
    if (count == 0 || found.value.type != JSON_STRING)
        return true;
    if (found.disguised)
        return request_fault_disguised(fault, NULL, found.key);
    asked->beside = asked->beside || members[i].inner == NULL;
    return keep(&found, (struct slice *)(void *)((char *)asked + members[i].at), members[i].name,
                fault);
}

bool asked_words_any(const struct asked_words *asked)
{
    return asked->search_context.bytes + asked->size.bytes + asked->quality.bytes +
               asked->resolution.bytes >
           0;
}
