/* The shades of a brand's colour that the pages use. The colour is darkened for light pages, and
 * lightened for dark ones, only as far as its contrast needs (WCAG 2.2 AA: 4.5 to 1). Pure. */
#ifndef BASE_SHADES_H
#define BASE_SHADES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Colours are 0xrrggbb. */
struct shades {
    uint32_t accent; /* links and buttons */
    uint32_t strong; /* the same under the pointer, and on the wash */
    uint32_t ink;    /* text on both */
    uint32_t wash;   /* behind what is chosen */
};

enum shades_theme { SHADES_LIGHT, SHADES_DARK };

/* Reads "#rrggbb". */
bool shades_read(struct slice text, uint32_t *rgb);
/* Any colour has shades that pass. */
void shades_make(uint32_t rgb, enum shades_theme theme, struct shades *out);
/* The contrast of two colours, 1 to 21, as WCAG defines it. */
double shades_contrast(uint32_t one, uint32_t other);

#endif
