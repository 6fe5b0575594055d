#include "dialect/sound_file.h"

#include "dialect/sound_bytes.h"

enum { ID3_BYTES = 10 };

/* Cuts tags off that stand in front of the sound (ID3v2). */
static struct slice without_tags(struct slice file)
{
    while (sound_is_at(file, 0, "ID3") && sound_has(file, 0, ID3_BYTES)) {
        size_t bytes = ID3_BYTES;
        size_t footer = (sound_byte(file, 5) & 0x10) != 0 ? ID3_BYTES : 0;
        bytes += (size_t)((sound_byte(file, 6) & 0x7f) << 21 | (sound_byte(file, 7) & 0x7f) << 14 |
                          (sound_byte(file, 8) & 0x7f) << 7 | (sound_byte(file, 9) & 0x7f));
        if (!sound_has(file, bytes, footer))
            return (struct slice){file.data, 0};
        file.data += bytes + footer;
        file.bytes -= bytes + footer;
    }
    return file;
}

/* Frames that follow one another, of either form. Which a decoder finds in a file that has both,
 * nobody knows: so the longer one counts. Heads that are there by chance are as rare as frames of
 * 1,200 kbit/s, so they make no other file longer. */
static bool measure_frames(struct slice file, int64_t *out_ns)
{
    int64_t mpeg_ns = 0;
    int64_t aac_ns = 0;
    bool mpeg = sound_mpeg_ns(file, &mpeg_ns);
    bool aac = sound_aac_ns(file, &aac_ns);
    *out_ns = mpeg_ns > aac_ns ? mpeg_ns : aac_ns;
    return mpeg || aac;
}

static bool measure(struct slice file, int64_t *out_ns)
{
    if (sound_is_at(file, 0, "RIFF") && sound_is_at(file, 8, "WAVE"))
        return sound_wave_ns(file, out_ns);
    if (sound_is_at(file, 0, "fLaC"))
        return sound_flac_ns(file, out_ns);
    if (sound_is_at(file, 0, "OggS"))
        return sound_ogg_ns(file, out_ns);
    if (sound_is_at(file, 4, "ftyp"))
        return sound_mp4_ns(file, out_ns);
    if (sound_is_at(file, 0, "\x1a\x45\xdf\xa3"))
        return sound_webm_ns(file, out_ns);
    if (sound_is_at(file, 0, "caff"))
        return sound_caf_ns(file, out_ns);
    return measure_frames(file, out_ns);
}

bool sound_file_us(struct slice file, int64_t *out_us)
{
    int64_t ns = 0;
    bool measured = measure(without_tags(file), &ns);
    *out_us = (ns + 999) / 1000;
    return measured;
}

uint64_t sound_opus_samples(struct slice packet)
{
    static const uint16_t silk[] = {480, 960, 1920, 2880};
    static const uint16_t celt[] = {120, 240, 480, 960};
    if (packet.bytes == 0)
        return 0;
    unsigned config = sound_byte(packet, 0) >> 3;
    uint64_t frame = celt[config & 3];
    uint64_t frames = (sound_byte(packet, 0) & 3) == 0 ? 1 : 2;
    if (config < 12)
        frame = silk[config & 3];
    else if (config < 16)
        frame = silk[config & 1];
    if ((sound_byte(packet, 0) & 3) == 3)
        frames = packet.bytes > 1 ? sound_byte(packet, 1) & 0x3f : 48;
    return frame * frames;
}
