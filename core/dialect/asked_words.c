#include "dialect/asked_words.h"

#include <stddef.h>

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

bool asked_words_note(struct asked_words *asked, struct slice name, const struct json_value *value,
                      struct chat_fault *fault)
{
    struct json_value inner = *value;
    size_t i = 0;
    while (i < MEMBERS && !slice_equals(name, members[i].name))
        i++;
    if (i == MEMBERS)
        return true;
    unsigned count = members[i].inner == NULL ? 1 : json_find(value, members[i].inner, &inner);
    if (count > 1)
        return chat_fault_twice(fault, members[i].name, slice_of(members[i].inner));
    if (count == 1 && inner.type == JSON_STRING)
        *(struct slice *)(void *)((char *)asked + members[i].at) =
            (struct slice){inner.raw.data + 1, inner.raw.bytes - 2};
    return true;
}
