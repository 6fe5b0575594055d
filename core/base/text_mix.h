/* Counts the classes of characters in a text, because the number of tokens depends on them: English
 * has four bytes or more to a token, digits and signs one to three, other scripts two or three.
 * Pure functions. */
#ifndef BASE_TEXT_MIX_H
#define BASE_TEXT_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum text_class {
    TEXT_LETTERS, /* ASCII letters */
    TEXT_SPACES,  /* including line breaks */
    TEXT_DIGITS,
    TEXT_SIGNS,
    TEXT_OTHERS, /* non-ASCII */
    TEXT_CLASSES
};

/* How many bytes a text has of each class. */
struct text_mix {
    int64_t bytes[TEXT_CLASSES];
    /* Chooses the places of the samples. For a client's text it must be a number that the client
     * cannot know: otherwise the client could make the samples look cheaper than the rest. */
    uint64_t seed;
    bool whole; /* no samples: slower, and the same each time */
};

/* Adds a text, as it stands inside a JSON string or as JSON. Of a long text it counts samples,
 * about a sixteenth, and scales them up, unless mix->whole says otherwise. */
void text_mix_add(struct text_mix *mix, struct slice text);
int64_t text_mix_bytes(const struct text_mix *mix);

#endif
