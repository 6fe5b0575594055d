/* WAV: chunks in a RIFF file (Microsoft's WAVEFORMATEX). Only forms whose samples, or whose blocks
 * of samples (ADPCM), have all one size, so that the bytes tell how many there are. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum {
    RIFF_BYTES = 12,
    CHUNK_BYTES = 8,
    FORMAT_BYTES = 26, /* as far as we read it */
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
static void read_adpcm(uint64_t format, uint64_t channels, uint64_t bytes, struct sound_wave *wave)
{
    bool ima = format == FORMAT_IMA_ADPCM;
    if (bytes >= channels * BLOCK_BYTES_MIN)
        wave->block =
            (struct sound_block){bytes, channels * (ima ? 4 : 7), ima ? 1 : 2, channels * 4};
}

static void read_format(struct slice chunk, struct sound_wave *wave)
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
        wave->block = (struct sound_block){channels * bits / 8, 0, 0, channels * bits};
    else if ((format == FORMAT_MS_ADPCM || format == FORMAT_IMA_ADPCM) && bits == 4)
        read_adpcm(format, channels, sound_little(chunk, 12, 2), wave);
}

uint64_t sound_wave_step(struct sound_wave *wave, const struct sound_ahead *ahead)
{
    struct slice data = ahead->data;
    if (wave->at == 0)
        return wave->at = RIFF_BYTES;
    if (!sound_has(data, 0, CHUNK_BYTES))
        return 0;
    uint64_t bytes = sound_little(data, 4, 4);
    size_t seen = bytes < FORMAT_BYTES ? (size_t)bytes : FORMAT_BYTES;
    bool is_format = sound_is_at(data, 0, "fmt ");
    if (is_format && !sound_has(data, CHUNK_BYTES, seen) && !ahead->over)
        return 0;
    if (is_format) {
        size_t there = data.bytes - CHUNK_BYTES < seen ? data.bytes - CHUNK_BYTES : seen;
        read_format((struct slice){data.data + CHUNK_BYTES, there}, wave);
    } else if (sound_is_at(data, 0, "data")) {
        wave->twice = wave->twice || wave->data_at != 0;
        wave->data_bytes = wave->twice ? wave->data_bytes : bytes;
        wave->data_at = wave->twice ? wave->data_at : wave->at + CHUNK_BYTES;
    }
    wave->last_padding = bytes & 1;
    uint64_t step = CHUNK_BYTES + bytes + wave->last_padding;
    wave->at += step;
    return step;
}

/* The stated size of the data counts only where the chunks fill the file: a last one that is cut
 * ends a byte behind it at most, for its padding. */
static bool fills(const struct sound_wave *wave, uint64_t bytes)
{
    return !wave->twice && wave->at >= bytes && wave->at <= bytes + wave->last_padding;
}

/* The samples in so many bytes; one that is begun counts, and of a block that is cut its part. */
static uint64_t samples_of(const struct sound_block *block, uint64_t bytes)
{
    uint64_t each =
        block->head_samples + (block->bytes - block->head_bytes) * 8 / block->sample_bits;
    uint64_t rest = bytes % block->bytes;
    uint64_t more = rest > block->head_bytes ? rest - block->head_bytes : 0;
    uint64_t cut = rest > 0 ? block->head_samples : 0;
    return bytes / block->bytes * each + cut +
           (more * 8 + block->sample_bits - 1) / block->sample_bits;
}

bool sound_wave_ns(const struct sound_wave *wave, uint64_t bytes, int64_t *out_ns)
{
    if (wave->formats != 1 || wave->block.bytes == 0 || wave->data_at == 0 || wave->rate == 0 ||
        wave->rate > RATE_MAX)
        return false;
    bool believed =
        fills(wave, bytes) && wave->data_bytes > 0; /* none is said where it was not known */
    uint64_t sound = believed ? wave->data_bytes : bytes - wave->data_at;
    if (sound == 0)
        return false;
    *out_ns = sound_ns(samples_of(&wave->block, sound), wave->rate);
    return true;
}
