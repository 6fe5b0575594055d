#include "dialect/sound_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum { ID3_BYTES = 10, MARK_BYTES = 12 };

enum form {
    FORM_UNSEEN,
    FORM_WAVE,
    FORM_FLAC,
    FORM_FRAMES,
    FORM_OGG,
    FORM_MP4,
    FORM_WEBM,
    FORM_CAF
};

struct sound_file {
    enum form form;
    union {
        struct sound_wave wave;
        struct sound_flac flac;
        struct sound_frames frames;
        struct sound_ogg ogg;
        struct sound_mp4 mp4;
        struct sound_webm webm;
        struct sound_caf caf;
    } state;            /* starts zeroed */
    uint64_t bytes;     /* of what has come, without the tags in front */
    uint64_t skip;      /* up to the next step */
    struct buffer kept; /* what has come and was too little for a step */
};

struct sound_file *sound_file_new(void)
{
    struct sound_file *file = calloc(1, sizeof *file);
    check(file != NULL);
    buffer_init(&file->kept, 2 * (size_t)SOUND_AHEAD_BYTES);
    return file;
}

void sound_file_free(struct sound_file *file)
{
    if (file == NULL)
        return;
    buffer_fini(&file->kept);
    free(file);
}

/* ---- steps ---- */

/* The bytes of a tag that stands in front of the sound (ID3v2); 0: there is none. */
static uint64_t tag_bytes(struct slice data)
{
    if (!sound_is_at(data, 0, "ID3") || !sound_has(data, 0, ID3_BYTES))
        return 0;
    uint64_t footer = (sound_byte(data, 5) & 0x10) != 0 ? ID3_BYTES : 0;
    return ID3_BYTES + footer +
           ((sound_byte(data, 6) & 0x7f) << 21 | (sound_byte(data, 7) & 0x7f) << 14 |
            (sound_byte(data, 8) & 0x7f) << 7 | (sound_byte(data, 9) & 0x7f));
}

static enum form form_of(struct slice data)
{
    if (sound_is_at(data, 0, "RIFF") && sound_is_at(data, 8, "WAVE"))
        return FORM_WAVE;
    if (sound_is_at(data, 0, "fLaC"))
        return FORM_FLAC;
    if (sound_is_at(data, 0, "OggS"))
        return FORM_OGG;
    if (sound_is_at(data, 4, "ftyp"))
        return FORM_MP4;
    if (sound_is_at(data, 0, "caff"))
        return FORM_CAF;
    return sound_is_at(data, 0, "\x1a\x45\xdf\xa3") ? FORM_WEBM : FORM_FRAMES;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Each form looks where its next head may be. False: it needs more. */
static bool look(uint64_t *distance, uint64_t bytes, bool over)
{
    *distance = bytes > 0 ? bytes : SOUND_REST;
    return bytes > 0 || over;
}

static uint64_t step_frames(struct sound_frames *frames, const struct sound_ahead *ahead)
{
    bool over = ahead->over;
    if (frames->mpeg_ahead == 0 &&
        !look(&frames->mpeg_ahead, sound_mpeg_step(&frames->mpeg, ahead), over))
        frames->mpeg_ahead = 0;
    if (frames->aac_ahead == 0 &&
        !look(&frames->aac_ahead, sound_aac_step(&frames->aac, ahead), over))
        frames->aac_ahead = 0;
    uint64_t bytes = least(frames->mpeg_ahead, frames->aac_ahead);
    frames->mpeg_ahead -= bytes;
    frames->aac_ahead -= bytes;
    return bytes;
}

static uint64_t step(struct sound_file *file, const struct sound_ahead *ahead)
{
    if (file->form == FORM_UNSEEN) {
        if (ahead->data.bytes < MARK_BYTES && !ahead->over)
            return 0;
        uint64_t tag = tag_bytes(ahead->data);
        if (tag > 0)
            return tag;
        file->form = form_of(ahead->data);
    }
    switch (file->form) {
    case FORM_WAVE:
        return sound_wave_step(&file->state.wave, ahead);
    case FORM_FLAC:
        return sound_flac_step(&file->state.flac, ahead);
    case FORM_OGG:
        return sound_ogg_step(&file->state.ogg, ahead);
    case FORM_MP4:
        return sound_mp4_step(&file->state.mp4, ahead);
    case FORM_CAF:
        return sound_caf_step(&file->state.caf, ahead);
    case FORM_WEBM:
        return sound_webm_step(&file->state.webm, ahead);
    default:
        return step_frames(&file->state.frames, ahead);
    }
}

/* Steps through the data as far as it goes. Returns how many bytes of it are done with. */
static size_t walk(struct sound_file *file, struct slice data, bool over)
{
    size_t done = 0;
    while (done < data.bytes && file->skip == 0) {
        const struct sound_ahead ahead = {{data.data + done, data.bytes - done}, over};
        uint64_t bytes = step(file, &ahead);
        if (bytes == 0)
            return done;
        bool there = bytes <= ahead.data.bytes;
        file->skip = there ? 0 : bytes - ahead.data.bytes;
        done += there ? (size_t)bytes : ahead.data.bytes;
        file->bytes += file->form == FORM_UNSEEN ? 0 : (there ? bytes : ahead.data.bytes);
    }
    return done;
}

/* ---- pieces ---- */

static size_t skip(struct sound_file *file, size_t bytes)
{
    if (bytes > file->skip)
        bytes = (size_t)file->skip;
    file->skip -= bytes;
    file->bytes += file->form == FORM_UNSEEN ? 0 : bytes;
    return bytes;
}

/* Adds to what was kept; returns how much. */
static size_t keep(struct sound_file *file, struct slice data)
{
    size_t bytes = data.bytes < SOUND_AHEAD_BYTES ? data.bytes : SOUND_AHEAD_BYTES;
    check(buffer_append(&file->kept, data.data, bytes));
    buffer_consume(&file->kept, walk(file, buffer_slice(&file->kept), false));
    check(file->kept.bytes < SOUND_AHEAD_BYTES); /* no step needs more */
    return bytes;
}

void sound_file_feed(struct sound_file *file, struct slice data)
{
    while (data.bytes > 0) {
        size_t used;
        if (file->skip > 0)
            used = skip(file, data.bytes);
        else if (file->kept.bytes > 0)
            used = keep(file, data);
        else
            used = walk(file, data, false);
        if (used == 0)
            used = keep(file, data);
        data.data += used;
        data.bytes -= used;
    }
}

/* Frames that follow one another, of either form. It is not defined which of them a decoder plays
 * in a file that has both, so the longer sound counts. Heads that are there by chance are as rare
 * as frames of 1,200 kbit/s, so they make no other file longer. */
static bool measure_frames(const struct sound_frames *frames, uint64_t bytes, int64_t *out_ns)
{
    int64_t mpeg_ns;
    int64_t aac_ns;
    bool mpeg = sound_mpeg_ns(&frames->mpeg, bytes, &mpeg_ns);
    bool aac = sound_aac_ns(&frames->aac, bytes, &aac_ns);
    *out_ns = mpeg_ns > aac_ns ? mpeg_ns : aac_ns;
    return mpeg || aac;
}

static bool measure(const struct sound_file *file, int64_t *out_ns)
{
    switch (file->form) {
    case FORM_WAVE:
        return sound_wave_ns(&file->state.wave, file->bytes, out_ns);
    case FORM_FLAC:
        return file->skip == 0 && sound_flac_ns(&file->state.flac, out_ns);
    case FORM_OGG:
        return sound_ogg_ns(&file->state.ogg, out_ns);
    case FORM_MP4:
        return sound_mp4_ns(&file->state.mp4, out_ns);
    case FORM_CAF:
        return sound_caf_ns(&file->state.caf, file->bytes, out_ns);
    case FORM_WEBM:
        return sound_webm_ns(&file->state.webm, out_ns);
    default:
        return measure_frames(&file->state.frames, file->bytes, out_ns);
    }
}

bool sound_file_so_far(const struct sound_file *file, int64_t *out_us)
{
    int64_t ns = 0;
    bool measured = measure(file, &ns);
    *out_us = (ns + 999) / 1000;
    return measured;
}

bool sound_file_end(struct sound_file *file, int64_t *out_us)
{
    size_t done = walk(file, buffer_slice(&file->kept), true);
    file->bytes += file->kept.bytes - done;
    return sound_file_so_far(file, out_us);
}

bool sound_file_us(struct slice file, int64_t *out_us)
{
    struct sound_file *whole = sound_file_new();
    sound_file_feed(whole, file);
    bool measured = sound_file_end(whole, out_us);
    sound_file_free(whole);
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
