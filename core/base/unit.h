/* Units: what providers bill. A call's use is a quantity of each; units do not overlap, so each
 * token counts in one of them. Sources: the usage objects of OpenAI, Anthropic and Google, and the
 * price catalogue of the PyPI package litellm 1.110.2. Plain data; any thread. */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* These numbers are in journal files: a new unit takes the next number. */
enum unit {
    UNIT_INPUT = 0,            /* tokens of the prompt, without all those below */
    UNIT_CACHED_INPUT = 1,     /* read from the provider's cache */
    UNIT_OUTPUT = 2,           /* generated tokens, without all those below */
    UNIT_CACHE_WRITE = 3,      /* written to the cache, for its usual life time */
    UNIT_CACHE_WRITE_LONG = 4, /* for a longer one: an hour or more */
    UNIT_AUDIO_INPUT = 5,
    UNIT_IMAGE_INPUT = 6,
    UNIT_REASONING = 7, /* where reasoning has a price of its own */
    UNIT_AUDIO_OUTPUT = 8,
    UNIT_IMAGE_OUTPUT = 9,
    UNIT_WEB_SEARCH = 10,         /* searches */
    UNIT_REQUEST = 11,            /* 1 for each call */
    UNIT_CACHED_AUDIO_INPUT = 12, /* sound that was read from the cache */
    UNIT_CACHED_IMAGE_INPUT = 13,
    UNIT_IMAGE = 14,     /* generated pictures, where they are not billed by tokens */
    UNIT_SECOND = 15,    /* of sound or film, begun ones count */
    UNIT_CHARACTER = 16, /* of text that is read or spoken */
    UNIT_PAGE = 17,      /* of documents */
    UNIT_SESSION = 18,   /* of a code interpreter */
    UNIT_FILE_SEARCH = 19,
    UNIT_MAPS_SEARCH = 20,
    UNIT_COUNT = 21
};

/* The unit is a part of the prompt or of the answer, or stands beside both. A part that a cache has
 * read falls back to UNIT_CACHED_INPUT. */
enum unit_side { UNIT_SIDE_PROMPT, UNIT_SIDE_ANSWER, UNIT_SIDE_BESIDE };

/* The name in policies, tables and the API: "input", "cache_write". */
const char *unit_name(enum unit unit);
/* UNIT_COUNT: no unit has this name. */
enum unit unit_of_name(const char *name, size_t bytes);
enum unit_side unit_side(enum unit unit);
/* The unit at whose price this one is charged where it has none of its own; UNIT_COUNT: none. */
enum unit unit_fallback(enum unit unit);
/* Tokens are priced by the million, the others one by one. */
bool unit_is_token(enum unit unit);

/* A quantity of each unit, by name or by unit. */
struct unit_counts {
    union {
        struct {
            int64_t input;
            int64_t cached_input;
            int64_t output;
            int64_t cache_write;
            int64_t cache_write_long;
            int64_t audio_input;
            int64_t image_input;
            int64_t reasoning;
            int64_t audio_output;
            int64_t image_output;
            int64_t web_search;
            int64_t request;
            int64_t cached_audio_input;
            int64_t cached_image_input;
            int64_t image;
            int64_t second;
            int64_t character;
            int64_t page;
            int64_t session;
            int64_t file_search;
            int64_t maps_search;
        };
        int64_t of[UNIT_COUNT];
    };
};

/* The price of one of each unit, in pico-USD. */
struct unit_prices {
    union {
        struct {
            int64_t input_pusd;
            int64_t cached_input_pusd;
            int64_t output_pusd;
            int64_t cache_write_pusd;
            int64_t cache_write_long_pusd;
            int64_t audio_input_pusd;
            int64_t image_input_pusd;
            int64_t reasoning_pusd;
            int64_t audio_output_pusd;
            int64_t image_output_pusd;
            int64_t web_search_pusd;
            int64_t request_pusd;
            int64_t cached_audio_input_pusd;
            int64_t cached_image_input_pusd;
            int64_t image_pusd;
            int64_t second_pusd;
            int64_t character_pusd;
            int64_t page_pusd;
            int64_t session_pusd;
            int64_t file_search_pusd;
            int64_t maps_search_pusd;
        };
        int64_t of[UNIT_COUNT];
    };
};

/* Gives each unit without a bit in `priced` the price of its fallback. */
void unit_prices_complete(struct unit_prices *prices, unsigned priced);
/* Raises each price to the other one, where that is dearer. */
void unit_prices_raise(struct unit_prices *prices, const struct unit_prices *others);

/* The tokens of the prompt that no cache has read; those that one has; all of the prompt; all
 * generated ones. By name, because each call needs them a dozen times (a test compares them with
 * unit_side). */
static inline int64_t unit_counts_fresh(const struct unit_counts *counts)
{
    return counts->input + counts->cache_write + counts->cache_write_long + counts->audio_input +
           counts->image_input;
}

static inline int64_t unit_counts_cached(const struct unit_counts *counts)
{
    return counts->cached_input + counts->cached_audio_input + counts->cached_image_input;
}

static inline int64_t unit_counts_prompt(const struct unit_counts *counts)
{
    return unit_counts_fresh(counts) + unit_counts_cached(counts);
}

static inline int64_t unit_counts_answer(const struct unit_counts *counts)
{
    return counts->output + counts->reasoning + counts->audio_output + counts->image_output;
}

#endif
