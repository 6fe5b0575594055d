/* MP4 and M4A (ISO 14496-12) with AAC, MP3 or ALAC in it, whole or in fragments. Each sample of AAC
 * has 1,024 samples of sound, so the number of samples tells the length, whatever the times in the
 * file say. */
#include "dialect/sound_bytes.h"

enum {
    TRACKS_MAX = 16,
    AAC_SAMPLES = 1024,
    MPEG_SAMPLES = 1152,
    ENTRY_BYTES = 36, /* of a description of sound, with its box */
    ASC_FREE_RATE = 15
};

struct track {
    uint64_t id;
    bool sounds;
    bool known;             /* AAC, MP3 or ALAC */
    struct sound_alac alac; /* of ALAC; else zeroed */
    uint64_t rate;
    uint64_t per_sample;
    uint64_t samples;
    uint64_t scale; /* of its times */
    uint64_t times;
};

struct mp4 {
    struct track tracks[TRACKS_MAX];
    size_t count;
    struct track *current; /* NULL: outside of tracks */
    bool full;
};

/* ---- boxes ---- */

/* Takes the next box. False: there is none that is whole; the last one may be cut. */
static bool take_box(struct slice *rest, struct slice *body)
{
    size_t head = 8;
    if (rest->bytes < head)
        return false;
    uint64_t bytes = sound_big(*rest, 0, 4);
    if (bytes == 1 && rest->bytes >= 16) {
        head = 16;
        bytes = sound_big(*rest, 8, 8);
    } else if (bytes == 0) {
        bytes = rest->bytes;
    }
    if (bytes < head)
        return false;
    size_t there = bytes < rest->bytes ? (size_t)bytes : rest->bytes;
    *body = (struct slice){rest->data + head, there - head};
    *rest = (struct slice){rest->data + there, rest->bytes - there};
    return true;
}

/* ---- what a track says ---- */

/* The rate in the decoder's own configuration, which it obeys. */
static void read_config(struct slice text, struct track *track)
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
static void read_descriptors(struct slice text, struct track *track)
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
static void read_alac(struct slice body, struct track *track)
{
    struct slice inside = {body.data + 8 + ENTRY_BYTES, body.bytes - 8 - ENTRY_BYTES};
    track->known = sound_big(body, 4, 4) == 1 && sound_alac_read(inside, &track->alac);
    track->rate = track->known ? track->alac.rate : 0;
}

/* `stsd`: the first description. */
static void read_description(struct slice body, struct track *track)
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
static void read_scale(struct slice body, struct track *track)
{
    size_t at = body.bytes > 0 && sound_byte(body, 0) == 1 ? 20 : 12;
    if (sound_has(body, at, 4))
        track->scale = sound_big(body, at, 4);
}

/* `stts`: runs of samples and how long each is. */
static void read_times(struct slice body, struct track *track)
{
    for (size_t at = 8; sound_has(body, at, 8) && track->times < UINT64_C(1) << 60; at += 8)
        track->times += sound_big(body, at, 4) * sound_big(body, at + 4, 4);
}

/* ---- fragments ---- */

/* `tfhd` names the track. */
static struct track *find_track(struct mp4 *mp4, struct slice body)
{
    uint64_t id = sound_has(body, 4, 4) ? sound_big(body, 4, 4) : 0;
    for (size_t i = 0; i < mp4->count; i++) {
        if (mp4->tracks[i].id == id)
            return &mp4->tracks[i];
    }
    return NULL;
}

static void add_track(struct mp4 *mp4)
{
    mp4->full = mp4->full || mp4->count == TRACKS_MAX;
    mp4->current = mp4->count < TRACKS_MAX ? &mp4->tracks[mp4->count++] : NULL;
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

static void take_box_of_track(struct slice name, struct slice body, struct track *track)
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
    } else if (slice_equals(name, "stts")) {
        read_times(body, track);
    } else if (slice_equals(name, "stsz") || slice_equals(name, "stz2")) {
        track->samples += sound_has(body, 8, 4) ? sound_big(body, 8, 4) : 0;
    } else if (slice_equals(name, "trun")) {
        track->samples += sound_has(body, 4, 4) ? sound_big(body, 4, 4) : 0;
    }
}

/* Walks boxes in boxes, without recursion: a container's boxes are read as if they stood beside
 * it, so nothing of a file is read twice. */
static void walk(struct slice rest, struct mp4 *mp4)
{
    struct slice body;
    struct slice start = rest;
    while (take_box(&rest, &body)) {
        struct slice name = {start.data + 4, 4};
        if (slice_equals(name, "trak"))
            add_track(mp4);
        else if (slice_equals(name, "traf"))
            mp4->current = NULL;
        else if (slice_equals(name, "tfhd"))
            mp4->current = find_track(mp4, body);
        else if (!is_container(name) && mp4->current != NULL)
            take_box_of_track(name, body, mp4->current);
        if (is_container(name))
            rest = (struct slice){body.data, (size_t)(rest.data + rest.bytes - body.data)};
        start = rest;
    }
}

/* What the samples are, whatever times are stated. */
static int64_t counted_ns(const struct track *track)
{
    bool comparable = track->scale == track->rate;
    if (track->alac.rate == 0)
        return sound_ns(track->samples * track->per_sample, track->rate);
    return sound_ns(sound_alac_samples(&track->alac, track->samples, comparable ? track->times : 0),
                    track->rate);
}

bool sound_mp4_ns(struct slice file, int64_t *out_ns)
{
    struct mp4 mp4 = {.count = 0};
    walk(file, &mp4);
    for (size_t i = 0; i < mp4.count; i++) {
        const struct track *track = &mp4.tracks[i];
        if (!track->sounds)
            continue;
        if (!track->known || track->rate == 0)
            return false;
        int64_t counted = counted_ns(track);
        int64_t stated = track->scale > 0 ? sound_ns(track->times, track->scale) : 0;
        int64_t ns = counted > stated ? counted : stated;
        *out_ns = *out_ns > ns ? *out_ns : ns;
    }
    return !mp4.full && *out_ns > 0;
}
