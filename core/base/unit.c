#include "base/unit.h"

#include <string.h>

static const struct {
    const char *name;
    enum unit_side side;
    enum unit fallback;
} units[UNIT_COUNT] = {
    [UNIT_INPUT] = {"input", UNIT_SIDE_PROMPT, UNIT_COUNT},
    [UNIT_CACHED_INPUT] = {"cached_input", UNIT_SIDE_PROMPT, UNIT_INPUT},
    [UNIT_OUTPUT] = {"output", UNIT_SIDE_ANSWER, UNIT_COUNT},
    [UNIT_CACHE_WRITE] = {"cache_write", UNIT_SIDE_PROMPT, UNIT_INPUT},
    [UNIT_CACHE_WRITE_LONG] = {"cache_write_long", UNIT_SIDE_PROMPT, UNIT_CACHE_WRITE},
    [UNIT_AUDIO_INPUT] = {"audio_input", UNIT_SIDE_PROMPT, UNIT_INPUT},
    [UNIT_IMAGE_INPUT] = {"image_input", UNIT_SIDE_PROMPT, UNIT_INPUT},
    [UNIT_REASONING] = {"reasoning", UNIT_SIDE_ANSWER, UNIT_OUTPUT},
    [UNIT_AUDIO_OUTPUT] = {"audio_output", UNIT_SIDE_ANSWER, UNIT_OUTPUT},
    [UNIT_IMAGE_OUTPUT] = {"image_output", UNIT_SIDE_ANSWER, UNIT_OUTPUT},
    [UNIT_WEB_SEARCH] = {"web_search", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_REQUEST] = {"request", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_CACHED_AUDIO_INPUT] = {"cached_audio_input", UNIT_SIDE_PROMPT, UNIT_CACHED_INPUT},
    [UNIT_CACHED_IMAGE_INPUT] = {"cached_image_input", UNIT_SIDE_PROMPT, UNIT_CACHED_INPUT},
    [UNIT_IMAGE] = {"image", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_SECOND] = {"second", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_CHARACTER] = {"character", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_PAGE] = {"page", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_SESSION] = {"session", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_FILE_SEARCH] = {"file_search", UNIT_SIDE_BESIDE, UNIT_COUNT},
    [UNIT_MAPS_SEARCH] = {"maps_search", UNIT_SIDE_BESIDE, UNIT_COUNT},
};

_Static_assert(sizeof(struct unit_counts) == UNIT_COUNT * sizeof(int64_t), "a name for each unit");
_Static_assert(sizeof(struct unit_prices) == UNIT_COUNT * sizeof(int64_t), "a name for each unit");

const char *unit_name(enum unit unit)
{
    return units[unit].name;
}

enum unit unit_of_name(const char *name, size_t bytes)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (strlen(units[unit].name) == bytes && memcmp(units[unit].name, name, bytes) == 0)
            return unit;
    }
    return UNIT_COUNT;
}

enum unit_side unit_side(enum unit unit)
{
    return units[unit].side;
}

enum unit unit_fallback(enum unit unit)
{
    return units[unit].fallback;
}

bool unit_is_token(enum unit unit)
{
    return units[unit].side != UNIT_SIDE_BESIDE;
}

void unit_prices_complete(struct unit_prices *prices, unsigned priced)
{
    /* A fallback has a smaller number than its unit. */
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        enum unit fallback = units[unit].fallback;
        if (!(priced >> unit & 1))
            prices->of[unit] = fallback == UNIT_COUNT ? 0 : prices->of[fallback];
    }
}

void unit_prices_raise(struct unit_prices *prices, const struct unit_prices *others)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (prices->of[unit] < others->of[unit])
            prices->of[unit] = others->of[unit];
    }
}
