/* Answers that are no JSON: sound, or a text by itself. They pass byte for byte, with the type and
 * the length that the provider gives them. Pure functions. */
#ifndef DIALECT_OPAQUE_FORM_H
#define DIALECT_OPAQUE_FORM_H

#include <stdbool.h>

#include "base/slice.h"

enum opaque_form {
    OPAQUE_NONE,  /* the answer is JSON, as most are */
    OPAQUE_MEDIA, /* sound */
    OPAQUE_TEXT   /* text, subtitles */
};

enum { OPAQUE_TYPE_BYTES = 96 };

/* Copies a Content-Type for the client's head; "" where it is too long for that, or cannot stand
 * there. */
void opaque_form_copy_type(struct slice type, char out[OPAQUE_TYPE_BYTES]);

/* Whether a successful answer is what was asked for, by its type and its first byte. If not, it is
 * judged like any other: JSON may hold an error. Its first byte decides only where the type says
 * nothing, because raw sound may begin with any. */
bool opaque_form_is(enum opaque_form asked, struct slice content_type, char first);

#endif
