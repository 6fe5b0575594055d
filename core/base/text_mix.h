/* What a text is made of: how many tokens it has hangs on that. English has four bytes or more to a
 * token, digits and signs one to three, other scripts two or three. Pure functions. */
#ifndef BASE_TEXT_MIX_H
#define BASE_TEXT_MIX_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum text_class {
    TEXT_LETTERS, /* of ASCII */
    TEXT_SPACES,  /* and line breaks */
    TEXT_DIGITS,
    TEXT_SIGNS,
    TEXT_OTHERS, /* no ASCII */
    TEXT_CLASSES
};

/* Bytes by class. */
struct text_mix {
    int64_t bytes[TEXT_CLASSES];
    /* Chooses the places of samples. Where a client writes the text it is a number that the client
     * cannot know: else the samples could be made to look cheaper than the rest. */
    uint64_t seed;
};

/* Adds a text, as it stands inside a JSON string or as JSON: of a long one samples, about a
 * sixteenth of it, counted for the whole. */
void text_mix_add(struct text_mix *mix, struct slice text);
int64_t text_mix_bytes(const struct text_mix *mix);

#endif
