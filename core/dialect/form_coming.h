/* What the text of a form does not show: its files are passed on and not kept. Plain data. */
#ifndef DIALECT_FORM_COMING_H
#define DIALECT_FORM_COMING_H

#include <stdbool.h>
#include <stdint.h>

struct form_coming {
    bool over;     /* all of the form has come */
    int64_t bytes; /* of its files; before the end the most that there can be */
    bool measured; /* how long the sound is: */
    int64_t sound_us;
};

#endif
