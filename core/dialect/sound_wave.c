/* WAV: chunks in a RIFF file (Microsoft's WAVEFORMATEX). Only forms whose samples, or whose blocks
 * of samples (ADPCM), have all one size, so that the bytes tell how many there are. */
#include "dialect/sound_bytes.h"

enum {
    FORMAT_PCM = 1,
    FORMAT_MS_ADPCM = 2,
    FORMAT_FLOAT = 3,
    FORMAT_A_LAW = 6,
    FORMAT_MU_LAW = 7,
    FORMAT_IMA_ADPCM = 0x11,
    FORMAT_EXTENSIBLE = 0xfffe,
    RATE_MAX = 384000, /* samples a second that some device has */
    CHANNELS_MAX = 64,
    BLOCK_BYTES_MIN = 32 /* of a channel: no encoder writes shorter ones, in which heads are much */
};

/* Samples that stand together, in bytes of all channels. */
struct block {
    uint64_t bytes; /* 0: unknown */
    uint64_t head_bytes;
    uint64_t head_samples; /* that stand in the head */
    uint64_t sample_bits;  /* of each behind the head, of all channels */
};

struct wave {
    size_t formats;
    struct block block;
    uint64_t rate;
    size_t data_at; /* 0: not found */
    size_t data_bytes;
};

static bool is_size_known(uint64_t format, uint64_t bits)
{
    if (format == FORMAT_PCM)
        return bits == 8 || bits == 16 || bits == 24 || bits == 32;
    if (format == FORMAT_FLOAT)
        return bits == 32 || bits == 64;
    return (format == FORMAT_A_LAW || format == FORMAT_MU_LAW) && bits == 8;
}

/* ADPCM: a head for each channel, then 4 bits a sample (Microsoft's new multimedia data types,
 * 1994). What a block says of its number of samples is not believed. */
static void read_adpcm(uint64_t format, uint64_t channels, uint64_t bytes, struct wave *wave)
{
    bool ima = format == FORMAT_IMA_ADPCM;
    if (bytes >= channels * BLOCK_BYTES_MIN)
        wave->block = (struct block){bytes, channels * (ima ? 4 : 7), ima ? 1 : 2, channels * 4};
}

static void read_format(struct slice chunk, struct wave *wave)
{
    wave->formats++;
    if (chunk.bytes < 16)
        return;
    uint64_t format = sound_little(chunk, 0, 2);
    uint64_t channels = sound_little(chunk, 2, 2);
    uint64_t bits = sound_little(chunk, 14, 2);
    if (format == FORMAT_EXTENSIBLE && chunk.bytes >= 26)
        format = sound_little(chunk, 24, 2);
    wave->rate = sound_little(chunk, 4, 4);
    if (channels < 1 || channels > CHANNELS_MAX)
        return;
    if (is_size_known(format, bits))
        wave->block = (struct block){channels * bits / 8, 0, 0, channels * bits};
    else if ((format == FORMAT_MS_ADPCM || format == FORMAT_IMA_ADPCM) && bits == 4)
        read_adpcm(format, channels, sound_little(chunk, 12, 2), wave);
}

/* Walks the chunks. Returns whether they fill the file, so that their sizes can be believed. */
static bool walk(struct slice file, struct wave *wave)
{
    size_t at = 12;
    bool twice = false;
    while (sound_has(file, at, 8)) {
        size_t bytes = (size_t)sound_little(file, at + 4, 4);
        size_t rest = file.bytes - at - 8;
        size_t there = bytes < rest ? bytes : rest;
        if (sound_is_at(file, at, "fmt "))
            read_format((struct slice){file.data + at + 8, there}, wave);
        if (sound_is_at(file, at, "data") && wave->data_at != 0)
            twice = true;
        else if (sound_is_at(file, at, "data"))
            *wave = (struct wave){wave->formats, wave->block, wave->rate, at + 8, there};
        if (bytes > rest)
            return false;
        at += 8 + bytes + (bytes & 1);
    }
    return !twice && at >= file.bytes;
}

/* The samples in so many bytes; one that is begun counts, and of a block that is cut its part. */
static uint64_t samples_of(const struct block *block, uint64_t bytes)
{
    uint64_t each =
        block->head_samples + (block->bytes - block->head_bytes) * 8 / block->sample_bits;
    uint64_t rest = bytes % block->bytes;
    uint64_t more = rest > block->head_bytes ? rest - block->head_bytes : 0;
    uint64_t cut = rest > 0 ? block->head_samples : 0;
    return bytes / block->bytes * each + cut +
           (more * 8 + block->sample_bits - 1) / block->sample_bits;
}

bool sound_wave_ns(struct slice file, int64_t *out_ns)
{
    struct wave wave = {.formats = 0};
    bool fills = walk(file, &wave);
    if (wave.formats != 1 || wave.block.bytes == 0 || wave.data_at == 0 || wave.rate == 0 ||
        wave.rate > RATE_MAX)
        return false;
    bool believed = fills && wave.data_bytes > 0; /* none is said where it was not known */
    size_t bytes = believed ? wave.data_bytes : file.bytes - wave.data_at;
    *out_ns = sound_ns(samples_of(&wave.block, bytes), wave.rate);
    return true;
}
