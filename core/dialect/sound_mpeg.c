/* MPEG audio, layers I to III (ISO 11172-3, 13818-3): each frame says how long it is, so the frames
 * are counted, whatever their bit rates. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum { HEAD_BYTES = 4, TAG_BYTES = 64, JUNK_BYTES_MAX = 64 * 1024 };

struct frame {
    size_t bytes;
    uint64_t samples;
    uint64_t rate;
};

/* kbit/s by version (1; 2 and 2.5), layer and code */
static const uint16_t bit_rates[2][3][15] = {
    {{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
     {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
     {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}},
    {{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
     {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
     {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}},
};

/* Reads a head. The free form, which says no bit rate, is not read. */
static bool read_head(struct slice file, size_t at, struct frame *out)
{
    static const uint32_t sample_rates[] = {44100, 48000, 32000};
    unsigned version = sound_byte(file, at + 1) >> 3 & 3; /* 3: 1; 2: 2; 0: 2.5 */
    unsigned layer = 4 - (sound_byte(file, at + 1) >> 1 & 3);
    unsigned rate_code = sound_byte(file, at + 2) >> 4;
    unsigned sample_code = sound_byte(file, at + 2) >> 2 & 3;
    unsigned padding = sound_byte(file, at + 2) >> 1 & 1;
    if (sound_byte(file, at) != 0xff || (sound_byte(file, at + 1) & 0xe0) != 0xe0 || version == 1 ||
        layer == 4 || rate_code == 0 || rate_code == 15 || sample_code == 3)
        return false;
    bool low = version != 3;
    uint64_t bits = (uint64_t)bit_rates[low][layer - 1][rate_code] * 1000;
    out->rate = sample_rates[sample_code] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    out->samples = layer == 1 ? 384 : layer == 3 && low ? 576 : 1152;
    if (layer == 1)
        out->bytes = (size_t)(12 * bits / out->rate + padding) * 4;
    else
        out->bytes = (size_t)(out->samples / 8 * bits / out->rate + padding);
    return true;
}

/* The first frame may hold no sound, but a table of the file. */
static bool is_table(struct slice file, size_t at)
{
    size_t bytes = file.bytes - at < TAG_BYTES ? file.bytes - at : TAG_BYTES;
    struct slice head = {file.data + at, bytes};
    return slice_find(head, slice_of("Xing")) >= 0 || slice_find(head, slice_of("Info")) >= 0 ||
           slice_find(head, slice_of("VBRI")) >= 0;
}

/* Takes the frame at the head that lies ahead. */
static uint64_t take_frame(struct sound_mpeg *mpeg, const struct frame *frame, struct slice data)
{
    if (mpeg->frames > 0 || !is_table(data, 0))
        sound_add_ns(&mpeg->ns, sound_ns(frame->samples, frame->rate));
    mpeg->frames++;
    mpeg->covered += frame->bytes;
    return frame->bytes;
}

static uint64_t step(struct sound_mpeg *mpeg, const struct sound_ahead *ahead)
{
    struct frame frame;
    struct slice data = ahead->data;
    if (!sound_has(data, 0, HEAD_BYTES))
        return 0;
    const char *next = memchr(data.data, 0xff, data.bytes - HEAD_BYTES + 1);
    if (next != data.data)
        return next != NULL ? (size_t)(next - data.data) : data.bytes - HEAD_BYTES + 1;
    mpeg->other = mpeg->frames == 0 && mpeg->at > JUNK_BYTES_MAX;
    if (mpeg->other)
        return SOUND_REST;
    if (!read_head(data, 0, &frame))
        return 1;
    if (mpeg->frames == 0 && data.bytes < TAG_BYTES && !ahead->over)
        return 0;
    return take_frame(mpeg, &frame, data);
}

uint64_t sound_mpeg_step(struct sound_mpeg *mpeg, const struct sound_ahead *ahead)
{
    uint64_t bytes = step(mpeg, ahead);
    mpeg->at += bytes;
    return bytes;
}

bool sound_mpeg_ns(const struct sound_mpeg *mpeg, uint64_t bytes, int64_t *out_ns)
{
    *out_ns = mpeg->ns;
    /* A file of another form has heads by chance, but they do not follow one another. */
    return !mpeg->other && mpeg->ns > 0 && mpeg->covered >= bytes / 2;
}
