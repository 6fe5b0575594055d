/* AAC with a head to each frame (ADTS: ISO 13818-7, 6.2; ISO 14496-3, 1.A.2). A head says how many
 * blocks of 1,024 samples its frame has, so the frames are counted. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum { HEAD_BYTES = 7, CHECK_BYTES = 2, BLOCK_SAMPLES = 1024, JUNK_BYTES_MAX = 64 * 1024 };

const uint32_t sound_aac_rates[SOUND_AAC_RATES] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                                   22050, 16000, 12000, 11025, 8000,  7350};

struct frame {
    size_t bytes;
    uint64_t samples;
    uint64_t rate;
};

static bool read_head(struct slice file, size_t at, struct frame *out)
{
    unsigned rate_code = sound_byte(file, at + 2) >> 2 & 15;
    size_t check_bytes = (sound_byte(file, at + 1) & 1) != 0 ? 0 : CHECK_BYTES;
    if (sound_byte(file, at) != 0xff || (sound_byte(file, at + 1) & 0xf6) != 0xf0 ||
        rate_code >= SOUND_AAC_RATES)
        return false;
    out->rate = sound_aac_rates[rate_code];
    out->samples = BLOCK_SAMPLES * ((sound_byte(file, at + 6) & 3) + 1U);
    out->bytes = (size_t)(sound_big(file, at + 3, 3) >> 5 & 0x1fff);
    return out->bytes >= HEAD_BYTES + check_bytes;
}

static uint64_t step(struct sound_aac *aac, struct slice data)
{
    struct frame frame;
    if (!sound_has(data, 0, HEAD_BYTES))
        return 0;
    const char *next = memchr(data.data, 0xff, data.bytes - HEAD_BYTES + 1);
    if (next != data.data)
        return next != NULL ? (size_t)(next - data.data) : data.bytes - HEAD_BYTES + 1;
    aac->other = aac->frames == 0 && aac->at > JUNK_BYTES_MAX;
    if (aac->other)
        return SOUND_REST;
    if (!read_head(data, 0, &frame))
        return 1;
    sound_add_ns(&aac->ns, sound_ns(frame.samples, frame.rate));
    aac->frames++;
    aac->covered += frame.bytes;
    return frame.bytes;
}

uint64_t sound_aac_step(struct sound_aac *aac, const struct sound_ahead *ahead)
{
    uint64_t bytes = step(aac, ahead->data);
    aac->at += bytes;
    return bytes;
}

bool sound_aac_ns(const struct sound_aac *aac, uint64_t bytes, int64_t *out_ns)
{
    *out_ns = aac->ns;
    /* A file of another form has heads by chance, but they do not follow one another. */
    return !aac->other && aac->ns > 0 && aac->covered >= bytes / 2;
}
