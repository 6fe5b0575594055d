/* WAV: chunks in a RIFF file (Microsoft's WAVEFORMATEX). Only forms whose samples have all one
 * size, so that the bytes tell how many there are. */
#include "dialect/sound_bytes.h"

enum {
    FORMAT_PCM = 1,
    FORMAT_FLOAT = 3,
    FORMAT_A_LAW = 6,
    FORMAT_MU_LAW = 7,
    FORMAT_EXTENSIBLE = 0xfffe,
    RATE_MAX = 384000, /* samples a second that some device has */
    CHANNELS_MAX = 64
};

struct wave {
    size_t formats;
    uint64_t frame_bytes; /* of one sample of all channels; 0: unknown */
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
    if (is_size_known(format, bits) && channels >= 1 && channels <= CHANNELS_MAX)
        wave->frame_bytes = channels * bits / 8;
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
            *wave = (struct wave){wave->formats, wave->frame_bytes, wave->rate, at + 8, there};
        if (bytes > rest)
            return false;
        at += 8 + bytes + (bytes & 1);
    }
    return !twice && at >= file.bytes;
}

bool sound_wave_ns(struct slice file, int64_t *out_ns)
{
    struct wave wave = {.formats = 0};
    bool fills = walk(file, &wave);
    if (wave.formats != 1 || wave.frame_bytes == 0 || wave.data_at == 0 || wave.rate == 0 ||
        wave.rate > RATE_MAX)
        return false;
    bool believed = fills && wave.data_bytes > 0; /* none is said where it was not known */
    size_t bytes = believed ? wave.data_bytes : file.bytes - wave.data_at;
    *out_ns = sound_ns((bytes + wave.frame_bytes - 1) / wave.frame_bytes, wave.rate);
    return true;
}
