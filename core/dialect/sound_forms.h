/* The forms of sound files, each measured as its bytes come: a step looks at what lies ahead, keeps
 * what it must know, and says how far to go on. No step needs more than SOUND_AHEAD_BYTES. Only for
 * the sound_*.c of this room. Pure functions. */
#ifndef DIALECT_SOUND_FORMS_H
#define DIALECT_SOUND_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/sound_bytes.h"

enum {
    SOUND_TRACKS_MAX = 16,
    SOUND_AHEAD_BYTES = 27 + 255 + 255 * 255 /* the longest page of Ogg */
};

/* A step's answer that skips all that comes. */
#define SOUND_REST (UINT64_C(1) << 62)

/* What lies ahead, as far as it has come. */
struct sound_ahead {
    struct slice data;
    bool over; /* nothing comes behind it */
};

/* Samples that stand together, in bytes of all channels. */
struct sound_block {
    uint64_t bytes; /* 0: unknown */
    uint64_t head_bytes;
    uint64_t head_samples; /* that stand in the head */
    uint64_t sample_bits;  /* of each behind the head, of all channels */
};

struct sound_wave {
    uint64_t at; /* the next chunk, from the file's beginning; 0: nothing was read */
    size_t formats;
    struct sound_block block;
    uint64_t rate;
    uint64_t data_at; /* 0: not found */
    uint64_t data_bytes;
    uint64_t last_padding; /* of the last chunk: 0 or 1 */
    bool twice;
};

struct sound_flac {
    bool begun; /* the mark and the first block's head are read */
    bool framed;
    uint64_t rate;
    uint64_t samples; /* as it states */
    int64_t ns;       /* of the frames */
};

struct sound_mpeg {
    uint64_t at;
    size_t frames;
    uint64_t covered;
    int64_t ns;
    bool other; /* it is another form */
};

struct sound_aac {
    uint64_t at;
    size_t frames;
    uint64_t covered;
    int64_t ns;
    bool other; /* it is another form */
};

/* Frames of either form, in one walk. */
struct sound_frames {
    struct sound_mpeg mpeg;
    struct sound_aac aac;
    uint64_t mpeg_ahead; /* how far ahead each looks next */
    uint64_t aac_ahead;
};

struct sound_ogg_stream {
    uint64_t serial;
    int codec;
    uint64_t rate;
    uint64_t block_short; /* samples */
    uint64_t block_long;
    uint64_t packets; /* with those of its head */
    uint64_t samples; /* Opus: counted; Vorbis: stated */
    bool inside;      /* its last packet goes on in its next page */
};

struct sound_ogg {
    struct sound_ogg_stream streams[SOUND_TRACKS_MAX];
    size_t count;
    bool full;
};

struct sound_mp4_track {
    uint64_t id;
    bool sounds;
    bool known;             /* AAC, MP3 or ALAC */
    struct sound_alac alac; /* of ALAC; else zeroed */
    uint64_t rate;
    uint64_t per_sample;
    uint64_t samples;
    uint64_t scale; /* of its times */
    uint64_t times;
};

struct sound_mp4 {
    struct sound_mp4_track tracks[SOUND_TRACKS_MAX];
    size_t count;
    size_t current;       /* 1 above its place; 0: outside of tracks */
    uint64_t times_bytes; /* of a table of times, that is under way */
    bool full;
};

struct sound_webm_track {
    uint64_t number;
    bool sounds;
    bool opus;
    uint64_t samples;
};

struct sound_webm {
    struct sound_webm_track tracks[SOUND_TRACKS_MAX];
    size_t count;
    bool full;
};

struct sound_caf {
    uint64_t at; /* the next chunk, from the file's beginning; 0: nothing was read */
    size_t descriptions;
    size_t cookies; /* configurations of a decoder */
    size_t tables;
    size_t sounds;
    uint64_t rate;           /* 0: not known */
    bool lossless;           /* ALAC */
    uint64_t packet_bytes;   /* of packets of one size; 0: not known */
    uint64_t packet_samples; /* as the description says */
    bool configured;
    struct sound_alac alac; /* if it is configured */
    uint64_t sound_at;
    uint64_t sound_bytes; /* as it states */
    uint64_t stated_packets;
    uint64_t stated_samples;
    uint64_t table_left; /* of a table that is under way */
    uint64_t size;       /* of a packet, as far as it has come */
    uint64_t filled;     /* the sizes of all packets in the table */
    uint64_t packets;
};

/* Each step returns how many bytes to go on by, also beyond what lies ahead; 0: it needs more, or
 * all is over. */
uint64_t sound_wave_step(struct sound_wave *wave, const struct sound_ahead *ahead);
uint64_t sound_flac_step(struct sound_flac *flac, const struct sound_ahead *ahead);
uint64_t sound_mpeg_step(struct sound_mpeg *mpeg, const struct sound_ahead *ahead);
uint64_t sound_aac_step(struct sound_aac *aac, const struct sound_ahead *ahead);
uint64_t sound_ogg_step(struct sound_ogg *ogg, const struct sound_ahead *ahead);
uint64_t sound_mp4_step(struct sound_mp4 *mp4, const struct sound_ahead *ahead);
uint64_t sound_webm_step(struct sound_webm *webm, const struct sound_ahead *ahead);
uint64_t sound_caf_step(struct sound_caf *caf, const struct sound_ahead *ahead);

/* The length when all has come; false: it cannot be measured. `bytes`: of the file without tags. */
bool sound_wave_ns(const struct sound_wave *wave, uint64_t bytes, int64_t *out_ns);
bool sound_flac_ns(const struct sound_flac *flac, int64_t *out_ns);
bool sound_mpeg_ns(const struct sound_mpeg *mpeg, uint64_t bytes, int64_t *out_ns);
bool sound_aac_ns(const struct sound_aac *aac, uint64_t bytes, int64_t *out_ns);
bool sound_ogg_ns(const struct sound_ogg *ogg, int64_t *out_ns);
bool sound_mp4_ns(const struct sound_mp4 *mp4, int64_t *out_ns);
bool sound_webm_ns(const struct sound_webm *webm, int64_t *out_ns);
bool sound_caf_ns(const struct sound_caf *caf, uint64_t bytes, int64_t *out_ns);

#endif
