/* What a request says of the sound or the pictures that it asks for. Plain data. */
#ifndef DIALECT_ASKED_MEDIA_H
#define DIALECT_ASKED_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect/opaque_form.h"

/* What a model generates for it. */
enum answer_medium { ANSWERS_TEXT, ANSWERS_SOUND, ANSWERS_PICTURES };

struct asked_media { /* zeroed: text, in JSON */
    enum answer_medium medium;
    enum opaque_form opaque; /* what a plain answer is */
    bool sound_raw;          /* PCM without a head is asked for */
    int64_t characters;      /* of the text that is to be spoken, in code points; 0: none */
    int64_t tokens_beside;   /* that a provider adds to each answer, for previews of a picture */
};

#endif
