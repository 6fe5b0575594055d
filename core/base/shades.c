#include "base/shades.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

enum { WHITE = 0xffffff, BLACK = 0, HUNDRED = 100 };

static const double contrast_min = 4.5;

/* What the pages' colours of a theme stand on (webui/src/style.css), and where a shade moves to. */
static const struct theme {
    uint32_t grounds[4];
    uint32_t towards;
    uint32_t wash_ground;
    int wash_percent;   /* of the accent */
    int strong_percent; /* of `towards` */
} themes[] = {
    [SHADES_LIGHT] = {{0xffffff, 0xf6f7f9, 0xeff1f5, 0xffffff}, BLACK, WHITE, 9, 20},
    [SHADES_DARK] = {{0x0e1116, 0x161b22, 0x1c222b, 0x0b0e13}, WHITE, 0x161b22, 14, 30},
};

bool shades_read(struct slice text, uint32_t *rgb)
{
    enum { COLOUR_BYTES = sizeof "#rrggbb" - 1 };
    char digits[COLOUR_BYTES];
    if (text.bytes != COLOUR_BYTES || text.data[0] != '#')
        return false;
    for (size_t i = 1; i < COLOUR_BYTES; i++) {
        if (isxdigit((unsigned char)text.data[i]) == 0)
            return false;
    }
    slice_copy((struct slice){text.data + 1, text.bytes - 1}, digits, sizeof digits);
    *rgb = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

static uint32_t channel(uint32_t rgb, unsigned at)
{
    return rgb >> (8 * at) & 0xff;
}

/* `percent` of the second colour in the first. */
static uint32_t mix(uint32_t rgb, uint32_t other, int percent)
{
    uint32_t mixed = 0;
    for (unsigned at = 0; at < 3; at++) {
        uint32_t sum = channel(rgb, at) * (uint32_t)(HUNDRED - percent) +
                       channel(other, at) * (uint32_t)percent;
        mixed |= (sum + HUNDRED / 2) / HUNDRED << (8 * at);
    }
    return mixed;
}

static double linear(uint32_t value)
{
    double part = (double)value / 255;
    return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(channel(rgb, 2)) + 0.7152 * linear(channel(rgb, 1)) +
           0.0722 * linear(channel(rgb, 0));
}

double shades_contrast(uint32_t one, uint32_t other)
{
    double a = luminance(one) + 0.05;
    double b = luminance(other) + 0.05;
    return a > b ? a / b : b / a;
}

static bool passes(const struct theme *theme, const struct shades *shades)
{
    for (size_t i = 0; i < sizeof theme->grounds / sizeof theme->grounds[0]; i++) {
        if (shades_contrast(shades->accent, theme->grounds[i]) < contrast_min)
            return false;
    }
    return shades_contrast(shades->accent, shades->wash) >= contrast_min;
}

void shades_make(uint32_t rgb, enum shades_theme theme_at, struct shades *out)
{
    const struct theme *theme = &themes[theme_at];
    int percent = 0;
    do {
        out->accent = mix(rgb, theme->towards, percent);
        out->wash = mix(theme->wash_ground, out->accent, theme->wash_percent);
    } while (!passes(theme, out) && percent++ < HUNDRED);
    out->strong = mix(out->accent, theme->towards, theme->strong_percent);
    out->ink = theme_at == SHADES_LIGHT ? WHITE : mix(out->accent, BLACK, 90);
}
