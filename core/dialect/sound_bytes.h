/* Numbers in files of sound, and the lengths that samples have. Only for the sound_*.c of this
 * room. Pure functions. */
#ifndef DIALECT_SOUND_BYTES_H
#define DIALECT_SOUND_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The number of `count` bytes at `at`, which must be there. */
static inline uint64_t sound_big(struct slice file, size_t at, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | (unsigned char)file.data[at + i];
    return number;
}

static inline uint64_t sound_little(struct slice file, size_t at, size_t count)
{
    uint64_t number = 0;
    for (size_t i = count; i > 0; i--)
        number = number << 8 | (unsigned char)file.data[at + i - 1];
    return number;
}

static inline unsigned sound_byte(struct slice file, size_t at)
{
    return (unsigned char)file.data[at];
}

/* Whether so many bytes are there. */
static inline bool sound_has(struct slice file, size_t at, size_t bytes)
{
    return at <= file.bytes && bytes <= file.bytes - at;
}

static inline bool sound_is_at(struct slice file, size_t at, const char *text)
{
    size_t bytes = strlen(text);
    return sound_has(file, at, bytes) && memcmp(file.data + at, text, bytes) == 0;
}

/* In nanoseconds, rounded up, so that a day of frames is exact to a millisecond. `rate`: samples a
 * second, above 0. The longest is some years. */
static inline int64_t sound_ns(uint64_t samples, uint64_t rate)
{
    unsigned __int128 ns = ((unsigned __int128)samples * 1000000000 + rate - 1) / rate;
    return ns > INT64_MAX / 64 ? INT64_MAX / 64 : (int64_t)ns;
}

/* Adds to a sum, which stays in its bounds. */
static inline void sound_add_ns(int64_t *sum_ns, int64_t ns)
{
    *sum_ns = *sum_ns > INT64_MAX / 4 ? *sum_ns : *sum_ns + ns;
}

/* The sampling rates of AAC by their code (ISO 14496-3, 1.6.3.4). */
enum { SOUND_AAC_RATES = 13 };
extern const uint32_t sound_aac_rates[SOUND_AAC_RATES];

struct sound_alac {
    uint64_t packet_samples; /* the most of a packet */
    uint64_t rate;
};

/* Reads the decoder's configuration: alone, or in boxes. */
bool sound_alac_read(struct slice text, struct sound_alac *out);
/* The samples of so many packets. Only the last one may have fewer than the others: so far what the
 * file states is believed. */
uint64_t sound_alac_samples(const struct sound_alac *alac, uint64_t packets, uint64_t stated);

/* The samples of a packet of Opus, at 48 kHz (RFC 6716, 3.1); an empty one has none. */
uint64_t sound_opus_samples(struct slice packet);

#endif
