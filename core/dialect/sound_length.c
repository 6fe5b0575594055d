#include "dialect/sound_length.h"

#include <string.h>

#define US_PER_S INT64_C(1000000)

enum { MAGIC_BYTES = 4, FRAME_HEAD_BYTES = 7, ID3_HEAD_BYTES = 10 };

static uint32_t little32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool is_at(const struct sound_length *sound, const char *magic)
{
    return memcmp(sound->head, magic, strlen(magic)) == 0;
}

static void add_samples(struct sound_length *sound, int64_t samples, uint32_t samples_per_s)
{
    sound->sound_us += samples * US_PER_S / samples_per_s;
}

/* ---- frames: MP3 and ADTS ---- */

/* The rates of MPEG 1; those of MPEG 2 are half of them, those of MPEG 2.5 a quarter. */
static const uint32_t mpeg_rates[3] = {44100, 48000, 32000};
static const uint32_t adts_rates[13] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                        22050, 16000, 12000, 11025, 8000,  7350};
/* Of layer III, in kbit/s: MPEG 1, and the others. */
static const uint32_t mpeg_kbits[2][15] = {
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};

/* Reads a frame of MPEG audio, layer III. Returns its length; 0: it is none. */
static uint64_t read_mpeg(struct sound_length *sound)
{
    enum { MPEG_25 = 0, RESERVED = 1, MPEG_1 = 3, LAYER_3 = 1 };
    const unsigned char *head = sound->head;
    unsigned version = head[1] >> 3 & 3U;
    unsigned bitrate = head[2] >> 4;
    unsigned rate = head[2] >> 2 & 3U;
    if (version == RESERVED || (head[1] >> 1 & 3U) != LAYER_3 || bitrate == 0 || bitrate == 15 ||
        rate == 3)
        return 0;
    bool full = version == MPEG_1;
    uint32_t samples_per_s = mpeg_rates[rate] / (full ? 1U : version == MPEG_25 ? 4U : 2U);
    uint32_t samples = full ? 1152 : 576;
    add_samples(sound, samples, samples_per_s);
    return samples / 8 * mpeg_kbits[!full][bitrate] * 1000 / samples_per_s + (head[2] >> 1 & 1U);
}

/* The same for a frame of AAC. */
static uint64_t read_adts(struct sound_length *sound)
{
    enum { SAMPLES = 1024 };
    const unsigned char *head = sound->head;
    unsigned rate = head[2] >> 2 & 15U;
    uint64_t bytes = (uint64_t)(head[3] & 3U) << 11 | (uint64_t)head[4] << 3 | head[5] >> 5;
    if (rate >= sizeof adts_rates / sizeof adts_rates[0] || bytes < FRAME_HEAD_BYTES)
        return 0;
    add_samples(sound, SAMPLES * (int64_t)((head[6] & 3U) + 1), adts_rates[rate]);
    return bytes;
}

/* The bytes of the head that are needed to go on. */
static unsigned frame_head_bytes(const struct sound_length *sound)
{
    return sound->head_bytes >= 3 && is_at(sound, "ID3") ? ID3_HEAD_BYTES : FRAME_HEAD_BYTES;
}

static uint64_t id3_bytes(const unsigned char *head)
{
    return ID3_HEAD_BYTES + ((uint64_t)(head[6] & 127U) << 21 | (uint64_t)(head[7] & 127U) << 14 |
                             (uint64_t)(head[8] & 127U) << 7 | (head[9] & 127U));
}

static void drop(struct sound_length *sound, unsigned bytes)
{
    sound->head_bytes -= bytes;
    memmove(sound->head, sound->head + bytes, sound->head_bytes);
}

/* Goes on behind what the head begins, of so many bytes with its head. */
static void skip(struct sound_length *sound, uint64_t bytes)
{
    if (bytes < sound->head_bytes) {
        drop(sound, (unsigned)bytes);
        return;
    }
    sound->skip_bytes = bytes - sound->head_bytes;
    sound->head_bytes = 0;
}

static void read_frame(struct sound_length *sound)
{
    const unsigned char *head = sound->head;
    uint64_t bytes = 0;
    if (is_at(sound, "ID3"))
        bytes = id3_bytes(head);
    else if (head[0] == 0xff && (head[1] & 0xf6U) == 0xf0)
        bytes = read_adts(sound);
    else if (head[0] == 0xff && (head[1] & 0xe0U) == 0xe0)
        bytes = read_mpeg(sound);
    if (bytes == 0)
        drop(sound, 1); /* something else lies between frames */
    else
        skip(sound, bytes);
}

/* ---- WAV ---- */

enum { RIFF_BYTES = 12, CHUNK_BYTES = 8, FORMAT_BYTES = CHUNK_BYTES + 16, BYTE_RATE_AT = 16 };

static unsigned chunk_head_bytes(const struct sound_length *sound)
{
    if (sound->head_bytes < MAGIC_BYTES)
        return CHUNK_BYTES;
    if (is_at(sound, "RIFF"))
        return RIFF_BYTES;
    return is_at(sound, "fmt ") ? FORMAT_BYTES : CHUNK_BYTES;
}

static void read_chunk(struct sound_length *sound)
{
    const unsigned char *head = sound->head;
    uint64_t bytes = little32(head + 4);
    if (is_at(sound, "RIFF")) {
        skip(sound, RIFF_BYTES);
        return;
    }
    if (is_at(sound, "fmt "))
        sound->bytes_per_s = little32(head + BYTE_RATE_AT);
    /* The length in the head of a stream is no length: sound goes on to the end. */
    sound->counting = is_at(sound, "data");
    if (sound->counting)
        bytes = UINT64_MAX / 2;
    skip(sound, CHUNK_BYTES + bytes + bytes % 2);
}

/* ---- Ogg ---- */

enum {
    PAGE_BYTES = 27,
    SEGMENTS_AT = 26,
    POSITION_AT = 6,
    OGG_NAMED_BYTES = 16, /* of the first page's body: what it holds, and its rate */
    OPUS_SAMPLES_PER_S = 48000
};

static unsigned page_head_bytes(const struct sound_length *sound)
{
    if (sound->head_bytes < PAGE_BYTES)
        return PAGE_BYTES;
    unsigned bytes = PAGE_BYTES + sound->head[SEGMENTS_AT];
    bool first = sound->samples_per_s == 0;
    return bytes + (first && bytes + OGG_NAMED_BYTES <= SOUND_HEAD_BYTES ? OGG_NAMED_BYTES : 0);
}

/* What the first page says. */
static void name_ogg(struct sound_length *sound)
{
    const unsigned char *body = sound->head + PAGE_BYTES + sound->head[SEGMENTS_AT];
    sound->samples_per_s = OPUS_SAMPLES_PER_S;
    if (memcmp(body, "\1vorbis", 7) == 0 && little32(body + 12) > 0)
        sound->samples_per_s = little32(body + 12);
}

static void read_page(struct sound_length *sound)
{
    const unsigned char *head = sound->head;
    uint64_t bytes = PAGE_BYTES + (uint64_t)head[SEGMENTS_AT];
    if (!is_at(sound, "OggS")) {
        sound->kind = SOUND_UNKNOWN;
        return;
    }
    for (unsigned i = 0; i < head[SEGMENTS_AT]; i++)
        bytes += head[PAGE_BYTES + i];
    if (sound->samples_per_s == 0)
        name_ogg(sound);
    /* Where the page ends, in samples from the beginning; all ones: in no page that ends here. */
    uint64_t position =
        (uint64_t)little32(head + POSITION_AT + 4) << 32 | little32(head + POSITION_AT);
    if (position < (UINT64_C(1) << 40)) {
        sound->sound_us = 0;
        add_samples(sound, (int64_t)position, sound->samples_per_s);
    }
    skip(sound, bytes);
}

/* ---- FLAC ---- */

enum { FLAC_BYTES = MAGIC_BYTES + 4 + 18, FLAC_RATE_AT = 18, FLAC_SAMPLES_AT = 21 };

static void read_flac(struct sound_length *sound)
{
    const unsigned char *at = sound->head + FLAC_RATE_AT;
    uint32_t samples_per_s = (uint32_t)at[0] << 12 | (uint32_t)at[1] << 4 | at[2] >> 4;
    at = sound->head + FLAC_SAMPLES_AT;
    int64_t samples = (int64_t)(at[0] & 15U) << 32 | (int64_t)at[1] << 24 | (int64_t)at[2] << 16 |
                      (int64_t)at[3] << 8 | at[4];
    if (samples_per_s > 0)
        add_samples(sound, samples, samples_per_s);
    sound->kind = SOUND_UNKNOWN; /* nothing more is read */
}

/* ---- all ---- */

static void find_kind(struct sound_length *sound)
{
    const unsigned char *head = sound->head;
    if (is_at(sound, "RIFF"))
        sound->kind = SOUND_WAV;
    else if (is_at(sound, "OggS"))
        sound->kind = SOUND_OGG;
    else if (is_at(sound, "fLaC"))
        sound->kind = SOUND_FLAC;
    else if (sound->raw)
        sound->kind = SOUND_PCM;
    else if (is_at(sound, "ID3") || (head[0] == 0xff && (head[1] & 0xe0U) == 0xe0))
        sound->kind = SOUND_FRAMES;
    else
        sound->kind = SOUND_UNKNOWN;
    if (sound->kind != SOUND_PCM)
        return;
    sound->bytes_per_s = SOUND_PCM_BYTES_PER_S;
    sound->counting = true;
    sound->sound_bytes = sound->head_bytes;
    skip(sound, UINT64_MAX / 2);
}

static unsigned wanted_bytes(const struct sound_length *sound)
{
    switch (sound->kind) {
    case SOUND_WAV:
        return chunk_head_bytes(sound);
    case SOUND_FRAMES:
        return frame_head_bytes(sound);
    case SOUND_OGG:
        return page_head_bytes(sound);
    case SOUND_FLAC:
        return FLAC_BYTES;
    default:
        return MAGIC_BYTES;
    }
}

static void read_head(struct sound_length *sound)
{
    if (sound->kind == SOUND_WAV)
        read_chunk(sound);
    else if (sound->kind == SOUND_FRAMES)
        read_frame(sound);
    else if (sound->kind == SOUND_OGG)
        read_page(sound);
    else if (sound->kind == SOUND_FLAC)
        read_flac(sound);
    else
        find_kind(sound);
}

/* Takes bytes up to the next head. Returns how many. */
static size_t pass(struct sound_length *sound, size_t bytes)
{
    if (bytes > sound->skip_bytes)
        bytes = (size_t)sound->skip_bytes;
    sound->skip_bytes -= bytes;
    if (sound->counting)
        sound->sound_bytes += (int64_t)bytes;
    return bytes;
}

static size_t gather(struct sound_length *sound, struct slice data)
{
    size_t bytes = wanted_bytes(sound) - sound->head_bytes;
    if (bytes > data.bytes)
        bytes = data.bytes;
    memcpy(sound->head + sound->head_bytes, data.data, bytes);
    sound->head_bytes += (unsigned)bytes;
    return bytes;
}

void sound_length_feed(struct sound_length *sound, struct slice data)
{
    while (data.bytes > 0 && sound->kind != SOUND_UNKNOWN) {
        size_t used = sound->skip_bytes > 0 ? pass(sound, data.bytes) : gather(sound, data);
        data.data += used;
        data.bytes -= used;
        while (sound->skip_bytes == 0 && sound->kind != SOUND_UNKNOWN &&
               sound->head_bytes >= wanted_bytes(sound))
            read_head(sound);
    }
}

int64_t sound_length_ms(const struct sound_length *sound)
{
    if (sound->bytes_per_s > 0)
        return sound->sound_bytes * 1000 / sound->bytes_per_s;
    return sound->sound_us / 1000;
}
