/* AAC with a head to each frame (ADTS: ISO 13818-7, 6.2; ISO 14496-3, 1.A.2). A head says how many
 * blocks of 1,024 samples its frame has, so the frames are counted. */
#include "dialect/sound_bytes.h"

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

bool sound_aac_ns(struct slice file, int64_t *out_ns)
{
    struct frame frame;
    size_t at = 0;
    size_t frames = 0;
    size_t covered = 0;
    while (sound_has(file, at, HEAD_BYTES)) {
        const char *next = memchr(file.data + at, 0xff, file.bytes - at - HEAD_BYTES + 1);
        if (next == NULL)
            break;
        at = (size_t)(next - file.data);
        if (frames == 0 && at > JUNK_BYTES_MAX)
            return false;
        if (!read_head(file, at, &frame)) {
            at++;
            continue;
        }
        sound_add_ns(out_ns, sound_ns(frame.samples, frame.rate));
        frames++;
        covered += frame.bytes;
        at += frame.bytes;
    }
    /* A file of another form has heads by chance, but they do not follow one another. */
    return *out_ns > 0 && covered >= file.bytes / 2;
}
