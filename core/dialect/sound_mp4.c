/* MP4 and M4A (ISO 14496-12) with AAC, MP3 or ALAC in it, whole or in fragments. Each sample of AAC
 * has 1,024 samples of sound, so the number of samples tells the length, whatever the times in the
 * file say. */
#include "dialect/sound_bytes.h"
#include "dialect/sound_forms.h"

enum {
    LOOK_BYTES = 4096, /* of a box: what we read lies at its beginning */
    AAC_SAMPLES = 1024,
    MPEG_SAMPLES = 1152,
    ENTRY_BYTES = 36, /* of a description of sound, with its box */
    ASC_FREE_RATE = 15
};

/* ---- boxes ---- */

struct box {
    struct slice name;
    size_t head_bytes;
    uint64_t bytes;
    struct slice body; /* its beginning, as far as we read it */
};

/* Reads the head of the box ahead. False: more is needed (*lacks), or there is none. */
static bool read_box(const struct sound_ahead *ahead, struct box *box, bool *lacks)
{
    struct slice data = ahead->data;
    *lacks = !ahead->over;
    if (!sound_has(data, 0, 8))
        return false;
    *box = (struct box){.name = {data.data + 4, 4}, .head_bytes = 8};
    box->bytes = sound_big(data, 0, 4);
    if (box->bytes == 1 && data.bytes < 16 && !ahead->over)
        return false;
    *lacks = false;
    if (box->bytes == 1 && data.bytes >= 16) {
        box->head_bytes = 16;
        box->bytes = sound_big(data, 8, 8);
    } else if (box->bytes == 0) {
        box->bytes = SOUND_REST; /* it goes on to the end */
    }
    if (box->bytes > SOUND_REST)
        box->bytes = SOUND_REST;
    return box->bytes >= box->head_bytes;
}

/* Finds its body. False: more is needed. */
static bool read_body(const struct sound_ahead *ahead, struct box *box)
{
    struct slice data = ahead->data;
    uint64_t body_bytes = box->bytes - box->head_bytes;
    size_t bytes = body_bytes < LOOK_BYTES ? (size_t)body_bytes : LOOK_BYTES;
    if (!sound_has(data, box->head_bytes, bytes)) {
        if (!ahead->over)
            return false;
        bytes = data.bytes - box->head_bytes;
    }
    box->body = (struct slice){data.data + box->head_bytes, bytes};
    return true;
}

/* ---- what a track says ---- */

/* The rate in the decoder's own configuration, which it obeys. */
static void read_config(struct slice text, struct sound_mp4_track *track)
{
    if (text.bytes < 2)
        return;
    unsigned code = (sound_byte(text, 0) & 7) << 1 | sound_byte(text, 1) >> 7;
    if (code < SOUND_AAC_RATES)
        track->rate = sound_aac_rates[code];
    else if (code == ASC_FREE_RATE && text.bytes >= 5)
        track->rate = (sound_big(text, 1, 4) >> 7) & 0xffffff;
}

/* The bytes of a descriptor's head: its tag and a length of 1 to 4 bytes; *bytes is the length. */
static size_t descriptor_head(struct slice text, size_t *bytes)
{
    size_t at = 1;
    *bytes = 0;
    while (at < text.bytes && at <= 4) {
        unsigned byte = sound_byte(text, at++);
        *bytes = *bytes << 7 | (byte & 0x7f);
        if ((byte & 0x80) == 0)
            return at;
    }
    return text.bytes;
}

/* Of `esds` (ISO 14496-1, 7.2.6): inside the stream's descriptor (3) that of the decoder (4), with
 * the kind of its data, and in it the configuration (5). */
static void read_descriptors(struct slice text, struct sound_mp4_track *track)
{
    static const size_t own_bytes[] = {3, 13}; /* of 3 and of 4, before what they hold */
    size_t bytes;
    if (text.bytes < 4)
        return;
    text = (struct slice){text.data + 4, text.bytes - 4};
    for (unsigned tag = 3; tag <= 4; tag++) {
        if (text.bytes == 0 || sound_byte(text, 0) != tag)
            return;
        size_t skipped = descriptor_head(text, &bytes);
        if (!sound_has(text, skipped, own_bytes[tag - 3]))
            return;
        unsigned kind = sound_byte(text, skipped);
        track->known = tag == 4 && (kind == 0x40 || (kind >= 0x66 && kind <= 0x69) || kind == 0x6b);
        track->per_sample = kind == 0x69 || kind == 0x6b ? MPEG_SAMPLES : AAC_SAMPLES;
        skipped += own_bytes[tag - 3];
        text = (struct slice){text.data + skipped, text.bytes - skipped};
    }
    if (text.bytes == 0 || sound_byte(text, 0) != 5 || track->per_sample != AAC_SAMPLES)
        return;
    size_t skipped = descriptor_head(text, &bytes);
    read_config((struct slice){text.data + skipped, text.bytes - skipped}, track);
}

/* The only description, which has the decoder's configuration. */
static void read_alac(struct slice body, struct sound_mp4_track *track)
{
    struct slice inside = {body.data + 8 + ENTRY_BYTES, body.bytes - 8 - ENTRY_BYTES};
    track->known = sound_big(body, 4, 4) == 1 && sound_alac_read(inside, &track->alac);
    track->rate = track->known ? track->alac.rate : 0;
}

/* `stsd`: the first description. */
static void read_description(struct slice body, struct sound_mp4_track *track)
{
    bool whole = body.bytes >= 8 + ENTRY_BYTES;
    if (whole && sound_is_at(body, 8 + 4, "alac"))
        read_alac(body, track);
    if (!whole || !sound_is_at(body, 8 + 4, "mp4a"))
        return;
    track->rate = sound_big(body, 8 + 32, 2);
    ptrdiff_t at = slice_find(body, slice_of("esds"));
    if (at >= 0)
        read_descriptors((struct slice){body.data + at + 4, body.bytes - (size_t)at - 4}, track);
}

/* `mdhd` */
static void read_scale(struct slice body, struct sound_mp4_track *track)
{
    size_t at = body.bytes > 0 && sound_byte(body, 0) == 1 ? 20 : 12;
    if (sound_has(body, at, 4))
        track->scale = sound_big(body, at, 4);
}

/* `stts`: runs of samples and how long each is. Returns how many bytes it has read. */
static size_t read_times(struct slice body, struct sound_mp4_track *track)
{
    size_t at = 0;
    for (; sound_has(body, at, 8); at += 8) {
        if (track->times < UINT64_C(1) << 60)
            track->times += sound_big(body, at, 4) * sound_big(body, at + 4, 4);
    }
    return at;
}

/* ---- fragments ---- */

/* `tfhd` names the track. */
static size_t find_track(const struct sound_mp4 *mp4, struct slice body)
{
    uint64_t id = sound_has(body, 4, 4) ? sound_big(body, 4, 4) : 0;
    for (size_t i = 0; i < mp4->count; i++) {
        if (mp4->tracks[i].id == id)
            return i + 1;
    }
    return 0;
}

static void add_track(struct sound_mp4 *mp4)
{
    mp4->full = mp4->full || mp4->count == SOUND_TRACKS_MAX;
    mp4->current = mp4->count < SOUND_TRACKS_MAX ? ++mp4->count : 0;
}

/* ---- the walk ---- */

static bool is_container(struct slice name)
{
    static const char *const names[] = {"moov", "trak", "mdia", "minf", "stbl", "moof", "traf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(name, names[i]))
            return true;
    }
    return false;
}

static void take_box_of_track(struct slice name, struct slice body, struct sound_mp4_track *track)
{
    if (slice_equals(name, "tkhd")) {
        size_t at = body.bytes > 0 && sound_byte(body, 0) == 1 ? 20 : 12;
        track->id = sound_has(body, at, 4) ? sound_big(body, at, 4) : 0;
    } else if (slice_equals(name, "hdlr")) {
        track->sounds = track->sounds || sound_is_at(body, 8, "soun"); /* QuickTime has two */
    } else if (slice_equals(name, "mdhd")) {
        read_scale(body, track);
    } else if (slice_equals(name, "stsd")) {
        read_description(body, track);
    } else if (slice_equals(name, "stsz") || slice_equals(name, "stz2")) {
        track->samples += sound_has(body, 8, 4) ? sound_big(body, 8, 4) : 0;
    } else if (slice_equals(name, "trun")) {
        track->samples += sound_has(body, 4, 4) ? sound_big(body, 4, 4) : 0;
    }
}

/* Returns how far to go on behind a box that holds no others. */
static uint64_t take_box(struct sound_mp4 *mp4, const struct box *box)
{
    bool table =
        slice_equals(box->name, "stts") && mp4->current > 0 && box->bytes >= box->head_bytes + 8;
    if (slice_equals(box->name, "tfhd"))
        mp4->current = find_track(mp4, box->body);
    else if (mp4->current > 0)
        take_box_of_track(box->name, box->body, &mp4->tracks[mp4->current - 1]);
    if (!table)
        return box->bytes;
    mp4->times_bytes = box->bytes - box->head_bytes - 8;
    return box->head_bytes + 8;
}

/* Goes on in a table of times. */
static uint64_t take_times(struct sound_mp4 *mp4, struct slice data)
{
    if (data.bytes > mp4->times_bytes)
        data.bytes = (size_t)mp4->times_bytes;
    size_t read = read_times(data, &mp4->tracks[mp4->current - 1]);
    mp4->times_bytes -= read;
    if (mp4->times_bytes >= 8)
        return read;
    uint64_t rest = mp4->times_bytes;
    mp4->times_bytes = 0;
    return read + rest;
}

/* Boxes in boxes are read without recursion: a container's boxes are read as if they stood beside
 * it, so nothing of a file is read twice. */
uint64_t sound_mp4_step(struct sound_mp4 *mp4, const struct sound_ahead *ahead)
{
    struct box box;
    bool lacks;
    if (mp4->times_bytes > 0)
        return take_times(mp4, ahead->data);
    if (!read_box(ahead, &box, &lacks))
        return lacks ? 0 : SOUND_REST;
    if (is_container(box.name)) {
        if (slice_equals(box.name, "trak"))
            add_track(mp4);
        else if (slice_equals(box.name, "traf"))
            mp4->current = 0;
        return box.head_bytes;
    }
    bool read = mp4->current > 0 || slice_equals(box.name, "tfhd");
    if (!read)
        return box.bytes;
    return read_body(ahead, &box) ? take_box(mp4, &box) : 0;
}

/* What the samples are, whatever times are stated. */
static int64_t counted_ns(const struct sound_mp4_track *track)
{
    bool comparable = track->scale == track->rate;
    if (track->alac.rate == 0)
        return sound_ns(track->samples * track->per_sample, track->rate);
    return sound_ns(sound_alac_samples(&track->alac, track->samples, comparable ? track->times : 0),
                    track->rate);
}

bool sound_mp4_ns(const struct sound_mp4 *mp4, int64_t *out_ns)
{
    *out_ns = 0;
    for (size_t i = 0; i < mp4->count; i++) {
        const struct sound_mp4_track *track = &mp4->tracks[i];
        if (!track->sounds)
            continue;
        if (!track->known || track->rate == 0)
            return false;
        int64_t counted = counted_ns(track);
        int64_t stated = track->scale > 0 ? sound_ns(track->times, track->scale) : 0;
        int64_t ns = counted > stated ? counted : stated;
        *out_ns = *out_ns > ns ? *out_ns : ns;
    }
    return !mp4->full && *out_ns > 0;
}
