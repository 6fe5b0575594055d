/* Measures how long a sound is, from its bytes as they come: WAV, raw PCM, MP3, AAC in ADTS frames,
 * Opus and Vorbis in Ogg, FLAC. It reads the heads of frames, pages and chunks, and decodes
 * nothing. Of a FLAC stream only the length in its head is known. It keeps no sound: a few hundred
 * bytes.
 * Pure functions.
 *
 * Sources: the layouts of RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), RFC 9639 (FLAC), and of the
 * headers of MPEG audio, ADTS and RIFF. */
#ifndef DIALECT_SOUND_LENGTH_H
#define DIALECT_SOUND_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    /* PCM without a head is OpenAI's: 24 kHz, 16 bit, one channel. */
    SOUND_PCM_BYTES_PER_S = 48000,
    SOUND_HEAD_BYTES = 27 + 255 /* the longest head: that of an Ogg page */
};

enum sound_kind {
    SOUND_UNSEEN,
    SOUND_UNKNOWN, /* its length cannot be told */
    SOUND_PCM,
    SOUND_WAV,
    SOUND_FRAMES, /* MP3, ADTS */
    SOUND_OGG,
    SOUND_FLAC
};

struct sound_length { /* starts zeroed */
    bool raw;         /* PCM without a head was asked for */
    enum sound_kind kind;
    unsigned char head[SOUND_HEAD_BYTES]; /* of what comes next, as far as it is there */
    unsigned head_bytes;
    uint64_t skip_bytes;  /* up to the next head */
    bool counting;        /* what is skipped is sound of `bytes_per_s` */
    uint32_t bytes_per_s; /* 0: not known */
    uint32_t samples_per_s;
    int64_t sound_bytes;
    int64_t sound_us;
};

void sound_length_feed(struct sound_length *sound, struct slice data);
/* Of what has come; 0: nothing, or it cannot be told. */
int64_t sound_length_ms(const struct sound_length *sound);

#endif
